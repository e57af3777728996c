"""Requests and files follow their appointment and its recipient, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus
from audit.trail import record
from documents.models import DocumentRequest, ReceivedDocument
from documents.receiving import messages
from documents.receiving.asking import close
from files import storage
from patients.models import Patient


def follow_appointment(
    sender: type[Appointment], appointment: Appointment, fields: frozenset[str], by: User | None, **kwargs: Any
) -> None:
    """Cancelled: nothing is asked any more. An authorisation given or withdrawn: another recipient (signal
    `changed`)."""
    if "status" in fields and appointment.status == AppointmentStatus.CANCELLED:
        messages.call_off_all(appointment)
        for request in _open(appointment).select_for_update(of=("self",)):
            request.appointment = appointment
            close(request, by=by)
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
    files = ReceivedDocument.objects.select_for_update(of=("self",)).select_related("file")
    for received in files.filter(appointment__in=appointments):
        delete_received(received, by=by)
    DocumentRequest.objects.filter(appointment__in=appointments).delete()


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
    if _open(appointment).exists():
        messages.announce_anew(appointment, by=by)


def _open(appointment: Appointment) -> QuerySet[DocumentRequest]:
    return DocumentRequest.objects.open().filter(appointment=appointment).select_related("practice")


def _asked_of(appointments: QuerySet[Appointment]) -> list[Appointment]:
    open_ones = DocumentRequest.objects.open().values("appointment")
    parts = ("practice", "patient__practice", "holder", "agenda__practitioner")
    return list(appointments.filter(pk__in=open_ones).select_related(*parts))
