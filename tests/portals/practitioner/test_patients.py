"""Patients: search, similar records, access; moving an appointment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from notifications.models import Message
from patients.models import Patient
from patients.records import FormerContacts, change_patient
from patients.tasks import fill_search_texts
from practices.models import Practice
from tests.documents.ways import account, claim

SignIn = Callable[[User], Client]


def test_search_finds_by_every_word_and_says_when_nothing_is_there(
    marie: Patient, alice: User, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    by_number = (
        "0612",
        "06 12 34 56 78",
        "06.12.34.56.78",
        "+336123",
        "+33 (0)6 12",
        "0033 6 12 34",
        "5678",
        "56 78",
    )
    for words in ("durand", "marie dur", "marie.durand@", *by_number):
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
    with django_assert_num_queries(3):  # the transaction, and the search
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


# --- The identity of a record, corrected --------------------------------------------------------------------------


def typed(patient: Patient, **changes: str) -> dict[str, str]:
    """The page's form as a browser sends it: its initial values, with changes."""
    shown = {"first_name": patient.first_name, "last_name": patient.last_name, "birth_date": f"{patient.birth_date}"}
    return {f"initial-{name}": value for name, value in shown.items()} | shown | changes


def test_staff_correct_the_identity_and_read_what_it_did(marie: Patient, alice: User, sign_in: SignIn) -> None:
    client, address = sign_in(alice), f"/pro/patients/{marie.pk}/identity/"
    assert address in client.get(f"/pro/patients/{marie.pk}/").content.decode()
    assert "Marie Durand" in client.get(address).content.decode()
    done = client.post(address, typed(marie, first_name="Marie-Ève", birth_date="2015-06-01"), follow=True)
    assert done.redirect_chain == [(f"/pro/patients/{marie.pk}/", 302)]
    said = done.content.decode()
    assert "L’identité est corrigée" in said
    assert "le patient est mineur" in said
    marie.refresh_from_db()
    assert (marie.first_name, marie.birth_date) == ("Marie-Ève", date(2015, 6, 1))
    changed = AuditEvent.objects.get(action="patient.changed")
    assert (changed.actor_id, changed.detail) == (alice.pk, {"fields": ["birth_date", "first_name"]})
    assert "Rien n’a changé" in client.post(address, typed(marie), follow=True).content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"first_name": ""}, "Saisissez son prénom."),
        ({"last_name": " "}, "Saisissez son nom."),
        ({"birth_date": ""}, "Saisissez sa date de naissance."),
        ({"birth_date": "1850-01-01"}, "trop ancienne"),
        ({"birth_date": "2999-01-01"}, "dans l’avenir"),
        ({"last_name": "D" * 101}, "100"),
    ],
)
def test_what_cannot_be_an_identity_is_said_and_what_was_typed_stays(
    marie: Patient, alice: User, sign_in: SignIn, given: dict[str, str], said: str
) -> None:
    before = (marie.names, marie.birth_date)
    page = sign_in(alice).post(f"/pro/patients/{marie.pk}/identity/", typed(marie, first_name="Maria") | given)
    assert page.status_code == 400
    assert said in page.content.decode()
    assert 'value="Maria"' in page.content.decode() or "first_name" in given
    marie.refresh_from_db()
    assert (marie.names, marie.birth_date) == before


def test_what_somebody_else_corrected_meanwhile_stays(marie: Patient, alice: User, sign_in: SignIn) -> None:
    seen = typed(marie, last_name="Dupont")
    change_patient(patient=marie, by=alice, birth_date=date(1951, 2, 3))
    sign_in(alice).post(f"/pro/patients/{marie.pk}/identity/", seen)
    marie.refresh_from_db()
    assert (marie.last_name, marie.birth_date) == ("Dupont", date(1951, 2, 3))


def test_whoever_proved_the_former_birth_date_is_named_before_and_after(
    marie: Patient, alice: User, sign_in: SignIn
) -> None:
    assert marie.email
    assert marie.mobile
    claim(marie, account(marie.email, marie.mobile))
    client, address = sign_in(alice), f"/pro/patients/{marie.pk}/identity/"
    assert "devra vérifier la nouvelle date" in client.get(address).content.decode()
    said = client.post(address, typed(marie, birth_date="1951-02-03"), follow=True).content.decode()
    assert "garde ce qui a été partagé jusqu’ici" in said
    assert "Une invitation part à ses coordonnées" in said
    mine = sign_in(User.objects.get(email=marie.email)).get("/documents/").content.decode()
    assert "a corrigé cette date de naissance" in mine
    assert "Coordonnées à vérifier" not in mine
    change_patient(
        patient=marie, by=alice, former_contacts=FormerContacts.SAME_PERSON, email="neuve@courriel.example"
    )
    assert (
        "Coordonnées à vérifier" in sign_in(User.objects.get(email=marie.email)).get("/documents/").content.decode()
    )


def test_only_those_who_share_correct_an_identity(marie: Patient, rita: User, charlie: User, sign_in: SignIn) -> None:
    address = f"/pro/patients/{marie.pk}/identity/"
    assert address not in sign_in(rita).get(f"/pro/patients/{marie.pk}/").content.decode()
    assert sign_in(rita).post(address, typed(marie, first_name="X")).status_code == 403
    assert sign_in(charlie).get(address).status_code == 404
    marie.refresh_from_db()
    assert marie.first_name == "Marie"
