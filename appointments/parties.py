"""The recipients of messages about appointments, and whether a message would leave."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus, BookedFor
from appointments.quiet_hours import sms_time
from appointments.recipients import resolve
from notifications.causes import Cause
from notifications.models import Channel
from notifications.sms_limits import refusal


@dataclass(frozen=True)
class Party:
    """Somebody to notify, with the available contacts."""

    email: str | None
    mobile: str | None
    language: str
    is_holder: bool
    account: uuid.UUID | None = None  # gave these unproved contacts, so their SMS count for it

    def contact(self, channel: Channel) -> str | None:
        return self.email if channel == Channel.EMAIL else self.mobile

    def causes_sms(self, appointment: Appointment, by: User | None) -> tuple[uuid.UUID | None, bool]:
        """The account that its SMS count for, and whether that account acts for the practice."""
        account = self.account or (by.pk if by else None)
        return account, self.account is None and by != appointment.holder


@dataclass(frozen=True)
class Notice:
    """A message that would leave now; with `refused`, one that would not. `at`: when."""

    channel: Channel
    to: str
    to_booker: bool  # to an account that booked for somebody else
    at: datetime
    refused: Cause | None = None


def parties_of(appointment: Appointment) -> list[Party]:
    """The booker, if booked online; and the patient, if the contacts are the patient's own."""
    patient, holder = appointment.patient, appointment.holder
    parties = []
    if holder and holder.is_active:
        parties.append(Party(holder.email, holder.mobile, holder.language, is_holder=True))
    if patient_is_notified(appointment):
        own = resolve(appointment).contacts
        account = holder.pk if holder else None
        parties.append(Party(own.get("email"), own.get("mobile"), patient.language, is_holder=False, account=account))
    return parties


def patient_is_notified(appointment: Appointment) -> bool:
    return appointment.holder is None or appointment.booked_for == BookedFor.ADULT_RELATIVE


def contacts_of(appointment: Appointment, channel: Channel) -> frozenset[str]:
    """The contacts that a message about it goes to by this channel."""
    return frozenset(to for party in parties_of(appointment) if (to := party.contact(channel)))


def is_ahead(appointment: Appointment) -> bool:
    return appointment.starts_at > timezone.now()


def first_ahead(*times: datetime | None) -> datetime | None:
    """The first of these times that is to come. A message about both must arrive before it."""
    return min((at for at in times if at and at > timezone.now()), default=None)


def notices_of(appointment: Appointment, *, by: User, moving_to: datetime | None = None) -> list[Notice]:
    """The messages that would be planned if it were still to come and `by` moved, cancelled or deleted it now. None
    for a cancelled one. `moving_to`: the new start."""
    if appointment.status == AppointmentStatus.CANCELLED:
        return []
    at = sms_time(appointment.practice, about=first_ahead(appointment.starts_at, moving_to))
    notices = []
    for party in parties_of(appointment):
        to_booker = party.is_holder and appointment.booked_for != BookedFor.SELF
        if party.email:
            notices.append(Notice(Channel.EMAIL, party.email, to_booker, timezone.now()))
        if party.mobile:
            account, by_staff = party.causes_sms(appointment, by)
            refused = refusal(to=party.mobile, account=account, practice=appointment.practice_id, by_staff=by_staff)
            notices.append(Notice(Channel.SMS, party.mobile, to_booker, at, refused))
    return notices
