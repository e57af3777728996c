"""A practice's own limits on booking online and on its SMS. Administrators set them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Model

from accounts.models import User
from appointments.models import BookingPolicy
from audit.trail import DetailValue, record
from notifications.models import SmsPolicy
from practices.models import Practice
from practices.roles import require_administrator

BOOKING_LIMITS = ("most_upcoming", "most_per_person", "most_a_day")
SMS_LIMITS = ("an_hour", "a_day")


@transaction.atomic
def set_booking_limits(*, policy: BookingPolicy, by: User) -> None:
    """Apply to bookings from now on; existing appointments stay. Raises NotAllowed, ValidationError."""
    require_administrator(by, policy.practice)
    policy.full_clean()
    detail = _changed(BookingPolicy.of(policy.practice), policy, BOOKING_LIMITS)
    policy.save()
    record("practice.booking_limits_changed", by=by, on=policy.practice, practice=policy.practice, detail=detail)


@transaction.atomic
def set_sms_limits(*, practice: Practice, policy: SmsPolicy, by: User) -> None:
    """Apply to SMS planned from now on. Raises NotAllowed, ValidationError."""
    require_administrator(by, practice)
    policy.practice = practice.pk
    policy.full_clean()
    before = SmsPolicy.of(practice.pk)
    detail = _changed(before, policy, SMS_LIMITS)
    for name, countries in {
        "countries_added": set(policy.countries) - set(before.countries),
        "countries_removed": set(before.countries) - set(policy.countries),
    }.items():
        if countries:
            detail[name] = sorted(countries)
    policy.save()
    record("practice.sms_limits_changed", by=by, on=practice, practice=practice, detail=detail)


def _changed(before: Model, after: Model, names: Sequence[str]) -> dict[str, DetailValue]:
    """The new and the former value of each changed number."""
    detail: dict[str, DetailValue] = {}
    for name in names:
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            detail |= {name: now, f"{name}_before": was}
    return detail
