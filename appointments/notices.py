"""Failed messages about appointments that staff still have to handle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from appointments.booking import check_may_change
from appointments.models import Appointment, Reminder
from appointments.quiet_hours import TOPIC
from audit.trail import record
from notifications.causes import WRONG_CONTACT, Cause
from notifications.models import Message, MessageQuerySet, MessageState
from patients.models import Patient
from practices.models import Practice

_reminded = Reminder.messages.through


@dataclass(frozen=True)
class FailedNotice:
    """`appointment`: None if it was deleted. `patient`: None if the record was deleted, too."""

    message: Message
    appointment: Appointment | None
    patient: Patient | None

    @property
    def is_of_an_account(self) -> bool:
        """Whether it was sent to the account that booked, at contacts that only its holder can change."""
        holder = self.appointment.holder if self.appointment else None
        return holder is not None and self.message.to in (holder.email, holder.mobile)

    @property
    def contact_is_wrong(self) -> bool:
        """Its contact is why it did not arrive: another one would be reached."""
        return self.message.cause in (*WRONG_CONTACT, Cause.COUNTRY)


def failed_notices(practices: list[UUID], *, since: datetime) -> MessageQuerySet:
    """Failed messages of these practices since then (booked, moved, changed, cancelled, reminders), newest first."""
    here = Exists(Appointment.objects.filter(pk=OuterRef("about"), practice__in=practices))
    deleted = Exists(Patient.objects.filter(pk=OuterRef("about"), practice__in=practices))
    theirs = Q(practice__in=practices) | Q(practice=None)  # of the previous release
    failed = Message.objects.filter(theirs, state=MessageState.FAILED, created_at__gte=since, about__isnull=False)
    notices = failed.filter(about_appointments()).filter(here | deleted)
    return notices.order_by("-created_at", "-id")


def to_be_seen_to(notices: MessageQuerySet) -> MessageQuerySet:
    """Those that still need staff: the appointment is to come and no newer message about it used the same channel and
    contact, or it was deleted; and staff have not marked them as done.

    Messages of deleted appointments all belong to the record: a newer one does not replace another.
    """
    ahead = Exists(Appointment.objects.filter(pk=OuterRef("about"), starts_at__gt=timezone.now()))
    deleted = ~Exists(Appointment.objects.filter(pk=OuterRef("about")))
    newer = Message.objects.filter(
        about=OuterRef("about"), channel=OuterRef("channel"), to=OuterRef("to"), created_at__gt=OuterRef("created_at")
    ).filter(about_appointments())
    return notices.filter(Q(ahead, ~Exists(newer)) | Q(deleted), settled_at=None)


def about_appointments() -> Q:
    """Matches messages about appointments, including reminders."""
    return Q(topic=TOPIC) | Q(Exists(_reminded.objects.filter(message=OuterRef("pk"))))


def with_their_appointments(messages: list[Message]) -> list[FailedNotice]:
    ids = [one.about for one in messages if one.about]
    related = Appointment.objects.select_related("patient", "practice", "holder", "agenda__practitioner")
    appointments = related.in_bulk(ids)
    patients = Patient.objects.select_related("practice").in_bulk(ids)
    pairs = []
    for message in messages:
        appointment = appointments.get(message.about) if message.about else None
        patient = appointment.patient if appointment else patients.get(message.about) if message.about else None
        pairs.append(FailedNotice(message, appointment, patient))
    return pairs


@transaction.atomic
def settle(*, message: Message, practice: Practice, by: User) -> None:
    """Mark as done: somebody told the patient otherwise, or nothing is to be done. Twice changes nothing. Raises
    NotAllowed."""
    check_may_change(practice, by)
    locked = Message.objects.select_for_update().filter(pk=message.pk, settled_at=None).first()
    if locked is None:
        return
    locked.settled_at = timezone.now()
    locked.save(update_fields=["settled_at"])
    within = Appointment.objects.filter(pk__in=[locked.about]).values_list("pk", flat=True).first()
    record("message.settled", by=by, on=locked, practice=practice, within=within, detail={"channel": locked.channel})
