"""Redirects messages about appointments after a contact changed: waiting messages, and failed ones that are still of
use."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Q
from django.utils import timezone, translation

from accounts.models import User
from appointments.messages import CANCELLED, WORDS, plan_message_to, remind_by
from appointments.models import Appointment, AppointmentStatus, Reminder
from appointments.notices import about_appointments
from appointments.parties import Party, is_ahead, parties_of, patient_is_notified
from appointments.quiet_hours import TOPIC, sms_time
from appointments.recipients import resolve
from notifications.models import Channel, Message, MessageQuerySet, MessageState
from notifications.outbox import call_off, send_elsewhere
from patients.models import Patient
from patients.ownership import Standing, standings


def redirect(*, patient: Patient, former: Mapping[str, str | None]) -> None:
    """Redirect waiting messages from the patient's former contacts to the current ones, or call them off; send failed
    ones again."""
    channels = {"email": Channel.EMAIL, "mobile": Channel.SMS}
    for appointment in patient.appointments.select_related("practice", "patient__practice", "holder"):
        if not patient_is_notified(appointment):
            continue
        own = resolve(appointment).contacts
        holder = appointment.holder
        for name, contact in former.items():
            if not contact or (holder and contact in (holder.email, holder.mobile)):
                continue  # a message to the holder's own contact stays with the holder
            waiting = Message.objects.select_for_update().filter(
                about=appointment.pk, channel=channels[name], to=contact, state=MessageState.QUEUED
            )
            if name not in own:
                call_off(waiting)
                continue
            _send_elsewhere(waiting, to=own[name])
            _send_again(appointment, channels[name], former=contact, is_holder=False)
    _redirect_deleted(patient, former, channels)


def _redirect_deleted(patient: Patient, former: Mapping[str, str | None], channels: Mapping[str, Channel]) -> None:
    """Redirect waiting messages about the cancellation of deleted appointments. Failed ones stay for staff:
    nothing is left to write them from."""
    standing = standings(patient)
    for name, contact in former.items():
        waiting = Message.objects.select_for_update().filter(
            about=patient.pk, topic=TOPIC, channel=channels[name], to=contact or "", state=MessageState.QUEUED
        )
        if standing[name] is Standing.OWN:
            _send_elsewhere(waiting, to=getattr(patient, name))
        else:
            call_off(waiting)


def redirect_holder(*, holder: User, former: str, new: str) -> None:
    """Redirect waiting messages about appointments that a holder booked from their former contact to the new one;
    send failed ones again."""
    booked = Appointment.objects.filter(holder=holder).values("pk")
    theirs = Q(about__in=booked) | Q(about=holder.pk, topic=TOPIC)
    waiting = Message.objects.filter(theirs, to=former, state=MessageState.QUEUED)
    _send_elsewhere(waiting.select_for_update(), to=new)
    channel = Channel.EMAIL if "@" in new else Channel.SMS
    for appointment in Appointment.objects.filter(holder=holder, starts_at__gt=timezone.now()):
        _send_again(appointment, channel, former=former, is_holder=True)


def _send_elsewhere(waiting: MessageQuerySet, *, to: str) -> None:
    for message in waiting:
        reminders = Reminder.messages.through.objects.filter(message=message.pk)
        goes = _reminder_elsewhere(message, to) or send_elsewhere(message, to=to)
        reminders.update(message=goes.pk)
        if goes.pk != message.pk:
            call_off(Message.objects.filter(pk=message.pk))


def _reminder_elsewhere(message: Message, to: str) -> Message | None:
    """A reminder is written anew: its link stands on the former contact. None for another message."""
    appointments = Appointment.objects.filter(reminders__messages=message.pk).select_related(
        "practice", "patient__practice"
    )
    theirs = list(appointments.select_related("holder", "agenda__practitioner").distinct().order_by("starts_at"))
    channel = Channel(message.channel)
    party = next((one for each in theirs for one in parties_of(each) if one.contact(channel) == to), None)
    if party is None:
        return None
    with translation.override(party.language):
        return remind_by(channel, to, party, theirs, due_at=message.due_at)


def _send_again(appointment: Appointment, channel: Channel, *, former: str, is_holder: bool) -> None:
    """Send the last message about it by this channel again, if it failed at the former contact, is still true, and
    staff have not handled it. Marks all failed ones there as handled.

    A message that does not record its kind is not sent again: it stays for staff to handle.
    """
    reminded = Reminder.messages.through.objects.filter(reminder__appointment=appointment).values("message")
    of_it = Q(about=appointment.pk) | Q(pk__in=reminded)
    messages = Message.objects.filter(of_it, about_appointments(), channel=channel)
    to_party = [party for party in parties_of(appointment) if party.is_holder == is_holder]
    if not (is_ahead(appointment) and to_party and to_party[0].contact(channel)):
        return
    party = to_party[0]
    contacts = [former, party.contact(channel)]
    last = (
        messages.filter(to__in=contacts).exclude(state=MessageState.CALLED_OFF).order_by("-created_at", "-id").first()
    )
    if last is None or (last.state, last.to, last.settled_at) != (MessageState.FAILED, former, None):
        return
    if (last.kind == CANCELLED.kind) == (appointment.status == AppointmentStatus.BOOKED):
        return
    seen_to = messages.filter(to=former, state=MessageState.FAILED, settled_at=None)
    with translation.override(party.language):
        if last.topic != TOPIC:
            if not _remind_again(last, channel, party):
                seen_to = seen_to.exclude(pk=last.pk)
        elif last.kind in WORDS:
            plan_message_to(channel, appointment, party, WORDS[last.kind], by=None, former=last.urgent_before)
        else:
            return
    seen_to.update(settled_at=timezone.now())


def _remind_again(failed: Message, channel: Channel, party: Party) -> bool:
    """Send the reminder again. Returns False if it was also about appointments for which this contact is not used."""
    to = party.contact(channel) or ""
    related = Appointment.objects.upcoming().select_related("practice", "patient__practice", "holder")
    appointments = related.select_related("agenda__practitioner").filter(reminders__messages=failed).distinct()
    ahead = list(appointments.order_by("starts_at"))
    theirs = [one for one in ahead if any(to == other.contact(channel) for other in parties_of(one))]
    if not theirs:
        return False
    at = sms_time(theirs[0].practice, about=theirs[0].starts_at) if channel == Channel.SMS else None
    goes = remind_by(channel, to, party, theirs, due_at=at)
    for one in Reminder.objects.filter(messages=failed, appointment__in=theirs):
        one.messages.add(goes)
    return len(theirs) == len(ahead)
