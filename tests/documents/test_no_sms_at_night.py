"""Which SMS wait for the morning, by the clock of the practice: each kind, at each hour, in each zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.devices import send_device_code
from accounts.models import User
from appointments import messages as about_appointments
from appointments.booking import cancel, delete, move
from appointments.models import Appointment, BookedFor, ReminderPolicy
from documents.models import LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.chasing import chase
from documents.sharing.share import share_library_document
from notifications.models import Channel, Message
from patients.codes import send_invitation_code
from patients.invitations import invitation_for
from patients.models import Patient
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.ways import on_day

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
        """What it plans is all there is."""
        kinds: dict[str, Callable[[Appointment], object]] = {
            "moved": lambda one: move(appointment=one, by=self.alice, starts_at=begins + timedelta(days=9)),
            "changed": lambda one: about_appointments.tell_anew(one, by=self.alice, differs=True),
            "cancelled": lambda one: cancel(appointment=one, by=self.alice),
            "deleted": lambda one: delete(appointment=one, by=self.alice),
            "shared": self._shares,
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
            about_appointments.tell_booked(booked)
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
