"""Doubts about a time that staff choose: shown before booking, for staff to decide.

Computed under the lock of the agenda, so that staff agree to the current state. Agreement names each doubt; a doubt
that arose since is asked about again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import Agenda, Appointment, VisitReason
from appointments.openings import Span, openings_by
from appointments.surroundings import Surroundings, over, surroundings
from notifications.wording import clock, long_day
from patients.models import Patient
from refusals import Kind, Reason, Refusal


@dataclass(frozen=True)
class Doubt:
    """`code` is for programs, `sentence` for staff; `key` identifies this doubt about this time."""

    code: str
    sentence: str
    key: str


class Doubtful(Refusal):
    """There are doubts that nobody has agreed to. Changes nothing."""

    code = "doubtful"
    kind = Kind.CONFLICT
    field = "start"

    def __init__(self, doubts: list[Doubt]) -> None:
        super().__init__(" ".join(one.sentence for one in doubts))
        self.doubts = doubts

    def errors(self) -> list[Reason]:
        return [Reason(one.code, one.sentence, self.field) for one in self.doubts]


def check_doubts(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    patient: Patient,
    starts_at: datetime,
    accepted: Collection[str] | None,
    moving: Appointment | None = None,
) -> None:
    """`accepted`: keys that staff agreed to; None: all. Raises Doubtful, with all doubts."""
    if accepted is None:
        return
    doubts = doubts_about(
        agenda=agenda, visit_reason=visit_reason, patient=patient, starts_at=starts_at, moving=moving
    )
    if any(one.key not in accepted for one in doubts):
        raise Doubtful(doubts)


def doubts_about(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    patient: Patient | None,
    starts_at: datetime,
    moving: Appointment | None = None,
) -> list[Doubt]:
    """`patient`: None for a patient without a record yet."""
    [doubts] = doubts_about_each(
        agenda=agenda, visit_reason=visit_reason, patient=patient, starts=[starts_at], moving=moving
    )
    return doubts


def doubts_about_placed(appointment: Appointment) -> list[Doubt]:
    """About the time of an appointment that is booked, the appointment itself apart."""
    return doubts_about(
        agenda=appointment.agenda,
        visit_reason=appointment.visit_reason,
        patient=appointment.patient,
        starts_at=appointment.starts_at,
        moving=appointment,
    )


def doubts_about_each(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    patient: Patient | None,
    starts: Sequence[datetime],
    moving: Appointment | None = None,
) -> list[list[Doubt]]:
    """Of each time, in the same order, by a fixed number of queries."""
    length = timedelta(minutes=visit_reason.duration_minutes)
    spans = [(start.astimezone(UTC), start.astimezone(UTC) + length) for start in starts]
    around = surroundings(agenda, patient, spans, moving=moving)
    return [
        [
            Doubt(code, sentence, f"{code}/{agenda.pk}/{span[0]:%Y%m%dT%H%M%S}/{visit_reason.duration_minutes}/{of}")
            for code, sentence, of in _found(around, agenda, visit_reason, patient, span)
        ]
        for span in spans
    ]


Found = Iterator[tuple[str, str, str]]  # code, sentence, and what it is about


def _found(
    around: Surroundings, agenda: Agenda, visit_reason: VisitReason, patient: Patient | None, span: Span
) -> Found:
    yield from _past(agenda, span[1])
    yield from _closed_to_booking(agenda, visit_reason)
    yield from _taken(around, patient, span)
    yield from _held(around, agenda, span)
    yield from _patient_elsewhere(around, agenda, span)
    yield from _patient_that_day(around, agenda, span)
    yield from _closed(around, span)
    yield from _outside_hours(around, agenda, span)


def _past(agenda: Agenda, ends_at: datetime) -> Found:
    if ends_at <= timezone.now():
        day = long_day(timezone.localtime(ends_at, agenda.practice.zone), weekday=True)
        yield "in_the_past", _("C’est dans le passé : %(day)s.") % {"day": day}, ""


def _closed_to_booking(agenda: Agenda, visit_reason: VisitReason) -> Found:
    if not agenda.is_active:
        yield "agenda_closed", _("L’agenda %(name)s est fermé.") % {"name": agenda.name}, ""
    if not visit_reason.is_active:
        yield "reason_closed", _("Le motif %(name)s n’est plus proposé.") % {"name": visit_reason.name}, ""


def _taken(around: Surroundings, patient: Patient | None, span: Span) -> Found:
    for one in over(around.booked, span):
        facts = {"who": one.patient.full_name, "from": clock(one.local_start), "to": clock(one.local_end)}
        sentence = (
            _("%(who)s a déjà ce rendez-vous sur cet agenda : %(from)s–%(to)s.")
            if one.patient == patient
            else _("Un autre patient est déjà prévu : %(who)s, %(from)s–%(to)s.")
        )
        yield "time_taken", sentence % facts, str(one.pk)


def _held(around: Surroundings, agenda: Agenda, span: Span) -> Found:
    """A patient is booking this time online."""
    for one in over(around.held, span):
        facts = {"until": clock(timezone.localtime(one.expires_at, agenda.practice.zone))}
        yield "slot_held", _("Ce créneau est retenu par un patient jusqu’à %(until)s.") % facts, str(one.pk)


def _patient_elsewhere(around: Surroundings, agenda: Agenda, span: Span) -> Found:
    for one in over(around.of_patient, span):
        if one.agenda_id == agenda.pk:
            continue
        facts = {"who": one.patient.full_name, "agenda": one.agenda.name}
        facts |= {"from": clock(one.local_start), "to": clock(one.local_end)}
        sentence = _("%(who)s a déjà un rendez-vous à cette heure : %(agenda)s, %(from)s–%(to)s.") % facts
        yield "patient_busy", sentence, str(one.pk)


def _patient_that_day(around: Surroundings, agenda: Agenda, span: Span) -> Found:
    """At another time of the same day, on any agenda of the practice."""
    day = timezone.localdate(span[0], agenda.practice.zone)
    at_once = {one.pk for one in over(around.of_patient, span)}
    for one in around.of_patient:
        if one.pk in at_once or one.local_start.date() != day:
            continue
        facts = {"who": one.patient.full_name, "agenda": one.agenda.name}
        facts |= {"from": clock(one.local_start), "to": clock(one.local_end)}
        sentence = _("%(who)s a déjà un rendez-vous ce jour-là : %(agenda)s, %(from)s–%(to)s.")
        yield "same_day", sentence % facts, str(one.pk)


def _closed(around: Surroundings, span: Span) -> Found:
    for closing in over(around.closings, span):
        yield (
            "closing",
            _("Le cabinet ou l’agenda est fermé : %(reason)s.") % {"reason": closing.reason},
            str(closing.pk),
        )
    for absence in over(around.absences, span):
        yield "absence", _("Une absence est inscrite sur cet agenda à cette heure."), str(absence.pk)


def _outside_hours(around: Surroundings, agenda: Agenda, span: Span) -> Found:
    """Only for an agenda with hours. Includes the day before: openings on both sides of midnight may form one."""
    if not around.hours:
        return
    zone = agenda.practice.zone
    day, reached = timezone.localdate(span[0], zone), span[0]
    for opens_at, closes_at in openings_by(around.hours, day, day + timedelta(days=1), zone):
        if opens_at <= reached < closes_at:
            reached = closes_at
    if reached < span[1]:
        facts = {"agenda": agenda.name}
        yield (
            "outside_opening_hours",
            _("C’est en dehors des horaires d’ouverture de l’agenda %(agenda)s.") % facts,
            "",
        )
