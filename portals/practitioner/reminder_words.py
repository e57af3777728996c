"""The reminders of an appointment for staff: the state of each, and why none can leave."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from appointments.models import Appointment, AppointmentStatus, Reminder
from appointments.models.reminder import ReminderState
from appointments.parties import contacts_of, is_ahead
from notifications.models import Channel, Message, SmsPolicy
from notifications.of_rows import reading_messages_of
from notifications.sms_numbers import unfit
from schema.composed import composed_once

_read_messages = reading_messages_of(Reminder.messages.through, "reminder")


@dataclass(frozen=True)
class ReminderLine:
    """`messages`: the messages that were sent; empty while it is planned. `lacks`: why it would reach nobody."""

    reminder: Reminder
    messages: list[Message]
    lacks: str


def reminder_lines(appointment: Appointment) -> list[ReminderLine]:
    known = _reminders(appointment.pk)
    _read_messages(known)
    planned = {one.channel for one in known if one.state == ReminderState.PLANNED}
    lacks = {channel: why_no_reminder(appointment, Channel(channel)) for channel in planned}
    return [
        ReminderLine(
            one, vars(one)["messages_read"], lacks[one.channel] if one.state == ReminderState.PLANNED else ""
        )
        for one in known
    ]


@composed_once
def _reminders(appointment: UUID) -> QuerySet[Reminder]:
    return Reminder.objects.filter(appointment=appointment).exclude(state=ReminderState.CANCELLED)


def cannot_be_reminded(appointment: Appointment, lines: list[ReminderLine]) -> bool:
    """Whether there is somebody to remind, but no way to reach them."""
    if appointment.status != AppointmentStatus.BOOKED or not is_ahead(appointment):
        return False
    return bool(lines) and all(line.lacks for line in lines)


def why_no_reminder(appointment: Appointment, channel: Channel) -> str:
    """The reason, as a sentence; empty if a reminder would reach somebody."""
    contacts = contacts_of(appointment, channel)
    if channel == Channel.SMS and contacts:
        countries = SmsPolicy.countries_of(appointment.practice_id)
        causes = [cause for to in contacts if (cause := unfit(to, countries=countries))]
        return "" if len(causes) < len(contacts) else _("Ne partira pas : %(cause)s.") % {"cause": causes[0].label}
    if contacts:
        return ""
    contact = appointment.patient.email if channel == Channel.EMAIL else appointment.patient.mobile
    if channel == Channel.EMAIL:
        if contact:
            return _("Ne partira pas : l’e-mail de la fiche n’est pas confirmé comme celui du patient.")
        return _("Ne partira pas : la fiche n’a pas d’e-mail.")
    if contact:
        return _("Ne partira pas : le mobile de la fiche n’est pas confirmé comme celui du patient.")
    return _("Ne partira pas : la fiche n’a pas de mobile.")
