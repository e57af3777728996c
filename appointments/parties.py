"""Whom messages about an appointment go to, and whether one would leave."""

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
    """Somebody to tell, by the contacts there are."""

    email: str | None
    mobile: str | None
    language: str
    is_holder: bool
    account: uuid.UUID | None = None  # that gave these contacts, which nobody has proved: their SMS count for it

    def contact(self, channel: Channel) -> str | None:
        return self.email if channel == Channel.EMAIL else self.mobile

    def causes_sms(self, appointment: Appointment, by: User | None) -> tuple[uuid.UUID | None, bool]:
        """The account that its SMS count for, and whether that account acts for the practice."""
        account = self.account or (by.pk if by else None)
        return account, self.account is None and by != appointment.holder


@dataclass(frozen=True)
class Notice:
    """One message that would leave now; with `refused`, one that would not. `at`: when."""

    channel: Channel
    to: str
    to_booker: bool  # to an account that booked for somebody else
    at: datetime
    refused: Cause | None = None


def parties_of(appointment: Appointment) -> list[Party]:
    """Whoever booked online; and the patient, where the contacts are the patient's own."""
    patient, holder = appointment.patient, appointment.holder
    parties = []
    if holder and holder.is_active:
        parties.append(Party(holder.email, holder.mobile, holder.language, is_holder=True))
    if tells_the_patient(appointment):
        own = resolve(appointment).contacts
        account = holder.pk if holder else None
        parties.append(Party(own.get("email"), own.get("mobile"), patient.language, is_holder=False, account=account))
    return parties


def tells_the_patient(appointment: Appointment) -> bool:
    return appointment.holder is None or appointment.booked_for == BookedFor.ADULT_RELATIVE


def contacts_of(appointment: Appointment, channel: Channel) -> frozenset[str]:
    """Where a message about it goes by this channel."""
    return frozenset(to for party in parties_of(appointment) if (to := party.contact(channel)))


def is_ahead(appointment: Appointment) -> bool:
    return appointment.starts_at > timezone.now()


def notices_of(appointment: Appointment, *, by: User) -> list[Notice]:
    """What would be planned if it were still to come, and `by` moved, cancelled or deleted it now. None for one that
    is cancelled."""
    if appointment.status == AppointmentStatus.CANCELLED:
        return []
    found = []
    for party in parties_of(appointment):
        to_booker = party.is_holder and appointment.booked_for != BookedFor.SELF
        if party.email:
            found.append(Notice(Channel.EMAIL, party.email, to_booker, timezone.now()))
        if party.mobile:
            account, by_staff = party.causes_sms(appointment, by)
            refused = refusal(to=party.mobile, account=account, practice=appointment.practice_id, by_staff=by_staff)
            at = sms_time(appointment.practice, about=appointment.starts_at)
            found.append(Notice(Channel.SMS, party.mobile, to_booker, at, refused))
    return found
