"""Appointments booked together: all or none, once, announced in one message; cancelled from one of them on."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments.booking import book, delete, mark_of
from appointments.cancelling import cancel
from appointments.doubts import Doubtful
from appointments.models import Agenda, Appointment, AppointmentSeries, Closing, Reminder, VisitReason
from appointments.moving import move
from appointments.recurrence import MOST
from appointments.reinstating import reinstate
from appointments.series import (
    NothingChosen,
    SeriesChanged,
    book_series,
    cancel_following,
    companions,
    following,
    occurrences,
)
from audit.models import AuditEvent
from documents.models import AutoSend, DocumentRequest, LibraryDocument
from documents.receiving.asking import Question, ask
from documents.sending.rules import RuleContent, save_rule
from notifications.models import Channel, Message, MessageState
from patients.models import Patient
from practices.models import Practice
from practices.roles import NotAllowed
from tests.appointments.conftest import at
from tests.days import QUIET_TUESDAY, YEAR
from tests.documents.conftest import access_plan as access_plan

pytestmark = pytest.mark.django_db


class Course:
    """Weekly appointments of Marie, on Tuesdays at nine."""

    def __init__(self, agenda: Agenda, reason: VisitReason, patient: Patient, staff: User) -> None:
        self.agenda, self.reason, self.patient, self.staff = agenda, reason, patient, staff
        self.key = uuid.uuid4()

    def starts(self, times: int = 4) -> list[datetime]:
        return [at(self.agenda, QUIET_TUESDAY + timedelta(weeks=week), 9) for week in range(times)]

    def booked(self, times: int = 4, *accepted: str) -> list[Appointment]:
        series = book_series(
            agenda=self.agenda, visit_reason=self.reason, patient=self.patient, starts=self.starts(times), kind=None,
            by=self.staff, accepted=accepted, pk=self.key,
        )  # fmt: skip
        return list(series.appointments.order_by("starts_at"))

    def doubts(self, times: int = 4) -> list[list[str]]:
        starts = self.starts(times)
        found = occurrences(agenda=self.agenda, visit_reason=self.reason, patient=self.patient, starts=starts)
        return [[one.code for one in date.doubts] for date in found]


@pytest.fixture
def course(open_agenda: Agenda, visit_reason: VisitReason, marie: Patient, bob: User) -> Course:
    return Course(open_agenda, visit_reason, marie, bob)


def written(week: int, *, days: int = 0) -> str:
    """The day of that date of the course, as messages write it, so many days later."""
    return f"{(QUIET_TUESDAY + timedelta(weeks=week, days=days)).day} septembre"


def waiting() -> list[Message]:
    return list(Message.objects.filter(state=MessageState.QUEUED, topic="appointment").order_by("created_at"))


def test_each_date_is_shown_with_what_speaks_against_it(course: Course, alice: User) -> None:
    other = Patient.objects.create(
        practice=course.agenda.practice, first_name="Luc", last_name="Petit", birth_date=date(1960, 1, 1)
    )
    starts = course.starts()
    book(agenda=course.agenda, visit_reason=course.reason, patient=other, starts_at=starts[1], by=alice)
    Closing.objects.create(
        practice=course.agenda.practice, starts_at=starts[2], ends_at=starts[2] + timedelta(hours=1), reason="Pont"
    )
    assert course.doubts() == [[], ["time_taken"], ["closing"], []]
    course.agenda.opening_hours.all().delete()


def test_a_public_holiday_is_named(course: Course) -> None:
    christmas = at(course.agenda, date(YEAR, 12, 25), 9)
    [found] = occurrences(agenda=course.agenda, visit_reason=course.reason, patient=None, starts=[christmas])
    assert "public_holiday" in [one.code for one in found.doubts]


def test_all_are_booked_or_none(course: Course, alice: User, marie: Patient) -> None:
    taken = course.starts()[3]
    book(agenda=course.agenda, visit_reason=course.reason, patient=marie, starts_at=taken, by=alice)
    with pytest.raises(Doubtful) as asked:
        course.booked()
    assert Appointment.objects.count() == 1
    assert not AppointmentSeries.objects.exists()
    made = course.booked(4, *(one.key for one in asked.value.doubts))
    assert [one.starts_at for one in made] == course.starts()


def test_it_is_booked_once_however_often_the_button_is_pressed(course: Course) -> None:
    assert course.booked() == course.booked()
    assert Appointment.objects.count() == 4
    assert len(waiting()) == 1


def test_a_key_of_another_practice_is_not_used(course: Course, other_practice: Practice) -> None:
    course.key = AppointmentSeries.objects.create(practice=other_practice).pk
    made = course.booked()
    assert len(made) == 4
    assert made[0].series_id != course.key


def test_more_dates_ask_no_more_queries(course: Course, access_plan: LibraryDocument, carol: User) -> None:
    save_rule(practice=course.agenda.practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    counts = []
    for times in (3, 12):
        course.key = uuid.uuid4()
        with CaptureQueriesContext(connection) as shown:
            course.doubts(times)
        with CaptureQueriesContext(connection) as booked:
            made = course.booked(times)
        counts.append((len(shown), len(booked)))
        assert all(one.reminders.count() == 2 and one.auto_sends.count() == 1 for one in made)
        Appointment.objects.all().delete()
    assert counts[0] == counts[1]


def test_cancelling_more_dates_asks_no_more_queries_and_ends_all_that_waits_for_each(
    course: Course, access_plan: LibraryDocument, carol: User
) -> None:
    save_rule(practice=course.agenda.practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    counts = []
    for times in (3, 12):
        course.key = uuid.uuid4()
        made = course.booked(times)
        for one in made:
            ask(appointment=one, question=Question("Ordonnance"), by=course.staff)
        with CaptureQueriesContext(connection) as queries:
            gone = cancel_following(appointment=made[0], by=course.staff, note="en congé")
        counts.append(len(queries))
        assert [one.pk for one in gone] == [one.pk for one in made]
        written = Appointment.objects.filter(series=course.key)
        assert set(written.values_list("status", "revision", "cancelled_note")) == {("cancelled", 1, "en congé")}
        for model in (Reminder, AutoSend, DocumentRequest):
            states = model._default_manager.filter(appointment__in=made).values_list("state", flat=True)
            assert set(states) == {"cancelled"}, model
        lines = AuditEvent.objects.filter(record_id__in=[one.pk for one in made])
        for action in ("appointment.cancelled", "auto_send.cancelled", "request.cancelled"):
            assert lines.filter(action=action).count() == times
        assert {one.kind for one in waiting()} == {"series_cancelled"}
        Message.objects.all().delete()
    assert counts[0] == counts[1] <= 60


def test_one_message_names_every_date_and_no_reason(course: Course) -> None:
    course.booked()
    [message] = waiting()
    assert message.channel == Channel.EMAIL
    for day in map(written, range(4)):
        assert message.body.count(day) == 1
    assert course.reason.name not in message.body + message.html


def test_without_an_address_one_sms_names_every_date(course: Course) -> None:
    Patient.objects.update(email=None)
    course.patient.refresh_from_db()
    course.booked()
    [message] = waiting()
    assert message.channel == Channel.SMS
    days = ", ".join(f"{start:%d/%m}" for start in course.starts())
    assert f"09:00 les {days}" in message.body
    assert len(message.body) <= 160


@pytest.mark.parametrize("act", ["move", "cancel", "delete"])
@pytest.mark.parametrize("which", [0, 2])
def test_the_waiting_message_follows_a_date_that_changes(course: Course, act: str, which: int) -> None:
    made = course.booked()
    if act == "move":
        move(appointment=made[which], by=course.staff, starts_at=made[which].starts_at + timedelta(days=1))
    else:
        acts: dict[str, Callable[..., object]] = {"cancel": cancel, "delete": delete}
        acts[act](appointment=made[which], by=course.staff)
    [message] = [one for one in waiting() if one.kind == "series_booked"]
    assert written(which) not in message.body
    assert ("mercredi" in message.body) == (act == "move")
    assert len([day for day in map(written, range(4)) if f" {day}" in message.body]) == 3


def test_a_date_put_back_returns_to_the_waiting_message(course: Course) -> None:
    made = course.booked()
    cancel(appointment=made[1], by=course.staff)
    reinstate(appointment=made[1], by=course.staff)
    [message] = waiting()  # nobody hears of a cancellation that is none
    assert message.kind == "series_booked"
    assert written(1) in message.body
    cancel(appointment=made[1], by=course.staff)
    reinstate(appointment=made[1], by=course.staff, starts_at=made[1].starts_at + timedelta(days=1))
    [message] = [one for one in waiting() if one.kind == "series_booked"]
    assert written(1, days=1) in message.body
    assert written(1) not in message.body


def test_a_date_put_back_is_not_said_to_be_cancelled_with_the_others(course: Course) -> None:
    made = course.booked()
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    cancel_following(appointment=made[1], by=course.staff)
    reinstate(appointment=made[1], by=course.staff)
    [message] = waiting()
    assert message.kind == "series_cancelled"
    assert written(1) not in message.body
    for day in map(written, (2, 3)):
        assert day in message.body
    for one in made[2:]:
        reinstate(appointment=one, by=course.staff)
    assert waiting() == []
    cancel_following(appointment=made[2], by=course.staff)
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    reinstate(appointment=made[3], by=course.staff)
    assert {one.kind for one in waiting()} == {"reinstated"}


def test_a_date_put_back_after_the_message_without_it_has_left_is_told(course: Course) -> None:
    made = course.booked()
    cancel(appointment=made[1], by=course.staff)
    Message.objects.filter(kind="series_booked", state=MessageState.QUEUED).update(
        state=MessageState.SENT, sent_at=timezone.now()
    )
    reinstate(appointment=made[1], by=course.staff)
    assert {one.kind for one in waiting()} == {"reinstated"}


def test_what_changed_since_it_was_shown_is_not_cancelled_with_the_following(course: Course) -> None:
    made = course.booked()
    seen = mark_of(following(made[1]))
    move(appointment=made[3], by=course.staff, starts_at=made[3].starts_at + timedelta(days=1))
    with pytest.raises(SeriesChanged):
        cancel_following(appointment=made[1], by=course.staff, seen=seen)
    assert {one.status for one in companions(made[0])} == {"booked"}
    cancel_following(appointment=made[1], by=course.staff, seen=mark_of(following(made[1])))
    assert [one.status for one in companions(made[0])] == ["booked", "cancelled", "cancelled", "cancelled"]


def test_this_one_and_the_following_are_cancelled_in_one_message(course: Course) -> None:
    made = course.booked()
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    cancel(appointment=made[3], by=course.staff)
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    gone = cancel_following(appointment=made[1], by=course.staff)
    assert [one.pk for one in gone] == [made[1].pk, made[2].pk]
    assert [one.status for one in companions(made[0])] == ["booked", "cancelled", "cancelled", "cancelled"]
    [message] = waiting()
    assert written(1) in message.body
    assert written(2) in message.body
    assert written(3) not in message.body
    assert cancel_following(appointment=made[1], by=course.staff) == []
    assert len(waiting()) == 1


def test_the_history_of_each_says_that_they_belong_together(course: Course) -> None:
    made = course.booked()
    lines = AuditEvent.objects.filter(action="appointment.booked").order_by("id")
    assert [(one.record_id, one.detail["rank"], one.detail["count"]) for one in lines] == [
        (one.pk, rank, 4) for rank, one in enumerate(made, 1)
    ]


def test_each_is_reminded_of_by_itself(course: Course) -> None:
    made = course.booked()
    assert all(one.reminders.exists() for one in made)


def test_neither_none_nor_too_many(course: Course) -> None:
    for times in (0, MOST + 1):
        with pytest.raises(NothingChosen):
            course.booked(times)


def test_who_only_reads_neither_books_nor_cancels(course: Course, rita: User) -> None:
    made = course.booked()
    with pytest.raises(NotAllowed):
        cancel_following(appointment=made[0], by=rita)
    course.staff, course.key = rita, uuid.uuid4()
    with pytest.raises(NotAllowed):
        course.booked()
