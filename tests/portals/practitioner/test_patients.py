"""Patients: search, look-alikes, who sees; moving an appointment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.test import Client

from accounts.models import Practice, User
from appointments.models import Appointment
from notifications.models import Message
from patients.models import Patient
from patients.records import change_patient
from patients.tasks import fill_search_texts

SignIn = Callable[[User], Client]


def test_search_finds_by_every_word_and_says_when_nothing_is_there(
    marie: Patient, alice: User, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    for words in ("durand", "marie dur", "marie.durand@", "0612", "06 12 34 56 78", "+336123"):
        assert "Marie Durand" in client.get("/pro/patients/", {"q": words}).content.decode(), words
    assert "Marie Durand" not in client.get("/pro/patients/", {"q": "06 12 34 56 79"}).content.decode()
    assert "Aucune fiche ne correspond" in client.get("/pro/patients/?q=zzz").content.decode()


def test_search_does_without_accents_case_and_hyphens(
    marie: Patient, practice: Practice, alice: User, sign_in: SignIn
) -> None:
    Patient.objects.create(
        practice=practice, first_name="Anne-Hélène", last_name="LEFÈVRE", birth_date=date(1980, 1, 1)
    )
    client = sign_in(alice)
    for words in ("lefevre", "LEFEVRE anne", "Lefèvre", "anne helene", "ANNE-HELENE", "éléne lef"):
        page = client.get("/pro/patients/", {"q": words}).content.decode()
        assert "Anne-Hélène LEFÈVRE" in page, words
        assert "Marie Durand" not in page, words
    assert "Aucune fiche ne correspond" in client.get("/pro/patients/", {"q": "--"}).content.decode()


def test_records_of_a_version_without_search_text_are_found_and_get_one(
    marie: Patient, practice: Practice, alice: User, sign_in: SignIn, django_assert_num_queries: Any
) -> None:
    Patient.objects.update(search_text=None)
    for words in ("marie dur", "06 12"):
        assert "Marie Durand" in sign_in(alice).get("/pro/patients/", {"q": words}).content.decode()
    fill_search_texts()
    assert [one.search_text for one in Patient.objects.all()] == [
        "marie durand marie durand courriel example 33612345678"
    ]
    with django_assert_num_queries(3):  # the transaction, and what it looks for
        fill_search_texts()


def test_a_changed_record_is_found_by_what_it_says_now(marie: Patient, alice: User) -> None:
    change_patient(patient=marie, by=alice, last_name="Ménard")
    assert list(Patient.objects.search("menard")) == [marie]
    assert not Patient.objects.search("marie durand").filter(last_name="Durand").exists()


def test_records_that_look_alike_are_shown_on_the_record_and_the_appointment(
    appointment: Appointment, marie: Patient, practice: Practice, alice: User, sign_in: SignIn
) -> None:
    Patient.objects.create(practice=practice, first_name="DURAND", last_name="Márie", birth_date=date(1941, 2, 3))
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


def test_a_record_shows_the_mobile_as_france_writes_it_and_takes_it_back_unchanged(
    marie: Patient, alice: User, sign_in: SignIn
) -> None:
    client, address = sign_in(alice), f"/pro/patients/{marie.pk}/"
    shown = "06\u00a012\u00a034\u00a056\u00a078"
    assert f'value="{shown}"' in client.get(address).content.decode()
    assert client.post(address, {"email": marie.email, "mobile": shown}).status_code == 302
    was = marie.mobile
    marie.refresh_from_db()
    assert marie.mobile == was
