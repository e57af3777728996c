"""What ends when the fact it stood on changes: contacts, an authorisation, a birth date; in its transaction."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments import reminders
from appointments.messages import redirect, redirect_holder
from appointments.models import Appointment, AppointmentStatus, HolderAuthorisation
from audit.trail import record
from documents import messages
from documents.models import AutoSend, DocumentLink, SharedDocument
from documents.models.autosend import LinkEnd
from documents.models.shared import AudienceChoice, SharedDocumentQuerySet
from documents.sending.autosend import resend
from documents.sending.links import end_links
from notifications import outbox
from notifications.models import Message, MessageState
from patients.models import Patient


def follow_contacts(
    sender: type[Patient], patient: Patient, former: dict[str, str | None], by: User, **kwargs: Any
) -> None:
    """Links that were sent to the former contacts open nothing any more, and new ones go to the new contacts. So do
    messages that wait to go to the former ones (signal `contacts_changed`)."""
    sent = Q(pk__in=[])
    for name, contact in former.items():
        if contact:
            sent |= Q(**{name: contact})
    dead = DocumentLink.objects.filter(sent, appointment__patient=patient, holder=None, revoked_at=None)
    of_use = [link.pk for link in dead.filter(appointment__in=Appointment.objects.upcoming())]
    end_links(dead, reason=LinkEnd.CONTACTS_CHANGED, by=by)
    theirs = SharedDocument.objects.filter(patient=patient, audience=AudienceChoice.PATIENT)
    waiting = _call_off(theirs, [contact for contact in former.values() if contact])
    reminders.part(patient.appointments.all(), contacts=[contact for contact in former.values() if contact])
    redirect(patient=patient, former=former)
    for document in waiting:
        _announce_anew(document, by)
    _send_new_links(of_use, by)


def follow_account(sender: type[User], user: User, former: str, new: str, **kwargs: Any) -> None:
    """A holder changed a contact of their account: links that were sent to the former one open nothing any more, and
    what waits to go there goes to the new one (signal `account_contact_changed`)."""
    sent = Q(email__iexact=former) | Q(mobile=former)
    end_links(DocumentLink.objects.filter(sent, holder=user), reason=LinkEnd.CONTACTS_CHANGED, by=user)
    theirs = SharedDocument.objects.with_readers().filter(holder=user, audience=AudienceChoice.HOLDER)
    waiting = _call_off(theirs, [former])
    reminders.part(Appointment.objects.filter(holder=user), contacts=[former])
    redirect_holder(holder=user, former=former, new=new)
    for document in waiting:
        _announce_anew(document, user)


def follow_authorisation(
    sender: type[Appointment], appointment: Appointment, fields: frozenset[str], by: User, **kwargs: Any
) -> None:
    """Withdrawn: the holder is told no more of documents that the holder no longer sees, and links sent under the
    authorisation open nothing any more. Given anew: the holder sees these documents again (signal `changed`)."""
    if "holder_authorisation" not in fields:
        return
    withdrawn = Q(authorisation__withdrawn_at__isnull=False)
    standing = appointment.holder_authorisations.filter(withdrawn_at=None).first()
    if standing is not None:
        _give_back(appointment.shared_documents.filter(withdrawn, holder=standing.holder_id), standing, by)
        return
    end_links(appointment.document_links.filter(withdrawn), reason=LinkEnd.AUTHORISATION_WITHDRAWN, by=by)
    messages.call_off(appointment.shared_documents.filter(withdrawn))


def follow_appointment(
    sender: type[Appointment], appointment: Appointment, fields: frozenset[str], by: User | None, **kwargs: Any
) -> None:
    """Moved, or cancelled: what waits to tell of its documents names a day or a practitioner that is not true any
    more. It is told anew; an automatic document of a cancelled appointment is not (signal `changed`)."""
    if by is None or not fields & {"starts_at", "agenda", "status"}:
        return  # nobody: an erasure, which sees to the messages itself
    cancelled = appointment.status == AppointmentStatus.CANCELLED
    for document in _call_off(appointment.shared_documents.all()):
        if not (cancelled and hasattr(document, "auto_send")):
            _announce_anew(document, by)


def follow_birth_date(sender: type[Patient], patient: Patient, by: User, **kwargs: Any) -> None:
    """What was shared while the record said minor is judged by the birth date that it has now: whoever booked for an
    adult sees it no more, and a guardian of a minor does (signal `birth_date_changed`)."""
    turned: dict[bool, list[uuid.UUID]] = {True: [], False: []}
    shared = SharedDocument.objects.filter(patient=patient).select_for_update()
    for pk, at, was_minor in shared.values_list("pk", "shared_at", "patient_was_minor"):
        day = timezone.localtime(at, patient.practice.zone).date()
        if patient.is_minor_on(day) is not was_minor:
            turned[not was_minor].append(pk)
    if not (turned[True] or turned[False]):
        return
    for minor, documents in turned.items():
        SharedDocument.objects.filter(pk__in=documents).update(patient_was_minor=minor)
    held = SharedDocument.objects.filter(pk__in=turned[False], audience=AudienceChoice.HOLDER)
    messages.call_off(held.exclude(pk__in=SharedDocument.objects.with_readers()))
    announce_untold(SharedDocument.objects.filter(pk__in=turned[True], audience=AudienceChoice.HOLDER), by)
    record(
        "accesses.judged_anew",
        by=by,
        on=patient,
        practice=patient.practice_id,
        detail={"of_a_minor": len(turned[True]), "of_an_adult": len(turned[False])},
    )


def announce_untold(documents: SharedDocumentQuerySet, by: User) -> None:
    """The holder sees them again: of those that nobody read, and whose messages were all called off before they
    left, the holder is told."""
    told = SharedDocument.messages.through.objects.exclude(message__state=MessageState.CALLED_OFF)
    untold = documents.with_readers().filter(first_read_at=None).exclude(pk__in=told.values("shareddocument"))
    for document in _by_age(untold):
        _announce_anew(document, by)


def _give_back(documents: QuerySet[SharedDocument], authorisation: HolderAuthorisation, by: User) -> None:
    """They stand on the new authorisation; of those that nobody read, the holder is told. Links stay closed."""
    related = documents.select_related("practice", "appointment", "holder", "patient__practice")
    given = list(related.order_by("shared_at", "id"))
    for document in given:
        document.authorisation = authorisation
        document.save(update_fields=["authorisation"])
        record(
            "document.given_back",
            by=by,
            on=document,
            practice=document.practice_id,
            within=document.appointment_id,
            detail={"category": document.category_id, "audience": document.audience},
        )
        if document.first_read_at is None:
            messages.announce(document, by=by)


def _call_off(documents_of_one: QuerySet[SharedDocument], contacts: list[str] | None = None) -> list[SharedDocument]:
    """Call off what waits to tell one of these contacts (None: anybody) of these documents. The documents told of, by
    age."""
    queued = Message.objects.filter(state=MessageState.QUEUED)
    there = queued if contacts is None else queued.filter(to__in=contacts)
    told = documents_of_one.filter(messages__in=there).distinct()
    documents = list(_by_age(told))
    about = SharedDocument.messages.through.objects.filter(shareddocument__in=documents).values("message")
    outbox.call_off(queued.filter(pk__in=about))
    return documents


def _by_age(documents: QuerySet[SharedDocument]) -> QuerySet[SharedDocument]:
    """Oldest first, with all that announcing them asks for; the record as it is now, for the change is saved."""
    related = documents.select_related("practice", "appointment__practice", "appointment__holder", "holder")
    related = related.select_related("appointment__agenda__practitioner", "appointment__patient")
    return related.select_related("auto_send", "patient__practice").order_by("shared_at", "id")


def _send_new_links(links: list[uuid.UUID], by: User) -> None:
    """For appointments to come: whoever the documents were meant for has not had them."""
    for link in links:
        # One sending takes the others of its former link along.
        sending = AutoSend.objects.filter(link=link, shared__isnull=False).first()
        if sending is not None:
            resend(sending, by=by)


def _announce_anew(document: SharedDocument, by: User) -> None:
    document.appointment.patient = document.patient
    sending = getattr(document, "auto_send", None)
    if sending is not None:
        resend(sending, by=by)
    elif messages.may_be_told(document):
        messages.announce(document, by=by)
