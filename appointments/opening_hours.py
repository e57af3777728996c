"""The week of an agenda: which hours may stand together, and setting them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.booking import lock_agenda
from appointments.models import Agenda, OpeningHours, VisitReason, Weekday
from appointments.models.opening import ENDS_BEFORE_START, MIDNIGHT, hour_of_end
from audit.trail import record
from practices.roles import require_administrator

MOST = 100  # hours in a week


@dataclass(frozen=True)
class Hours:
    """From `opens_at` to `closes_at`; 00:00 closes at the end of the day. No reasons: all of them."""

    weekday: Weekday
    opens_at: time
    closes_at: time
    visit_reasons: Collection[VisitReason] = ()


@transaction.atomic
def set_opening_hours(*, agenda: Agenda, hours: Sequence[Hours], by: User) -> None:
    """In place of those there were; appointments that stand are left alone. Raises NotAllowed, ValidationError."""
    agenda = lock_agenda(agenda)
    require_administrator(by, agenda.practice)
    if len(hours) > MOST:
        raise ValidationError({"hours": _("Donnez %(most)d plages au plus.") % {"most": MOST}})
    if any(reason.practice_id != agenda.practice_id for one in hours for reason in one.visit_reasons):
        raise ValidationError({"hours": _("Ce motif n’est pas de ce cabinet.")})
    check_week([(one.weekday, one.opens_at, one.closes_at) for one in hours])
    agenda.opening_hours.all().delete()
    for one in hours:
        row = OpeningHours(agenda=agenda, weekday=one.weekday, opens_at=one.opens_at, closes_at=one.closes_at)
        row.save()
        row.visit_reasons.set(one.visit_reasons)
    record("practice.opening_hours_changed", by=by, on=agenda, practice=agenda.practice_id)


def close_hours_kept_for(sender: type[VisitReason], instance: VisitReason, **kwargs: Any) -> None:
    """Before a reason is deleted: hours kept for it alone go with it. Without a reason they would be open to all."""
    for_others = OpeningHours.objects.filter(visit_reasons__in=VisitReason.objects.exclude(pk=instance.pk))
    OpeningHours.objects.filter(visit_reasons=instance).exclude(pk__in=for_others).delete()


def check_week(hours: Sequence[tuple[int, time, time]]) -> None:
    """Each a weekday, an opening and a closing time. Raises ValidationError with what is wrong, and what to do."""
    by_weekday: dict[int, list[tuple[time, time]]] = defaultdict(list)
    for weekday, opens_at, closes_at in hours:
        if closes_at != MIDNIGHT and closes_at <= opens_at:
            raise ValidationError({"hours": ENDS_BEFORE_START})
        by_weekday[weekday].append((opens_at, closes_at))
    for weekday, of_day in by_weekday.items():
        for (opens_at, closes_at), (next_opens_at, next_closes_at) in pairwise(sorted(of_day)):
            if closes_at == MIDNIGHT or next_opens_at < closes_at:
                raise ValidationError(
                    {"hours": _overlap(weekday, (opens_at, closes_at), (next_opens_at, next_closes_at))}
                )


def _overlap(weekday: int, one: tuple[time, time], other: tuple[time, time]) -> str:
    return _(
        "%(day)s, les plages %(one)s et %(other)s se chevauchent : faites-en une seule, ou changez l’heure de l’une."
    ) % {"day": Weekday(weekday).label.capitalize(), "one": _range(*one), "other": _range(*other)}


def _range(opens_at: time, closes_at: time) -> str:
    return f"{opens_at:%H:%M}–{hour_of_end(closes_at)}"
