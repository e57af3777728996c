"""A record without an appointment."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from patients.models import Patient

SignIn = Callable[[User], Client]
ADDRESS = "/pro/patients/new/"
TYPED = {"first_name": "Jeanne", "last_name": "Moreau", "birth_date": "03/04/1950"}


def test_staff_make_a_record_without_an_appointment(
    bob: User, rita: User, carol: User, charlie: User, sign_in: SignIn
) -> None:
    client = sign_in(bob)
    assert ADDRESS in client.get("/pro/patients/").content.decode()
    answer = client.post(ADDRESS, TYPED | {"email": "jeanne@courriel.example", "mobile": "06 12 34 56 79"})
    made = Patient.objects.get()
    assert answer["Location"] == f"/pro/patients/{made.pk}/"
    assert (made.full_name, made.mobile, made.email_given_by) == ("Jeanne Moreau", "+33612345679", None)
    assert made.practice == bob.memberships.get().practice
    assert sign_in(rita).get(ADDRESS).status_code == 403
    assert sign_in(rita).post(ADDRESS, TYPED).status_code == 403
    assert ADDRESS not in sign_in(rita).get("/pro/patients/").content.decode()
    assert sign_in(carol).post(ADDRESS, TYPED | {"birth_date": "04/04/1950"}).status_code == 302
    sign_in(charlie).post(ADDRESS, TYPED)
    assert Patient.objects.filter(practice__in=charlie.memberships.values("practice")).count() == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"first_name": ""}, "Saisissez son prénom."),
        ({"last_name": ""}, "Saisissez son nom."),
        ({"birth_date": ""}, "Saisissez sa date de naissance."),
        ({"birth_date": "31/02/1950"}, "Cette date n’existe pas"),
        ({"mobile": "01 40 00 00 00"}, "téléphone fixe"),
        ({"email": "jeanne"}, "Il manque le @"),
    ],
)
def test_a_fault_says_what_to_do_and_keeps_what_was_typed(
    typed: dict[str, str], sentence: str, bob: User, sign_in: SignIn
) -> None:
    answer = sign_in(bob).post(ADDRESS, TYPED | {"email": "j@courriel.example", "mobile": "06 12 34 56 79"} | typed)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in page
    assert 'value="Moreau"' in page or "last_name" in typed
    assert not Patient.objects.exists()


def test_a_likely_duplicate_is_asked_about_and_somebody_else_is_made(
    marie: Patient, bob: User, sign_in: SignIn
) -> None:
    client, typed = sign_in(bob), {"first_name": "MARIE", "last_name": "Durand", "birth_date": "03/02/1941"}
    asked = client.post(ADDRESS, typed)
    page = asked.content.decode()
    assert asked.status_code == 409
    assert f"/pro/patients/{marie.pk}/" in page
    assert 'value="MARIE"' in page
    assert Patient.objects.count() == 1
    assert client.post(ADDRESS, typed).status_code == 409  # clicking again is no answer
    assert client.post(ADDRESS, typed | {"somebody_else": "on"}).status_code == 302
    assert Patient.objects.count() == 2


def test_an_address_that_may_be_misspelt_is_asked_about_once(bob: User, sign_in: SignIn) -> None:
    client, typed = sign_in(bob), TYPED | {"email": "jeanne@gmial.com"}
    asked = client.post(ADDRESS, typed)
    assert asked.status_code == 409
    assert "gmail.com" in asked.content.decode()
    assert client.post(ADDRESS, typed | {"accepted": "misspelt_email/jeanne@gmial.com"}).status_code == 302
