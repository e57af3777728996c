"""No page and no list of the API grows with a practice: each shows a part, and leads to the rest."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client, RequestFactory

from accounts.models import User
from appointments.models import Agenda, Appointment
from documents.library.catalogue import write_document
from documents.models import Category, DocumentRequest, LibraryDocument
from portals.pagination import ROWS, list_page
from portals.practitioner import agenda_columns, agenda_slots
from tests.appointments.conftest import at
from tests.days import coming
from tests.markup import one_line
from tests.multiplied import copy_often, multiply
from tests.security.addresses import address, routes
from tests.security.conftest import *  # noqa: F403  # a practice in use

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
TIMES = 160
MOST_BYTES = 150_000
MOST_STATEMENTS = 80  # less than one for each of TIMES
PEOPLE = ("alice", "carol", "marias_account", "nobody")
NOT_PAGES = ("/metrics", "/static/", "/admin/", "/api/v1/schema/", "/healthz")
# Whoever works with an agenda sees the whole day or week, at most 2,000 appointments: this much as it is sent.
WHOLE = ("/pro/", "/pro/appointments/<uuid:pk>/")
# Lists without pages in the contract of the API: everything around one appointment or of one account.
WHOLE_LISTS = ("/received/", "/requests/", "/documents/")


def test_nothing_grows_with_what_there_is(
    ids: dict[str, Any], request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    made = multiply(TIMES)
    assert sum(count >= TIMES for count in made.values()) >= 25, made
    assert _grown(PEOPLE, ids, request, sign_in) == {}


def test_a_library_of_hundreds_of_documents_makes_no_page_heavy(
    ids: dict[str, Any], request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    copy_often(LibraryDocument.objects.in_use().earliest("pk"), 250)
    assert _grown(("alice", "carol"), ids, request, sign_in) == {}


def test_every_template_of_a_large_library_can_be_chosen(
    appointment: Appointment, prescription: Category, carol: User, alice: User, sign_in: SignIn
) -> None:
    written = write_document(
        practice=appointment.practice, body="<p>Repos.</p>", title="Conseils", category=prescription, by=carol
    )
    copy_often(written, 70)
    client, address_of_page = sign_in(alice), f"/pro/appointments/{appointment.pk}/fill/"
    found: set[str] = set()
    for page in ("1", "2"):
        found |= set(
            re.findall(r"/fill/([0-9a-f-]{36})/", client.get(address_of_page, {"page": page}).content.decode())
        )
    assert found == {str(one.newest.pk) for one in LibraryDocument.objects.in_use() if one.newest.body}


def _grown(
    people: tuple[str, ...], ids: dict[str, Any], request: pytest.FixtureRequest, sign_in: SignIn
) -> dict[tuple[str, str], tuple[int, int]]:
    """By who asked and address: bytes and statements of each answer that has too many of them."""
    whole = {address(route.lstrip("/"), ids) for route in WHOLE}
    grown = {}
    for who in people:
        client = Client() if who == "nobody" else sign_in(request.getfixturevalue(who))
        for path, page, statements in _answers(client, ids):
            listed = path.startswith("/api/") and path.endswith(WHOLE_LISTS)
            weight = len(gzip.compress(page)) if path in whole else 0 if listed else len(page)
            if weight > MOST_BYTES or statements > MOST_STATEMENTS:
                grown[who, path] = (weight, statements)
    return grown


def _answers(client: Client, ids: dict[str, Any]) -> Iterator[tuple[str, bytes, int]]:
    """Each address that this account sees, its answer, and how many statements that took."""
    seen = 0
    connection.force_debug_cursor = True
    try:
        for path in sorted({address(route, ids) for route in routes()}):
            if path.startswith(NOT_PAGES) or "logout" in path:
                continue
            connection.queries_log.clear()
            answer = client.get(path)
            if answer.status_code == 200 and not answer.streaming:
                seen += 1
                yield path, answer.content, len(connection.queries_log)
    finally:
        connection.force_debug_cursor = False
    assert seen > 20


@pytest.mark.parametrize("asked", ["", "0", "-1", "two", "9" * 40, "10001", "\0", "٣x"])
def test_an_unknown_page_is_the_first(asked: str) -> None:
    page = list_page(RequestFactory().get("/", {"page": asked}), list(range(120)))
    assert (list(page), page.number, page.earlier, page.later) == (list(range(50)), 1, "", "/?page=2")


@pytest.mark.parametrize("count", [0, 1, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS, 3 * ROWS + 1])
def test_the_pages_of_a_list_hold_each_row_once(count: int) -> None:
    address, found, numbers = "/?q=a", list[int](), list[int]()
    while address:
        page = list_page(RequestFactory().get(address), list(range(count)), anchor="here")
        assert page.first_rank == len(found) + 1
        found += page
        numbers.append(page.number)
        assert "q=a" in address
        assert page.following == (len(found) if page.later else None)
        address = page.later.removesuffix("#here")
    assert found == list(range(count))
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == max(1, -(-count // ROWS))


def test_a_page_beyond_the_last_is_the_first() -> None:
    page = list_page(RequestFactory().get("/?page=9"), list(range(60)))
    assert (page.number, len(page)) == (1, 50)


def test_rows_that_are_alike_are_each_on_one_page(appointment: Appointment) -> None:
    DocumentRequest.objects.bulk_create(
        DocumentRequest(practice=appointment.practice, appointment=appointment, label="Carnet") for _ in range(70)
    )
    alike = DocumentRequest.objects.order_by("label")
    pages = [list_page(RequestFactory().get(f"/?page={number}"), alike, rows=10) for number in range(1, 8)]
    assert len({one.pk for page in pages for one in page}) == 70
    assert [one.pk for page in pages for one in page] == sorted(one.pk for page in pages for one in page)


def test_lists_of_one_page_turn_by_themselves(alice: User, appointment: Appointment, sign_in: SignIn) -> None:
    """The other lists of the page stay where they are."""
    DocumentRequest.objects.bulk_create(
        DocumentRequest(practice=appointment.practice, appointment=appointment, label=f"Carnet {number:02}")
        for number in range(30)
    )
    shown = one_line(sign_in(alice).get(f"/pro/appointments/{appointment.pk}/?documents=3&requests=2").content)
    assert shown.count("Carnet ") >= 12
    assert "documents=3&amp;requests=3#panel-requests" in shown
    assert "documents=3&amp;requests=1#panel-requests" in shown


@pytest.fixture
def crowded(open_agenda: Agenda, booked_at: Callable[..., Appointment]) -> list[Appointment]:
    return [booked_at(open_agenda, minutes) for minutes in (0, 30, 60)]


@pytest.fixture
def booked_at(appointment: Appointment) -> Callable[..., Appointment]:
    def book(agenda: Agenda, minutes: int) -> Appointment:
        start = at(agenda, coming(1, agenda.practice), 9) + timedelta(minutes=minutes)
        return Appointment.objects.create(
            practice=agenda.practice, agenda=agenda, patient=appointment.patient, starts_at=start,
            ends_at=start + timedelta(minutes=20), visit_reason=appointment.visit_reason, kind=appointment.kind,
        )  # fmt: skip

    return book


def test_an_agenda_says_from_when_on_it_is_not_complete(
    crowded: list[Appointment], alice: User, sign_in: SignIn
) -> None:
    client, day = sign_in(alice), crowded[0].local_start.date()
    whole = one_line(client.get(f"/pro/?date={day}").content)
    assert "Trop de rendez-vous" not in whole
    assert "Réserver" in whole
    with patch.object(agenda_slots, "MOST", 2), patch.object(agenda_columns, "MOST", 2):
        shown = one_line(client.get(f"/pro/?date={day}").content)
    assert f"{crowded[2].local_start:%H:%M}" in shown.partition("Trop de rendez-vous")[2][:120]
    drawn = [str(one.pk) in shown for one in crowded]
    assert drawn == [True, True, False]
    assert "Réserver" not in shown  # a free time could be one that is taken
