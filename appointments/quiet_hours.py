"""When an SMS leaves that nobody waits for: never at night. The hours are the practice's (ReminderPolicy)."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Practice
from appointments.models import ReminderPolicy


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
