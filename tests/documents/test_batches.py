"""Documents for the appointments of one day: what would go, what goes, once, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.history import history_of
from appointments.models import Appointment, BookedFor
from appointments.recipients import resolve, resolve_each
from documents.library.catalogue import import_document, import_version, write_document
from documents.models import Category, LibraryDocument, ShareBatch, ShareBatchLine, SharedDocument
from documents.models.batch import LineReason, LineState
from documents.sharing import batch_sending
from documents.sharing.batch_sending import MOST_ATTEMPTS, send_some
from documents.sharing.batches import (
    BatchSent,
    NothingChosen,
    NothingReady,
    choose,
    draft,
    draft_again,
    forget_old_drafts,
    lines_of,
    outlooks,
    start,
)
from documents.sharing.share import share_library_document
from notifications.models import Message
from patients.models import Patient
from practices.models import Membership, Practice
from practices.roles import NotAllowed
from tests.conftest import BookFixture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced_together")]
Make = Callable[..., ShareBatch]
BORN = date(1970, 5, 6)


@pytest.fixture
def plan_and_form(access_plan: LibraryDocument, receive: Any, carol: User) -> list[LibraryDocument]:
    form = import_document(
        practice=access_plan.practice,
        intake=receive(name="questionnaire.pdf"),
        title="Questionnaire",
        category=access_plan.category,
        by=carol,
    )
    return [access_plan, form]


@pytest.fixture
def patient_named(marie: Patient) -> Callable[..., Patient]:
    def _make(name: str, **fields: Any) -> Patient:
        contacts = {"email": f"{name.lower()}@courriel.example", "mobile": f"+3361200{len(name):04d}"}
        usual = {"practice": marie.practice, "first_name": name, "last_name": "Petit", "birth_date": BORN}
        return Patient.objects.create(**(usual | contacts | fields))

    return _make


@pytest.fixture
def make(appointment: Appointment, alice: User, access_plan: LibraryDocument) -> Make:
    """A draft: the access plan for Marie's appointment, unless others are named."""

    def _make(*appointments: Appointment, documents: list[LibraryDocument] | None = None) -> ShareBatch:
        return draft(
            practice=appointment.practice,
            day=appointment.local_start.date(),
            appointments=appointments or [appointment],
            documents=documents or [access_plan],
            by=alice,
        )

    return _make


def send(batch: ShareBatch, by: User) -> list[tuple[str, str]]:
    """Starts it and lets a worker do all; state and reason of each line, in the order of the day."""
    start(batch=batch, by=by)
    work()
    return ends(batch)


def work() -> None:
    while send_some():
        continue


def ends(batch: ShareBatch) -> list[tuple[str, str]]:
    return [(line.state, line.reason) for line in lines_of(batch)]


def test_sends_what_is_ready_and_says_why_the_rest_is_not(
    appointment: Appointment,
    book_for: BookFixture,
    patient_named: Callable[..., Patient],
    hugo: User,
    alice: User,
    make: Make,
    plan_and_form: list[LibraryDocument],
) -> None:
    nobody = book_for(patient_named("Anne", mobile=None))
    mother = patient_named("Odette", email=hugo.email, mobile=hugo.mobile)
    relative = book_for(mother, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    off = book_for(patient_named("Carole"))
    cancel(appointment=off, by=alice)
    share_library_document(appointment=appointment, library_document=plan_and_form[0], by=alice)
    batch = make(appointment, nobody, relative, off, documents=plan_and_form)
    expected: dict[Any, list[tuple[str, str]]] = {
        appointment.pk: [(LineState.ALREADY, LineReason.HAS_IT), (LineState.PLANNED, "")],
        nobody.pk: [(LineState.NOT_READY, LineReason.CONTACTS)] * 2,
        relative.pk: [(LineState.NOT_READY, LineReason.AUTHORISATION)] * 2,
        off.pk: [(LineState.NOT_READY, LineReason.CANCELLED)] * 2,
    }
    ahead = outlooks(lines_of(batch))
    assert not SharedDocument.objects.exclude(appointment=appointment).exists()
    for line in lines_of(batch):
        assert line.appointment is not None
        assert (ahead[line.pk].state, ahead[line.pk].reason) in expected[line.appointment.pk]
    send(batch, alice)
    for line in lines_of(batch):
        assert line.appointment is not None
        state = LineState.PLANNED if line.state == LineState.SENT else line.state
        assert (state, line.reason) in expected[line.appointment.pk]
    assert list(SharedDocument.objects.values_list("title", flat=True).order_by("title")) == [
        "Plan d’accès",
        "Questionnaire",
    ]


def test_each_share_is_in_the_history_as_part_of_a_batch_and_one_notice_tells_of_all(
    appointment: Appointment, alice: User, make: Make, plan_and_form: list[LibraryDocument]
) -> None:
    Message.objects.all().delete()
    batch = make(documents=plan_and_form)
    send(batch, alice)
    lines = [line for line in history_of(appointment) if line.action == "document.shared"]
    assert [(line.actor_id, line.detail["batch"]) for line in lines] == [(alice.pk, str(batch.pk))] * 2
    told = Message.objects.filter(about=appointment.pk)
    assert sorted(told.values_list("channel", flat=True)) == ["email", "sms"]


def test_a_second_click_another_tab_and_a_second_batch_send_nothing_twice(
    appointment: Appointment, alice: User, bob: User, make: Make
) -> None:
    first, same = make(), make()
    start(batch=first, by=alice)
    start(batch=same, by=bob)  # another tab, before a worker did anything
    start(batch=ShareBatch.objects.get(pk=first.pk), by=bob)  # a second click
    work()
    assert first.lines.get().state == LineState.SENT
    assert (same.lines.get().state, same.lines.get().reason) == (LineState.ALREADY, LineReason.HAS_IT)
    assert ShareBatch.objects.get(pk=first.pk).sent_by == alice
    assert SharedDocument.objects.count() == 1


def test_a_patient_with_two_appointments_that_day_is_not_told_twice_of_one_document(
    appointment: Appointment, marie: Patient, book_for: BookFixture, alice: User, make: Make
) -> None:
    later = book_for(marie, starts_at=appointment.starts_at + timedelta(hours=3))
    assert send(make(later, appointment), alice) == [("sent", ""), ("already", LineReason.OTHER_APPOINTMENT)]
    assert SharedDocument.objects.get().appointment == appointment


def test_a_new_version_is_another_document(
    appointment: Appointment, alice: User, carol: User, make: Make, access_plan: LibraryDocument, receive: Any
) -> None:
    send(make(), alice)
    import_version(document=access_plan, intake=receive(name="plan 2.pdf"), by=carol)
    assert send(make(), alice) == [("sent", "")]


def test_a_killed_worker_leaves_nothing_half_done_and_the_next_one_goes_on(
    appointment: Appointment,
    alice: User,
    make: Make,
    plan_and_form: list[LibraryDocument],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = start(batch=make(documents=plan_and_form), by=alice)
    calls = []

    def killed_at_the_second(**asked: Any) -> SharedDocument:
        calls.append(asked)
        if len(calls) == 2:
            raise SystemExit
        return share_library_document(**asked)

    monkeypatch.setattr(batch_sending, "share_library_document", killed_at_the_second)
    with pytest.raises(SystemExit):
        send_some()
    assert not SharedDocument.objects.exists()  # the transaction of the appointment
    assert send_some() is False  # under the lease of the killed one
    ShareBatchLine.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    work()
    assert ends(batch) == [("sent", "")] * 2
    assert SharedDocument.objects.count() == 2


def test_one_failure_stops_no_other_and_is_given_up_in_the_end(
    appointment: Appointment,
    book_for: BookFixture,
    patient_named: Callable[..., Patient],
    alice: User,
    make: Make,
    plan_and_form: list[LibraryDocument],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = book_for(patient_named("Anne"))

    def fails_once_for_all(**asked: Any) -> SharedDocument:
        if asked["library_document"] == plan_and_form[0] and asked["appointment"] == appointment:
            raise OSError("the storage is away")
        return share_library_document(**asked)

    monkeypatch.setattr(batch_sending, "share_library_document", fails_once_for_all)
    batch = start(batch=make(appointment, other, documents=plan_and_form), by=alice)
    work()
    assert sorted(state for state, _reason in ends(batch)) == ["planned", "sent", "sent", "sent"]
    for _attempt in range(MOST_ATTEMPTS + 1):
        ShareBatchLine.objects.update(due_at=timezone.now())
        work()
    failed = batch.lines.get(state=LineState.FAILED)
    assert (failed.appointment, failed.reason) == (appointment, LineReason.GAVE_UP)
    monkeypatch.undo()
    assert send(draft_again(batch=batch, by=alice), alice) == [("sent", "")]


def test_what_changes_before_a_worker_comes_counts(
    appointment: Appointment,
    book_for: BookFixture,
    patient_named: Callable[..., Patient],
    alice: User,
    bob: User,
    make: Make,
) -> None:
    gone, emptied = book_for(patient_named("Anne")), book_for(patient_named("Carole"))
    batch = start(batch=make(appointment, gone, emptied), by=bob)
    delete(appointment=gone, by=alice)
    Patient.objects.filter(pk=emptied.patient_id).update(mobile=None)
    Membership.objects.filter(user=bob).delete()
    work()
    assert sorted(ends(batch)) == [
        ("failed", LineReason.NOT_ALLOWED),
        ("not_ready", LineReason.CONTACTS),
        ("not_ready", LineReason.DELETED),
    ]
    assert not SharedDocument.objects.exists()


def test_a_row_keeps_the_documents_that_staff_left_it(
    appointment: Appointment, alice: User, make: Make, plan_and_form: list[LibraryDocument]
) -> None:
    batch = make(documents=plan_and_form)
    choose(batch=batch, appointment=appointment.pk, documents=[plan_and_form[1].pk], by=alice)
    assert send(batch, alice) == [("left_out", ""), ("sent", "")]
    with pytest.raises(BatchSent):
        choose(batch=batch, appointment=appointment.pk, documents=[], by=alice)


def test_nothing_chosen_nothing_ready_and_a_reader_are_refused(
    appointment: Appointment, alice: User, rita: User, make: Make, access_plan: LibraryDocument
) -> None:
    day: dict[str, Any] = {"practice": appointment.practice, "day": appointment.local_start.date()}
    with pytest.raises(NothingChosen):
        draft(**day, appointments=[], documents=[access_plan], by=alice)
    with pytest.raises(NotAllowed):
        draft(**day, appointments=[appointment], documents=[access_plan], by=rita)
    batch = make()
    with pytest.raises(NotAllowed):
        start(batch=batch, by=rita)
    Patient.objects.update(email=None)
    with pytest.raises(NothingReady):
        start(batch=batch, by=alice)


def test_drafts_that_nobody_sent_are_forgotten(make: Make, alice: User) -> None:
    sent, old, fresh = make(), make(), make()
    start(batch=sent, by=alice)
    ShareBatch.objects.exclude(pk=fresh.pk).update(created_at=timezone.now() - timedelta(days=3))
    forget_old_drafts()
    assert set(ShareBatch.objects.values_list("pk", flat=True)) == {sent.pk, fresh.pk}
    assert old.pk not in ShareBatch.objects.values_list("pk", flat=True)


def test_what_would_go_is_asked_in_as_few_queries_for_many_as_for_one(
    appointment: Appointment,
    book_for: BookFixture,
    patient_named: Callable[..., Patient],
    hugo: User,
    make: Make,
    plan_and_form: list[LibraryDocument],
) -> None:
    def booked(name: str, born: date, booked_for: BookedFor) -> Appointment:
        return book_for(patient_named(name, birth_date=born), holder=hugo, booked_for=booked_for)

    today = timezone.localdate()
    booked_online = [
        booked(name, today - timedelta(days=days), booked_for)
        for name, days, booked_for in (
            ("Léa", 900, BookedFor.MINOR_RELATIVE),
            ("Noémie", 1200, BookedFor.MINOR_RELATIVE),
            ("Odette", 30_000, BookedFor.ADULT_RELATIVE),
            ("Marguerite", 30_001, BookedFor.ADULT_RELATIVE),
        )
    ]
    counts = []
    for batch in (make(booked_online[0]), make(appointment, *booked_online, documents=plan_and_form)):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            outlooks(lines_of(batch))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8
    fresh = Appointment.objects.select_related("practice", "patient__practice", "holder")
    each = resolve_each(list(fresh))
    for one in fresh:
        assert each[one.pk] == resolve(one)


def test_a_document_with_blanks_is_never_sent_as_it_is(
    make: Make, practice: Practice, prescription: Category, alice: User, carol: User, access_plan: LibraryDocument
) -> None:
    body = "<p>{{ ? Fin de l’arrêt | date }}</p>"
    made = write_document(practice=practice, title="Arrêt", category=prescription, body=body, by=carol)
    batch = make(documents=[made, access_plan])
    assert sorted(send(batch, alice)) == [("not_ready", LineReason.BLANKS), ("sent", "")]
