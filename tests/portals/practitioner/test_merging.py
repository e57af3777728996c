"""Likely duplicates, merging side by side, the way back; in the browser and by API."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.merging.merge import merge_records
from patients.invitations import invitation_for
from patients.models import DistinctRecords, Patient, RecordMerge
from patients.records import create_patient
from portals.templatetags.presentation import short_day
from practices.models import Membership, Practice
from tests.conftest import make_user
from tests.documents.ways import account, claim
from tests.markup import page_text

SignIn = Callable[[User], Client]
Book = Callable[..., Appointment]
LIST = "/pro/patients/duplicates/"


@pytest.fixture
def double(practice: Practice, bob: User) -> Patient:
    return create_patient(
        practice=practice, first_name="Mari", last_name="Durand", birth_date=date(1941, 2, 3),
        email="m.durand@ancienne.example", mobile="+33687654321", by=bob,
    )  # fmt: skip


def api(user: User) -> APIClient:
    client = APIClient()
    _token, secret = issue_token(user=user, name="t", scopes=[Scope.READ, Scope.WRITE], by=None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


# --- The list ----------------------------------------------------------------------------------------------------


def test_the_list_shows_pairs_until_staff_say_that_they_are_two_people(
    marie: Patient, double: Patient, practice: Practice, bob: User, rita: User, sign_in: SignIn
) -> None:
    client = sign_in(bob)
    page = client.get(LIST)
    assert page.content.decode().count("data-pair") == 1
    assert f"/pro/patients/{marie.pk}/distinct/" in page.content.decode() or str(double.pk) in page.content.decode()
    asked = {"other": str(double.pk), "from": "duplicates"}
    assert sign_in(rita).post(f"/pro/patients/{marie.pk}/distinct/", asked).status_code == 403
    answer = client.post(f"/pro/patients/{marie.pk}/distinct/", asked)
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    client.post(f"/pro/patients/{double.pk}/distinct/", {"other": str(marie.pk)})
    assert DistinctRecords.objects.count() == 1
    assert "Aucun doublon possible." in client.get(LIST).content.decode()
    record = client.get(f"/pro/patients/{marie.pk}/").content.decode()
    assert "lui ressemble" not in record
    assert AuditEvent.objects.filter(action="record.distinct").count() == 2
    client.post(f"/pro/patients/{marie.pk}/distinct/", {"other": str(double.pk), "undo": "1"})
    assert "data-pair" in client.get(LIST).content.decode()
    assert AuditEvent.objects.filter(action="record.distinct_undone").count() == 2


def test_the_list_goes_on_page_by_page(
    practice: Practice, bob: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patients.likely_pairs.READ", 5)
    for number in range(8):
        for name in ("Anne", "Ane"):
            Patient.objects.create(
                practice=practice, first_name=name, last_name=f"N{number}", birth_date=date(1950 + number, 1, 1)
            )
    client, address, seen, pages = sign_in(bob), LIST, 0, 0
    while address:
        page = client.get(address)
        seen, pages = seen + page.content.decode().count("data-pair"), pages + 1
        after = page.context["after"]
        address = f"{LIST}?after={after}" if after else ""
    assert (seen, pages) == (8, 4)
    assert client.get(f"{LIST}?after=x").status_code == 404


def test_a_page_of_the_list_reads_the_same_number_of_rows_whatever_there_is(
    practice: Practice, bob: User, sign_in: SignIn, django_assert_max_num_queries: Any
) -> None:
    days = [date(1950, 1, 1) + timedelta(days=n) for n in range(9)]
    Patient.objects.bulk_create(
        Patient(practice=practice, first_name=f"P{n}", last_name=f"N{n * 7919}", birth_date=days[n % 9])
        for n in range(3000)
    )
    client = sign_in(bob)
    with django_assert_max_num_queries(25):
        assert client.get(LIST).status_code == 200


def test_the_same_proved_contacts_with_another_birth_date_are_a_pair(
    marie: Patient, practice: Practice, bob: User, sign_in: SignIn
) -> None:
    twin = create_patient(
        practice=practice, first_name="Marie", last_name="Durand", birth_date=date(1914, 2, 3),
        email=marie.email, mobile=marie.mobile, by=bob,
    )  # fmt: skip
    assert marie.email
    assert marie.mobile
    own = account(marie.email, marie.mobile)
    claim(marie, own)
    assert "Mêmes coordonnées" not in sign_in(bob).get(LIST).content.decode()
    claim(twin, own)
    assert "Mêmes coordonnées" in sign_in(bob).get(LIST).content.decode()


# --- Side by side -------------------------------------------------------------------------------------------------


def test_each_difference_is_chosen_and_nothing_is_preset(
    marie: Patient, double: Patient, bob: User, book_for: Book, sign_in: SignIn
) -> None:
    book_for(double)
    client, address = sign_in(bob), f"/pro/patients/{marie.pk}/merge/"
    page = client.get(address, {"with": str(double.pk)}).content.decode()
    assert "checked" not in page
    wrong = client.post(address, {"other": str(double.pk), "first_name": "kept"})
    assert wrong.status_code == 400
    assert wrong.content.decode().count("Choisissez laquelle") >= 2
    assert "checked" in wrong.content.decode()
    chosen = {"first_name": "kept", "email": "other", "mobile": "kept"}
    answer = client.post(address, {"other": str(double.pk)} | chosen, follow=True)
    text = answer.content.decode()
    assert "n’en font plus qu’une" in text
    assert "Séparer de nouveau" in text
    marie.refresh_from_db()
    assert (marie.first_name, marie.email, marie.mobile) == ("Marie", "m.durand@ancienne.example", "+33612345678")
    old = client.get(f"/pro/patients/{double.pk}/")
    assert (old.status_code, old["Location"]) == (302, f"/pro/patients/{marie.pk}/")
    asked = client.get(f"/pro/patients/{marie.pk}/unmerge/").content.decode()
    assert "Mari Durand" in asked
    back = client.post(f"/pro/patients/{marie.pk}/unmerge/")
    assert back["Location"] == f"/pro/patients/{double.pk}/"
    assert client.get(f"/pro/patients/{double.pk}/").status_code == 200
    again = client.post(f"/pro/patients/{marie.pk}/unmerge/", follow=True).content.decode()
    assert "Aucune réunion de fiches" in again


def test_staff_read_whose_access_changes_before_they_confirm(
    marie: Patient, double: Patient, bob: User, book_for: Book, sign_in: SignIn
) -> None:
    assert marie.email
    assert marie.mobile
    owner = account(marie.email, marie.mobile)
    claim(marie, owner)
    book_for(double)
    client, address = sign_in(bob), f"/pro/patients/{marie.pk}/merge/"
    first = client.get(address, {"with": str(double.pk)}).content.decode()
    assert "data-effects" not in first  # nothing is chosen
    chosen = {"other": str(double.pk), "first_name": "kept", "email": "other", "mobile": "kept"}
    asked = client.post(address, chosen)
    assert asked.status_code == 409
    page = asked.content.decode()
    effects = page[page.index("data-effects") :]
    assert str(owner) in effects
    assert "Une invitation part vers les coordonnées de la fiche qui reste" in effects
    assert "Réunir quand même" in effects
    assert not RecordMerge.objects.exists()
    assert client.post(address, chosen | {"read": str(owner.pk)}).status_code == 409  # another access than was read
    read = re.findall(r'name="read" value="([^"]+)"', " ".join(page.split()))
    answer = client.post(address, chosen | {"read": read}, follow=True).content.decode()
    assert "n’en font plus qu’une" in answer
    assert str(owner) in answer
    assert RecordMerge.objects.exists()


def test_without_a_difference_the_page_lists_the_effects_at_once(
    marie: Patient, practice: Practice, bob: User, book_for: Book, sign_in: SignIn
) -> None:
    twin = create_patient(
        practice=practice, first_name=marie.first_name, last_name=marie.last_name, birth_date=marie.birth_date,
        email=marie.email, mobile=marie.mobile, by=bob,
    )  # fmt: skip
    invitation_for(patient=twin, by=bob)
    client, address = sign_in(bob), f"/pro/patients/{marie.pk}/merge/"
    page = client.get(address, {"with": str(twin.pk)}).content.decode()
    assert "Cette invitation ne s’ouvre plus." in page
    read = re.findall(r'name="read" value="([^"]+)"', " ".join(page.split()))
    answer = client.post(address, {"other": str(twin.pk), "read": read})
    assert (answer.status_code, RecordMerge.objects.count()) == (302, 1)


def test_two_accounts_are_refused_on_the_page_and_what_was_chosen_stays(
    marie: Patient, double: Patient, bob: User, sign_in: SignIn
) -> None:
    for one in (marie, double):
        assert one.email
        assert one.mobile
        claim(one, account(one.email, one.mobile))
    client, address = sign_in(bob), f"/pro/patients/{marie.pk}/merge/"
    assert "retirez d’abord l’accès" in client.get(address, {"with": str(double.pk)}).content.decode()
    chosen = {"first_name": "kept", "email": "other", "mobile": "kept"}
    answer = client.post(address, {"other": str(double.pk)} | chosen)
    assert answer.status_code == 409
    assert answer.content.decode().count("checked") == 3
    assert not RecordMerge.objects.exists()


def test_whose_pages_these_are(
    marie: Patient, double: Patient, stranger: Patient, bob: User, rita: User, charlie: User, sign_in: SignIn
) -> None:
    address = f"/pro/patients/{marie.pk}/merge/"
    assert sign_in(rita).post(address, {"other": str(double.pk)}).status_code == 403
    assert sign_in(charlie).get(address, {"with": str(stranger.pk)}).status_code == 404
    for other in (stranger.pk, marie.pk, "x", ""):
        assert sign_in(bob).get(address, {"with": str(other)}).status_code == 404
        assert sign_in(bob).post(address, {"other": str(other)}).status_code == 404
    both = make_user("both@lilas.example", "B", "B")
    for practice in (marie.practice, stranger.practice):
        Membership.objects.create(user=both, practice=practice, is_secretary=True)
    assert sign_in(both).post(address, {"other": str(stranger.pk)}).status_code == 404


def test_the_history_of_the_record_that_stays_has_both_trails_and_what_was_corrected(
    marie: Patient, double: Patient, bob: User, book_for: Book, sign_in: SignIn
) -> None:
    client = sign_in(bob)
    shown = {"first_name": "Mari", "last_name": "Durand", "birth_date": "1941-02-03"}
    typed = {f"initial-{name}": value for name, value in shown.items()} | shown | {"birth_date": "1941-02-04"}
    client.post(f"/pro/patients/{double.pk}/identity/", typed)
    double.refresh_from_db()
    merge_records(kept=marie, other=double, by=bob, from_other=["first_name"])
    page = client.get(f"/pro/patients/{marie.pk}/history/").content.decode()
    parts = (short_day(date(1941, 2, 4)), short_day(date(1941, 2, 3)), "Mari", "Bob Petit")
    for part in (*parts, "Une autre fiche réunie", "Fiche réunie à une autre"):
        assert part in page, part
    appointment = book_for(marie)
    assert "Fiche réunie à une autre" in client.get(f"/pro/appointments/{appointment.pk}/history/").content.decode()


# --- By API -------------------------------------------------------------------------------------------------------


def test_the_api_merges_and_separates(
    marie: Patient, double: Patient, bob: User, rita: User, charlie: User, stranger: Patient
) -> None:
    client, address = api(bob), f"/api/v1/patients/{marie.pk}/merge/"
    assert api(rita).post(address, {"other": str(double.pk)}).status_code == 403
    assert api(charlie).post(address, {"other": str(double.pk)}).status_code == 404
    assert client.post(address, {"other": str(stranger.pk)}).status_code == 404
    assert client.post(address, {}).status_code == 400
    assert client.post(address, {"other": str(marie.pk)}).json()["errors"][0]["code"] == "same_record"
    merged = client.post(address, {"other": str(double.pk), "from_other": ["email"]}, HTTP_IDEMPOTENCY_KEY="k")
    assert (merged.status_code, merged.json()["id"]) == (200, str(marie.pk))
    assert merged.json()["email"] == "m.durand@ancienne.example"
    again = client.post(address, {"other": str(double.pk), "from_other": ["email"]}, HTTP_IDEMPOTENCY_KEY="k")
    assert again.json() == merged.json()
    assert client.post(address, {"other": str(double.pk)}).status_code == 200  # repeated
    assert client.get(f"/api/v1/patients/{double.pk}/").json()["id"] == str(marie.pk)
    assert client.patch(f"/api/v1/patients/{double.pk}/", {"first_name": "X"}).status_code == 404
    assert [one["id"] for one in client.get("/api/v1/patients/").json()["results"]] == [str(marie.pk)]
    back = client.post(f"/api/v1/patients/{marie.pk}/unmerge/")
    assert (back.status_code, back.json()["email"]) == (200, "marie.durand@courriel.example")
    assert client.get(f"/api/v1/patients/{double.pk}/").json()["id"] == str(double.pk)
    refused = client.post(f"/api/v1/patients/{marie.pk}/unmerge/")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "nothing_to_undo")


def test_the_api_refuses_two_accounts_and_an_old_merge(marie: Patient, double: Patient, bob: User) -> None:
    for one in (marie, double):
        assert one.email
        assert one.mobile
        claim(one, account(one.email, one.mobile))
    refused = api(bob).post(f"/api/v1/patients/{marie.pk}/merge/", {"other": str(double.pk)})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "both_have_accounts")
    double.ties.update(ended_at=timezone.now(), end="staff")
    assert api(bob).post(f"/api/v1/patients/{marie.pk}/merge/", {"other": str(double.pk)}).status_code == 200
    RecordMerge.objects.update(merged_at=timezone.now() - timedelta(days=31))
    assert api(bob).post(f"/api/v1/patients/{marie.pk}/unmerge/").status_code == 409


# --- A record that is part of another ----------------------------------------------------------------------------


def test_the_address_of_a_merged_record_leads_its_own_staff_alone_to_the_one_that_stays(
    marie: Patient, double: Patient, bob: User, charlie: User, sign_in: SignIn
) -> None:
    merge_records(kept=marie, other=double, by=bob)
    here, address = f"/pro/patients/{marie.pk}/", f"/pro/patients/{double.pk}/"
    found = sign_in(bob).get(address, follow=True)
    assert found.redirect_chain == [(here, 302)]
    assert "Cette fiche a été réunie à celle-ci" in page_text(found)
    refused, missing = (sign_in(charlie).get(one) for one in (address, f"/pro/patients/{uuid.uuid4()}/"))
    assert (refused.status_code, missing.status_code) == (404, 404)
    assert page_text(refused) == page_text(missing)


def test_contacts_saved_for_a_record_that_was_merged_meanwhile_are_said_to_be_lost(
    marie: Patient, double: Patient, bob: User, charlie: User, sign_in: SignIn
) -> None:
    merge_records(kept=marie, other=double, by=bob)
    typed = {"email": "nouvelle@courriel.example", "mobile": "06 12 34 56 78"}
    saved = sign_in(bob).post(f"/pro/patients/{double.pk}/", typed, follow=True)
    assert "vos changements n’ont pas été enregistrés" in page_text(saved)
    marie.refresh_from_db()
    assert marie.email != typed["email"]
    assert sign_in(charlie).post(f"/pro/patients/{double.pk}/", typed).status_code == 404
