"""Pagination: no row is skipped or repeated, whatever is inserted or deleted between pages."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Model
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.models import AutoSendRule, LibraryDocument, SharedDocument
from imports.models import Import
from patients.models import Patient
from portals.api import throttling
from portals.api.keyset import Keyset
from portals.api.pagination import Pages
from portals.api.views.base import Listing
from practices.models import Practice
from questionnaires.models import Questionnaire
from tests.portals.api.conftest import Api
from tests.portals.api.described import described
from tests.security.conftest import *  # noqa: F403  # a practice in use

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
V1 = "/api/v1/"
Make = Callable[[datetime], Model]


def copy_of(row: Model, **changed: Any) -> Model:
    """Another row like it."""
    row = type(row)._base_manager.get(pk=row.pk)
    row.pk = None if isinstance(row, AuditEvent) else uuid.uuid4()
    row._state.adding = True
    for name, value in changed.items():
        setattr(row, name, value)
    Model.save_base(row, raw=True, force_insert=True)
    return row


@pytest.fixture
def lists(ids: dict[str, Any]) -> dict[str, tuple[str, str, Callable[[datetime], Model]]]:
    """By the address in the OpenAPI: the real address, whose token, and how to create a row at a moment."""
    patient = Patient.objects.get(pk=ids["patient"])
    appointment = Appointment.objects.get(pk=ids["appointment"])
    document = SharedDocument.objects.get(pk=ids["document"])
    library = LibraryDocument.objects.get(pk=ids["library"])
    rule = AutoSendRule.objects.get(pk=ids["rule"])
    line = AuditEvent.objects.filter(record_id=document.appointment_id).first()
    assert line is not None

    def document_in_the_library(at: datetime) -> Model:
        made = copy_of(library, created_at=at)
        copy_of(library.newest, document_id=made.pk, file=copy_of(library.newest.file, key=uuid.uuid4().hex))
        return made

    def questionnaire_at(at: datetime) -> Model:
        questionnaire = Questionnaire.objects.get(pk=ids["questionnaire"])
        made = copy_of(questionnaire, created_at=at)
        copy_of(questionnaire.versions.get(), questionnaire_id=made.pk)
        return made

    def line_at(at: datetime) -> Model:
        return copy_of(line, at=at, detail={"line": uuid.uuid4().hex})

    return {
        "patients/": ("patients/", "alice", lambda at: copy_of(patient, created_at=at)),
        "appointments/": (
            "appointments/", "alice",
            lambda at: copy_of(appointment, starts_at=at, ends_at=at + timedelta(minutes=20), status="cancelled"),
        ),
        "appointments/{id}/documents/": (
            f"appointments/{document.appointment_id}/documents/", "alice", lambda at: copy_of(document, shared_at=at)
        ),
        "appointments/{id}/history/": (
            f"appointments/{document.appointment_id}/history/", "alice", line_at
        ),
        "imports/": (
            "imports/", "carol", lambda at: copy_of(Import.objects.get(pk=ids["import"]), created_at=at)
        ),
        "library/": ("library/", "alice", document_in_the_library),
        "auto-send-rules/": ("auto-send-rules/", "alice", lambda at: copy_of(rule, created_at=at)),
        "questionnaires/": ("questionnaires/", "alice", questionnaire_at),
        "me/documents/": ("me/documents/", "marias_account", lambda at: copy_of(document, shared_at=at)),
    }  # fmt: skip


def fetched(client: APIClient, address: str, size: int) -> dict[str, Any]:
    link = address if address.startswith("http") else f"{V1}{address}?page_size={size}"
    answer = client.get(link)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    assert set(found) == {"results", "next", "previous"}
    assert len(found["results"]) <= size
    return found


def key_of(row: dict[str, Any]) -> str:
    """Identifies a row: lines of a history have no id."""
    return str(row.get("id") or (row["at"], row["action"], row["detail"]))


class Undone(Exception):
    """Rolls back, so that each example finds the practice unchanged."""


def paged_lists() -> Iterator[str]:
    """Every paginated list of the OpenAPI."""
    schema = described()
    for path, methods in schema["paths"].items():
        answer = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        shape = answer.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        if "next" in schema["components"]["schemas"].get(shape, {}).get("properties", {}):
            yield path.removeprefix(V1)


MOMENTS = st.integers(0, 3).map(lambda minutes: NOON + timedelta(minutes=minutes, microseconds=minutes % 2))
BETWEEN = st.lists(st.one_of(MOMENTS, st.integers(0, 40)), max_size=3)  # add a row then, or remove the n-th row


@pytest.mark.parametrize("path", sorted(paged_lists()))
def test_no_row_is_lost_and_none_comes_twice(
    path: str, lists: Any, api: Api, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forwards and backwards, with ties, while rows are added and removed."""
    monkeypatch.setattr(throttling, "CALLS_A_SECOND", 10**6)
    address, who, make = lists[path]
    user: User = request.getfixturevalue(who)
    client = api(user)

    @hypothesis_settings(
        max_examples=10,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(before=st.lists(MOMENTS, max_size=9), size=st.integers(1, 4), between=st.lists(BETWEEN, max_size=14))
    def walk(before: list[datetime], size: int, between: list[list[datetime | int]]) -> None:
        try:
            with transaction.atomic():
                made = [make(at) for at in before]
                there_and_back(client, address, size, make, made, list(between))
                raise Undone
        except Undone:
            return

    walk()


def there_and_back(
    client: APIClient, address: str, size: int, make: Make, made: list[Model], between: list[list[datetime | int]]
) -> None:
    page = fetched(client, address, size)
    for direction in ("next", "previous"):
        before = [key_of(row) for row in fetched(client, address, 200)["results"]]
        seen = [[key_of(row) for row in page["results"]]]
        while page[direction]:
            come_and_go(make, made, between.pop() if between else [])
            page = fetched(client, page[direction], size)
            seen.append([key_of(row) for row in page["results"]])
        rows = list(chain.from_iterable(seen if direction == "next" else reversed(seen)))
        after = [key_of(row) for row in fetched(client, address, 200)["results"]]
        assert len(rows) == len(set(rows)), f"twice, {direction}"
        lasting = [row for row in before if row in after]
        assert [row for row in rows if row in lasting] == lasting, f"lost, {direction}"


def come_and_go(make: Make, made: list[Model], events: list[datetime | int]) -> None:
    for event in events:
        if isinstance(event, datetime):
            made.append(make(event))
        elif made and not isinstance(made[0], AuditEvent):  # lines of a history are never deleted
            gone = made.pop(event % len(made))
            if isinstance(gone, LibraryDocument):
                LibraryDocument.objects.filter(pk=gone.pk).update(archived_at=NOON)
            else:
                type(gone)._base_manager.filter(pk=gone.pk)._raw_delete(connection.alias)


def test_every_list_by_pages_is_walked(lists: Any) -> None:
    assert set(paged_lists()) == set(lists)


class ByNameAndContact(Listing[Patient]):
    """Nullable keys, text in the database's collation, both directions."""

    ordering = ("last_name", "-email", "mobile", "id")


def test_pages_follow_every_key_missing_values_and_the_order_of_the_database(
    practice: Practice, django_assert_max_num_queries: Any
) -> None:
    names = ["Élan", "elan", "Elan", "Zoé", "a b", "ab", "Ab", "élan", "ß", "ı"]
    contacts = [(None, None), ("a@x.example", None), (None, "+33612345678"), ("b@x.example", "+33612345678")]
    born = date(1980, 1, 1)
    Patient.objects.bulk_create(
        Patient(practice=practice, first_name="A", last_name=name, birth_date=born, email=email, mobile=mobile)
        for name in names
        for email, mobile in contacts * 2
    )
    expected = [row.pk for row in Keyset(Patient, ByNameAndContact.ordering).ordered(Patient.objects.all())]

    def page(link: str) -> tuple[list[uuid.UUID], dict[str, Any]]:
        pages, view = Pages(), ByNameAndContact()
        with django_assert_max_num_queries(2):
            rows = pages.paginate_queryset(Patient.objects.all(), Request(APIRequestFactory().get(link)), view)
        return [row.pk for row in rows], pages.get_paginated_response([]).data

    link, there = "/?page_size=7", []
    while link:
        last, (rows, around) = link, page(link)
        there += rows
        link = around["next"]
    assert there == expected
    back: list[uuid.UUID] = []
    link = last
    while link:
        rows, around = page(link)
        back = rows + back
        link = around["previous"]
    assert back == expected


def test_a_cursor_gives_no_value_away_and_is_of_its_list_alone(api: Api, alice: User, lists: Any) -> None:
    for _ in range(2):
        lists["patients/"][2](NOON)
    link = api(alice).get(f"{V1}patients/?page_size=1").json()["next"]
    assert "2026" not in link
    cursor = link.partition("cursor=")[2].partition("&")[0]
    answer = api(alice).get(f"{V1}library/?cursor={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "cursor")


@pytest.mark.parametrize("asked", ["0", "-1", "a", "1.5", "٣", "9" * 5000])
def test_a_size_that_no_page_has(api: Api, alice: User, asked: str) -> None:
    answer = api(alice).get(f"{V1}patients/", {"page_size": asked})
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "page_size")


def test_more_rows_than_a_page_holds_are_given_by_the_most_it_holds(api: Api, alice: User) -> None:
    assert api(alice).get(f"{V1}patients/?page_size=5000").status_code == 200
