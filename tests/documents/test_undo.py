"""Undoing within thirty seconds: nothing has left, and everything is as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments import reminders
from appointments.booking import book
from appointments.cancelling import cancel
from appointments.doubts import doubts_about
from appointments.models import Agenda, Appointment, AppointmentStatus, OpeningHours, VisitReason
from appointments.moving import move
from appointments.reinstating import PlaceTaken
from appointments.series import book_series, occurrences
from appointments.slots import free_slots
from appointments.waiting import put_on_list
from audit import chain
from audit.models import AuditEvent
from documents.messages import PAGE_LEFT_AFTER, end_sitting
from documents.models import Category, LibraryDocument, ReadingMeans, SharedDocument, UndoableAct
from documents.models.autosend import Moment
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.reading import note_reading
from documents.sharing.share import share_library_document, share_upload
from documents.undoing.acts import close_ended_acts
from documents.undoing.appointments import cancel_for_now, move_for_now, undo_change
from documents.undoing.journal import ChangedMeanwhile, TooLateToUndo
from documents.undoing.sharing import AlreadyRead, take_back_for_now, undo_share, undo_take_back
from files.intake import Intake
from files.models import StoredFile
from notifications import delivery
from notifications.models import Channel, Message, MessageState
from patients.models import Patient
from patients.records import change_patient
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.undo_races import race
from tests.documents.ways import account, claim, on_day
from webhooks.endpoints import add_endpoint, plan_deliveries
from webhooks.models import WebhookDelivery

pytestmark = pytest.mark.django_db
Do = Callable[[], UndoableAct | None]
# What an undone act leaves behind: its own row, and what only says how often something happened.
APART = {
    *("documents.UndoableAct", "audit.AuditEvent", "audit.AuditSeal", "accounts.RateCount", "sessions.Session"),
    "webhooks.WebhookProgress",
}


@pytest.fixture(autouse=True)
def _thirty_seconds(settings: Settings) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)


def everything() -> dict[str, Any]:
    """Every row of the site, opened."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.label in APART or model._meta.proxy:
            continue
        for one in json.loads(serializers.serialize("json", model._base_manager.all())):
            values = one["fields"]
            found[f"{one['model']}/{one['pk']}"] = {
                name: sorted(value, key=str) if isinstance(value, list) else value for name, value in values.items()
            }
    return found


def again(appointment: Appointment) -> Appointment:
    related = Appointment.objects.select_related("practice", "patient__practice", "holder", "agenda", "visit_reason")
    return related.get(pk=appointment.pk)


def due_now() -> list[Message]:
    return list(Message.objects.due())


@pytest.fixture
def full(
    appointment: Appointment, access_plan: LibraryDocument, alice: User, carol: User, book_for: BookFixture
) -> Appointment:
    """With a waiting message about a move, documents announced and not, a planned sending, and reminders."""
    content = RuleContent(name="Avant", documents=[access_plan], moment=Moment.BEFORE, offset_hours=1)
    save_rule(practice=appointment.practice, content=content, by=carol)
    with transaction.atomic():
        reminders.follow(again(appointment))
    move(appointment=again(appointment), by=alice, starts_at=appointment.starts_at + timedelta(hours=3))
    share_library_document(appointment=again(appointment), library_document=access_plan, by=alice)
    found = again(appointment)
    put_on_list(
        patient=found.patient, visit_reason=found.visit_reason, agendas=[found.agenda], appointment=found, by=alice
    )
    return found


def move_it(appointment: Appointment, by: User) -> Do:
    starts_at = appointment.starts_at + timedelta(days=2)
    return lambda: move_for_now(appointment=again(appointment), by=by, session="s", starts_at=starts_at)[1]


def cancel_it(appointment: Appointment, by: User) -> Do:
    return lambda: cancel_for_now(appointment=again(appointment), by=by, session="s")[1]


def take_back_it(appointment: Appointment, by: User) -> Do:
    document = appointment.shared_documents.get()
    return lambda: take_back_for_now(document=document, by=by, session="s")


ACTS = {"move": move_it, "cancel": cancel_it, "take_back": take_back_it}
UNDO: dict[str, Callable[..., None]] = {"move": undo_change, "cancel": undo_change, "take_back": undo_take_back}


@pytest.mark.parametrize("kind", ACTS)
def test_undoing_puts_every_row_of_the_site_back_as_it_was(full: Appointment, bob: User, kind: str) -> None:
    before = everything()
    act = ACTS[kind](full, bob)()
    assert act
    assert everything() != before
    assert not {str(one.pk) for one in due_now()} - {one.rsplit("/", 1)[1] for one in before}
    UNDO[kind](act=act, by=bob)
    assert everything() == before
    UNDO[kind](act=act, by=bob)  # a second click
    assert everything() == before
    assert AuditEvent.objects.filter(action__endswith="_undone").count() == 1


@pytest.mark.parametrize("kind", ACTS)
def test_nothing_of_the_act_leaves_before_its_time_is_over(full: Appointment, bob: User, kind: str) -> None:
    known = set(Message.objects.values_list("pk", flat=True))
    act = ACTS[kind](full, bob)()
    assert act
    fresh = Message.objects.exclude(pk__in=known)
    assert fresh.exists() or kind == "take_back"
    assert not fresh.due(act.until - timedelta(milliseconds=1)).exists()
    with on_day(act.until):
        assert kind == "take_back" or fresh.due(act.until).filter(channel=Channel.EMAIL).exists()
        with pytest.raises(TooLateToUndo):
            UNDO[kind](act=act, by=bob)


def test_a_sharing_that_is_undone_leaves_no_document_no_byte_no_message_and_no_invitation(
    appointment: Appointment, bob: User, receive: Callable[..., Intake], prescription: Category,
    files_in_store: Callable[[], list[Path]], django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    before, stored = everything(), files_in_store()
    with django_capture_on_commit_callbacks(execute=True):
        share_upload(
            appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob,
            session="s",
        )  # fmt: skip
        assert Message.objects.count() == 2
        assert not due_now()
        assert files_in_store() != stored
        undo_share(act=UndoableAct.objects.get(), by=bob)
    assert everything() == before
    assert files_in_store() == stored


def test_of_two_documents_shared_in_a_sitting_the_undone_one_is_not_counted(
    appointment: Appointment, access_plan: LibraryDocument, bob: User
) -> None:
    for _number in range(2):
        share_library_document(appointment=again(appointment), library_document=access_plan, by=bob, session="s")
    undo_share(act=UndoableAct.objects.order_by("made_at")[0], by=bob)
    assert SharedDocument.objects.count() == 1
    assert Message.objects.count() == 2
    assert Message.objects.get(channel=Channel.EMAIL).subject.startswith("Un document vous attend")


def test_a_document_that_was_read_meanwhile_stays_shared(
    appointment: Appointment, access_plan: LibraryDocument, bob: User, marie: Patient
) -> None:
    maries_account = account("marie.durand@courriel.example", "+33612345678")
    claim(marie, maries_account)
    document = share_library_document(
        appointment=again(appointment), library_document=access_plan, by=bob, session="s"
    )
    note_reading(documents=[document], by=maries_account, means=ReadingMeans.VIEWED, as_recipient=True)
    with pytest.raises(AlreadyRead):
        undo_share(act=UndoableAct.objects.get(), by=bob)
    assert SharedDocument.objects.count() == 1


def test_the_bytes_of_a_document_taken_back_go_when_it_cannot_be_undone_any_more(
    appointment: Appointment, bob: User, receive: Callable[..., Intake], prescription: Category,
    files_in_store: Callable[[], list[Path]], django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    stored = files_in_store()
    document = share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob
    )
    act = take_back_for_now(document=document, by=bob, session="s")
    assert act
    assert not SharedDocument.objects.exists()
    close_ended_acts()
    assert files_in_store() != stored
    with on_day(act.until), django_capture_on_commit_callbacks(execute=True):
        close_ended_acts()
    assert files_in_store() == stored
    assert not StoredFile.objects.exists()
    act.refresh_from_db()
    assert act.journal == ""


def test_whoever_took_the_place_meanwhile_keeps_it(
    full: Appointment, agenda: Agenda, visit_reason: VisitReason, bob: User, practice: Practice
) -> None:
    act = cancel_it(full, bob)()
    assert act
    paul = Patient.objects.create(practice=practice, first_name="Paul", last_name="Petit", birth_date="1950-01-01")
    book(agenda=agenda, visit_reason=visit_reason, patient=paul, starts_at=full.starts_at, by=bob)
    now = everything()
    with pytest.raises(PlaceTaken) as taken:
        undo_change(act=act, by=bob)
    assert "Paul Petit" in taken.value.sentence
    assert everything() == now


def test_a_time_left_for_a_moment_is_offered_to_no_patient_and_free_for_staff(
    full: Appointment, agenda: Agenda, bob: User, alice: User, marie: Patient
) -> None:
    day = full.local_start.date()
    OpeningHours.objects.create(agenda=agenda, weekday=day.weekday(), opens_at=time(0), closes_at=time(23, 59))

    def free() -> bool:
        found = free_slots(agenda=agenda, visit_reason=full.visit_reason, first=day, last=day)
        return any(one.start < full.ends_at and one.end > full.starts_at for one in found)

    assert not free()
    act = cancel_it(full, bob)()
    assert act
    assert not free()
    ask: dict[str, Any] = {"agenda": agenda, "visit_reason": full.visit_reason, "starts_at": full.starts_at}
    assert not [one for one in doubts_about(patient=marie, **ask) if one.code in ("held", "taken")]
    with on_day(act.until):
        assert free()


def test_a_move_in_a_series_that_is_undone_leaves_the_message_about_the_series_as_it_was(
    agenda: Agenda, visit_reason: VisitReason, marie: Patient, bob: User
) -> None:
    first = timezone.now() + timedelta(days=9)
    starts = [first, first + timedelta(days=7), first + timedelta(days=14)]
    dates = occurrences(agenda=agenda, visit_reason=visit_reason, patient=marie, starts=starts)
    accepted = [doubt.key for date in dates for doubt in date.doubts]
    of: dict[str, Any] = {"agenda": agenda, "visit_reason": visit_reason, "patient": marie, "kind": None}
    made = book_series(starts=starts, accepted=accepted, by=bob, **of)
    before = everything()
    act = move_it(made.appointments.order_by("starts_at")[1], bob)()
    assert act
    assert everything() != before
    undo_change(act=act, by=bob)
    assert everything() == before


def test_what_changed_meanwhile_is_not_overwritten(full: Appointment, bob: User, alice: User, marie: Patient) -> None:
    act = move_it(full, bob)()
    cancel(appointment=again(full), by=alice)
    now = everything()
    assert act
    with pytest.raises((ChangedMeanwhile, TooLateToUndo)):
        undo_change(act=act, by=bob)
    assert everything() == now


def test_a_called_off_message_does_not_come_back_for_a_contact_that_was_corrected(
    full: Appointment, bob: User, marie: Patient
) -> None:
    act = take_back_it(full, bob)()
    change_patient(patient=marie, by=bob, email="vraie@courriel.example", mobile="+33612000077")
    assert act
    with pytest.raises(ChangedMeanwhile):
        undo_take_back(act=act, by=bob)
    assert not Message.objects.filter(to="marie.durand@courriel.example", state=MessageState.QUEUED).exists()


def test_a_message_in_hand_that_was_called_off_and_waits_again_is_sent_once(full: Appointment, bob: User) -> None:
    """A worker holds the message about the document: the taking back calls it off, the undoing lets it go on."""
    with on_day(timezone.now() + timedelta(minutes=3)):
        [held, *_] = delivery.claim(Channel.EMAIL)
        act = take_back_it(full, bob)()
        assert act
        message = Message.objects.get(pk=held.pk)
        if message.state == MessageState.CALLED_OFF:
            undo_take_back(act=act, by=bob)
            message.refresh_from_db()
            assert (message.state, message.attempts) == (MessageState.QUEUED, 1)
        delivery._mark_sent(held, "")
        message.refresh_from_db()
        assert message.state == MessageState.SENT


def test_a_webhook_waits_and_hears_nothing_of_what_was_undone(
    full: Appointment, bob: User, carol: User, practice: Practice
) -> None:
    codes = ["appointment.cancelled", "appointment.moved"]
    add_endpoint(practice=practice, url="https://logiciel.example/docshare", events=codes, by=carol)
    chain.seal()
    while plan_deliveries():
        continue
    act = cancel_it(full, bob)()
    assert act
    chain.seal()
    plan_deliveries()
    waiting = WebhookDelivery.objects.get(event="appointment.cancelled")
    assert waiting.due_at > act.until
    undo_change(act=act, by=bob)
    chain.seal()
    while plan_deliveries():
        continue
    assert not WebhookDelivery.objects.filter(event="appointment.cancelled").exists()


def test_a_sitting_is_announced_once_when_its_page_is_left(
    appointment: Appointment, access_plan: LibraryDocument, bob: User
) -> None:
    start = timezone.now()
    for minute in (0, 4, 8):
        with on_day(start + timedelta(minutes=minute)):
            assert not due_now()
            share_library_document(appointment=again(appointment), library_document=access_plan, by=bob, session="s")
    assert Message.objects.count() == 2
    email = Message.objects.get(channel=Channel.EMAIL)
    assert email.subject.startswith("3 documents")
    last = SharedDocument.objects.latest("shared_at").shared_at
    assert timedelta() <= email.due_at - (last + PAGE_LEFT_AFTER) < timedelta(minutes=1)
    with on_day(start + timedelta(minutes=8)):
        end_sitting(again(appointment), by=bob)
    email.refresh_from_db()
    assert email.due_at == last + timedelta(seconds=30)


@pytest.mark.servers("two connections, and rows that workers skip")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["worker", "undo"])
def test_a_worker_and_an_undoing_at_the_same_moment_agree_on_who_was_first(
    full: Appointment, bob: User, first: str
) -> None:
    """Whichever has the rows first: nothing is sent and all is back, or it is too late and nothing is changed."""
    Message.objects.all().delete()
    act = cancel_it(full, bob)()
    assert act
    Message.objects.update(due_at=timezone.now() - timedelta(seconds=1))  # at the very end of the thirty seconds
    kept = act.journal
    UndoableAct.objects.update(journal=_due_as_now(kept))
    claimed, too_late = race(
        first, claim=lambda: delivery.claim(Channel.EMAIL), undo=lambda: undo_change(act=act, by=bob)
    )
    status = Appointment.objects.get(pk=full.pk).status
    if first == "worker":
        assert claimed
        assert too_late
        assert status == AppointmentStatus.CANCELLED
    else:
        assert not claimed
        assert status == AppointmentStatus.BOOKED


def _due_as_now(journal: str) -> str:
    """The journal, of messages whose time was brought forward."""
    kept = json.loads(journal)
    for label, pk, _before, after in kept["changes"]:
        if label == "notifications.Message" and after is not None:
            now = Message.objects.get(pk=pk)
            after["due_at"] = now.due_at.isoformat()
    return json.dumps(kept)
