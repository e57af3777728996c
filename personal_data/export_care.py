"""The export of a person's records: appointments, documents, consents, and the messages sent to the person."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from appointments.models import Appointment, AppointmentStatus, HolderAuthorisation, HolderExclusion
from documents.models import Consent, DocumentLink, ReceivedDocument, SharedDocument
from notifications.models import Channel, Message, MessageState
from patients.models import Invitation, RecordTie, Relationship
from personal_data.erase_messages import messages_to
from personal_data.fhir import Resource, instant, period, reference, resource, staff, text
from personal_data.people import Person
from questionnaires.answering import resource_of
from questionnaires.models import QuestionnaireResponse, ResponseState


def documents_of(person: Person) -> QuerySet[SharedDocument]:
    """Documents of the person's own records, whoever received them; not documents that they received about others."""
    documents = SharedDocument.objects.filter(patient__in=[one.pk for one in person.records])
    return documents.select_related("practice", "file", "category", "shared_by", "signed_by").order_by(
        "shared_at", "pk"
    )


def received_of(person: Person) -> QuerySet[ReceivedDocument]:
    """What anybody sent to practices for the person's own records."""
    received = ReceivedDocument.objects.filter(appointment__patient__in=[one.pk for one in person.records])
    return received.select_related("practice", "file", "appointment").order_by("received_at", "pk")


def resources(person: Person, paths: Mapping[uuid.UUID, str]) -> Iterator[Resource]:
    """`paths`: where each document's bytes are in the export."""
    for appointment in _appointments(person):
        yield _appointment(appointment, person)
    for response in _responses(person):
        yield resource_of(response)
    for document in documents_of(person):
        yield _document(document, paths[document.pk])
        if document.signatures:
            yield _signatures(document)
    for received in received_of(person):
        yield _received(received, paths[received.pk])
    yield from _consents(person)
    yield from _signed(person)
    for message in messages_to(person, person.contacts()).order_by("created_at", "pk"):
        yield _communication(message)


def _appointments(person: Person) -> QuerySet[Appointment]:
    theirs = Q(patient__in=[one.pk for one in person.records])
    if person.account:
        theirs |= Q(holder=person.account)
    return (
        Appointment.objects.filter(theirs).select_related("practice", "agenda", "visit_reason").order_by("starts_at")
    )


def _responses(person: Person) -> QuerySet[QuestionnaireResponse]:
    """What the person, or somebody for the person, answered to questionnaires; not what they answered for others, nor
    what somebody else has not sent yet."""
    responses = QuestionnaireResponse.objects.filter(appointment__patient__in=[one.pk for one in person.records])
    responses = responses.exclude(~Q(author=person.account), state=ResponseState.IN_PROGRESS)
    return responses.select_related("appointment", "author").order_by("created_at", "pk")


def _appointment(appointment: Appointment, person: Person) -> Resource:
    """An appointment; for one booked for a relative only time and place, because the reason is the relative's
    data."""
    own = appointment.patient_id in {one.pk for one in person.records}
    patient = reference("Patient", appointment.patient_id) if own else {"display": _("un proche")}
    cancelled = appointment.status == AppointmentStatus.CANCELLED
    return resource(
        "Appointment",
        appointment.pk,
        status="cancelled" if cancelled else "booked",
        start=instant(appointment.starts_at),
        end=instant(appointment.ends_at),
        created=instant(appointment.created_at),
        serviceType=[text(appointment.visit_reason.name)] if own else [],
        appointmentType=text(appointment.get_kind_display()),
        comment=_("réservé en ligne") if appointment.holder_id else _("réservé par le cabinet"),
        participant=[
            {"actor": patient, "status": "accepted"},
            {"actor": {"display": f"{appointment.agenda.name}, {appointment.practice}"}, "status": "accepted"},
        ],
    )


def _document(document: SharedDocument, path: str) -> Resource:
    return resource(
        "DocumentReference",
        document.pk,
        status="current",
        type=text(document.category.label),
        subject=reference("Patient", document.patient_id),
        date=instant(document.shared_at),
        description=document.title,
        author=[{"display": staff(document.shared_by, document.practice, named=True)}],
        custodian=reference("Organization", document.practice_id, document.practice),
        content=[
            {
                "attachment": {
                    "contentType": document.file.media_type,
                    "url": path,
                    "size": document.file.size,
                    "title": document.name,
                    "creation": instant(document.replaced_at or document.shared_at),
                }
            }
        ],
        context={"related": [reference("Appointment", document.appointment_id)]},
    )


def _received(received: ReceivedDocument, path: str) -> Resource:
    """What was sent to a practice for one of the person's records, by whomever."""
    return resource(
        "DocumentReference",
        received.pk,
        status="current",
        type=text(_("document envoyé au cabinet")),
        subject=reference("Patient", received.appointment.patient_id),
        date=instant(received.received_at),
        description=received.name,
        custodian=reference("Organization", received.practice_id, received.practice),
        content=[
            {
                "attachment": {
                    "contentType": received.file.media_type,
                    "url": path,
                    "size": received.file.size,
                    "title": received.name,
                    "creation": instant(received.received_at),
                }
            }
        ],
        context={"related": [reference("Appointment", received.appointment_id)]},
    )


def _signatures(document: SharedDocument) -> Resource:
    """Every signature in the file, as judged at the time of sharing."""
    signer = document.signed_by.get_full_name() if document.signed_by else ""
    judged = [str(one.get("signer") or one.get("judgement") or "") for one in document.signatures]
    return resource(
        "Provenance",
        uuid.uuid5(document.pk, "signatures"),
        target=[reference("DocumentReference", document.pk)],
        recorded=instant(document.signed_at or document.shared_at),
        agent=[{"who": {"display": one}} for one in ([signer] if signer else judged) if one]
        or [{"who": {"display": _("signataire inconnu")}}],
    )


def _consents(person: Person) -> Iterator[Resource]:
    """Consents and grounds of access: ties, invitations, authorisations, links."""
    records, contacts = [one.pk for one in person.records], person.contacts()
    ties = Q(patient__in=records, relationship="self")
    if person.account:
        ties |= Q(user=person.account)
    for tie in RecordTie.objects.filter(ties).select_related("patient__practice"):
        own = tie.patient_id in records or tie.relationship == Relationship.SELF
        proved = [tie.proved_email, tie.proved_mobile] if person.account and tie.user_id == person.account.pk else []
        words = _("compte relié à sa fiche") if own else _("compte relié à la fiche d’un proche, comme responsable")
        yield _consent(
            tie.pk, words, tie.tied_at, tie.ended_at, [str(tie.patient.practice), *(one for one in proved if own)]
        )
    for invitation in Invitation.objects.filter(patient__in=records).select_related("patient__practice"):
        ended = invitation.ended_at
        words = _("invitation à relier un compte")
        yield _consent(
            invitation.pk, words, invitation.created_at, ended, [str(invitation.patient.practice), invitation.end]
        )
    authorisations = HolderAuthorisation.objects.filter(appointment__patient__in=records)
    for one in authorisations.select_related("authorised_by", "appointment__practice"):
        words = _("refus, à qui a réservé") if one.refused else _("autorisation de recevoir, à qui a réservé")
        by = staff(one.authorised_by, one.appointment.practice, named=True)
        yield _consent(one.pk, words, one.authorised_at, one.withdrawn_at, [by])
    for exclusion in HolderExclusion.objects.filter(patient__in=records).select_related(
        "excluded_by", "patient__practice"
    ):
        words = _("accès retiré, à qui a réservé")
        by = staff(exclusion.excluded_by, exclusion.patient.practice, named=True)
        yield _consent(exclusion.pk, words, exclusion.excluded_at, None, [by])
    links = DocumentLink.objects.filter(appointment__patient__in=records).select_related("appointment__practice")
    for link in links:
        words = _("lien sans compte, vers des documents")
        sent = [one for one in (link.email, link.mobile) if one and one.lower() in contacts]
        yield _consent(link.pk, words, link.created_at, link.revoked_at, [str(link.appointment.practice), *sent])


def _signed(person: Person) -> Iterator[Resource]:
    """What the person, or somebody for the person, was asked to sign; and what the person signed for others."""
    theirs = Q(document__patient__in=[one.pk for one in person.records])
    if person.account:
        theirs |= Q(settled_by=person.account)
    for consent in Consent.objects.filter(theirs).select_related("practice").order_by("asked_at", "pk"):
        notes = [str(consent.practice), consent.get_settled_as_display(), consent.signer_name, *consent.sentences]
        proof = _("preuve %(challenge)s") % {"challenge": consent.challenge} if consent.challenge else ""
        yield _consent(
            consent.pk,
            _("signature d’un document : %(state)s") % {"state": consent.get_state_display()},
            consent.settled_at or consent.asked_at,
            consent.withdrawn_at,
            [*notes, consent.get_means_display(), proof, consent.read_sha256, consent.sentence],
        )


def _consent(pk: object, words: str, since: datetime, ended: datetime | None, notes: list[str]) -> Resource:
    return resource(
        "Consent",
        str(pk),
        status="inactive" if ended else "active",
        scope=text("patient-privacy"),
        category=[text(words)],
        dateTime=instant(since),
        policyRule=text("; ".join(one for one in notes if one)),
        provision={"period": period(since, ended)},
    )


def _communication(message: Message) -> Resource:
    states = {
        MessageState.QUEUED: "preparation",
        MessageState.FAILED: "stopped",
        MessageState.CALLED_OFF: "not-done",
    }
    return resource(
        "Communication",
        message.pk,
        status=states.get(MessageState(message.state), "completed"),
        medium=[text(Channel(message.channel).label)],
        topic=text(message.subject) if message.subject else None,
        sent=instant(message.sent_at or message.created_at),
        received=instant(message.delivered_at),
        recipient=[{"display": message.to}],
    )
