"""Merge fields: a fixed dictionary of plain text, never an object (docs/security-cases.md, 35)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from appointments.models import Appointment, AppointmentKind
from notifications.wording import long_day, telephone_by_pairs
from practices.models import Practice


@dataclass(frozen=True)
class MergeField:
    """`name` in the HTML; `label` on the chip; `example` in the preview."""

    name: str
    label: str
    example: str


def merge_fields(practice: Practice) -> list[MergeField]:
    """All there are, in the language of the page, in the order in which they are offered."""
    today = timezone.localdate(timezone=practice.zone)
    return [
        MergeField("patient_name", _("nom du patient"), "Camille Durand"),
        MergeField("patient_first_name", _("prénom du patient"), "Camille"),
        MergeField("patient_last_name", _("nom de famille du patient"), "Durand"),
        MergeField("patient_birth_date", _("date de naissance"), long_day(today.replace(year=1958, day=1))),
        MergeField("holder_name", _("personne qui a pris le rendez-vous"), "Paul Martin"),
        MergeField("appointment_date", _("date du rendez-vous"), long_day(today, weekday=True)),
        MergeField("appointment_time", _("heure du rendez-vous"), "09:30"),
        MergeField("appointment_place", _("lieu ou lien vidéo du rendez-vous"), practice.address or _("au cabinet")),
        MergeField("appointment_reason", _("motif de consultation"), _("Consultation")),
        MergeField("practitioner_name", _("praticien"), "Dr Jeanne Morel"),
        MergeField("practice_name", _("nom du cabinet"), practice.name),
        MergeField("practice_address", _("adresse du cabinet"), practice.address),
        MergeField("practice_telephone", _("téléphone du cabinet"), telephone_by_pairs(practice.telephone)),
    ]


def examples(practice: Practice) -> dict[str, str]:
    """What the preview shows in each field, in the practice's language."""
    with translation.override(practice.language):
        return {field.name: field.example for field in merge_fields(practice)}


def values(appointment: Appointment, *, language: str) -> dict[str, str]:
    """Each field's plain text for this appointment. Empty where there is none (no account holder)."""
    with translation.override(language):
        return {name: value(appointment) for name, value in _VALUES.items()}


def _place(appointment: Appointment) -> str:
    if appointment.kind == AppointmentKind.VIDEO:
        return f"{_('en vidéo')}\n{appointment.video_url}" if appointment.video_url else _("en vidéo")
    return appointment.practice.address or appointment.practice.name


def _practitioner(appointment: Appointment) -> str:
    practitioner = appointment.agenda.practitioner
    return str(practitioner) if practitioner else appointment.agenda.name


_VALUES: dict[str, Callable[[Appointment], str]] = {
    "patient_name": lambda appointment: appointment.patient.full_name,
    "patient_first_name": lambda appointment: appointment.patient.first_name,
    "patient_last_name": lambda appointment: appointment.patient.last_name,
    "patient_birth_date": lambda appointment: long_day(appointment.patient.birth_date),
    "holder_name": lambda appointment: str(appointment.holder) if appointment.holder else "",
    "appointment_date": lambda appointment: long_day(appointment.local_start, weekday=True),
    "appointment_time": lambda appointment: date_format(appointment.local_start, "TIME_FORMAT"),
    "appointment_place": _place,
    "appointment_reason": lambda appointment: appointment.visit_reason.name,
    "practitioner_name": _practitioner,
    "practice_name": lambda appointment: appointment.practice.name,
    "practice_address": lambda appointment: appointment.practice.address,
    "practice_telephone": lambda appointment: telephone_by_pairs(appointment.practice.telephone),
}
FIELD_NAMES = frozenset(_VALUES)
# Only the practice writes what these hold: an address of a site in them is a link. A name never is.
LINKED = frozenset({"appointment_place"})
