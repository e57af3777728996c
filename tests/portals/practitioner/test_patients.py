"""Patients: search, look-alikes, who sees; moving an appointment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.test import Client

from accounts.models import Practice, User
from appointments.models import Appointment
from notifications.models import Message
from patients.models import Patient

SignIn = Callable[[User], Client]


def test_search_finds_by_every_word_and_says_when_nothing_is_there(
    marie: Patient, alice: User, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    for words in ("durand", "marie dur", "marie.durand@", "0612", "06 12 34 56 78", "+336123"):
        assert "Marie Durand" in client.get("/pro/patients/", {"q": words}).content.decode(), words
    assert "Marie Durand" not in client.get("/pro/patients/", {"q": "06 12 34 56 79"}).content.decode()
    assert "Aucune fiche ne correspond" in client.get("/pro/patients/?q=zzz").content.decode()


def test_records_that_look_alike_are_shown_on_the_record_and_the_appointment(
    appointment: Appointment, marie: Patient, practice: Practice, alice: User, sign_in: SignIn
) -> None:
    Patient.objects.create(practice=practice, first_name="MARIE", last_name="durand", birth_date=date(1941, 2, 3))
    client = sign_in(alice)
    for page in (f"/pro/patients/{marie.pk}/", f"/pro/appointments/{appointment.pk}/"):
        assert "même nom et la même date de naissance" in client.get(page).content.decode()


def test_moving_tells_the_patient_and_keeps_what_was_typed_when_refused(
    appointment: Appointment, alice: User, rita: User, sign_in: SignIn
) -> None:
    address = f"/pro/appointments/{appointment.pk}/move/"
    client = sign_in(alice)
    assert client.get(address).status_code == 200
    asked = {"agenda": str(appointment.agenda_id), "visit_reason": str(appointment.visit_reason_id)}
    wrong = client.post(address, asked | {"starts_at": "demain"})
    assert wrong.status_code == 400
    assert 'value="demain"' in wrong.content.decode()
    assert sign_in(rita).post(address, asked | {"starts_at": "2031-05-06T10:00"}).status_code == 403
    client.post(address, asked | {"starts_at": "2031-05-06T10:00"})
    appointment.refresh_from_db()
    assert appointment.local_start.isoformat() == "2031-05-06T10:00:00+02:00"
    told = Message.objects.get(channel="email", about=appointment.pk)
    assert "6 mai 2031" in told.body
    assert "METHOD:PUBLISH" in told.calendar
