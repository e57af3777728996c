"""Which appointments a patient-side account sees: those it booked, and those of records it proved."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from appointments.models.appointment import AppointmentQuerySet
from patients.models import RecordTie, Relationship
from patients.models.patient import latest_adult_birth_date


def visible_to_account(user: User) -> AppointmentQuerySet:
    """Never says anything of documents: those are documents.sharing.access."""
    ties = RecordTie.objects.live().filter(user=user, patient=OuterRef("patient"))
    # A tie that waits for new contacts to be proved sees what there was when it was suspended.
    ties = ties.filter(Q(suspended_at=None) | Q(suspended_at__gte=OuterRef("created_at")))
    return Appointment.objects.filter(
        Q(holder=user)
        | Q(Exists(ties.filter(relationship=Relationship.SELF)))
        | Q(Exists(ties.filter(relationship=Relationship.GUARDIAN))) & _of_minors(user)
    )


def _of_minors(user: User) -> Q:
    """Whose patients are minors today, where the practice is."""
    guarded = RecordTie.objects.live().filter(user=user, relationship=Relationship.GUARDIAN)
    zones = guarded.values_list("patient__practice__time_zone", flat=True).distinct()
    found = Q(pk__in=[])
    for zone in zones:
        today = timezone.localdate(timezone=ZoneInfo(zone))
        found |= Q(practice__time_zone=zone, patient__birth_date__gt=latest_adult_birth_date(today))
    return found
