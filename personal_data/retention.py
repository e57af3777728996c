"""How long the law requires to retain a record: Code de la santé publique, article R1112-7.

Twenty years from the last stay or consultation, and never before the 28th birthday. Written for hospitals; the
Conseil national de l'Ordre des médecins recommends the same to practices. The shorter term of ten years after a death
is not applied, because records do not contain deaths.
"""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from appointments.models import Appointment, AppointmentStatus
from documents.models import ReceivedDocument, SharedDocument
from patients.models import Patient
from questionnaires.models import QuestionnaireResponse

YEARS = 20
BIRTHDAY = 28


def retention_end(patient: Patient) -> date | None:
    """The first day on which the record may be erased as a whole; None if it never contained anything medical: no
    document, shared or received, no answers, and no appointment that took place."""
    now = timezone.now()
    held = Appointment.objects.filter(patient=patient, status=AppointmentStatus.BOOKED, starts_at__lte=now)
    moments = [
        held.order_by("-starts_at").values_list("starts_at", flat=True).first(),
        SharedDocument.objects.filter(patient=patient)
        .order_by("-shared_at")
        .values_list("shared_at", flat=True)
        .first(),
        ReceivedDocument.objects.filter(appointment__patient=patient)
        .order_by("-received_at")
        .values_list("received_at", flat=True)
        .first(),
        QuestionnaireResponse.objects.filter(appointment__patient=patient, completed_at__isnull=False)
        .order_by("-completed_at")
        .values_list("completed_at", flat=True)
        .first(),
        SharedDocument.objects.filter(patient=patient, replaced_at__isnull=False)
        .order_by("-replaced_at")
        .values_list("replaced_at", flat=True)
        .first(),
    ]
    days = [timezone.localtime(moment, patient.practice.zone).date() for moment in moments if moment]
    if not days:
        return None
    return max(_years_after(max(days), YEARS), _years_after(patient.birth_date, BIRTHDAY))


def pending_retention_end(patient: Patient) -> date | None:
    """Until when it must be retained; None if that day has passed."""
    until = retention_end(patient)
    return until if until and until > timezone.localdate(timezone=patient.practice.zone) else None


def _years_after(day: date, years: int) -> date:
    """29 February becomes 1 March of common years: a day too long rather than one too short."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
