"""Reminders: at the practice's times, one SMS a day for each telephone, never at night, never too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments import messages
from appointments.booking import book
from appointments.cancelling import cancel
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    BookedFor,
    Reminder,
    ReminderPolicy,
    VisitReason,
)  # fmt: skip
from appointments.moving import move
from appointments.quiet_hours import USEFUL, polite_time
from appointments.reminders import AGAIN, call_off_reminders, send_due, set_reminder_policy
from notifications.models import Channel, Message
from patients.models import Patient
from practices.models import Practice
from practices.roles import NotAllowed
from tests.appointments.conftest import at
from tests.conftest import BookFixture
from tests.days import last_sunday

pytestmark = [pytest.mark.django_db, pytest.mark.night]
IN_A_WEEK = timedelta(days=7)


@pytest.fixture
def set_times(practice: Practice, carol: User) -> Callable[..., ReminderPolicy]:
    def _set(**times: Any) -> ReminderPolicy:
        policy = ReminderPolicy.of(practice)
        for name, value in times.items():
            setattr(policy, name, value)
        set_reminder_policy(policy=policy, by=carol)
        return policy

    return _set


@pytest.fixture
def morning(agenda: Agenda) -> datetime:
    """Nine o'clock, a week from now."""
    return at(agenda, timezone.localdate() + IN_A_WEEK, 9)


def planned() -> list[tuple[str, int, datetime]]:
    found = Reminder.objects.filter(state="planned").order_by("channel", "offset_hours")
    return list(found.values_list("channel", "offset_hours", "due_at"))


def texts(channel: str = "sms") -> list[str]:
    found = Message.objects.filter(channel=channel).order_by("created_at", "to")
    return [message.body.replace("\u00a0", " ") for message in found]


# --- Planning ---------------------------------------------------------------------------------------------------


def test_by_default_an_email_two_days_before_and_an_sms_the_day_before(
    book_for: BookFixture, marie: Patient, morning: datetime
) -> None:
    book_for(marie, starts_at=morning)
    assert planned() == [
        ("email", 48, morning - timedelta(hours=48)),
        ("sms", 24, morning - timedelta(hours=24)),
    ]


def test_a_time_that_has_passed_is_not_made_up_for(book_for: BookFixture, marie: Patient) -> None:
    book_for(marie, starts_at=timezone.now() + timedelta(hours=3))
    assert planned() == []
    assert send_due() == 0


def test_reminders_follow_moves_and_cancelling(
    book_for: BookFixture, marie: Patient, alice: User, morning: datetime
) -> None:
    appointment = book_for(marie, starts_at=morning)
    send_due(now=morning - timedelta(hours=24))
    assert Reminder.objects.filter(state="sent").count() == 2
    later = morning + IN_A_WEEK
    move(appointment=appointment, by=alice, starts_at=later)
    assert [due for _channel, _hours, due in planned()] == [later - timedelta(hours=48), later - timedelta(hours=24)]
    cancel(appointment=appointment, by=alice)
    assert planned() == []
    before = Message.objects.count()
    assert send_due(now=later - timedelta(hours=1)) == 0
    assert Message.objects.count() == before


def test_reminders_follow_the_practices_times_and_what_was_sent_stays(
    book_for: BookFixture, marie: Patient, morning: datetime, set_times: Callable[..., ReminderPolicy]
) -> None:
    book_for(marie, starts_at=morning)
    send_due(now=morning - timedelta(hours=47))
    set_times(email_hours=[48, 3], sms_hours=[])
    assert planned() == [("email", 3, morning - timedelta(hours=3))]
    assert Reminder.objects.get(state="sent").channel == "email"
    set_times(sms_hours=[2])
    assert ("sms", 2, morning - timedelta(hours=1)) in planned()  # eight: at seven it is still night


@pytest.mark.parametrize("hours", [[0], [721], ["48"], [48, 48], [1, 2, 3, 4, 5], "48", [True]])
def test_senseless_times_are_refused(hours: Any, set_times: Callable[..., ReminderPolicy]) -> None:
    with pytest.raises(ValidationError):
        set_times(email_hours=hours)


def test_only_administrators_set_them(practice: Practice, bob: User) -> None:
    with pytest.raises(NotAllowed):
        set_reminder_policy(policy=ReminderPolicy.of(practice), by=bob)


# --- Quiet hours ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "hours", "leaves"),
    [
        ("10:00", 2, "08:00"),  # eight o'clock is no longer night
        ("09:00", 2, "08:00"),  # would be at seven: waits for the morning
        ("23:00", 24, "08:00"),  # would be at eleven the evening before: waits for the morning
        ("08:15", 2, "20:59"),  # the morning would be 15 minutes before: sent the evening before
        ("07:00", 1, "20:59"),
        ("15:00", 2, "13:00"),
    ],
)
def test_no_sms_at_night_and_none_too_late(
    start: str, hours: int, leaves: str, book_for: BookFixture, marie: Patient, agenda: Agenda
) -> None:
    day = timezone.localdate() + IN_A_WEEK
    appointment = book_for(marie, starts_at=at(agenda, day, *map(int, start.split(":"))))
    wanted = appointment.starts_at - timedelta(hours=hours)
    found = timezone.localtime(
        polite_time(wanted, appointment.practice, ReminderPolicy(), useful_until=appointment.starts_at - USEFUL),
        agenda.practice.zone,
    )
    assert f"{found:%H:%M}" == leaves
    assert found < appointment.starts_at


def test_a_worker_that_was_away_all_evening_lets_people_sleep(
    book_for: BookFixture, marie: Patient, agenda: Agenda, set_times: Callable[..., ReminderPolicy]
) -> None:
    set_times(email_hours=[], sms_hours=[24])
    tomorrow = timezone.localdate() + IN_A_WEEK
    late, early = at(agenda, tomorrow, 20), at(agenda, tomorrow, 8, 10)
    book_for(marie, starts_at=late)
    book_for(marie, starts_at=early)
    night = at(agenda, tomorrow - timedelta(days=1), 23)
    assert send_due(now=night) == 0
    assert planned() == [("sms", 24, at(agenda, tomorrow, 8))]  # the other's time has passed
    assert send_due(now=at(agenda, tomorrow, 8, 1)) == 1


# --- Sending ----------------------------------------------------------------------------------------------------


def test_several_appointments_of_a_day_are_one_sms(book_for: BookFixture, marie: Patient, morning: datetime) -> None:
    first, second = book_for(marie, starts_at=morning), book_for(marie, starts_at=morning + timedelta(hours=5))
    book_for(marie, starts_at=morning + timedelta(days=1))
    due = morning - timedelta(hours=24)
    assert send_due(now=due) >= 2
    assert send_due(now=due) == 0
    (text,) = texts()
    assert "à 09:00 et 14:00" in text
    assert first.reminders.get(channel="sms").state == second.reminders.get(channel="sms").state == "sent"
    assert Message.objects.get(channel="sms").expires_at == morning


def test_reminders_of_several_appointments_are_called_off_at_once_and_the_others_in_them_reminded_again(
    book_for: BookFixture, marie: Patient, morning: datetime
) -> None:
    first, second, third = (book_for(marie, starts_at=morning + timedelta(hours=hour)) for hour in range(3))
    next_day = book_for(marie, starts_at=morning + timedelta(days=1))
    for now in (morning - timedelta(hours=24), morning):
        send_due(now=now)
    sent = list(Reminder.messages.through.objects.values_list("message", flat=True))
    reminders = Message.objects.filter(pk__in=sent)
    assert set(reminders.values_list("state", flat=True)) == {"queued"}
    with transaction.atomic():
        call_off_reminders(first, next_day)
    assert not reminders.filter(state="queued").exists()
    again = Reminder.objects.filter(state="planned")
    assert set(again.values_list("appointment", flat=True)) == {second.pk, third.pk}


def test_a_family_is_told_once_and_each_only_of_its_own(
    book_for: BookFixture, holder: User, morning: datetime, practice: Practice
) -> None:
    child = Patient.objects.create(
        practice=practice, first_name="Léo", last_name="Lefèvre", birth_date=date(2018, 1, 1)
    )
    sister = Patient.objects.create(
        practice=practice, first_name="Ana", last_name="Lefèvre", birth_date=date(1980, 1, 1),
        email="ana@courriel.example", mobile="+33655555555",
    )  # fmt: skip
    book_for(child, starts_at=morning, holder=holder, booked_for=BookedFor.MINOR_RELATIVE)
    book_for(sister, starts_at=morning + timedelta(hours=1), holder=holder, booked_for=BookedFor.ADULT_RELATIVE)
    send_due(now=morning - timedelta(hours=24))
    sent = dict(Message.objects.filter(channel="sms").values_list("to", "body"))
    told = {message.to: message.body for message in Message.objects.filter(channel="sms")}
    assert set(sent) == {holder.mobile, sister.mobile}
    assert "09:00 et 10:00" in told[str(holder.mobile)]
    assert "09:00" not in told[str(sister.mobile)]


def test_a_reminder_says_not_why_and_for_whom_by_a_first_name(
    book_for: BookFixture, marie: Patient, morning: datetime
) -> None:
    appointment = book_for(marie, starts_at=morning)
    send_due(now=morning - timedelta(hours=24))
    for message in Message.objects.all():
        for secret in (appointment.visit_reason.name, marie.last_name):
            assert secret not in message.subject + message.body
        assert marie.first_name not in message.subject
        assert (marie.first_name in message.body) == (message.channel == "email")


def test_nobody_to_tell_is_no_fault(book_for: BookFixture, marie: Patient, morning: datetime) -> None:
    Patient.objects.filter(pk=marie.pk).update(email=None, mobile=None)
    marie.refresh_from_db()
    book_for(marie, starts_at=morning)
    send_due(now=morning - timedelta(hours=24))
    assert Message.objects.count() == 0
    assert planned() == []


# --- Faults of ours ---------------------------------------------------------------------------------------------


@pytest.fixture
def poisonous(monkeypatch: pytest.MonkeyPatch) -> Callable[[Appointment], None]:
    """A function after which messages about an appointment fail with an unexpected error, whose text contains a
    name."""

    def _poison(appointment: Appointment) -> None:
        real = messages.remind

        def remind_or_fail(channel: Channel, appointments: list[Appointment]) -> object:
            planned = real(channel, appointments)
            if appointment in appointments:
                raise ZeroDivisionError("Marie Durand")
            return planned

        monkeypatch.setattr(messages, "remind", remind_or_fail)

    return _poison


def test_one_that_fails_holds_up_no_other_and_is_tried_again(
    book_for: BookFixture, marie: Patient, morning: datetime, poisonous: Callable[[Appointment], None],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    bad, good = book_for(marie, starts_at=morning), book_for(marie, starts_at=morning + timedelta(days=1))
    Reminder.objects.filter(channel="sms").delete()
    due = morning - timedelta(hours=24)
    poisonous(bad)
    assert send_due(now=due) == 1
    assert send_due(now=due) == 0  # not yet due
    assert good.reminders.get().state == "sent"
    assert bad.reminders.get().due_at == due + AGAIN
    assert len(texts("email")) == 1  # none for the one that failed
    assert f"Reminder {bad.reminders.get().pk}: ZeroDivisionError" in caplog.text
    assert "Marie" not in caplog.text


def test_what_failed_is_sent_once_the_fault_is_mended_and_never_too_late(
    book_for: BookFixture, marie: Patient, morning: datetime, poisonous: Callable[[Appointment], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    mended, hopeless = book_for(marie, starts_at=morning), book_for(marie, starts_at=morning + timedelta(days=1))
    Reminder.objects.filter(channel="sms").delete()
    due = morning - timedelta(hours=24)
    real = messages.remind
    poisonous(mended)
    poisonous(hopeless)
    assert send_due(now=due) == 0
    monkeypatch.setattr(messages, "remind", real)
    poisonous(hopeless)
    assert send_due(now=due + AGAIN) == 1
    assert mended.reminders.get().state == "sent"
    assert send_due(now=hopeless.starts_at) == 0
    assert hopeless.reminders.get().state == "cancelled"


def test_a_practice_that_fails_holds_up_no_other(
    book_for: BookFixture, marie: Patient, stranger: Patient, charlie: User, morning: datetime,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """In either order."""
    book_for(marie, starts_at=morning)
    port = Agenda.objects.create(practice=stranger.practice, name="Dr Noir", practitioner=charlie)
    reason = VisitReason.objects.create(practice=stranger.practice, name="Bilan", duration_minutes=20)
    reason.agendas.add(port)
    book(
        agenda=port, visit_reason=reason, patient=stranger, starts_at=morning, kind=AppointmentKind.IN_PERSON,
        by=charlie,
    )  # fmt: skip
    for failing in (marie, stranger):
        Reminder.objects.update(state="planned", sent_at=None)
        real = ReminderPolicy.of

        def of_or_fail(practice: Practice, pk: Any = failing.practice.pk, real: Any = real) -> ReminderPolicy:
            if practice.pk == pk:
                raise ZeroDivisionError("Marie Durand")
            policy: ReminderPolicy = real(practice)
            return policy

        with monkeypatch.context() as patch:
            patch.setattr(ReminderPolicy, "of", of_or_fail)
            assert send_due(now=morning - timedelta(hours=24)) == 2
        waiting = Reminder.objects.filter(state="planned")
        assert {one.appointment.patient for one in waiting} == {failing}
        assert f"Reminders of practice {failing.practice.pk}: ZeroDivisionError" in caplog.text
    assert "Marie" not in caplog.text


# --- The end of summer time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hour", "minute", "fold"), [(2, 30, 0), (2, 30, 1), (3, 10, 0)])
def test_hours_before_are_real_hours_at_the_end_of_summer_time(
    hour: int, minute: int, fold: int, book_for: BookFixture, marie: Patient, agenda: Agenda,
    set_times: Callable[..., ReminderPolicy],
) -> None:  # fmt: skip
    """On the last Sunday of October, 02:30 occurs twice in Paris."""
    set_times(email_hours=[24], sms_hours=[], quiet_from=time(0), quiet_until=time(0))
    local = datetime.combine(last_sunday(10), time(hour, minute, fold=fold), agenda.practice.zone)
    book_for(marie, starts_at=local)
    due = local.timestamp() - 24 * 3600
    assert Reminder.objects.get().due_at.timestamp() == due
    assert send_due(now=datetime.fromtimestamp(due - 1, agenda.practice.zone)) == 0
    assert send_due(now=datetime.fromtimestamp(due, agenda.practice.zone)) == 1
    assert f"à {hour:02}:{minute:02}" in texts("email")[0]


@pytest.mark.parametrize(("hour", "minute"), [(1, 50), (3, 10)])
def test_hours_before_are_real_hours_at_the_beginning_of_summer_time(
    hour: int, minute: int, book_for: BookFixture, marie: Patient, agenda: Agenda,
    set_times: Callable[..., ReminderPolicy],
) -> None:  # fmt: skip
    """On the last Sunday of March, 02:00 to 03:00 does not exist in Paris."""
    set_times(email_hours=[24, 1], sms_hours=[], quiet_from=time(0), quiet_until=time(0))
    local = datetime.combine(last_sunday(3), time(hour, minute), agenda.practice.zone)
    book_for(marie, starts_at=local)
    due = [due.timestamp() for _channel, _hours, due in planned()]
    assert due == [local.timestamp() - 3600, local.timestamp() - 24 * 3600]
    for at_second in sorted(due):
        assert send_due(now=datetime.fromtimestamp(at_second - 1, agenda.practice.zone)) == 0
        assert send_due(now=datetime.fromtimestamp(at_second, agenda.practice.zone)) == 1
    assert all(f"à {hour:02}:{minute:02}" in text for text in texts("email"))


@pytest.mark.parametrize(("month", "day"), [(3, 28), (10, 31)])
def test_the_morning_of_a_change_of_clocks_begins_at_eight_by_the_clock(
    month: int, day: int, practice: Practice
) -> None:
    zone = practice.zone
    nine_thirty = datetime(2027, month, day, 9, 30, tzinfo=zone)
    for hour, minute, fold in ((1, 30, 0), (2, 30, 0), (2, 30, 1), (7, 30, 0)):
        meant = datetime(2027, month, day, hour, minute, fold=fold, tzinfo=zone).astimezone(UTC)
        leaves = polite_time(meant, practice, ReminderPolicy(), useful_until=nine_thirty).astimezone(zone)
        assert leaves == datetime(2027, month, day, 8, tzinfo=zone)
