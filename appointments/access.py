"""The appointments that a patient account sees: those it booked, and those of records it proved."""

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
    """Says nothing about documents; documents.sharing.access decides those."""
    ties = RecordTie.objects.live().filter(user=user, patient=OuterRef("patient"))
    # A suspended tie shows what existed when it was suspended.
    ties = ties.filter(Q(suspended_at=None) | Q(suspended_at__gte=OuterRef("created_at")))
    own, guarded = _of_proved_records(user)
    ties = ties.filter(shows_only__isnull=True)
    return Appointment.objects.filter(
        Q(holder=user)
        | Q(Exists(ties.filter(relationship=Relationship.SELF)))
        | own
        | (Q(Exists(ties.filter(relationship=Relationship.GUARDIAN))) | guarded) & _of_minors(user)
    )


def _of_proved_records(user: User) -> tuple[Q, Q]:
    """What ties show that wait since records became one: of own records, and of children's."""
    by_relationship = {relationship: Q(pk__in=[]) for relationship in Relationship}
    for tie in RecordTie.objects.live().filter(user=user, shows_only__isnull=False):
        shown = Appointment.objects.shown_by(tie).filter(created_at__lte=tie.suspended_at or tie.tied_at)
        by_relationship[Relationship(tie.relationship)] |= Q(pk__in=shown.values("pk"))
    return by_relationship[Relationship.SELF], by_relationship[Relationship.GUARDIAN]


def _of_minors(user: User) -> Q:
    """Matches patients who are minors today, in their practice's time zone."""
    guarded = RecordTie.objects.live().filter(user=user, relationship=Relationship.GUARDIAN)
    zones = guarded.values_list("patient__practice__time_zone", flat=True).distinct()
    condition = Q(pk__in=[])
    for zone in zones:
        today = timezone.localdate(timezone=ZoneInfo(zone))
        condition |= Q(practice__time_zone=zone, patient__birth_date__gt=latest_adult_birth_date(today))
    return condition
