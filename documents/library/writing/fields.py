"""Merge fields: a fixed dictionary of plain text, never an object (docs/security-cases.md, 35)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from appointments.models import Appointment, AppointmentKind
from notifications.wording import clock, long_day, telephone_by_pairs
from practices.models import Practice


@dataclass(frozen=True)
class MergeField:
    """`name` in the HTML; `label` on the chip; `example` in the preview."""

    name: str
    label: str
    example: str


def merge_fields(practice: Practice) -> list[MergeField]:
    """All merge fields, in the order of the menu, in the language of the page."""
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
    """The value of each field in the preview, in the practice's language."""
    with translation.override(practice.language):
        return {field.name: field.example for field in merge_fields(practice)}


def values(appointment: Appointment, *, language: str) -> dict[str, str]:
    """Each field's plain text for this appointment; empty if there is no value (no account holder)."""
    with translation.override(language):
        return {name: value(appointment) for name, value in _VALUES.items()}


def _place(appointment: Appointment) -> str:
    if appointment.kind == AppointmentKind.VIDEO:
        by_video = _("en vidéo")
        return f"{by_video}\n{appointment.video_url}" if appointment.video_url else by_video
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
    "appointment_time": lambda appointment: clock(appointment.local_start),
    "appointment_place": _place,
    "appointment_reason": lambda appointment: appointment.visit_reason.name,
    "practitioner_name": _practitioner,
    "practice_name": lambda appointment: appointment.practice.name,
    "practice_address": lambda appointment: appointment.practice.address,
    "practice_telephone": lambda appointment: telephone_by_pairs(appointment.practice.telephone),
}
FIELD_NAMES = frozenset(_VALUES)
# Only the practice writes these values, so a web address in them becomes a link. A name never does.
LINKED = frozenset({"appointment_place"})
