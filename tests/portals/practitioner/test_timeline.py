"""The timeline of a record, and sharing from there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from documents.models import AutoSend, Category, DocumentReading, LibraryDocument, SharedDocument
from documents.models.autosend import Moment
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_upload
from documents.sharing.walk_ins import note_visit
from documents.timeline import EntryKind, Position, timeline
from files.intake import Intake
from notifications.models import Message
from patients.models import Patient
from portals.practitioner.timeline_words import entry_words
from practices.roles import NotAllowed

SignIn = Callable[[User], Client]
Book = Callable[..., Appointment]


@pytest.fixture
def lived(
    marie: Patient, alice: User, book_for: Book, receive: Callable[..., Intake], prescription: Category
) -> Patient:
    """Three appointments, each with a document that was announced and read."""
    for days in (3, 2, 1):
        booked = book_for(marie, starts_at=timezone.now() - timedelta(days=days))
        shared = share_upload(
            appointment=booked, intake=receive(), category=prescription, title=f"Lettre {days}", placement=None,
            by=alice,
        )  # fmt: skip
        DocumentReading.objects.create(document=shared, means="viewed", as_staff=False)
        DocumentReading.objects.create(document=shared, means="viewed", as_staff=True)
    return marie


def test_an_appointment_says_its_time_once(lived: Patient) -> None:
    for one in timeline(lived).entries:
        if isinstance(one.what, Appointment):
            words = entry_words(one)
            assert words.at == one.what.starts_at
            assert f"{one.what.local_start:%H:%M}" not in words.note
            assert one.what.visit_reason.name in words.note


def test_it_has_appointments_documents_messages_and_readings_newest_first(lived: Patient) -> None:
    entries = timeline(lived).entries
    kinds = [one.kind for one in entries]
    assert {kind: kinds.count(kind) for kind in EntryKind if kind != EntryKind.MESSAGE} == {
        EntryKind.READING: 3, EntryKind.DOCUMENT: 3, EntryKind.APPOINTMENT: 3, EntryKind.MOVE: 0,
        EntryKind.ANSWERS: 0, EntryKind.REQUEST: 0, EntryKind.RECEIVED: 0, EntryKind.SIGNATURE_ASKED: 0,
        EntryKind.SIGNATURE_SETTLED: 0, EntryKind.CONSENT_WITHDRAWN: 0,
    }  # fmt: skip
    assert kinds.count(EntryKind.MESSAGE) == Message.objects.exclude(state="called_off").count() > 0
    assert [one.at for one in entries] == sorted((one.at for one in entries), reverse=True)


def test_pages_lose_and_repeat_nothing_even_of_the_same_moment(
    lived: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = timezone.now()
    lived.appointments.update(starts_at=at, ends_at=at + timedelta(minutes=5))
    for model, field in ((DocumentReading, "at"), (Message, "created_at")):
        model.objects.update(**{field: at})
    whole = [(one.kind, one.what.pk) for one in timeline(lived).entries]
    monkeypatch.setattr("documents.timeline.SHOWN", 2)
    found: list[Any] = []
    after: Position | None = None
    while True:
        page = timeline(lived, after=after)
        found += [(one.kind, one.what.pk) for one in page.entries]
        if page.after is None:
            break
        after = Position.read(page.after.written())
    assert found == whole


def test_the_page_shows_it_with_as_many_queries_whatever_there_is(
    lived: Patient, marie: Patient, alice: User, book_for: Book, sign_in: SignIn,
    django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    client = sign_in(alice)
    page = client.get(f"/pro/patients/{lived.pk}/").content.decode()
    assert page.count("data-shared-document") == 3
    for part in ("Document lu", "Lettre 1", "Rendez-vous", "E-mail"):
        assert part in page
    with django_assert_max_num_queries(15):
        timeline(lived)
    monkeypatch.setattr("documents.timeline.SHOWN", 4)
    first = client.get(f"/pro/patients/{lived.pk}/")
    assert "Voir ce qui précède" in first.content.decode()
    second = client.get(f"/pro/patients/{lived.pk}/", {"after": first.context["after"]})
    assert "Revenir au plus récent" in second.content.decode()
    for wrong in ("x", "2026-01-01T00:00:00/4/x", "2026-01-01T00:00:00+00:00/9/1", "2026-01-01T00:00:00+00:00/4/1"):
        assert client.get(f"/pro/patients/{lived.pk}/", {"after": wrong}).status_code == 404, wrong


# --- Sharing from there ------------------------------------------------------------------------------------------


def test_sharing_asks_for_which_appointment(
    appointment: Appointment, marie: Patient, bob: User, rita: User, charlie: User, sign_in: SignIn
) -> None:
    address = f"/pro/patients/{marie.pk}/share/"
    assert address in sign_in(bob).get(f"/pro/patients/{marie.pk}/").content.decode()
    assert f"/pro/appointments/{appointment.pk}/share/" in sign_in(bob).get(address).content.decode()
    assert sign_in(rita).get(address).status_code == 403
    assert sign_in(charlie).get(address).status_code == 404


def test_a_visit_of_today_is_noted_and_leads_to_the_page_of_sharing(
    marie: Patient, bob: User, agenda: Agenda, visit_reason: VisitReason, sign_in: SignIn
) -> None:
    client, address = sign_in(bob), f"/pro/patients/{marie.pk}/share/"
    wrong = client.post(address, {"agenda": str(agenda.pk)})
    assert wrong.status_code == 400
    assert f'value="{agenda.pk}" selected' in wrong.content.decode()
    answer = client.post(address, {"agenda": str(agenda.pk), "visit_reason": str(visit_reason.pk)})
    visit = Appointment.objects.get()
    assert answer["Location"] == f"/pro/appointments/{visit.pk}/share/"
    assert (visit.patient, visit.ends_at <= timezone.now()) == (marie, True)
    assert visit.local_start.date() == timezone.localdate(timezone=visit.practice.zone)
    assert not Message.objects.exists()
    assert client.get(answer["Location"]).status_code == 200


def test_a_visit_just_after_midnight_is_of_today_and_nothing_is_sent_for_its_booking(
    marie: Patient, bob: User, carol: User, agenda: Agenda, visit_reason: VisitReason, access_plan: LibraryDocument
) -> None:
    save_rule(practice=marie.practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    now = datetime(2026, 11, 29, 23, 5, tzinfo=UTC)  # 00:05 in Paris
    with mock.patch("django.utils.timezone.now", return_value=now):
        visit = note_visit(patient=marie, agenda=agenda, visit_reason=visit_reason, by=bob)
    assert visit.local_start.isoformat() == "2026-11-30T00:00:00+01:00"
    assert set(visit.auto_sends.values_list("state", flat=True)) == {"cancelled"}


def test_rules_send_nothing_that_belongs_before_a_visit(
    marie: Patient, carol: User, rita: User, agenda: Agenda, visit_reason: VisitReason, access_plan: LibraryDocument
) -> None:
    for moment in Moment:
        content = RuleContent(name=moment.value, documents=[access_plan], moment=moment, offset_hours=1)
        save_rule(practice=marie.practice, content=content, by=carol)
    note_visit(patient=marie, agenda=agenda, visit_reason=visit_reason, by=carol)
    states = {one.rule.name: one.state for one in AutoSend.objects.select_related("rule")}
    assert states == {"after": "planned"}
    with pytest.raises(NotAllowed):
        note_visit(patient=marie, agenda=agenda, visit_reason=visit_reason, by=rita)


@pytest.mark.parametrize(
    "at",
    [
        *("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-14:00", "9999-12-31T23:59:59-14:00"),
        *("2026-12-01T09:00:00", "2026-13-01T09:00:00+00:00", "\0", ""),
    ],
)
def test_a_place_that_no_clock_shows_is_not_found(at: str, sign_in: SignIn, alice: User, marie: Patient) -> None:
    for kind, pk in (("1", "9" * 40), ("1", "9" * 5_000), ("3", str(marie.pk)), ("99", "1"), ("x", "1")):
        answer = sign_in(alice).get(f"/pro/patients/{marie.pk}/", {"after": f"{at}/{kind}/{pk}"})
        assert answer.status_code == 404


def test_hostile_titles_and_names_stay_texts_of_their_own_entry(lived: Patient, alice: User, sign_in: SignIn) -> None:
    hostile = [
        f"{number} %(pk)s %s %% {{{{ note }}}} &amp; <b>\"'</b> {'0' * 39} {UUID(int=number)}" for number in range(3)
    ]
    for document, title in zip(SharedDocument.objects.order_by("-shared_at"), hostile, strict=True):
        SharedDocument.objects.filter(pk=document.pk).update(title=title)
    DocumentReading.objects.update(reader=alice)
    User.objects.filter(pk=alice.pk).update(last_name="%(what)s <i>")
    page = sign_in(alice).get(f"/pro/patients/{lived.pk}/").content.decode()
    entries = page.partition("data-timeline>")[2].partition("</ol>")[0].split("<li")[1:]
    of_documents = [one for one in entries if "Document partagé" in one or "Document lu" in one]
    assert len(of_documents) == 6
    for entry in of_documents:
        (title,) = (one for one in hostile if escape(one) in entry)
        document = SharedDocument.objects.get(title=title)
        assert entry.count(escape(title)) == 2
        assert f"/pro/appointments/{document.appointment_id}/" in entry
        assert ("%(what)s &lt;i&gt;" in entry) == ("Document lu" in entry)
        assert "<b>" not in entry
        assert "<i>" not in entry
