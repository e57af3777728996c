"""Similar records: shown when one is created, and on the record's page; nothing is merged."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from patients import duplicates
from patients.duplicates import Alike, likenesses_of, similar_names
from patients.models import Patient
from patients.records import create_patient
from practices.models import Practice
from tests.days import coming

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
BORN = date(1951, 4, 12)
ZOE: dict[str, Any] = {"first_name": "Zoé", "last_name": "Lefèvre-Durand", "birth_date": BORN}
CONTACTS: dict[str, Any] = {"email": "zoe@courriel.example", "mobile": "+33612000099"}
KINDS: list[tuple[dict[str, Any], set[Alike]]] = [
    ({}, {Alike.SAME_PERSON}),
    ({name: unicodedata.normalize("NFD", ZOE[name]) for name in ("first_name", "last_name")}, {Alike.SAME_PERSON}),
    ({"first_name": "ZOE", "last_name": "LEFEVRE DURAND"}, {Alike.SAME_PERSON}),
    ({"first_name": "Lefèvre-Durand", "last_name": "Zoé"}, {Alike.SAME_PERSON}),
    ({"last_name": "Lefebvre-Durand"}, {Alike.SIMILAR_NAME}),
    ({"last_name": "Lefèvre"}, {Alike.SIMILAR_NAME}),
    ({"last_name": "Durand"}, {Alike.SIMILAR_NAME}),
    ({"first_name": "Zoée"}, {Alike.SIMILAR_NAME}),
    ({"first_name": "Lefevre Durant", "last_name": "Zoé"}, {Alike.SIMILAR_NAME}),
    ({"last_name": "Petit"}, {Alike.SIMILAR_NAME}),  # after a marriage
    ({"first_name": "Luc", "last_name": "Petit", "mobile": "06 12 00 00 99"}, {Alike.SAME_MOBILE}),
    ({"first_name": "Luc", "last_name": "Petit", "email": "ZOE@courriel.example"}, {Alike.SAME_EMAIL}),
    ({"birth_date": date(1980, 1, 1), **CONTACTS}, {Alike.SAME_MOBILE, Alike.SAME_EMAIL}),
    ({**CONTACTS}, {Alike.SAME_PERSON, Alike.SAME_MOBILE, Alike.SAME_EMAIL}),
    ({"first_name": "Luc", "last_name": "Petit"}, set()),
    ({"birth_date": date(1951, 4, 13)}, set()),
    ({"first_name": "Jade"}, set()),  # a twin
]


@pytest.fixture
def zoe(practice: Practice, alice: User) -> Patient:
    return create_patient(practice=practice, **ZOE, **CONTACTS, by=alice)


@pytest.mark.parametrize(("changed", "why"), KINDS)
def test_each_likeness_is_found_and_named(
    zoe: Patient, practice: Practice, alice: User, changed: dict[str, Any], why: set[Alike]
) -> None:
    other = create_patient(practice=practice, **(ZOE | changed), by=alice)
    found = likenesses_of(other)
    assert [set(one.why) for one in found] == ([why] if why else [])
    assert [one.patient for one in found] == ([zoe] if why else [])


def test_records_of_other_practices_are_never_shown(zoe: Patient, other_practice: Practice, charlie: User) -> None:
    elsewhere = create_patient(practice=other_practice, **ZOE, **CONTACTS, by=charlie)
    assert likenesses_of(elsewhere) == []


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("Al", "Martin"), ("Alexandre", "Martin"), False),  # two letters do not count as a name
        (("Marie", "Martin"), ("Marie-Claire", "Martin"), True),
        (("Paul", "Martin"), ("Martin", "Paule"), True),
        (("Jean", "Martin"), ("Luc", "Martin"), False),
    ],
)
def test_which_names_are_similar(one: tuple[str, str], other: tuple[str, str], alike: bool) -> None:
    assert similar_names(one, other) is alike
    assert similar_names(other, one) is alike


@pytest.mark.parametrize(("changed", "why"), [kind for kind in KINDS if kind[1]])
def test_a_new_record_at_booking_is_asked_about_once_and_made_if_it_is_somebody_else(
    zoe: Patient,
    bob: User,
    agenda: Agenda,
    visit_reason: VisitReason,
    sign_in: SignIn,
    changed: dict[str, Any],
    why: set[Alike],
) -> None:
    person = ZOE | changed
    asked = {
        "agenda": str(agenda.pk),
        "visit_reason": str(visit_reason.pk),
        "starts_at": f"{coming(1, agenda.practice)}T09:00",
        "kind": "in_person",
        **person,
        "birth_date": person["birth_date"].isoformat(),
    }
    client = sign_in(bob)
    page = client.post("/pro/appointments/new/", asked)
    text = page.content.decode()
    assert page.status_code == 409
    assert f'value="{zoe.pk}"' in text
    assert "quelqu’un d’autre" in text
    assert Patient.objects.count() == 1
    assert client.post("/pro/appointments/new/", asked | {"somebody_else": "on"}).status_code == 302
    assert Appointment.objects.get().patient != zoe
    made = Appointment.objects.get()
    for address in (f"/pro/patients/{made.patient_id}/", f"/pro/appointments/{made.pk}/"):
        assert f"/pro/patients/{zoe.pk}/" in client.get(address).content.decode()


def test_contacts_that_cannot_be_are_like_nobodys(zoe: Patient, practice: Practice) -> None:
    other = Patient(practice=practice, first_name="Luc", last_name="Petit", birth_date=BORN, email="x", mobile="12")
    assert likenesses_of(other) == []


def test_the_same_person_is_found_among_more_records_of_a_day_than_are_compared(
    zoe: Patient, practice: Practice, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Patient.objects.create(id=UUID(int=1), practice=practice, first_name="Luc", last_name="Petit", birth_date=BORN)
    twin = create_patient(practice=practice, **ZOE, by=alice)
    monkeypatch.setattr(duplicates, "CANDIDATES", 1)
    assert [one.patient for one in likenesses_of(zoe) if one.is_same_person] == [twin]


@pytest.mark.parametrize("contact", ["email", "mobile"])
def test_contacts_are_found_by_an_index(contact: str, practice: Practice) -> None:
    """Among 100,000 records, reading each took a third of a second, for every panel."""
    records = Patient.objects.filter(practice=practice)
    found = (
        records.with_email("ZOE@courriel.example") if contact == "email" else records.filter(mobile="+33612000099")
    )
    if connection.vendor == "postgresql":
        others = [{**ZOE, "email": f"p{one}@courriel.example", "mobile": f"+336{one:08d}"} for one in range(300)]
        Patient.objects.bulk_create(Patient(practice=practice, **one) for one in others)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE patients_patient")
            cursor.execute("SET LOCAL enable_seqscan = off")  # of a small table it would read every row
        searched = [line for line in found.explain().splitlines() if "Index Cond" in line and contact in line]
    else:
        by_contact = f"patient_{contact} (practice_id=? AND {'<expr>' if contact == 'email' else contact}=?)"
        searched = [line for line in found.explain().splitlines() if by_contact in line]
    assert searched, found.explain()
