"""Plans automatic sendings when an appointment is booked, and updates them until they are sent.

The row is the truth. Planned rows follow moves, changed reasons and agendas, changed or stopped rules, and archived
documents; sent rows stay unchanged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, AppointmentStatus, VisitReason
from appointments.models.appointment import AppointmentQuerySet
from audit.models import AuditEvent
from audit.trail import append, line
from documents.models import AutoSend, AutoSendRule, LibraryDocument, RequestState
from documents.models.autosend import AutoSendState, Moment, Part
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
        for (_rule, part), (rule, due_at) in _sendings_by(rules, one):
            if one.ends_at <= timezone.now() and (imported or rule.moment == Moment.BOOKING):
                continue  # staff record some appointments afterwards
            if imported and (due_at <= timezone.now() or rule.moment == Moment.BOOKING):
                continue
            new.append(_planned(one.pk, rule, part, due_at))
    AutoSend.objects.bulk_create(new)
    if new:
        transaction.on_commit(nudge_senders)


def _planned(appointment: UUID, rule: AutoSendRule, part: Part, due_at: datetime) -> AutoSend:
    """An unsaved row. A rule and the appointments that it matches are of one practice."""
    return AutoSend(
        practice_id=rule.practice_id, appointment_id=appointment, rule=rule, **part._asdict(), due_at=due_at
    )


def follow_changed(
    sender: type[Appointment], appointments: Collection[Appointment], fields: frozenset[str], **kwargs: Any
) -> None:
    """Signal `changed`: moved, cancelled, reinstated, or another reason or agenda."""
    stand = [one for one in appointments if one.status == AppointmentStatus.BOOKED]
    if len(stand) < len(appointments):
        cancelled = [one for one in appointments if one not in stand]
        call_off_all(AutoSend.objects.filter(appointment__in=cancelled, state=PLANNED))
    for one in stand:
        _follow(one, at_booking=bool(fields & {"visit_reason", "agenda"}), reinstated="status" in fields)


def follow_rule(rule: AutoSendRule, *, to_booked: bool | None = None) -> None:
    """Update planned sendings of all appointments after a rule was created, changed, stopped or deleted.

    `to_booked`: whether to send at once to existing appointments what is due for them. None: yes for rules before or
    after the appointment; no for rules at booking, as that moment has passed.
    """
    now = timezone.now()
    known = {
        (one.appointment_id, one.part): one
        for one in AutoSend.objects.select_for_update(of=("self",)).filter(rule=rule)
    }
    wanted: dict[tuple[Any, Part], datetime] = {}
    if rule.is_active and rule.deleted_at is None:
        reasons, agendas = list(rule.visit_reasons.all()), list(rule.agendas.all())
        booked = _matching(rule.practice, reasons, agendas).filter(
            Q(ends_at__gt=now) | Q(pk__in=[one.appointment_id for one in known.values() if one.state == PLANNED])
        )
        parts = list(_parts_of(rule))
        for appointment in booked.only("id", "starts_at", "ends_at"):
            due_at = _due_at(rule, appointment, now)
            if due_at is not None:
                wanted |= {(appointment.pk, part): due_at for part in parts}
    again = []
    for key, one in known.items():
        one.rule = rule
        due = wanted.pop(key, None)
        if one.state == PLANNED and due is None:
            call_off(one)
        elif due is not None and _follows(one, rule, due, now, to_booked):
            one.state, one.due_at = PLANNED, due
            again.append(one)
    AutoSend.objects.bulk_update(again, ["state", "due_at"], batch_size=500)
    new = [
        _planned(appointment, rule, part, due)
        for (appointment, part), due in wanted.items()
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
        call_off(one)


def _follow(appointment: Appointment, *, at_booking: bool, reinstated: bool = False) -> None:
    """Update the planned sendings of an appointment that stands to its current rules. `at_booking`: it matches them
    as if booked now. `reinstated`: plan again what its cancellation called off."""
    at_booking = at_booking and appointment.ends_at > timezone.now()  # staff record some appointments afterwards
    wanted = dict(_sendings_by_rules(appointment))
    known = {
        (one.rule_id, one.part): one
        for one in AutoSend.objects.select_for_update(of=("self",))
        .filter(appointment=appointment)
        .select_related("rule", "request")
    }
    for key, one in known.items():
        if one.state == PLANNED and key not in wanted:
            call_off(one)
    new = []
    for key, (rule, due_at) in wanted.items():
        existing = known.get(key)
        if existing is None:
            if rule.moment == Moment.BOOKING and not at_booking:
                continue
            new.append(_planned(appointment.pk, rule, key[1], due_at))
        elif reinstated and _was_called_off(existing):
            existing.state, existing.due_at = PLANNED, timezone.now()
            existing.sent_at, existing.retry_at, existing.attempts = None, None, 0
            existing.save(update_fields=["state", "due_at", "sent_at", "retry_at", "attempts"])
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
    _rule, due_at = dict(_sendings_by_rules(one.appointment)).get((one.rule_id, one.part), (None, None))
    return due_at


def _was_called_off(one: AutoSend) -> bool:
    """Whether the cancellation of its appointment, and not staff, ended what it asked."""
    asked = one.asked
    return asked is not None and asked.state == RequestState.CANCELLED and not one.stopped_by_staff


def _sendings_by_rules(appointment: Appointment) -> Iterable[tuple[tuple[Any, Part], tuple[AutoSendRule, datetime]]]:
    return _sendings_by(_rules_of(appointment), appointment)


def _rules_of(appointment: Appointment) -> list[AutoSendRule]:
    rules = AutoSendRule.objects.matching(appointment).distinct()
    return list(rules.prefetch_related("documents", "questions__questionnaire"))


def _sendings_by(
    rules: Iterable[AutoSendRule], appointment: Appointment
) -> Iterable[tuple[tuple[Any, Part], tuple[AutoSendRule, datetime]]]:
    now = timezone.now()
    for rule in rules:
        due_at = _due_at(rule, appointment, now)
        if due_at is None:
            continue
        for part in _parts_of(rule):
            yield (rule.pk, part), (rule, due_at)


def _parts_of(rule: AutoSendRule) -> Iterator[Part]:
    """What it sends and asks today."""
    for document in rule.documents.all():
        if document.archived_at is None:
            yield Part(document.pk, None)
    for question in rule.asks:
        if question.can_be_asked:
            yield Part(None, question.pk)


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


def call_off_all(planned: QuerySet[AutoSend]) -> None:
    """Their appointments are cancelled. In as many queries for many as for one."""
    locked = list(planned.select_related("rule").select_for_update(of=("self",)).order_by("pk"))
    if not locked:
        return
    AutoSend.objects.filter(pk__in=[one.pk for one in locked]).update(state=CANCELLED)
    append(line_of("auto_send.cancelled", one, by=None) for one in locked)


def call_off(one: AutoSend) -> None:
    """Its rule does not send it any more."""
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
        detail={"rule": str(one.rule_id)}
        | ({"library_document": str(one.document_id)} if one.document_id else {"question": str(one.question_id)}),
    )


def nudge_senders(due_at: datetime | None = None) -> None:
    """Notify a worker that something may be due, or will be at `due_at`."""
    nudge("documents.tasks.send_auto_sends", due_at=due_at)
