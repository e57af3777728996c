"""Moving appointments: their time, place, reason or kind."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments import messages, reminders, series_messages, signals
from appointments.booking import check_time, check_together, lock_agenda, locked_to_change
from appointments.doubts import check_doubts
from appointments.models import Agenda, Appointment, AppointmentKind, AppointmentStatus, VisitReason
from appointments.places import way_for
from audit.trail import DetailValue, record
from refusals import Kind, Refusal

PARTS = ("starts_at", "agenda", "visit_reason", "kind")  # what a move may change


class MoveParts(TypedDict, total=False):
    """What a move changes; None, or left out, keeps a part. The kind follows the reason and the agenda if they allow
    only one. `accepted`: as in `book`."""

    starts_at: datetime | None
    agenda: Agenda | None
    visit_reason: VisitReason | None
    kind: AppointmentKind | None
    accepted: Collection[str] | None


class AppointmentCancelled(Refusal):
    """A cancelled appointment can't be moved."""

    code = "appointment_cancelled"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce rendez-vous est annulé : prenez-en un autre.")


@transaction.atomic
def move(*, appointment: Appointment, by: User, **parts: Unpack[MoveParts]) -> Appointment:
    """Change time, place or reason, by staff. Raises Doubtful, ValidationError, AppointmentCancelled, NotAllowed."""
    return move_locked(locked_to_change(appointment, by), by=by, **parts)


def move_locked(appointment: Appointment, *, by: User | None, **parts: Unpack[MoveParts]) -> Appointment:
    """As move, for an appointment that the caller has locked and may change. `by`: None for the patient without an
    account."""
    if appointment.status == AppointmentStatus.CANCELLED:
        raise AppointmentCancelled
    if starts_at := parts.get("starts_at"):
        check_time(starts_at)
    before = {name: getattr(appointment, name) for name in PARTS}
    met, former = messages.practitioner_and_address(appointment), appointment.starts_at
    fields = _change_parts(appointment, parts)
    if not fields:
        return appointment
    lock_agenda(appointment.agenda)
    check_doubts(
        agenda=appointment.agenda,
        visit_reason=appointment.visit_reason,
        patient=appointment.patient,
        starts_at=appointment.starts_at,
        accepted=parts.get("accepted"),
        moving=appointment,
    )
    appointment.ends_at = appointment.starts_at + timedelta(minutes=appointment.visit_reason.duration_minutes)
    if "starts_at" in fields:
        appointment.confirmed_at = None
    appointment.revision += 1
    appointment.full_clean()
    appointment.save()
    record(
        "appointment.moved",
        by=by,
        on=appointment,
        practice=appointment.practice_id,
        within=appointment,
        detail=_what_changed(before, appointment),
    )
    signals.changed.send(sender=Appointment, appointments=[appointment], fields=fields, by=by)
    if "starts_at" in fields:
        reminders.follow(appointment)
        messages.plan_move_messages(appointment, by=by, former=former)
    else:
        reminders.rewrite_waiting(appointment)
        messages.rewrite_waiting(appointment, by=by, differs=messages.practitioner_and_address(appointment) != met)
    series_messages.renew(appointment, by=by)
    return appointment


def _change_parts(appointment: Appointment, parts: MoveParts) -> frozenset[str]:
    """Set the parts that differ, without saving; returns their names. Raises ValidationError."""
    new = {
        "starts_at": (parts.get("starts_at") or appointment.starts_at).astimezone(UTC),
        "agenda": parts.get("agenda") or appointment.agenda,
        "visit_reason": parts.get("visit_reason") or appointment.visit_reason,
    }
    fields = {name for name, value in new.items() if getattr(appointment, name) != value}
    for name in fields:
        setattr(appointment, name, new[name])
    agenda, visit_reason, kind = appointment.agenda, appointment.visit_reason, parts.get("kind")
    was = AppointmentKind(appointment.kind)
    if agenda.practice_id != appointment.practice_id:
        raise ValidationError({"agenda": _("Cet agenda n’est pas de ce cabinet : choisissez-en un autre.")})
    if fields:
        check_together(agenda, visit_reason)
    if fields & {"agenda", "visit_reason"} or kind not in (None, was):
        appointment.kind = way_for(agenda, visit_reason, asked=kind, preferred=was)
    return frozenset(fields if appointment.kind == was else fields | {"kind"})


def _what_changed(before: dict[str, Any], appointment: Appointment) -> dict[str, DetailValue]:
    """For the trail: the new and the former value of each changed part. Times in UTC, ids, codes."""
    detail: dict[str, DetailValue] = {}
    for name in PARTS:
        was, now = (_for_trail(value) for value in (before[name], getattr(appointment, name)))
        if was != now:
            detail |= {name: now, f"{name}_before": was}
    return {"fields": sorted(name for name in PARTS if name in detail), **detail}


def _for_trail(value: datetime | Agenda | VisitReason | str) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value.pk) if isinstance(value, Agenda | VisitReason) else str(value)
