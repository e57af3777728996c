"""Sends the message about a document again (*Relancer*), to today's contacts: by staff, or automatically while the
document is unread."""

from __future__ import annotations

import uuid
from collections.abc import Collection
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
from documents.models.shared import AudienceChoice, blocks, refused_for_good
from documents.sending import autosend
from documents.sharing import deliveries
from notifications.models import Channel, MessageState
from patients.models import Patient
from patients.records import FormerContacts, change_patient
from practices.roles import require_sharer

AGAIN = timedelta(hours=1)  # at most one message an hour to one contact, however often somebody clicks


class ChaseResult(StrEnum):
    SENT = "sent"
    WAITING = "waiting"  # the last message has not left yet
    RECENT = "recent"  # the last message is less than an hour old
    REFUSED = "refused"  # the contacts were refused: they must be changed first
    READ = "read"
    NOBODY = "nobody"  # a contact is missing, or an authorisation was withdrawn


@transaction.atomic
def chase(*, document: SharedDocument, by: User) -> ChaseResult:
    """Send the message again, to today's contacts. A second call changes nothing. Raises NotAllowed."""
    found = _locked_for_sharer(document, by)
    return _chase(found, by) if found else ChaseResult.NOBODY


@transaction.atomic
def correct_and_chase(
    *,
    document: SharedDocument,
    email: str | None,
    mobile: str | None,
    by: User,
    former_contacts: FormerContacts | None = None,
) -> ChaseResult:
    """Correct the record's contacts, which ends accesses by the former ones, and send the message to the new ones.

    Raises NotAllowed; ValidationError for invalid contacts; patients.records.FormerContactsUnclear.
    """
    found = _locked_for_sharer(document, by)
    if found is None:
        return ChaseResult.NOBODY
    waited = found.has_waiting_message
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
        if waited:
            write_down("document.chased", [found], list(Channel), by=by)
        return ChaseResult.SENT  # the correction itself sends what waited or failed, and a new link
    return _chase(found, by, though_read=True)  # the reader may have been the owner of the former contacts


def resend_to_new_contacts(*, patient: Patient, former: Collection[str], by: User) -> None:
    """Send the message again for unread documents whose last message failed at a corrected contact, by that channel,
    to today's contact. Runs in the transaction of the correction."""
    shared = SharedDocument.objects.filter(patient=patient, audience=AudienceChoice.PATIENT, auto_send=None)
    unheard = deliveries.unreached(shared, patient.practice_id).filter(
        messages__state=MessageState.FAILED, messages__to__in=former
    )
    related = unheard.select_related("practice", "patient__practice", "appointment__practice", "appointment__holder")
    messaged: set[uuid.UUID] = set()
    for document in related.select_related("appointment__patient").distinct().order_by("shared_at", "id"):
        failed = [one for one in document.newest_messages if one.state == MessageState.FAILED and one.to in former]
        channels = [
            channel for channel in _not_notified_recently(document) if channel in {one.channel for one in failed}
        ]
        if document.pk in messaged or not channels or not messages.can_be_notified(document):
            continue
        together = documents_of_one_message(document)
        messaged.update(one.pk for one in together)
        times = {Channel.EMAIL: timezone.now(), Channel.SMS: sms_time(document.practice)}
        messages.announce_again(together, due_at={channel: times[channel] for channel in channels}, by=by)
        write_down("document.chased", together, channels, by=by)


def locked_document(pk: uuid.UUID) -> SharedDocument | None:
    """The document, under the lock of its appointment, so that two clicks do not overlap. None if it was taken
    back."""
    for appointment in SharedDocument.objects.filter(pk=pk).values_list("appointment", flat=True):
        Appointment.objects.lock_first(appointment)
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


def _locked_for_sharer(document: SharedDocument, by: User) -> SharedDocument | None:
    require_sharer(by, document.practice)
    return locked_document(document.pk)


def _chase(document: SharedDocument, by: User, *, though_read: bool = False) -> ChaseResult:
    if document.first_read_at is not None and not though_read:
        return ChaseResult.READ
    if not document.has_readers:
        return ChaseResult.NOBODY
    sending = AutoSend.objects.filter(shared=document).first()
    channels = _not_notified_recently(document)
    if not channels:
        return _why_not(document)
    if sending is not None:
        return ChaseResult.SENT if autosend.send_again(sending=sending, by=by) else ChaseResult.NOBODY
    if not messages.can_be_notified(document):
        return ChaseResult.NOBODY
    together = documents_of_one_message(document)
    times = {Channel.EMAIL: timezone.now(), Channel.SMS: sms_time(document.practice)}
    messages.announce_again(together, due_at={channel: times[channel] for channel in channels}, by=by)
    write_down("document.chased", together, channels, by=by)
    return ChaseResult.SENT


def _why_not(document: SharedDocument) -> ChaseResult:
    if document.has_waiting_message:
        return ChaseResult.WAITING
    contacts = messages.contacts_of(document)
    last = document.newest_messages
    if any(refused_for_good(one, contacts.get(Channel(one.channel), "")) for one in last):
        return ChaseResult.REFUSED
    return ChaseResult.RECENT


def _not_notified_recently(document: SharedDocument) -> list[Channel]:
    """Channels with no waiting message, no message to this contact within the hour, and no refusal of the contact."""
    contacts, since = messages.contacts_of(document), timezone.now() - AGAIN
    lately = {
        (one.channel, one.to) for one in document.newest_messages if one.created_at > since or blocks(one, one.to)
    }
    return [channel for channel, to in contacts.items() if (channel.value, to) not in lately]


def documents_of_one_message(document: SharedDocument) -> list[SharedDocument]:
    """The document, and unread ones of the same recipient that one message covers with it: announced together with
    it, or never announced."""
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
    unheard = Q(pk__in=deliveries.unreached(alike, document.practice_id).values("pk"))
    others = alike.filter(announced_with_it | unheard).exclude(pk=document.pk).select_related("authorisation")
    return [document, *others.order_by("shared_at", "id")]


def write_down(action: str, documents: list[SharedDocument], channels: list[Channel], *, by: User | None) -> None:
    """Write one line of history for each document."""
    for document in documents:
        record(
            action,
            by=by,
            on=document,
            practice=document.practice_id,
            within=document.appointment_id,
            detail={"channels": [channel.value for channel in channels]},
        )
