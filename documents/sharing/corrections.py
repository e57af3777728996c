"""Ends accesses when a fact that they depend on changes (contacts, authorisation, birth date), in its transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments import reminders
from appointments.models import Appointment, AppointmentStatus, HolderAuthorisation
from appointments.redirection import redirect, redirect_holder
from audit.trail import record
from documents import messages
from documents.models import AutoSend, DocumentLink, SharedDocument
from documents.models.autosend import LinkEnd
from documents.models.receiving import WAITS_FOR_PATIENT
from documents.models.shared import AudienceChoice, SharedDocumentQuerySet
from documents.sending.autosend import resend
from documents.sending.links import LINK, end_links
from documents.sharing.chasing import resend_to_new_contacts
from notifications import outbox
from notifications.models import Message, MessageState
from patients.models import Patient


def follow_contacts(
    sender: type[Patient], patient: Patient, former: dict[str, str | None], by: User, **kwargs: Any
) -> None:
    """Close the links sent to the former contacts, and send new ones to the new contacts; redirect waiting messages,
    too (signal `contacts_changed`)."""
    _send_new_links(leave_contacts(patient=patient, former=former, by=by).of_use, by)


@dataclass(frozen=True)
class Left:
    """Ids of links: `ended` with the former contacts; `of_use`: those of appointments to come."""

    ended: list[uuid.UUID]
    of_use: list[uuid.UUID]


def leave_contacts(*, patient: Patient, former: Mapping[str, str | None], by: User) -> Left:
    """Close the links sent to the former contacts, and redirect waiting messages."""
    sent = Q(pk__in=[])
    for name, contact in former.items():
        if contact:
            sent |= Q(**{name: contact})
    dead = DocumentLink.objects.filter(sent, appointment__patient=patient, holder=None, revoked_at=None)
    left = Left(
        ended=[link.pk for link in dead],
        of_use=[link.pk for link in dead.filter(appointment__in=Appointment.objects.upcoming())],
    )
    end_links(dead, reason=LinkEnd.CONTACTS_CHANGED, by=by)
    theirs = SharedDocument.objects.filter(patient=patient, audience=AudienceChoice.PATIENT)
    waiting = _call_off(theirs, [contact for contact in former.values() if contact])
    reminders.part(patient.appointments.all(), contacts=[contact for contact in former.values() if contact])
    redirect(patient=patient, former=former)
    for document in waiting:
        _announce_anew(document, by)
    resend_to_new_contacts(patient=patient, former=[contact for contact in former.values() if contact], by=by)
    return left


def follow_account(sender: type[User], user: User, former: str, new: str, **kwargs: Any) -> None:
    """After a holder changed a contact of their account: close links sent to the former one, and redirect waiting
    messages to the new one (signal `account_contact_changed`)."""
    sent = Q(email__iexact=former) | Q(mobile=former)
    end_links(DocumentLink.objects.filter(sent, holder=user), reason=LinkEnd.CONTACTS_CHANGED, by=user)
    theirs = SharedDocument.objects.with_readers().filter(holder=user, audience=AudienceChoice.HOLDER)
    waiting = _call_off(theirs, [former])
    reminders.part(Appointment.objects.filter(holder=user), contacts=[former])
    redirect_holder(holder=user, former=former, new=new)
    for document in waiting:
        _announce_anew(document, user)


def follow_authorisation(
    sender: type[Appointment], appointments: Collection[Appointment], fields: frozenset[str], by: User, **kwargs: Any
) -> None:
    """Withdrawn: call off messages about documents that the holder no longer sees, and close links sent under the
    authorisation. Given again: the holder sees these documents again (signal `changed`)."""
    if "holder_authorisation" in fields:
        for one in appointments:
            _follow_authorisation(one, by)


def _follow_authorisation(appointment: Appointment, by: User) -> None:
    withdrawn = Q(authorisation__withdrawn_at__isnull=False)
    standing = appointment.holder_authorisations.filter(withdrawn_at=None).first()
    if standing is not None:
        _give_back(appointment.shared_documents.filter(withdrawn, holder=standing.holder_id), standing, by)
        return
    end_links(appointment.document_links.filter(withdrawn), reason=LinkEnd.AUTHORISATION_WITHDRAWN, by=by)
    messages.call_off(appointment.shared_documents.filter(withdrawn))


def follow_appointment(
    sender: type[Appointment],
    appointments: Collection[Appointment],
    fields: frozenset[str],
    by: User | None,
    **kwargs: Any,
) -> None:
    """After a move or a cancellation, waiting messages about its documents name a wrong day or practitioner. Rewrite
    them; call off those about automatic documents of a cancelled appointment (signal `changed`)."""
    if by is None or not fields & {"starts_at", "agenda", "status"}:
        return  # no user: an erasure, which handles the messages itself
    cancelled = {one.pk for one in appointments if one.status == AppointmentStatus.CANCELLED}
    for document in _call_off(SharedDocument.objects.filter(appointment__in=appointments)):
        if not (document.appointment_id in cancelled and hasattr(document, "auto_send")):
            _announce_anew(document, by)
    _announce_asked_anew(appointments, by, cancelled=cancelled)


def _announce_asked_anew(
    appointments: Collection[Appointment], by: User, *, cancelled: Collection[uuid.UUID]
) -> None:
    """Messages that only ask, as those about documents."""
    of_links = dict(DocumentLink.objects.filter(appointment__in=appointments).values_list("pk", "appointment"))
    waiting = Message.objects.filter(about__in=list(of_links), topic=LINK, state=MessageState.QUEUED)
    about = list(waiting.values_list("about", flat=True).distinct())
    outbox.call_off(waiting)
    _send_new_links([pk for pk in about if pk is not None and of_links[pk] not in cancelled], by)


def follow_birth_date(sender: type[Patient], patient: Patient, by: User, **kwargs: Any) -> None:
    """Judge documents shared with a minor's holder or guardian again by the new birth date: a booker for an adult
    loses them, a guardian of a minor gets them (signal `birth_date_changed`)."""
    turned = judge_minority(SharedDocument.objects.filter(patient=patient), by=by)
    if turned:
        record(
            "accesses.judged_anew",
            by=by,
            on=patient,
            practice=patient.practice_id,
            detail={"of_a_minor": turned.count(True), "of_an_adult": turned.count(False)},
        )


def judge_minority(documents: SharedDocumentQuerySet, *, by: User) -> list[bool]:
    """Set `patient_was_minor` by the current birth date of each document's record. End what a holder saw by minority
    alone, and give back what ended for that reason. Returns the new value of each document that turned."""
    turned: dict[bool, list[uuid.UUID]] = {True: [], False: []}
    locked = documents.select_related("patient__practice").select_for_update(of=("self",)).order_by("pk")
    pks = []
    for document in locked:
        pks.append(document.pk)
        day = timezone.localtime(document.shared_at, document.patient.practice.zone).date()
        if document.patient.is_minor_on(day) is not document.patient_was_minor:
            turned[not document.patient_was_minor].append(document.pk)
    for minor, those in turned.items():
        SharedDocument.objects.filter(pk__in=those).update(patient_was_minor=minor)
    held = SharedDocument.objects.filter(pk__in=pks, audience=AudienceChoice.HOLDER)
    _give_back_to_minors_holders(held, turned[True], by)
    _end_adults_holders(held, by)
    messages.call_off(held.filter(pk__in=turned[False]).exclude(pk__in=SharedDocument.objects.with_readers()))
    return [minor for minor, those in turned.items() for _ in those]


def _give_back_to_minors_holders(held: SharedDocumentQuerySet, turned: list[uuid.UUID], by: User) -> None:
    ended = held.filter(patient_was_minor=True, holder_ended_by_age=True)
    _record_each("document.holder_restored", ended, by)
    ended.update(holder_ended_at=None, holder_ended_by_age=False)
    announce_missed(held.filter(pk__in=turned), by)


def _end_adults_holders(held: SharedDocumentQuerySet, by: User) -> None:
    ended = held.filter(patient_was_minor=False, authorisation=None, holder_ended_at=None)
    _record_each("document.holder_ended", ended, by)
    ended.update(holder_ended_at=timezone.now(), holder_ended_by_age=True)


def _record_each(action: str, documents: SharedDocumentQuerySet, by: User) -> None:
    for document in documents.order_by("shared_at", "id"):
        record(
            action,
            by=by,
            on=document,
            practice=document.practice_id,
            within=document.appointment_id,
            detail={"account": str(document.holder_id)},
        )


def announce_missed(documents: SharedDocumentQuerySet, by: User) -> None:
    """Notify a holder who sees these documents again: of those that are unread and whose messages were all called off
    before they left."""
    messages_sent = SharedDocument.messages.through.objects.exclude(message__state=MessageState.CALLED_OFF)
    untold = (
        documents.with_readers().filter(first_read_at=None).exclude(pk__in=messages_sent.values("shareddocument"))
    )
    for document in _by_age(untold):
        _announce_anew(document, by)


def _give_back(documents: QuerySet[SharedDocument], authorisation: HolderAuthorisation, by: User) -> None:
    """Bind them to the new authorisation, and notify the holder of the unread ones. Links stay closed."""
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
    """Call off waiting messages to these contacts (None: to anybody) about these documents. Returns the documents
    they were about, oldest first."""
    queued = Message.objects.filter(state=MessageState.QUEUED)
    there = queued if contacts is None else queued.filter(to__in=contacts)
    announced = documents_of_one.filter(messages__in=there).distinct()
    documents = list(_by_age(announced))
    about = SharedDocument.messages.through.objects.filter(shareddocument__in=documents).values("message")
    outbox.call_off(queued.filter(pk__in=about))
    return documents


def _by_age(documents: QuerySet[SharedDocument]) -> QuerySet[SharedDocument]:
    """Oldest first, with the relations that announcing needs; the record in its current state, already saved."""
    related = documents.select_related("practice", "appointment__practice", "appointment__holder", "holder")
    related = related.select_related("appointment__agenda__practitioner", "appointment__patient")
    return related.select_related("auto_send", "patient__practice").order_by("shared_at", "id")


def _send_new_links(links: list[uuid.UUID], by: User) -> None:
    """For appointments to come: the intended recipient has not received the documents."""
    for link in links:
        # Sending one sends the others of its former link, too.
        of_use = Q(shared__isnull=False) | Q(request__state__in=WAITS_FOR_PATIENT)
        sending = AutoSend.objects.filter(of_use, link=link).order_by("rank").first()
        if sending is not None:
            resend(sending, by=by)


def _announce_anew(document: SharedDocument, by: User) -> None:
    document.appointment.patient = document.patient
    sending = getattr(document, "auto_send", None)
    if sending is not None:
        resend(sending, by=by)
    elif messages.can_be_notified(document):
        messages.announce(document, by=by)
