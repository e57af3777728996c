"""Twins without contacts, and a record made twice, are told apart wherever records are listed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from patients.models import Patient
from portals.practitioner.twins import number_of, tell_apart
from practices.models import Practice
from tests.markup import one_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def twins(practice: Practice, appointment: Appointment) -> list[Patient]:
    """The second has an appointment."""
    names = [("Lou", "Petit"), ("Petit", "Lou"), ("Lou", "Grand")]
    made = [
        Patient.objects.create(practice=practice, first_name=first, last_name=last, birth_date=date(2020, 1, 2))
        for first, last in names
    ]
    Appointment.objects.filter(pk=appointment.pk).update(patient=made[1])
    return made


def test_records_alike_say_their_number_creation_and_last_appointment(twins: list[Patient]) -> None:
    told = tell_apart(twins)
    assert set(told) == {one.pk for one in twins[:2]}
    assert told[twins[0].pk].endswith("sans rendez-vous")
    assert "dernier rendez-vous le" in told[twins[1].pk]
    assert number_of(twins[0]) in told[twins[0].pk]


def test_every_list_of_records_says_it(twins: list[Patient], bob: User, sign_in: Callable[[User], Client]) -> None:
    client, numbers = sign_in(bob), [number_of(one) for one in twins[:2]]
    found = client.post("/pro/appointments/new/", {"q": "petit lou", "search": "1"})
    pages = [client.get("/pro/patients/?q=petit"), client.get("/pro/patients/duplicates/"), found]
    pages.append(client.get(f"/pro/patients/{twins[0].pk}/merge/?with={twins[1].pk}&chosen=1"))
    for page in pages:
        assert all(one in one_line(page.content) for one in numbers), page.request["PATH_INFO"]
    assert numbers[1] in one_line(client.get(f"/pro/patients/{twins[0].pk}/").content)
    # Not the number alone: it begins the address of the record, and one of digits reads the same in small letters.
    listed = one_line(client.get("/pro/patients/").content)
    assert [f"fiche n° {number_of(one)}" in listed for one in twins] == [True, True, False]
