"""Until when a patient sends what is asked: as a rule says, as staff are proposed, and as they choose."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from appointments.models import Appointment
from documents.models import AutoSendRule, RuleQuestion

USUAL_DAYS_BEFORE = 1  # for what staff ask by hand


def due_at(days_before: int | None, appointment: Appointment) -> datetime | None:
    """The end of that day before the appointment, on the practice's clock. Booked or moved too near for it: the start
    of the appointment. None without a limit, and once it has begun."""
    now = timezone.now()
    if days_before is None or appointment.starts_at <= now:
        return None
    day = appointment.local_start.date() - timedelta(days=days_before)
    limit = datetime.combine(day, time(23, 59), appointment.practice.zone)
    return limit if now < limit < appointment.starts_at else appointment.starts_at


def proposed_due_at(appointment: Appointment, questionnaire: uuid.UUID | None = None) -> datetime | None:
    """What staff who ask by hand are proposed: the limit that a rule gives to this questionnaire around such an
    appointment; without one, the end of the day before."""
    rules = AutoSendRule.objects.matching(appointment)
    asked = RuleQuestion.objects.kept().exclude(questionnaire=None).filter(rule__in=rules)
    by_rule = asked.filter(questionnaire=questionnaire).order_by("-rule__created_at", "rank").first()
    return due_at(by_rule.days_before if by_rule else USUAL_DAYS_BEFORE, appointment)


def until_end_of(day: date, appointment: Appointment) -> datetime:
    """A limit that staff give: the end of this day, and on the day of the appointment its start, while it is to
    come."""
    limit = datetime.combine(day, time(23, 59), appointment.practice.zone)
    is_that_day = day == appointment.local_start.date() and appointment.starts_at > timezone.now()
    return appointment.starts_at if is_that_day else limit
