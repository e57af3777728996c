"""Rows that look alike are rendered once, and each shows its own values alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from html import escape
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models import Category, SharedDocument
from documents.sharing.share import share_upload
from files.intake import Intake
from notifications.models import Channel, Message, MessageState
from notifications.wording import moment
from patients.models import Patient, RecordTie, Relationship
from portals.alike_rows import AlikeRows
from tests.costs import counted

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db
HOSTILE = ("<b>\ue000 \ue001 100 %(pk)s %s", "&amp; %% \ue002 {{ title }}", str(UUID(int=1)), "Compte rendu")


@pytest.fixture
def marie_herself(marie: Patient) -> User:
    user = User.objects.create_user("marie.durand@courriel.example", "une-phrase-de-passe", first_name="Marie")
    RecordTie.objects.create(
        user=user,
        patient=marie,
        relationship=Relationship.SELF,
        proved_email=user.email,
        proved_mobile="+33612345678",
    )
    return user


@pytest.fixture
def several(
    appointment: Appointment, bob: User, prescription: Category, receive: Callable[..., Intake]
) -> Callable[[int], list[SharedDocument]]:
    """Documents that differ in title and moments only, each with a message by email and one by SMS."""

    def _several(count: int) -> list[SharedDocument]:
        return [_one(number) for number in range(count)]

    def _one(number: int) -> SharedDocument:
        shared = share_upload(
            appointment=appointment,
            intake=receive(),
            category=prescription,
            title=HOSTILE[number % 4] + str(number // 4),
            placement=None,
            by=bob,
        )
        at = timezone.now() - timedelta(days=number, hours=number)
        shared.messages.clear()
        for hours, channel in enumerate(Channel, 1):
            sent = at + timedelta(hours=hours)
            told = Message.objects.create(
                channel=channel, to="x", state=MessageState.SENT, due_at=at, sent_at=sent, practice=shared.practice_id
            )
            shared.messages.add(told)
        SharedDocument.objects.filter(pk=shared.pk).update(shared_at=at)
        shared.refresh_from_db()
        return shared

    return _several


def rows_of(page: str, start: str) -> list[str]:
    """By their beginnings; the last one with what follows the list."""
    return page.split(start)[1:]


def test_each_row_of_my_documents_shows_its_own_values(
    several: Callable[[int], list[SharedDocument]], marie_herself: User, sign_in: SignIn
) -> None:
    documents = several(8)
    rows = rows_of(sign_in(marie_herself).get("/documents/").content.decode(), '<li class="document-card')
    assert len(rows) == len(documents)
    for row, one in zip(rows, documents, strict=True):
        at = one.shared_at.astimezone(one.practice.zone)
        assert row.count(f'action="/documents/{one.pk}/') == 2  # opens, downloads
        assert f">{escape(one.title)}</button>" in row
        assert f'datetime="{at.isoformat()}"' in row
        assert all(str(other.pk) not in row for other in documents if other != one)


@pytest.mark.parametrize("page", ["", "share/"])
def test_each_line_of_shared_documents_shows_its_own_values(
    page: str, several: Callable[[int], list[SharedDocument]], alice: User, sign_in: SignIn
) -> None:
    documents = several(8)
    address = f"/pro/appointments/{documents[0].appointment_id}/{page}"
    rows = rows_of(sign_in(alice).get(address).content.decode(), '<li class="doc-line" data-document="')
    assert len(rows) == len(documents)
    with timezone.override(documents[0].practice.zone):
        for row, one in zip(rows, documents, strict=True):
            assert row.startswith(str(one.pk))
            assert f"<strong>{escape(one.title)}</strong>" in row
            moments: list[datetime | None] = [one.shared_at, *(told.sent_at for told in one.all_messages)]
            assert all(at and moment(at) in row for at in moments)
            assert all(str(other.pk) not in row for other in documents if other != one)


@pytest.mark.parametrize("page", ["", "share/"])
def test_more_lines_take_no_more_statements(
    page: str, several: Callable[[int], list[SharedDocument]], alice: User, sign_in: SignIn
) -> None:
    client, taken = sign_in(alice), []
    for _ in range(2):
        (document, *_others) = several(4)
        address = f"/pro/appointments/{document.appointment_id}/{page}"
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        taken.append(len(queries))
    assert taken[0] == taken[1]


def test_each_entry_of_a_timeline_shows_its_own_values(
    several: Callable[[int], list[SharedDocument]], book_for: Callable[..., Appointment], alice: User, sign_in: SignIn
) -> None:
    documents = several(8)
    patient = documents[0].patient
    for days, one in enumerate(documents, 2):
        booked = book_for(patient, starts_at=timezone.now() + timedelta(days=days))
        SharedDocument.objects.filter(pk=one.pk).update(appointment=booked)
    page = sign_in(alice).get(f"/pro/patients/{patient.pk}/").content.decode().partition('id="timeline"')[2]
    rows = {row for row in rows_of(page, '<li class="doc-line"') if "data-shared-document" in row.partition(">")[0]}
    assert len(rows) == len(documents)
    with timezone.override(documents[0].practice.zone):
        for one in SharedDocument.objects.filter(patient=patient):
            (row,) = (row for row in rows if f"/pro/appointments/{one.appointment_id}/" in row)
            assert row.count(f"{escape(one.title)}</") == 2
            assert f'datetime="{timezone.localtime(one.shared_at).isoformat()}"' in row
            assert f">{moment(one.shared_at)}</time>, {escape(one.category.label)}</span>" in row


@pytest.mark.parametrize("said", [*HOSTILE, *(chr(0xE000 + number) for number in range(12))])
@pytest.mark.parametrize("whose", ["sharer", "patient", "error", "practice"])
def test_no_text_that_somebody_wrote_is_taken_for_a_place_of_a_value(
    several: Callable[[int], list[SharedDocument]], marie_herself: User, alice: User, bob: User, sign_in: SignIn,
    said: str, whose: str,
) -> None:  # fmt: skip
    (one,) = several(1)
    if whose == "sharer":
        User.objects.filter(pk=bob.pk).update(last_name=said)
    elif whose == "patient":
        Patient.objects.filter(pk=one.patient_id).update(last_name=said)
    elif whose == "error":
        one.messages.update(last_error=said, state=MessageState.FAILED)
    else:
        type(one.practice).objects.filter(pk=one.practice_id).update(name=said)
    page = "/documents/" if whose == "practice" else f"/pro/appointments/{one.appointment_id}/share/"
    answer = sign_in(marie_herself if whose == "practice" else alice).get(page)
    assert answer.status_code == 200
    assert escape(said) in answer.content.decode()


def test_each_answer_has_marks_of_its_own() -> None:
    first, second = (AlikeRows("practitioner/_agenda_gap.html", "starts", "from") for _ in range(2))
    marks = [str(one) for rows in (first, second) for one in (rows.any_id, *rows.marks.values())]
    assert len(set(marks)) == 6


def test_a_row_that_looks_like_another_costs_little(
    several: Callable[[int], list[SharedDocument]], marie_herself: User, alice: User, sign_in: SignIn
) -> None:
    """Counted in calls, with what reads it: a row of a template takes thousands."""
    own, staff = sign_in(marie_herself), sign_in(alice)
    address = f"/pro/appointments/{several(1)[0].appointment_id}/share/"
    costs = []
    for more in (1, 8):
        several(more)
        for client, page in ((own, "/documents/"), (staff, address)):
            client.get(page)
            _answer, calls = counted(partial(client.get, page))
            costs.append(calls)
    of_mine, of_staff = (costs[2] - costs[0]) / 8, (costs[3] - costs[1]) / 8
    assert of_mine < 400, costs
    assert of_staff < 2500, costs
