"""Which SMS wait for the morning in the practice's time zone: each kind, at each hour, in each zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.devices import send_device_code
from accounts.models import User
from appointments import messages as about_appointments
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.models import Appointment, BookedFor, ReminderPolicy
from appointments.moving import move
from documents.models import LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.chasing import chase
from documents.sharing.share import share_library_document
from notifications.delivery import deliver_due
from notifications.models import Channel, Message
from patients.codes import send_invitation_code
from patients.invitations import invitation_for
from patients.models import Patient
from patients.records import change_patient
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.ways import on_day
from tests.notifications.conftest import SmsGateway

pytestmark = [pytest.mark.django_db, pytest.mark.night]
ZONES = ["Europe/Paris", "Pacific/Noumea", "America/Martinique"]
AT = {"20:59": False, "21:00": True, "00:00": True, "07:59": True, "08:00": False}
WAIT = ["booked", "moved", "changed", "cancelled", "deleted", "shared", "chased", "link"]
LEAVE = ["code of a device", "code of an invitation"]
MORNING = time(8)


class Stage:
    def __init__(self, practice: Practice, alice: User, bob: User, carol: User, hugo: User, marie: Patient,
                 plan: LibraryDocument, book_for: BookFixture) -> None:  # fmt: skip
        self.practice, self.alice, self.bob, self.carol, self.hugo = practice, alice, bob, carol, hugo
        self.marie, self.plan, self.book_for = marie, plan, book_for

    def does(self, kind: str, begins: datetime) -> None:
        """Plans exactly one message of that kind."""
        kinds: dict[str, Callable[[Appointment], object]] = {
            "moved": lambda one: move(appointment=one, by=self.alice, starts_at=begins + timedelta(days=9)),
            "changed": lambda one: about_appointments.rewrite_waiting(one, by=self.alice, differs=True),
            "cancelled": lambda one: cancel(appointment=one, by=self.alice),
            "deleted": lambda one: delete(appointment=one, by=self.alice),
            "shared": self._shares,
            "reminder": lambda one: about_appointments.remind(Channel.SMS, [one]),
            "chased": lambda one: chase(document=self._shares(one, forget=True), by=self.bob),
            "code of a device": lambda _one: send_device_code(self.hugo),
            "code of an invitation": lambda _one: send_invitation_code(
                invitation=invitation_for(patient=self.marie, by=None)
            ),
        }
        if kind == "link":
            save_rule(practice=self.practice, content=RuleContent(name="P", documents=[self.plan]), by=self.carol)
        holder = self.hugo if kind == "booked" else None
        booked = self.book_for(self.marie, starts_at=begins, holder=holder, booked_for=BookedFor.SELF)
        if kind == "booked":
            about_appointments.plan_booking_messages(booked)
        elif kind == "link":
            send_due()
        else:
            kinds[kind](booked)

    def _shares(self, one: Appointment, *, forget: bool = False) -> SharedDocument:
        document = share_library_document(appointment=one, library_document=self.plan, by=self.bob)
        if forget:
            Message.objects.all().delete()
        return document


@pytest.fixture
def stage(practice: Practice, alice: User, bob: User, carol: User, hugo: User, marie: Patient,
          access_plan: LibraryDocument, book_for: BookFixture) -> Stage:  # fmt: skip
    return Stage(practice, alice, bob, carol, hugo, marie, access_plan, book_for)


def local(zone: str, hour: str) -> datetime:
    day = timezone.localdate(timezone=ZoneInfo(zone)) + timedelta(days=1)
    return datetime.combine(day, time.fromisoformat(hour), ZoneInfo(zone))


def in_zone(stage: Stage, zone: str) -> None:
    Practice.objects.update(time_zone=zone)
    for one in (stage.practice, stage.marie.practice, stage.plan.practice):
        one.time_zone = zone


def leaves_at(zone: str) -> datetime:
    return Message.objects.get(channel=Channel.SMS).due_at.astimezone(ZoneInfo(zone))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", AT)
@pytest.mark.parametrize("kind", [*WAIT, *LEAVE])
def test_by_night_only_what_somebody_waits_for_leaves(stage: Stage, kind: str, hour: str, zone: str) -> None:
    in_zone(stage, zone)
    now = local(zone, hour)
    with on_day(now):
        stage.does(kind, now + timedelta(days=3))
        due = leaves_at(zone)
        email = Message.objects.filter(channel=Channel.EMAIL).first()
        assert email is None or email.due_at <= now + timedelta(minutes=1)
    if AT[hour] and kind in WAIT:
        assert due.time() == MORNING
        assert timedelta(0) < due - now <= timedelta(hours=11)
    else:
        assert timedelta(0) <= due - now <= timedelta(minutes=1)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("kind", ["booked", "moved", "changed", "cancelled", "deleted"])
@pytest.mark.parametrize(("begins", "leaves"), [("07:30", True), ("08:00", True), ("08:29", True), ("08:30", False)])
def test_what_the_morning_is_too_late_for_leaves_at_once(
    stage: Stage, kind: str, zone: str, begins: str, leaves: bool
) -> None:
    in_zone(stage, zone)
    now, morning = local(zone, "21:05"), local(zone, begins) + timedelta(days=1)
    with on_day(now):
        stage.does(kind, morning)
        due = leaves_at(zone)
    assert (due == now) is leaves
    assert leaves or due.time() == MORNING


HOURS_OF_ATTEMPTS = {"20:58": False, "21:10": True, "03:00": True, "07:59": True, "08:00": False, "12:00": False}


@pytest.mark.parametrize("attempts", [0, 3])
@pytest.mark.parametrize("hour", HOURS_OF_ATTEMPTS)
@pytest.mark.parametrize("kind", [*WAIT, *LEAVE, "reminder"])
def test_no_attempt_is_made_at_night_whatever_failed_before(
    stage: Stage, gateway: SmsGateway, kind: str, hour: str, attempts: int
) -> None:
    """An SMS planned by day is delayed by a gateway or a worker that was down."""
    now = local("Europe/Paris", hour)
    planned = (
        now - timedelta(minutes=1)
        if kind in LEAVE
        else now.replace(hour=15, minute=0) - timedelta(days=now.hour < 15)
    )
    with on_day(planned):
        stage.does(kind, now + timedelta(days=3))
        assert leaves_at("Europe/Paris") <= planned + timedelta(minutes=1)
    Message.objects.filter(channel=Channel.SMS).update(attempts=attempts, due_at=now - timedelta(minutes=1))
    with on_day(now):
        deliver_due(Channel.SMS)
        sms = Message.objects.get(channel=Channel.SMS)
        late = Message.objects.waiting_since_planned().filter(channel=Channel.SMS).exists()
    if HOURS_OF_ATTEMPTS[hour] and kind not in LEAVE:
        assert (sms.state, sms.attempts, len(gateway.requests)) == ("queued", attempts, 0)
        assert leaves_at("Europe/Paris").time() == MORNING
        assert not late  # no alarm
    else:
        assert (sms.state, len(gateway.requests)) == ("sent", 1)


@pytest.mark.parametrize(("begins", "leaves"), [("07:30", True), ("08:29", True), ("08:30", False)])
@pytest.mark.parametrize("kind", ["booked", "moved", "changed", "cancelled", "deleted", "reminder"])
def test_what_the_morning_is_too_late_for_is_tried_again_at_once(
    stage: Stage, gateway: SmsGateway, kind: str, begins: str, leaves: bool
) -> None:
    now, morning = local("Europe/Paris", "22:00"), local("Europe/Paris", begins) + timedelta(days=1)
    with on_day(now - timedelta(hours=3)):
        stage.does(kind, morning)
    Message.objects.filter(channel=Channel.SMS).update(attempts=2, due_at=now)
    with on_day(now):
        deliver_due(Channel.SMS)
    assert bool(gateway.requests) is leaves


def test_what_was_let_out_at_night_is_tried_again_at_night(stage: Stage, gateway: SmsGateway) -> None:
    """Moved from an early morning to later: only the former time makes the message urgent."""
    now = local("Europe/Paris", "22:00")
    with on_day(now):
        booked = stage.book_for(stage.marie, starts_at=now + timedelta(hours=9))
        move(appointment=booked, by=stage.alice, starts_at=now + timedelta(days=5))
    Message.objects.filter(channel=Channel.SMS).update(attempts=2)
    with on_day(now + timedelta(hours=1)):
        deliver_due(Channel.SMS)
    assert gateway.requests


def test_moved_to_the_early_morning_leaves_at_once(stage: Stage) -> None:
    now = local("Europe/Paris", "22:00")
    with on_day(now):
        booked = stage.book_for(stage.marie, starts_at=now + timedelta(days=3))
        move(appointment=booked, by=stage.alice, starts_at=now + timedelta(hours=9))
        assert leaves_at("Europe/Paris") == now


def test_a_long_night_outlives_no_sms(stage: Stage, practice: Practice) -> None:
    ReminderPolicy.objects.create(practice=practice, quiet_from=time(18), quiet_until=time(11))
    now = local("Europe/Paris", "18:30")
    with on_day(now):
        stage.does("cancelled", now + timedelta(days=3))
    sms = Message.objects.get(channel=Channel.SMS)
    assert sms.expires_at is not None
    assert sms.expires_at > sms.due_at


OF_APPOINTMENTS = ["booked", "moved", "changed", "cancelled", "deleted"]


@pytest.mark.parametrize("hours", [29, 53])
@pytest.mark.parametrize("kind", OF_APPOINTMENTS)
def test_what_was_let_out_one_night_waits_in_the_next(
    stage: Stage, gateway: SmsGateway, kind: str, hours: int
) -> None:
    """Of an appointment early tomorrow, with a gateway that is away for a night or two."""
    now = local("Europe/Paris", "22:00")
    with on_day(now):
        stage.does(kind, now + timedelta(hours=9))
        assert leaves_at("Europe/Paris") == now
    at = now + timedelta(hours=hours)
    Message.objects.filter(channel=Channel.SMS).update(
        attempts=2, due_at=at - timedelta(minutes=1), expires_at=at + timedelta(days=1)
    )
    with on_day(at):
        deliver_due(Channel.SMS)
        assert not gateway.requests
        assert leaves_at("Europe/Paris").time() == MORNING


@pytest.mark.parametrize("hour", ["03:00", "08:30"])
@pytest.mark.parametrize("until", [8, 9])
@pytest.mark.parametrize("kind", OF_APPOINTMENTS)
def test_what_waited_for_the_morning_is_not_let_out_by_other_quiet_hours(
    stage: Stage, gateway: SmsGateway, practice: Practice, kind: str, until: int, hour: str
) -> None:
    now = local("Europe/Paris", "22:00")
    with on_day(now):
        stage.does(kind, now + timedelta(days=5))
        assert leaves_at("Europe/Paris").time() == MORNING
        ReminderPolicy.objects.create(practice=practice, quiet_from=time(21), quiet_until=time(until))
    at = datetime.combine((now + timedelta(days=1)).date(), time.fromisoformat(hour), now.tzinfo)
    for attempt in (at, at + timedelta(days=1)):
        Message.objects.filter(channel=Channel.SMS).update(
            attempts=3, due_at=attempt - timedelta(minutes=1), expires_at=attempt + timedelta(days=1)
        )
        with on_day(attempt):
            deliver_due(Channel.SMS)
        assert bool(gateway.requests) is (attempt.hour >= until)


def test_what_failed_at_a_wrong_number_leaves_in_the_night_of_its_correction(stage: Stage) -> None:
    """Moved away from the early morning: it is as urgent when it is sent again."""
    now = local("Europe/Paris", "22:00")
    with on_day(now):
        stage.does("moved", now + timedelta(hours=9))
        Message.objects.filter(channel=Channel.SMS).update(state="failed", cause="number_refused", body="")
        change_patient(patient=stage.marie, by=stage.alice, mobile="+33698765432")
        assert Message.objects.get(channel=Channel.SMS, state="queued").due_at == now
