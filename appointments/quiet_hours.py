"""When an SMS leaves that nobody waits for: never at night. The hours are the practice's, and its clock's
(ReminderPolicy).

A code that somebody waits for leaves at once, and so does a warning of the site about an account. What is said of an
appointment leaves at once, too, where the morning would be too late for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from appointments.models import ReminderPolicy
from practices.models import Practice

USEFUL = timedelta(minutes=30)  # later than this before the appointment, the morning's SMS comes too late


def sms_time(practice: Practice, *, about: datetime | None = None) -> datetime:
    """When an SMS that is planned now leaves: at once by day, and in the morning if it is night.

    `about`: what it tells of begins then. If the morning comes too late for that, it leaves at once.
    """
    now = timezone.now()
    morning = polite_time(now, practice, ReminderPolicy.of(practice))
    return now if about is not None and now < about < morning + USEFUL else morning


def polite_time(
    at: datetime, practice: Practice, policy: ReminderPolicy, *, useful_until: datetime | None = None
) -> datetime:
    """`at`, or the end of the quiet hours it falls in; the evening before, where the morning comes too late."""
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
