"""Messages about appointments that did not arrive, and of which somebody at the practice still has to see to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.booking import check_may_change
from appointments.messages import TOPIC
from appointments.models import Appointment, Reminder
from audit.trail import record
from notifications.models import Message, MessageQuerySet, MessageState
from patients.models import Patient
from practices.models import Practice

_reminded = Reminder.messages.through


@dataclass(frozen=True)
class FailedNotice:
    """`appointment`: None where it was deleted. `patient`: None where the record went, too."""

    message: Message
    appointment: Appointment | None
    patient: Patient | None

    @property
    def is_of_an_account(self) -> bool:
        """Sent to the account that booked, at contacts that its holder alone changes."""
        holder = self.appointment.holder if self.appointment else None
        return holder is not None and self.message.to in (holder.email, holder.mobile)


def failed_notices(practices: QuerySet[Practice], *, since: datetime) -> MessageQuerySet:
    """That an appointment is taken, moved, changed or cancelled, or a reminder, of these practices: what failed since
    then, newest first."""
    here = Exists(Appointment.objects.filter(pk=OuterRef("about"), practice__in=practices))
    deleted = Exists(Patient.objects.filter(pk=OuterRef("about"), practice__in=practices))
    failed = Message.objects.filter(state=MessageState.FAILED, created_at__gte=since, about__isnull=False)
    found = failed.filter(_of_appointments()).filter(here | deleted)
    return found.order_by("-created_at", "-id")


def to_be_seen_to(notices: MessageQuerySet) -> MessageQuerySet:
    """Those of them of which nobody has heard otherwise: the appointment is still to come, or was deleted; no newer
    message of it went the same way; and staff have not said that it is done."""
    ahead = Exists(Appointment.objects.filter(pk=OuterRef("about"), starts_at__gt=timezone.now()))
    deleted = ~Exists(Appointment.objects.filter(pk=OuterRef("about")))
    newer = Message.objects.filter(
        about=OuterRef("about"), channel=OuterRef("channel"), to=OuterRef("to"), created_at__gt=OuterRef("created_at")
    ).filter(_of_appointments())
    return notices.filter(ahead | deleted, ~Exists(newer), settled_at=None)


def _of_appointments() -> Q:
    return Q(topic=TOPIC) | Q(Exists(_reminded.objects.filter(message=OuterRef("pk"))))


def with_their_appointments(messages: list[Message]) -> list[FailedNotice]:
    ids = [one.about for one in messages if one.about]
    related = Appointment.objects.select_related("patient", "practice", "holder", "agenda__practitioner")
    appointments = related.in_bulk(ids)
    patients = Patient.objects.select_related("practice").in_bulk(ids)
    found = []
    for message in messages:
        appointment = appointments.get(message.about) if message.about else None
        patient = appointment.patient if appointment else patients.get(message.about) if message.about else None
        found.append(FailedNotice(message, appointment, patient))
    return found


@transaction.atomic
def settle(*, message: Message, practice: Practice, by: User) -> None:
    """Somebody told the patient otherwise, or nothing is to be done. Twice changes nothing. Raises NotAllowed."""
    check_may_change(practice, by)
    locked = Message.objects.select_for_update().filter(pk=message.pk, settled_at=None).first()
    if locked is None:
        return
    locked.settled_at = timezone.now()
    locked.save(update_fields=["settled_at"])
    within = Appointment.objects.filter(pk__in=[locked.about]).values_list("pk", flat=True).first()
    record("message.settled", by=by, on=locked, practice=practice, within=within, detail={"channel": locked.channel})
