"""Requests and files follow their appointment and its recipient, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus
from audit.trail import record
from documents.models import AutoSend, DocumentRequest, PartialUpload, ReceivedDocument
from documents.receiving import automatic, messages
from documents.receiving.asking import close_all
from documents.receiving.uploaded import discard
from documents.sending.autosend import resend
from files import storage
from patients.models import Patient
from questionnaires.models import QuestionnaireResponse


def follow_appointment(
    sender: type[Appointment],
    appointments: Collection[Appointment],
    fields: frozenset[str],
    by: User | None,
    **kwargs: Any,
) -> None:
    """Cancelled: nothing is asked any more. An authorisation given or withdrawn: another recipient (signal
    `changed`)."""
    cancelled = [one for one in appointments if one.status == AppointmentStatus.CANCELLED]
    if "status" in fields and cancelled:
        messages.call_off_all(*cancelled)
        close_all(_open(*cancelled).select_for_update(of=("self",)).order_by("pk"), by=by)
    for one in appointments:
        _follow(one, fields, by)


def _follow(appointment: Appointment, fields: frozenset[str], by: User | None) -> None:
    if fields & {"starts_at", "agenda"}:
        automatic.follow_move(appointment, by=by)
        messages.call_off_reminders(_open(appointment).filter(reminded_at__isnull=False))
        _open(appointment).update(reminded_at=None)
    if "holder_authorisation" in fields:
        _tell_anew(appointment, by)


def follow_contacts(sender: type[Patient], patient: Patient, by: User, **kwargs: Any) -> None:
    """What waits goes to the new contacts, or to nobody; the new ones are told of what is still asked (signal
    `contacts_changed`)."""
    for appointment in _asked_of(Appointment.objects.filter(patient=patient)):
        _tell_anew(appointment, by)


def follow_account(sender: type[User], user: User, **kwargs: Any) -> None:
    """A holder changed a contact of their account (signal `account_contact_changed`)."""
    for appointment in _asked_of(Appointment.objects.filter(holder=user)):
        _tell_anew(appointment, user)


def delete_with_appointments(
    sender: type[Appointment], appointments: Collection[Appointment], by: User | None, **kwargs: Any
) -> None:
    """Before appointments are deleted: all that was asked and sent, rows and bytes (signal `deleting`)."""
    messages.call_off_all(*appointments)
    discard(PartialUpload.objects.filter(appointment__in=appointments))
    files = ReceivedDocument.objects.select_for_update(of=("self",)).select_related("file")
    for received in files.filter(appointment__in=appointments):
        delete_received(received, by=by)
    DocumentRequest.objects.filter(appointment__in=appointments).delete()
    delete_answers(QuestionnaireResponse.objects.filter(appointment__in=appointments), by=by)


def delete_answers(responses: QuerySet[QuestionnaireResponse], *, by: User | None) -> int:
    """Drafts too; the number of them. What asked for them is deleted already."""
    count = 0
    for response in responses.select_related("appointment"):
        practice, appointment = response.appointment.practice_id, response.appointment_id
        record("questionnaire.deleted", by=by, on=response, practice=practice, within=appointment)
        response.delete()
        count += 1
    return count


def delete_received(received: ReceivedDocument, *, by: User | None) -> None:
    """Delete a locked row now, and its bytes after the commit."""
    record(
        "received.deleted",
        by=by,
        on=received,
        practice=received.practice_id,
        within=received.appointment_id,
        detail={"sha256": received.file.sha256, "file": str(received.file_id)},
    )
    file = received.file
    received.delete()
    storage.purge(file)


def _tell_anew(appointment: Appointment, by: User | None) -> None:
    """What rules asked by a link that closed is asked by a new one, if the appointment is to come."""
    if not _open(appointment).exists():
        return
    messages.announce_anew(appointment, by=by)
    if by is None or appointment.starts_at <= timezone.now():
        return
    closed = AutoSend.objects.filter(request__in=_open(appointment), link__revoked_at__isnull=False)
    for sending in closed:
        sending.refresh_from_db()  # one that was sent with another has its new link
        if sending.link is not None and sending.link.revoked_at is not None:
            resend(sending, by=by)


def _open(*appointments: Appointment) -> QuerySet[DocumentRequest]:
    open_ones = DocumentRequest.objects.open().filter(appointment__in=appointments)
    return open_ones.select_related("practice", "auto_send__link")


def _asked_of(appointments: QuerySet[Appointment]) -> list[Appointment]:
    open_ones = DocumentRequest.objects.open().values("appointment")
    parts = ("practice", "patient__practice", "holder", "agenda__practitioner")
    return list(appointments.filter(pk__in=open_ones).select_related(*parts))
