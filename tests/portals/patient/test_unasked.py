"""The page that sends what nobody asked for, and the setting that allows it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.models import ReceivedDocument
from documents.timeline import timeline
from practices.models import Practice
from tests.conftest import PDF
from tests.documents.bookings import *  # noqa: F403  # Marie's account
from tests.documents.conftest import *  # noqa: F403
from tests.markup import page_text

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db


def test_the_setting_opens_the_page_and_what_is_sent_is_in_received_agenda_and_timeline(
    sign_in: SignIn, carol: User, alice: User, maries_account: User, appointment: Appointment, practice: Practice
) -> None:
    patient, administrator = sign_in(maries_account), sign_in(carol)
    page, form = f"/my-appointments/{appointment.pk}/", f"/my-appointments/{appointment.pk}/files/"
    assert form not in patient.get(page).content.decode()
    assert patient.get(form).status_code == 404
    assert sign_in(alice).get("/pro/settings/unasked/").status_code == 404
    assert "20 fichiers" in administrator.get("/pro/settings/unasked/").content.decode()
    administrator.post("/pro/settings/unasked/", {"practice": str(practice.pk), "takes": "on"})
    assert "Acceptés sans demande" in administrator.get("/pro/settings/").content.decode()
    assert form in patient.get(page).content.decode()
    assert patient.post(form).status_code == 400
    paper = SimpleUploadedFile("bilan.pdf", PDF, content_type="application/pdf")
    sent = patient.post(form, {"file": paper}, follow=True)
    assert "1 document est envoyé" in page_text(sent)
    first, folded = sent.content.decode().split("Ce qui a été envoyé", 1)
    assert 'name="sending"' not in first, "what was sent comes first, and nothing looks left to do"
    assert 'name="sending"' in folded.split("<details", 1)[1]
    assert "bilan.pdf" in folded
    received = ReceivedDocument.objects.get()
    staff = sign_in(alice)
    assert "bilan.pdf" in staff.get("/pro/received/").content.decode()
    day = appointment.local_start.date()
    assert "document reçu, à voir" in page_text(staff.get(f"/pro/?date={day}"))
    assert "Document reçu" in page_text(staff.get(f"/pro/patients/{appointment.patient_id}/"))
    assert received in [one.what for one in timeline(appointment.patient).entries]
    taken = patient.post(f"/requests/sent/{received.pk}/take-back/", follow=True)
    assert taken.status_code == 200
    assert not ReceivedDocument.objects.exists()
