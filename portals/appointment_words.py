"""What staff and patients read of an appointment in one line: for whom, when, with whom and why."""

from __future__ import annotations

from django.utils.translation import gettext as _

from appointments.models import Appointment, AppointmentKind, AppointmentStatus, CancelReason
from notifications.wording import clock, long_day, of


def appointment_facts(appointment: Appointment) -> dict[str, str]:
    """For sentences. `of_name`: of whom; `what`: mardi 2 mars 2027 à 10:30, Dr Morel, Consultation. The time is the
    practice's."""
    start = appointment.local_start
    when = _("%(day)s à %(time)s") % {"day": long_day(start, weekday=True), "time": clock(start)}
    return {"of_name": of(appointment.patient.full_name), "what": f"{when}, {visit_words(appointment)}"}


def visit_words(appointment: Appointment) -> str:
    """With whom, why and how: Dr Morel, Consultation, en vidéo."""
    parts = [appointment.agenda.name, appointment.visit_reason.name]
    if appointment.kind == AppointmentKind.VIDEO:
        parts.append(_("en vidéo"))
    return ", ".join(parts)


def why_cancelled(appointment: Appointment) -> str:
    """For staff alone; "" if nobody said why."""
    if appointment.status != AppointmentStatus.CANCELLED:
        return ""
    reason = CancelReason(appointment.cancelled_reason).label if appointment.cancelled_reason else ""
    return ", ".join(filter(None, (str(reason), appointment.cancelled_note)))
