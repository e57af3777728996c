"""Quiet hours of SMS: none leaves at night unless somebody waits for it. The hours are the practice's, in its time
zone (ReminderPolicy).

A code that somebody waits for leaves at once, and so does a security warning about an account. A message about an
appointment leaves at once, too, if the morning would be too late.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from appointments.models import Appointment, ReminderPolicy
from notifications.models import Message
from practices.models import Practice
from schema.composed import composed_once

# A newer message about an appointment replaces older ones. Reminders are separate and follow by themselves.
TOPIC = "appointment"
USEFUL = timedelta(minutes=30)  # an SMS in the morning must leave at least this long before the appointment


def sms_time(practice: Practice, *, about: datetime | None = None) -> datetime:
    """When an SMS planned now leaves: at once by day, in the morning if it is night.

    `about`: the start of what it is about. If the morning is too late for that, it leaves at once.
    """
    now = timezone.now()
    morning = polite_time(now, practice, ReminderPolicy.of(practice))
    return now if _is_too_late(morning, now, about) else morning


def _is_too_late(morning: datetime, at: datetime, about: datetime | None) -> bool:
    """Whether what begins at `about` can still be told of at `at`, and not in the morning."""
    return about is not None and at < about < morning + USEFUL


def time_of_attempt(message: Message, at: datetime) -> datetime:
    """When an SMS may leave that a worker would send at `at`, on a first attempt or a retry.

    At once: a code, and a message for which the morning is too late. `urgent_before`, recorded when the message was
    planned (the time that an appointment was moved away from), makes it urgent in that night only.
    """
    if message.practice is None or message.is_waited_for:
        return at
    practice = next(iter(_practice(message.practice)), None)
    if practice is None:
        return at
    morning = polite_time(at, practice, ReminderPolicy.of(practice))
    if morning <= at or (message.expires_at and message.expires_at <= morning):
        return at
    begins = (message.urgent_before, _begins(message))
    return at if any(_is_too_late(morning, at, one) for one in begins) else morning


@composed_once
def _practice(pk: UUID) -> QuerySet[Practice]:
    return Practice.objects.filter(pk=pk)


def _begins(message: Message) -> datetime | None:
    """The start of what it is about. None for messages useful at any time: documents."""
    if message.about is None or (message.topic != TOPIC and message.expires_at is None):
        return None
    return Appointment.objects.filter(pk=message.about).values_list("starts_at", flat=True).first()


def polite_time(
    at: datetime, practice: Practice, policy: ReminderPolicy, *, useful_until: datetime | None = None
) -> datetime:
    """`at`, or the end of the quiet hours that contain it; the evening before, if the morning is too late."""
    zone = practice.zone
    local = at.astimezone(zone)
    if not policy.is_quiet(local.time()):
        return at
    overnight = policy.quiet_from > policy.quiet_until
    day = local.date()
    next_day = overnight and local.time() >= policy.quiet_from
    morning = datetime.combine(day + timedelta(days=next_day), policy.quiet_until, zone)
    if useful_until is None or morning <= useful_until:
        return morning
    day_before = overnight and not next_day
    return datetime.combine(day - timedelta(days=day_before), policy.quiet_from, zone) - timedelta(minutes=1)
