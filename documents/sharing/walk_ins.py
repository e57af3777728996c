"""A visit without appointment, of today: documents are shared around it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments.booking import book
from appointments.models import Agenda, Appointment, VisitReason
from documents.models.autosend import Moment
from documents.sending.autosend import do_not_send
from patients.models import Patient


@transaction.atomic
def note_visit(*, patient: Patient, agenda: Agenda, visit_reason: VisitReason, by: User) -> Appointment:
    """An appointment that ends now, or that began at midnight if it would begin yesterday.

    It is over: nobody is reminded, no time to come is taken, and what rules send before a visit or when it is booked
    is stopped (staff may still send it from the appointment's page). Raises ValidationError, NotAllowed.
    """
    now = timezone.now().replace(second=0, microsecond=0)
    zone = agenda.practice.zone
    midnight = datetime.combine(timezone.localdate(now, zone), time.min, zone)
    starts_at = max(now - timedelta(minutes=visit_reason.duration_minutes), midnight.astimezone(UTC))
    visit = book(agenda=agenda, visit_reason=visit_reason, patient=patient, starts_at=starts_at, by=by)
    for sending in visit.auto_sends.exclude(rule__moment=Moment.AFTER).select_related("appointment__practice"):
        do_not_send(sending=sending, by=by)
    return visit
