"""Booking and deleting appointments."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments import messages, reminders, series_messages, signals
from appointments.doubts import Doubt, check_doubts, doubts_about
from appointments.former_access import accounts_that_saw
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    AppointmentSeries,
    AppointmentStatus,
    BookedFor,
    VisitReason,
)
from appointments.places import way_for
from audit.trail import append, line, record
from patients.merges import locked_record
from patients.models import Patient
from practices.models import Practice
from practices.roles import require_sharer
from refusals import Kind, Refusal

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)


class NotAsShown(Refusal):
    """It was moved after the page was made on which staff confirm. Changes nothing."""

    code = "not_as_shown"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Rien n’est fait : ce rendez-vous a été déplacé depuis que la page est affichée. Relisez où il est "
        "maintenant, puis confirmez."
    )


def book(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    patient: Patient,
    starts_at: datetime,
    kind: AppointmentKind | None = None,
    by: User,
    pk: uuid.UUID | None = None,
    accepted: Collection[str] | None = None,
) -> Appointment:
    """Book for a patient, by staff: at any time, also on top of another appointment.

    `kind`: None for what the reason and the agenda allow (appointments.places). `accepted`: the doubts that staff
    agreed to (appointments.doubts); None: all. Raises Doubtful if there are others, ValidationError if the parts do
    not fit together, NotAllowed for staff who only read. For booking online see appointments.online.
    """
    check_may_book(agenda.practice, by)
    with transaction.atomic():
        agenda = lock_agenda(agenda)
        check_time(starts_at)
        check_together(agenda, visit_reason)  # refuse the impossible before asking about doubts
        kind = way_for(agenda, visit_reason, asked=kind)
        check_doubts(
            agenda=agenda, visit_reason=visit_reason, patient=patient, starts_at=starts_at, accepted=accepted
        )
        return place(
            agenda=agenda,
            visit_reason=visit_reason,
            patient=patient,
            starts_at=starts_at,
            kind=kind,
            by=by,
            pk=pk,
        )


def doubts_of_booking(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    starts_at: datetime,
    kind: AppointmentKind | None,
    candidates: Iterable[Patient],
) -> list[Doubt]:
    """The doubts about booking for a new patient or for one of these records, before it is known which: a single
    question asks about both. Raises ValidationError as `book`."""
    check_time(starts_at)
    check_together(agenda, visit_reason)
    way_for(agenda, visit_reason, asked=kind)
    doubts = {
        one.key: one
        for patient in (None, *candidates)
        for one in doubts_about(agenda=agenda, visit_reason=visit_reason, patient=patient, starts_at=starts_at)
    }
    return list(doubts.values())


def check_times_together(
    agenda: Agenda, visit_reason: VisitReason, kind: AppointmentKind | None, starts: Iterable[datetime]
) -> None:
    """Whether these could be booked, doubts apart. Raises ValidationError as `book`."""
    for one in starts:
        check_time(one)
    check_together(agenda, visit_reason)
    way_for(agenda, visit_reason, asked=kind)


def lock_agenda(agenda: Agenda) -> Agenda:
    """Lock the agenda until the transaction ends: whoever takes its time does so one after the other."""
    return Agenda.objects.select_for_update(of=("self",)).select_related("practice").get(pk=agenda.pk)


@transaction.atomic
def place(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    patient: Patient,
    starts_at: datetime,
    kind: AppointmentKind,
    by: User | None,
    ends_at: datetime | None = None,
    imported: bool = False,
    holder: User | None = None,
    booked_for: BookedFor = BookedFor.SELF,
    pk: uuid.UUID | None = None,
) -> Appointment:
    """Write the row and its history, and send the signal. `holder`: the account that books online, None for staff.
    `ends_at`: None for the duration of the reason. `imported`: see appointments.importing.

    The caller has checked that `by` may, and that the time is free. Raises ValidationError.
    """
    check_time(starts_at)
    check_together(agenda, visit_reason)
    appointment = Appointment(
        id=pk or uuid.uuid4(),
        practice=agenda.practice,
        agenda=agenda,
        visit_reason=visit_reason,
        patient=_record_for(agenda.practice, patient),
        starts_at=starts_at,
        ends_at=ends_at or _end(starts_at, visit_reason),
        kind=kind,
        holder=holder,
        booked_for=booked_for,
    )
    _write([appointment], by=by, imported=imported)
    return appointment


@transaction.atomic
def place_together(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    patient: Patient,
    starts: Sequence[datetime],
    kind: AppointmentKind,
    by: User,
    series: AppointmentSeries,
) -> list[Appointment]:
    """As place, several in time order by a fixed number of queries; the history of each says which of how many."""
    check_together(agenda, visit_reason)
    for start in starts:
        check_time(start)
    record_for = _record_for(agenda.practice, patient)
    made = [
        Appointment(
            practice=agenda.practice,
            agenda=agenda,
            visit_reason=visit_reason,
            patient=record_for,
            starts_at=start,
            ends_at=_end(start, visit_reason),
            kind=kind,
            series=series,
        )
        for start in starts
    ]
    _write(made, by=by, series=series)
    return made


def _record_for(practice: Practice, patient: Patient) -> Patient:
    """The record to book for, locked: that which it became part of, if staff merged it meanwhile. Raises
    ValidationError."""
    if patient.practice_id != practice.pk:
        raise ValidationError(
            {"patient": gettext_lazy("Cette fiche patient n’est pas de ce cabinet : cherchez le patient de nouveau.")}
        )
    stays = locked_record(patient.pk)
    if stays is None:
        raise ValidationError(
            {
                "patient": gettext_lazy(
                    "Cette fiche patient a été effacée : cherchez le patient de nouveau, ou créez sa fiche."
                )
            }
        )
    return patient if stays.pk == patient.pk else stays


def _end(starts_at: datetime, visit_reason: VisitReason) -> datetime:
    """In UTC: adding hours to local time is wrong when clocks change."""
    return starts_at.astimezone(UTC) + timedelta(minutes=visit_reason.duration_minutes)


def _write(
    made: Sequence[Appointment], *, by: User | None, imported: bool = False, series: AppointmentSeries | None = None
) -> None:
    """Appointments of one agenda and one reason."""
    # Skip relations: they were read a moment ago, and the database checks them. Validating them costs half of a
    # booking.
    relations = [field.name for field in Appointment._meta.fields if field.is_relation]
    for one in made:
        one.starts_at = one.starts_at.astimezone(UTC)
        one.full_clean(exclude=relations, validate_unique=False, validate_constraints=False)
    Appointment.objects.bulk_create(made)
    append(
        [
            line(
                "appointment.booked",
                by=by,
                on=one,
                practice=one.practice_id,
                within=one,
                detail={"series": str(series.pk), "rank": rank, "count": len(made)} if series else None,
            )
            for rank, one in enumerate(made, 1)
        ]
    )
    reminders.plan_new(made)
    signals.booked.send(sender=Appointment, appointments=made, by=by, imported=imported)


@transaction.atomic
def delete(*, appointment: Appointment, by: User, seen: str | None = None) -> None:
    """Delete it with all that was shared from it (receivers of `deleting` do that); the trail stays. `seen`, and what
    is raised: as of locked_to_change."""
    appointment = locked_to_change(appointment, by, seen=seen)
    reminders.call_off_reminders(appointment)
    if appointment.status == AppointmentStatus.BOOKED:
        messages.plan_cancellation_messages(appointment, by=by)
    series_messages.renew(appointment, by=by, leaving=True)
    messages.detach_messages(appointment)
    signals.deleting.send(sender=Appointment, appointments=[appointment], by=by)
    record(
        "appointment.deleted",
        by=by,
        on=appointment,
        practice=appointment.practice_id,
        within=appointment,
        detail={"accounts": accounts_that_saw(appointment)},
    )
    appointment.delete()


def locked_to_change(appointment: Appointment, by: User, *, seen: str | None = None) -> Appointment:
    """Lock the appointment until the transaction ends. `seen`: the mark_of what the user was shown. Raises
    NotAllowed, NotAsShown; Appointment.DoesNotExist if it was deleted meanwhile."""
    Appointment.objects.lock_first(appointment.pk)
    appointment = (
        Appointment.objects.select_for_update(of=("self",))
        .select_related("practice", "agenda__practice", "visit_reason", "patient", "holder")
        .get(pk=appointment.pk)
    )
    check_may_change(appointment.practice, by)
    if seen is not None and mark_of([appointment]) != seen:
        raise NotAsShown
    return appointment


def mark_of(appointments: Collection[Appointment]) -> str:
    """Identifies these appointments, where and when they are now. Opaque."""
    facts = sorted(f"{one.pk} {one.agenda_id} {one.starts_at.isoformat()}" for one in appointments)
    return sha256("\n".join(facts).encode()).hexdigest()


def check_may_book(practice: Practice, by: User) -> None:
    """Raises NotAllowed."""
    refusal = _(
        "Votre rôle permet de lire, pas de prendre un rendez-vous. Un administrateur du cabinet peut le changer."
    )
    require_sharer(by, practice, refusal)


def check_may_change(practice: Practice, by: User) -> None:
    """Raises NotAllowed."""
    refusal = _(
        "Votre rôle permet de lire, pas de modifier un rendez-vous. Un administrateur du cabinet peut le changer."
    )
    require_sharer(by, practice, refusal)


def check_time(starts_at: datetime) -> None:
    """Refuse years outside the range: they are typing errors. Before 1911, the offset of Paris had seconds, which RFC
    3339 cannot express.

    Raises ValidationError.
    """
    if not EARLIEST <= starts_at <= LATEST:
        raise ValidationError(
            {
                "starts_at": ValidationError(
                    gettext_lazy(
                        "Ce n’est pas une date de rendez-vous : vérifiez l’année, entre %(first)s et %(last)s."
                    ),
                    params={"first": EARLIEST.year, "last": LATEST.year - 1},
                )
            }
        )


def check_together(agenda: Agenda, visit_reason: VisitReason) -> None:
    if not agenda.visit_reasons.filter(pk=visit_reason.pk).exists():
        raise ValidationError(
            {
                "visit_reason": ValidationError(
                    gettext_lazy(
                        "Le motif %(reason)s n’est pas proposé sur l’agenda %(agenda)s : choisissez un autre motif "
                        "ou un autre agenda."
                    ),
                    params={"reason": visit_reason.name, "agenda": agenda.name},
                )
            }
        )
