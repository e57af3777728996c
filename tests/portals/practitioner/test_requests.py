"""Asking a patient for a document from an appointment's panel, correcting and cancelling it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentRequest
from documents.receiving.due import due_at
from documents.sending.rules import Asks, RuleContent, save_rule
from patients.models import Patient
from practices.models import Practice
from questionnaires.catalogue import import_questionnaire
from tests.conftest import BookFixture
from tests.markup import page_text
from tests.questionnaires.test_understood import item, resource

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
    assert asked.due_at == appointment.starts_at
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


def proposed(browser: Client, address: str) -> str:
    """The day in the field of the limit."""
    field = browser.get(address).content.decode().split('name="due_at"')[1].split(">")[0]
    return field.split('value="')[1].split('"')[0] if "value=" in field else ""


@pytest.mark.parametrize("hours", [2, 30, 24 * 10])
def test_the_proposed_limit_is_the_one_that_a_rule_of_the_day_before_gives(
    hours: int, book_for: BookFixture, marie: Patient, bob: User, sign_in: SignIn
) -> None:
    """Never after the appointment, as it was when its own day was proposed."""
    visit = book_for(marie, starts_at=timezone.now() + timedelta(hours=hours))
    browser, new = sign_in(bob), f"/pro/appointments/{visit.pk}/requests/new/"
    limit = due_at(1, visit)
    assert limit is not None
    day = proposed(browser, new)
    assert day == timezone.localtime(limit, visit.practice.zone).date().isoformat()
    browser.post(new, {"label": "Carnet de santé", "due_at": day})
    assert DocumentRequest.objects.get().due_at == limit


def test_the_day_of_the_appointment_ends_at_its_start_and_nothing_is_proposed_after_it(
    book_for: BookFixture, marie: Patient, bob: User, sign_in: SignIn
) -> None:
    visit = book_for(marie, starts_at=timezone.now() + timedelta(days=9))
    browser, new = sign_in(bob), f"/pro/appointments/{visit.pk}/requests/new/"
    browser.post(new, {"label": "Carnet de santé", "due_at": visit.local_start.date().isoformat()})
    asked = DocumentRequest.objects.get()
    assert asked.due_at == visit.starts_at
    address = f"/pro/requests/{asked.pk}/"
    assert proposed(browser, address) == visit.local_start.date().isoformat()
    later = visit.local_start.date() + timedelta(days=1)
    browser.post(address, {"label": "Carnet de santé", "due_at": later.isoformat()})
    asked.refresh_from_db()
    assert asked.due_at == datetime.combine(later, time(23, 59), visit.practice.zone)
    Appointment.objects.filter(pk=visit.pk).update(
        starts_at=timezone.now() - timedelta(hours=1), ends_at=timezone.now() - timedelta(minutes=30)
    )
    assert proposed(browser, new) == ""


@pytest.mark.parametrize("days", [None, 0, 5])
def test_a_questionnaire_that_a_rule_asks_is_proposed_with_the_limit_of_the_rule(
    days: int | None,
    book_for: BookFixture,
    marie: Patient,
    practice: Practice,
    bob: User,
    carol: User,
    sign_in: SignIn,
) -> None:
    visit = book_for(marie, starts_at=timezone.now() + timedelta(days=9))
    asked = import_questionnaire(practice=practice, resource=resource(item("a", "string"), title="Avant"), by=carol)
    other = import_questionnaire(practice=practice, resource=resource(item("a", "string"), title="Après"), by=carol)
    save_rule(
        practice=practice,
        content=RuleContent(name="Avant", documents=[], questions=[Asks("", "", days, questionnaire=asked)]),
        by=carol,
    )
    browser, new = sign_in(bob), f"/pro/appointments/{visit.pk}/requests/new/"
    day = visit.local_start.date() - timedelta(days=days or 0)
    assert proposed(browser, f"{new}?questionnaire={asked.pk}") == ("" if days is None else day.isoformat())
    before = (visit.local_start.date() - timedelta(days=1)).isoformat()
    for address in (new, f"{new}?questionnaire={other.pk}", f"{new}?questionnaire=none"):
        assert proposed(browser, address) == before
