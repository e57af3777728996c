"""Plans automatic sendings when an appointment is booked, and updates them until they are sent.

The row is the truth. Planned rows follow moves, changed reasons and agendas, changed or stopped rules, and archived
documents; sent rows stay unchanged.
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


def plan_booked(
    sender: type[Appointment], appointments: Collection[Appointment], imported: bool = False, **kwargs: Any
) -> None:
    """Signal `booked`: in the transaction of the booking. For an imported appointment only what is due later, and
    nothing if it is past: the other software has sent the rest."""
    new = []
    rules = _rules_of(next(iter(appointments)))  # all are of one agenda and one reason
    for one in appointments:
        for (_rule, document), (rule, due_at) in _sendings_by(rules, one):
            if one.ends_at <= timezone.now() and (imported or rule.moment == Moment.BOOKING):
                continue  # staff record some appointments afterwards
            if imported and (due_at <= timezone.now() or rule.moment == Moment.BOOKING):
                continue
            new.append(AutoSend(appointment=one, rule=rule, document_id=document, due_at=due_at))
    AutoSend.objects.bulk_create(new)
    if new:
        transaction.on_commit(nudge_senders)


def follow_changed(
    sender: type[Appointment], appointment: Appointment, fields: frozenset[str], **kwargs: Any
) -> None:
    """Signal `changed`: moved, cancelled, reinstated, or another reason or agenda."""
    _follow(
        appointment,
        at_booking=bool(fields & {"visit_reason", "agenda"}),
        reinstated="status" in fields and appointment.status == AppointmentStatus.BOOKED,
    )


def follow_rule(rule: AutoSendRule, *, to_booked: bool | None = None) -> None:
    """Update planned sendings of all appointments after a rule was created, changed, stopped or deleted.

    `to_booked`: whether to send at once to existing appointments what is due for them. None: yes for rules before or
    after the appointment; no for rules at booking, as that moment has passed.
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
    # A concurrent booking may have planned its own already.
    AutoSend.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    if new or again:
        transaction.on_commit(nudge_senders)


def _follows(one: AutoSend, rule: AutoSendRule, due: datetime, now: datetime, to_booked: bool | None) -> bool:
    if one.state == PLANNED:
        return rule.moment != Moment.BOOKING  # a rule at booking: it is due since its booking
    stopped = one.state != CANCELLED or one.stopped_by_staff
    return not stopped and (due > now or to_booked is not False)


def follow_library(document_id: Any) -> None:
    """Update sendings after a library document was archived, or is offered again."""
    if LibraryDocument.objects.in_use().filter(pk=document_id).exists():
        for rule in AutoSendRule.objects.kept().filter(documents=document_id, is_active=True):
            follow_rule(rule, to_booked=False)
        return
    for one in AutoSend.objects.select_for_update(of=("self",)).filter(document=document_id, state=PLANNED):
        _cancel(one)


def _follow(appointment: Appointment, *, at_booking: bool, reinstated: bool = False) -> None:
    """Update the planned sendings of an appointment to its current rules. `at_booking`: it matches them as if booked
    now. `reinstated`: plan again what its cancellation called off."""
    at_booking = at_booking and appointment.ends_at > timezone.now()  # staff record some appointments afterwards
    wanted = dict(_sendings_by_rules(appointment)) if appointment.status == AppointmentStatus.BOOKED else {}
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
            if rule.moment == Moment.BOOKING and (existing.state == PLANNED or not (at_booking or reinstated)):
                continue  # already due; or cancelled, and this is not the booking
            existing.state, existing.due_at = PLANNED, due_at
            existing.save(update_fields=["state", "due_at"])
    AutoSend.objects.bulk_create(new)
    if wanted:
        transaction.on_commit(nudge_senders)


def due_again(one: AutoSend) -> datetime | None:
    """When its rule would send it now; None if it no longer would."""
    if one.appointment.status != AppointmentStatus.BOOKED:
        return None
    _rule, due_at = dict(_sendings_by_rules(one.appointment)).get((one.rule_id, one.document_id), (None, None))
    return due_at


def _sendings_by_rules(appointment: Appointment) -> Iterable[tuple[tuple[Any, Any], tuple[AutoSendRule, datetime]]]:
    return _sendings_by(_rules_of(appointment), appointment)


def _rules_of(appointment: Appointment) -> list[AutoSendRule]:
    return list(AutoSendRule.objects.matching(appointment).distinct().prefetch_related("documents"))


def _sendings_by(
    rules: Iterable[AutoSendRule], appointment: Appointment
) -> Iterable[tuple[tuple[Any, Any], tuple[AutoSendRule, datetime]]]:
    now = timezone.now()
    for rule in rules:
        due_at = _due_at(rule, appointment, now)
        if due_at is None:
            continue
        for document in rule.documents.all():
            if document.archived_at is None:
                yield (rule.pk, document.pk), (rule, due_at)


def _due_at(rule: AutoSendRule, appointment: Appointment, now: datetime) -> datetime | None:
    """When it is due; None if that time has passed for good. Hours are real hours, even when clocks change."""
    offset = timedelta(hours=rule.offset_hours)
    if rule.moment == Moment.BOOKING:
        return now
    if rule.moment == Moment.BEFORE:
        return max(appointment.starts_at - offset, now) if appointment.starts_at > now else None
    due_at = appointment.ends_at + offset
    return due_at if due_at > now else None


@dataclass(frozen=True)
class Forecast:
    """What a rule would do. `count`: matching appointments of the next 30 days; `due_now`: how many existing
    appointments it would send to at once."""

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
    """Computes without writing. `rule`: the rule being changed, whose sent documents are not sent again."""
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
    """Booked appointments with these reasons (none: all) on these agendas (none: all)."""
    found = Appointment.objects.filter(practice=practice, status=AppointmentStatus.BOOKED)
    if visit_reasons:
        found = found.filter(visit_reason__in=visit_reasons)
    if agendas:
        found = found.filter(agenda__in=agendas)
    return found


def _cancel(one: AutoSend) -> None:
    one.state = CANCELLED
    one.save(update_fields=["state"])
    record_sending("auto_send.cancelled", one, by=None)


def record_sending(action: str, one: AutoSend, *, by: User | None) -> None:
    """Write a line in the history of the appointment."""
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


def nudge_senders(due_at: datetime | None = None) -> None:
    """Notify a worker that something may be due, or will be at `due_at`."""
    nudge("documents.tasks.send_auto_sends", due_at=due_at)
