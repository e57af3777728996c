"""Planning what sends itself: with the booking, and following whatever changes until it is sent.

The row is the truth. What is planned follows moves, changed reasons and agendas, rules that change or stop, documents
that are archived; what was sent stays as it was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentStatus, VisitReason
from appointments.models.appointment import AppointmentQuerySet
from audit.models import AuditEvent
from audit.trail import append, line
from documents.models import AutoSend, AutoSendRule, LibraryDocument
from documents.models.autosend import AutoSendState, Moment
from jobs.nudges import nudge
from practices.models import Practice

FORECAST = timedelta(days=30)
EXAMPLES = 3
PLANNED, CANCELLED = AutoSendState.PLANNED, AutoSendState.CANCELLED


def plan_booked(sender: type[Appointment], appointment: Appointment, **kwargs: Any) -> None:
    """Signal `booked`: in the transaction of the booking."""
    _follow(appointment, at_booking=True)


def follow_changed(
    sender: type[Appointment], appointment: Appointment, fields: frozenset[str], **kwargs: Any
) -> None:
    """Signal `changed`: moved, cancelled, or another reason or agenda."""
    _follow(appointment, at_booking=bool(fields & {"visit_reason", "agenda"}))


def follow_rule(rule: AutoSendRule, *, to_booked: bool | None = None) -> None:
    """A rule was made, changed, stopped or deleted: what is still to come follows, for all its appointments at once.

    What would go out at once to appointments booked already: `to_booked` says whether. None: what is sent before
    or after them, yes; what is sent at booking, no: that moment has passed.
    """
    now = timezone.now()
    known = {
        (one.appointment_id, one.document_id): one
        for one in AutoSend.objects.select_for_update(of=("self",)).filter(rule=rule)
    }
    wanted: dict[tuple[Any, Any], datetime] = {}
    if rule.is_active and rule.deleted_at is None:
        reasons, agendas = list(rule.visit_reasons.all()), list(rule.agendas.all())
        booked = _matching(rule.practice, reasons, agendas).filter(
            Q(ends_at__gt=now) | Q(pk__in=[one.appointment_id for one in known.values() if one.state == PLANNED])
        )
        documents = [document.pk for document in rule.documents.all() if document.archived_at is None]
        for appointment in booked.only("id", "starts_at", "ends_at"):
            due_at = _due_at(rule, appointment, now)
            if due_at is not None:
                wanted |= {(appointment.pk, document): due_at for document in documents}
    again = []
    for key, one in known.items():
        one.rule = rule
        due = wanted.pop(key, None)
        if one.state == PLANNED and due is None:
            _cancel(one)
        elif due is not None and _follows(one, rule, due, now, to_booked):
            one.state, one.due_at = PLANNED, due
            again.append(one)
    AutoSend.objects.bulk_update(again, ["state", "due_at"], batch_size=500)
    new = [
        AutoSend(appointment_id=appointment, rule=rule, document_id=document, due_at=due)
        for (appointment, document), due in wanted.items()
        if due > now or (rule.moment != Moment.BOOKING if to_booked is None else to_booked)
    ]
    # A booking made at this moment may have planned its own already.
    AutoSend.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    if new or again:
        transaction.on_commit(nudge_senders)


def _follows(one: AutoSend, rule: AutoSendRule, due: datetime, now: datetime, to_booked: bool | None) -> bool:
    if one.state == PLANNED:
        return rule.moment != Moment.BOOKING  # otherwise due since its booking
    stopped = one.state != CANCELLED or one.stopped_by_staff
    return not stopped and (due > now or to_booked is not False)


def follow_library(document_id: Any) -> None:
    """A document of the library was archived, and is not sent any more; or is offered again."""
    if LibraryDocument.objects.in_use().filter(pk=document_id).exists():
        for rule in AutoSendRule.objects.kept().filter(documents=document_id, is_active=True):
            follow_rule(rule, to_booked=False)
        return
    for one in AutoSend.objects.select_for_update(of=("self",)).filter(document=document_id, state=PLANNED):
        _cancel(one)


def _follow(appointment: Appointment, *, at_booking: bool) -> None:
    """Make what is planned for the appointment what its rules say now. `at_booking`: that moment is now."""
    at_booking = at_booking and appointment.ends_at > timezone.now()  # staff note some visits afterwards
    wanted = dict(_wanted(appointment)) if appointment.status == AppointmentStatus.BOOKED else {}
    known = {
        (one.rule_id, one.document_id): one
        for one in AutoSend.objects.select_for_update(of=("self",))
        .filter(appointment=appointment)
        .select_related("rule")
    }
    for key, one in known.items():
        if one.state == PLANNED and key not in wanted:
            _cancel(one)
    new = []
    for key, (rule, due_at) in wanted.items():
        existing = known.get(key)
        if existing is None:
            if rule.moment == Moment.BOOKING and not at_booking:
                continue
            new.append(AutoSend(appointment=appointment, rule=rule, document_id=key[1], due_at=due_at))
        elif existing.state == PLANNED or (existing.state == CANCELLED and not existing.stopped_by_staff):
            if rule.moment == Moment.BOOKING and (existing.state == PLANNED or not at_booking):
                continue  # due since its booking; or cancelled, and that moment is not now
            existing.state, existing.due_at = PLANNED, due_at
            existing.save(update_fields=["state", "due_at"])
    AutoSend.objects.bulk_create(new)
    if wanted:
        transaction.on_commit(nudge_senders)


def due_again(one: AutoSend) -> datetime | None:
    """When its rule would send it now; None where it would not any more."""
    if one.appointment.status != AppointmentStatus.BOOKED:
        return None
    _rule, due_at = dict(_wanted(one.appointment)).get((one.rule_id, one.document_id), (None, None))
    return due_at


def _wanted(appointment: Appointment) -> Iterable[tuple[tuple[Any, Any], tuple[AutoSendRule, datetime]]]:
    now = timezone.now()
    rules = AutoSendRule.objects.matching(appointment).distinct().prefetch_related("documents")
    for rule in rules:
        due_at = _due_at(rule, appointment, now)
        if due_at is None:
            continue
        for document in rule.documents.all():
            if document.archived_at is None:
                yield (rule.pk, document.pk), (rule, due_at)


def _due_at(rule: AutoSendRule, appointment: Appointment, now: datetime) -> datetime | None:
    """When; None where that time has passed for good. Hours are real hours, whatever the clocks do meanwhile."""
    offset = timedelta(hours=rule.offset_hours)
    if rule.moment == Moment.BOOKING:
        return now
    if rule.moment == Moment.BEFORE:
        return max(appointment.starts_at - offset, now) if appointment.starts_at > now else None
    due_at = appointment.ends_at + offset
    return due_at if due_at > now else None


@dataclass(frozen=True)
class Forecast:
    """What a rule would do. `count`: appointments of the next 30 days that match; `due_now`: how many booked already
    it would tell at once."""

    count: int
    examples: list[Appointment]
    due_now: int


def forecast(
    *,
    practice: Practice,
    visit_reasons: Collection[VisitReason],
    agendas: Collection[Agenda],
    moment: Moment,
    offset_hours: int,
    rule: AutoSendRule | None = None,
) -> Forecast:
    """Without writing anything. `rule`: the one that is being changed, whose sent documents don't go again."""
    now = timezone.now()
    ahead = _matching(practice, visit_reasons, agendas).filter(starts_at__gt=now)
    month = ahead.filter(starts_at__lte=now + FORECAST)
    soonest = month.select_related("patient", "practice", "visit_reason", "agenda").order_by("starts_at", "id")
    if moment == Moment.BEFORE:
        due = ahead.filter(starts_at__lte=now + timedelta(hours=offset_hours))
    else:
        due = ahead if moment == Moment.BOOKING else ahead.none()
    if rule:
        due = due.exclude(pk__in=AutoSend.objects.filter(rule=rule).values("appointment"))
    return Forecast(count=month.count(), examples=list(soonest[:EXAMPLES]), due_now=due.count())


def _matching(
    practice: Practice, visit_reasons: Collection[VisitReason], agendas: Collection[Agenda]
) -> AppointmentQuerySet:
    """Booked appointments of these reasons (none: all) on these agendas (none: all)."""
    found = Appointment.objects.filter(practice=practice, status=AppointmentStatus.BOOKED)
    if visit_reasons:
        found = found.filter(visit_reason__in=visit_reasons)
    if agendas:
        found = found.filter(agenda__in=agendas)
    return found


def _cancel(one: AutoSend) -> None:
    one.state = CANCELLED
    one.save(update_fields=["state"])
    tell("auto_send.cancelled", one, by=None)


def tell(action: str, one: AutoSend, *, by: User | None) -> None:
    """A line in the history of the appointment."""
    append([line_of(action, one, by=by)])


def line_of(action: str, one: AutoSend, *, by: User | None) -> AuditEvent:
    return line(
        action,
        by=by,
        on=one.shared or one,
        practice=one.rule.practice_id,
        within=one.appointment_id,
        detail={"rule": str(one.rule_id), "library_document": str(one.document_id)},
    )


def nudge_senders() -> None:
    """Tell a worker that something may be due."""
    nudge("documents.tasks.send_auto_sends")
