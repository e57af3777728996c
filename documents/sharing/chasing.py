"""The message about a document once more (*Relancer*), to today's contacts: by staff, or by itself where a document
stays unread.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from appointments.quiet_hours import sms_time
from audit.trail import record
from documents import messages
from documents.models import AutoSend, SharedDocument
from documents.models.shared import blocks, refused_for_good
from documents.sending import autosend
from documents.sharing import deliveries
from notifications.models import Channel, MessageState
from patients.records import FormerContacts, change_patient
from practices.roles import require_sharer

AGAIN = timedelta(hours=1)  # one message an hour to one contact, however often somebody clicks


class Chased(StrEnum):
    SENT = "sent"
    WAITING = "waiting"  # the last message has not left yet
    RECENT = "recent"  # the last message is less than an hour old
    REFUSED = "refused"  # the contacts were refused: they must be changed first
    READ = "read"
    NOBODY = "nobody"  # a contact is missing, or an authorisation was withdrawn


@transaction.atomic
def chase(*, document: SharedDocument, by: User) -> Chased:
    """The message again, to today's contacts. Twice does nothing. Raises NotAllowed."""
    found = _found(document, by)
    return _chase(found, by) if found else Chased.NOBODY


@transaction.atomic
def correct_and_chase(
    *,
    document: SharedDocument,
    email: str | None,
    mobile: str | None,
    by: User,
    former_contacts: FormerContacts | None = None,
) -> Chased:
    """Correct the record's contacts, which ends what stood on the former ones, and send the message to the new ones.

    Raises NotAllowed; ValidationError for contacts that can't be; patients.records.SayWhoseContacts.
    """
    found = _found(document, by)
    if found is None:
        return Chased.NOBODY
    found.patient = change_patient(
        patient=found.patient,
        by=by,
        within=found.appointment_id,
        tells=True,
        former_contacts=former_contacts,
        email=email,
        mobile=mobile,
    )
    found.appointment.patient = found.patient
    if found.messages.filter(state=MessageState.QUEUED, to__in=messages.contacts_of(found).values()).exists():
        write_down("document.chased", [found], list(Channel), by=by)
        return Chased.SENT  # the correction itself sends what waited, and a new link
    return _chase(found, by, though_read=True)  # whoever read it had the former contacts


def locked_document(pk: uuid.UUID) -> SharedDocument | None:
    """Under the lock of its appointment: two clicks come one after the other. None where it was taken back."""
    lockable = Appointment.objects.select_for_update(of=("self", "patient")).select_related("patient")
    if lockable.filter(shared_documents=pk).first() is None:
        return None
    return (
        SharedDocument.objects.select_for_update(of=("self",))
        .select_related("practice", "patient__practice", "holder", "authorisation")
        .select_related("appointment__practice", "appointment__patient__practice", "appointment__holder")
        .filter(pk=pk)
        .first()
    )


def _found(document: SharedDocument, by: User) -> SharedDocument | None:
    require_sharer(by, document.practice)
    return locked_document(document.pk)


def _chase(document: SharedDocument, by: User, *, though_read: bool = False) -> Chased:
    if document.first_read_at is not None and not though_read:
        return Chased.READ
    if not document.has_readers:
        return Chased.NOBODY
    sending = AutoSend.objects.filter(shared=document).first()
    channels = _not_told_lately(document)
    if not channels:
        return _why_not(document)
    if sending is not None:
        return Chased.SENT if autosend.send_again(sending=sending, by=by) else Chased.NOBODY
    if not messages.may_be_told(document):
        return Chased.NOBODY
    together = told_together(document)
    times = {Channel.EMAIL: timezone.now(), Channel.SMS: sms_time(document.practice)}
    messages.announce_again(together, due_at={channel: times[channel] for channel in channels}, by=by)
    write_down("document.chased", together, channels, by=by)
    return Chased.SENT


def _why_not(document: SharedDocument) -> Chased:
    if document.is_being_told:
        return Chased.WAITING
    contacts = messages.contacts_of(document)
    last = document.newest_messages
    if any(refused_for_good(one, contacts.get(Channel(one.channel), "")) for one in last):
        return Chased.REFUSED
    return Chased.RECENT


def _not_told_lately(document: SharedDocument) -> list[Channel]:
    """Channels by which nothing waits, nothing was said to this contact within the hour, and it was not refused."""
    contacts, since = messages.contacts_of(document), timezone.now() - AGAIN
    lately = {
        (one.channel, one.to) for one in document.newest_messages if one.created_at > since or blocks(one, one.to)
    }
    return [channel for channel, to in contacts.items() if (channel.value, to) not in lately]


def told_together(document: SharedDocument) -> list[SharedDocument]:
    """The document, and what one message tells of with it: unread ones of the same recipient that were announced
    with it, or of which the recipient never heard."""
    alike = SharedDocument.objects.filter(
        practice=document.practice_id,
        patient=document.patient_id,
        audience=document.audience,
        holder=document.holder_id,
        first_read_at=None,
        auto_send=None,
    ).with_readers()
    known = SharedDocument.messages.through.objects.filter(message__in=document.messages.all())
    announced_with_it = Q(pk__in=known.values("shareddocument"))
    unheard = Q(pk__in=deliveries.unheard(alike).values("pk"))
    others = alike.filter(announced_with_it | unheard).exclude(pk=document.pk).select_related("authorisation")
    return [document, *others.order_by("shared_at", "id")]


def write_down(action: str, documents: list[SharedDocument], channels: list[Channel], *, by: User | None) -> None:
    """One line of history for each."""
    for document in documents:
        record(
            action,
            by=by,
            on=document,
            practice=document.practice_id,
            within=document.appointment_id,
            detail={"channels": [channel.value for channel in channels]},
        )
