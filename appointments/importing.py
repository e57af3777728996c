"""Appointments that come from a practice's other software: written and removed without a message.

The other software has told the patient. Reminders are planned as for any appointment, and rules before or after it
send what becomes due later; what would be due at once is not sent, and nothing for a past appointment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments import reminders, signals
from appointments.booking import place
from appointments.former_access import accounts_that_saw_each
from appointments.models import Agenda, Appointment, VisitReason
from appointments.places import way_for
from audit.trail import append, line
from patients.models import Patient

LONGEST = timedelta(hours=24)


@transaction.atomic
def place_imported(
    *,
    agenda: Agenda,
    visit_reason: VisitReason,
    patient: Patient,
    starts_at: datetime,
    ends_at: datetime | None,
    by: User | None,
) -> Appointment:
    """Also on top of another appointment: it exists elsewhere. `ends_at`: None for the duration of the reason.

    Raises ValidationError.
    """
    check_end(starts_at, ends_at)
    return place(
        agenda=agenda,
        visit_reason=visit_reason,
        patient=patient,
        starts_at=starts_at,
        ends_at=ends_at,
        kind=way_for(agenda, visit_reason, asked=None),
        by=by,
        imported=True,
    )


@transaction.atomic
def remove_imported(*, appointments: Iterable[Appointment], by: User | None) -> None:
    """Delete some hundred appointments that should not have been imported, each step in one statement for all. The
    caller has checked that nothing was shared."""
    locked = Appointment.objects.select_for_update(of=("self",)).filter(pk__in=[one.pk for one in appointments])
    gone = list(locked.select_related("practice", "patient").order_by("pk"))
    reminders.call_off_reminders(*gone)
    signals.deleting.send(sender=Appointment, appointments=gone, by=by)
    append(
        line("appointment.deleted", by=by, on=one, practice=one.practice_id, within=one, detail={"accounts": saw})
        for one, saw in zip(gone, accounts_that_saw_each(gone), strict=True)
    )
    Appointment.objects.filter(pk__in=[one.pk for one in gone]).delete()


def check_end(starts_at: datetime, ends_at: datetime | None) -> None:
    """Raises ValidationError."""
    if ends_at is not None and not starts_at < ends_at <= starts_at + LONGEST:
        raise ValidationError({"ends_at": _("La fin doit suivre le début, de 24 heures au plus.")})
