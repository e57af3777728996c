"""Asking a patient for a document from an appointment's panel, correcting and cancelling it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentRequest
from tests.markup import page_text

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def test_ask_correct_and_cancel(
    appointment: Appointment, bob: User, rita: User, charlie: User, sign_in: SignIn
) -> None:
    browser, panel = sign_in(bob), f"/pro/appointments/{appointment.pk}/"
    new = f"{panel}requests/new/"
    assert "Demander un document" in page_text(browser.get(panel))
    assert "Marie Durand lira cette demande" in page_text(browser.get(new))
    assert browser.post(new, {"label": ""}).status_code == 400
    last = timezone.localdate() + timedelta(days=1)
    form = {"label": "Carnet de santé", "details": "Les vaccins", "due_at": last.isoformat(), "asking": "1"}
    for _ in range(2):
        assert browser.post(new, form)["Location"] == panel
    asked = DocumentRequest.objects.get()
    assert asked.due_at is not None
    assert timezone.localtime(asked.due_at, asked.practice.zone).strftime("%H:%M") == "23:59"
    assert "Carnet de santé" in page_text(browser.get(panel))
    address = f"/pro/requests/{asked.pk}/"
    assert [sign_in(rita).get(one).status_code for one in (new, address, f"{address}cancel/")] == [403] * 3
    assert [sign_in(charlie).get(one).status_code for one in (new, address, f"{address}cancel/")] == [404] * 3
    assert "Les vaccins" in page_text(browser.get(address))
    browser.post(address, {"label": "Carnet de vaccination"})
    browser.get(f"{address}cancel/")
    browser.post(f"{address}cancel/")
    asked = DocumentRequest.objects.get()
    assert (asked.label, asked.due_at, asked.state) == ("Carnet de vaccination", None, "cancelled")
    assert "Demande annulée" in page_text(browser.get(panel))
