"""The reminders of an appointment as staff read them: what became of each, and why none can leave."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from appointments.models import Appointment, AppointmentStatus, Reminder
from appointments.models.reminder import ReminderState
from appointments.parties import contacts_of, is_ahead
from notifications.models import Channel, Message


@dataclass(frozen=True)
class ReminderLine:
    """`messages`: by which it was told; none while it is planned. `lacks`: why it would reach nobody."""

    reminder: Reminder
    messages: list[Message]
    lacks: str


def reminder_lines(appointment: Appointment) -> list[ReminderLine]:
    known = appointment.reminders.exclude(state=ReminderState.CANCELLED).prefetch_related("messages")
    lacks = {channel.value: _lacks(appointment, channel) for channel in Channel}
    return [
        ReminderLine(one, list(one.messages.all()), lacks[one.channel] if one.state == ReminderState.PLANNED else "")
        for one in known
    ]


def no_reminder_leaves(appointment: Appointment, lines: list[ReminderLine]) -> bool:
    """Whether there is somebody to remind, and nothing to remind them by."""
    if appointment.status != AppointmentStatus.BOOKED or not is_ahead(appointment):
        return False
    return bool(lines) and all(line.lacks for line in lines)


def _lacks(appointment: Appointment, channel: Channel) -> str:
    if contacts_of(appointment, channel):
        return ""
    contact = appointment.patient.email if channel == Channel.EMAIL else appointment.patient.mobile
    if channel == Channel.EMAIL:
        if contact:
            return _("Ne partira pas : l’e-mail de la fiche n’est pas confirmé comme celui du patient.")
        return _("Ne partira pas : la fiche n’a pas d’e-mail.")
    if contact:
        return _("Ne partira pas : le mobile de la fiche n’est pas confirmé comme celui du patient.")
    return _("Ne partira pas : la fiche n’a pas de mobile.")
