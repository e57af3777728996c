"""Reminders of appointments: planned when booking, updated after moves and changes of policy, sent when due.

Hours before an appointment are real hours, even when clocks change. An SMS that would leave in the quiet hours waits
for the morning; if that is too late to be of use, it leaves the evening before.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from appointments import messages
from appointments.models import Appointment, AppointmentStatus, Reminder, ReminderPolicy
from appointments.models.reminder import ReminderState
from appointments.parties import contacts_of
from appointments.quiet_hours import USEFUL, polite_time
from audit.trail import record
from jobs.row_errors import log_row_error
from notifications.models import Channel, Message, MessageState
from notifications.outbox import call_off
from practices.models import Practice
from practices.roles import require_administrator

logger = logging.getLogger(__name__)

BATCH = 200  # reminders of a practice in one transaction
AGAIN = timedelta(minutes=10)  # retry after an unexpected error, until the appointment begins
PLANNED, SENT, CANCELLED = ReminderState.PLANNED, ReminderState.SENT, ReminderState.CANCELLED


def follow(appointment: Appointment) -> None:
    """Update the planned reminders to the time of an appointment that stands, in the transaction that changes it.

    Times already past are skipped: a patient who books for this afternoon needs no reminder.
    """
    call_off_reminders(appointment)
    wanted = dict(_wanted(appointment, ReminderPolicy.of(appointment.practice)))
    known = {(one.channel, one.offset_hours): one for one in appointment.reminders.select_for_update()}
    _apply(known, {key: (appointment, due_at) for key, due_at in wanted.items()}, moved=True)


def end_with(appointments: Collection[Appointment]) -> None:
    """Of appointments that are being cancelled: nothing reminds of them."""
    call_off_reminders(*appointments)
    Reminder.objects.filter(appointment__in=appointments, state=PLANNED).update(state=CANCELLED)


def plan_new(appointments: Collection[Appointment]) -> None:
    """Of appointments of one practice that are being booked, as `follow`."""
    policy = ReminderPolicy.of(next(iter(appointments)).practice)
    wanted = {
        (one.pk, channel, hours): (one, due_at)
        for one in appointments
        for (channel, hours), due_at in _wanted(one, policy)
    }
    _apply({}, wanted, moved=False)


def call_off_reminders(*appointments: Appointment) -> None:
    """Call off waiting reminders of them, which are no longer true. Plan the other appointments in them again."""
    pairs = Reminder.messages.through.objects
    told = pairs.filter(reminder__appointment__in=appointments, message__state=MessageState.QUEUED).values("message")
    waiting = list(told.values_list("message", flat=True))
    if not waiting:
        return
    others = pairs.filter(message__in=waiting).exclude(reminder__appointment__in=appointments)
    still_to_tell = Reminder.objects.filter(pk__in=list(others.values_list("reminder", flat=True)), state=SENT)
    still_to_tell.update(state=PLANNED, due_at=timezone.now())
    call_off(Message.objects.filter(pk__in=waiting))


def rewrite_waiting(appointment: Appointment) -> None:
    """Rewrite waiting reminders after a change of practitioner or reason at the same time."""
    pairs = Reminder.messages.through.objects
    queued = pairs.filter(reminder__appointment=appointment, message__state=MessageState.QUEUED)
    waiting = list(queued.values_list("message", flat=True))
    told = list(pairs.filter(message__in=waiting).values_list("reminder", flat=True))
    Reminder.objects.filter(pk__in=told, state=SENT).update(state=PLANNED, due_at=timezone.now())
    call_off(Message.objects.filter(pk__in=waiting))


def part(appointments: QuerySet[Appointment], *, contacts: Collection[str]) -> None:
    """After these contacts ceased to be those of these appointments: call off waiting reminders to them that also
    cover other appointments, and plan all of these again, each for today's contacts."""
    pairs = Reminder.messages.through.objects
    queued = pairs.filter(message__state=MessageState.QUEUED, message__to__in=contacts)
    about_them = queued.filter(reminder__appointment__in=appointments).values("message")
    others = queued.filter(message__in=about_them).exclude(reminder__appointment__in=appointments)
    mixed = list(others.values_list("message", flat=True).distinct())
    if not mixed:
        return
    told = list(pairs.filter(message__in=mixed).values_list("reminder", flat=True))
    Reminder.objects.filter(pk__in=told, state=SENT).update(state=PLANNED, due_at=timezone.now())
    call_off(Message.objects.filter(pk__in=mixed))


@transaction.atomic
def set_reminder_policy(*, policy: ReminderPolicy, by: User) -> None:
    """Save a practice's policy; reminders of future appointments follow. Raises NotAllowed, ValidationError."""
    require_administrator(by, policy.practice)
    policy.full_clean()
    policy.save()
    record("practice.reminders_changed", by=by, on=policy.practice, practice=policy.practice)
    known: dict[Any, Reminder] = {}
    wanted: dict[Any, tuple[Appointment, datetime]] = {}
    ahead = Appointment.objects.upcoming().filter(practice=policy.practice).select_related("practice")
    for one in Reminder.objects.select_for_update(of=("self",)).filter(appointment__in=ahead):
        known[one.appointment_id, one.channel, one.offset_hours] = one
    for appointment in ahead:
        for (channel, hours), due_at in _wanted(appointment, policy):
            wanted[appointment.pk, channel, hours] = (appointment, due_at)
    _apply(known, wanted, moved=False)


def _apply(known: dict[Any, Reminder], wanted: dict[Any, tuple[Appointment, datetime]], *, moved: bool) -> None:
    """`moved`: reminders already sent for the old time do not count."""
    changed = []
    for key, one in known.items():
        due = wanted.pop(key, None)
        if one.state == SENT and not moved:
            continue
        if due is not None and (one.due_at != due[1] or one.state == CANCELLED):
            one.state, one.due_at = PLANNED, due[1]
            changed.append(one)
        elif due is None and one.state == PLANNED:
            one.state = CANCELLED
            changed.append(one)
    Reminder.objects.bulk_update(changed, ["state", "due_at"], batch_size=500)
    new = [
        Reminder(
            practice_id=appointment.practice_id,
            appointment=appointment,
            channel=key[-2],
            offset_hours=key[-1],
            due_at=due_at,
        )
        for key, (appointment, due_at) in wanted.items()
    ]
    Reminder.objects.bulk_create(new, batch_size=500)


def _wanted(appointment: Appointment, policy: ReminderPolicy) -> Iterator[tuple[tuple[str, int], datetime]]:
    now = timezone.now()
    for channel, hours in ((Channel.EMAIL, policy.email_hours), (Channel.SMS, policy.sms_hours)):
        for offset in hours:
            due_at = appointment.starts_at - timedelta(hours=offset)
            if channel == Channel.SMS:
                due_at = _polite(due_at, appointment, policy)
            if due_at > now:
                yield (channel.value, offset), due_at


def _polite(at: datetime, appointment: Appointment, policy: ReminderPolicy) -> datetime:
    return polite_time(at, appointment.practice, policy, useful_until=appointment.starts_at - USEFUL)


def send_due(*, now: datetime | None = None) -> int:
    """Send the due reminders; returns how many. A second run changes nothing."""
    now = now or timezone.now()
    due = Reminder.objects.due(now).order_by()
    sent = 0
    for practice_id in due.values_list("appointment__practice", flat=True).distinct():
        try:
            sent += _send_for(practice_id, now)
        except Exception as error:
            log_row_error(logger, "Reminders of practice", practice_id, error)
    return sent


@transaction.atomic
def _send_for(practice_id: Any, now: datetime) -> int:
    # One worker at a time for each practice: two would each send part of somebody's day. Bookings do not wait for it.
    lockable = Practice.objects.select_for_update(
        no_key=connection.features.has_select_for_no_key_update,
        skip_locked=connection.features.has_select_for_update_skip_locked,
    )
    practice = lockable.filter(pk=practice_id, suspended_at=None).first()
    if practice is None:
        return 0
    policy = ReminderPolicy.of(practice)
    planned = (
        Reminder.objects.select_for_update(of=("self",))
        .filter(appointment__practice=practice, state=PLANNED)
        .select_related("appointment__practice", "appointment__patient__practice", "appointment__holder")
        .select_related("appointment__agenda__practitioner", "appointment__visit_reason")
    )
    done: set[Any] = set()
    for one in planned.filter(due_at__lte=now).order_by("due_at", "id")[:BATCH]:
        if one.pk in done:
            continue
        if (later := _not_now(one, policy, now)) is not None:
            one.due_at, one.state = later, PLANNED if later > now else CANCELLED
            one.save(update_fields=["due_at", "state"])
            continue
        try:
            with transaction.atomic():
                done |= _send(one, planned, now)
        except Exception as error:
            log_row_error(logger, "Reminder", one.pk, error)
            one.due_at = now + AGAIN
            one.save(update_fields=["due_at"])
    return len(done)


def _send(one: Reminder, planned: QuerySet[Reminder], now: datetime) -> set[Any]:
    """Send a message about its appointment and those of the same people on that day. Returns the reminders it
    covers."""
    practice = one.appointment.practice
    day = timezone.localtime(one.appointment.starts_at, practice.zone).date()
    same_day = planned.filter(
        channel=one.channel,
        offset_hours=one.offset_hours,
        appointment__in=Appointment.objects.between_days(day, day + timedelta(days=1), practice).filter(
            status=AppointmentStatus.BOOKED, starts_at__gt=now
        ),
    )
    together = _of_the_same_people(one, list(same_day))
    by_appointment = {other.appointment_id: other for other in together}
    pair = Reminder.messages.through
    told = {other.pk for other in together}
    pair.objects.filter(reminder__in=told).delete()
    pairs = [
        pair(reminder=by_appointment[appointment.pk], message=message)
        for message, theirs in messages.remind(Channel(one.channel), [other.appointment for other in together])
        for appointment in theirs
    ]
    pair.objects.bulk_create(pairs)
    # If nobody can be reminded, nothing was sent.
    sent = {each.reminder_id for each in pairs}
    Reminder.objects.filter(pk__in=sent).update(state=SENT, sent_at=now)
    Reminder.objects.filter(pk__in=told - sent).update(state=CANCELLED)
    return told


def _not_now(one: Reminder, policy: ReminderPolicy, now: datetime) -> datetime | None:
    """A better time to send, after a delay (a worker was down); a past time means never. None: send now."""
    appointment = one.appointment
    if appointment.status != AppointmentStatus.BOOKED or appointment.starts_at <= now:
        return now
    if one.channel != Channel.SMS:
        return None
    polite = _polite(now, appointment, policy)
    return None if polite == now else polite


def _of_the_same_people(first: Reminder, same_day: Collection[Reminder]) -> list[Reminder]:
    """`first` and the other reminders to the same contacts on that day: one message for each of them."""
    channel = Channel(first.channel)
    together, contacts = [first], contacts_of(first.appointment, channel)
    rest = [one for one in same_day if one.pk != first.pk]
    while found := [one for one in rest if contacts_of(one.appointment, channel) & contacts]:
        together += found
        rest = [one for one in rest if one not in found]
        contacts = contacts.union(*(contacts_of(one.appointment, channel) for one in found))
    return sorted(together, key=lambda one: one.appointment.starts_at)
