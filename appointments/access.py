"""Which appointments a patient-side account sees: those it booked, and those of records it proved."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from appointments.models.appointment import AppointmentQuerySet
from patients.models import RecordTie, Relationship
from patients.models.patient import latest_adult_birth_date


def visible_to_account(user: User) -> AppointmentQuerySet:
    """Never says anything of documents: those are documents.access."""
    ties = RecordTie.objects.filter(user=user, ended_at=None, patient=OuterRef("patient"))
    minors_are_born_after = latest_adult_birth_date(timezone.localdate())
    return Appointment.objects.filter(
        Q(holder=user)
        | Q(Exists(ties.filter(relationship=Relationship.SELF)))
        | Q(Exists(ties.filter(relationship=Relationship.GUARDIAN)), patient__birth_date__gt=minors_are_born_after)
    )
