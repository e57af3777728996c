"""The tables of the archive for people and other software: one row of plain texts for each thing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Model, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, HolderAuthorisation
from audit.events import words_for_practice
from audit.models import AuditEvent
from documents.models import DocumentLink, DocumentRequest, LibraryVersion, ReceivedDocument, SharedDocument
from notifications.models import Message
from patients.models import Patient, RecordTie
from practices.models import Practice

BATCH = 500
Row = Sequence[str]
M = TypeVar("M", bound=Model)
YES = {True: "oui", False: "non"}


def tables_of(practice: Practice, messages: QuerySet[Message]) -> Iterator[tuple[str, Iterable[Row]]]:
    """Name and rows of each table, headings first. In French, like the spreadsheets that open them."""
    yield "patients", patients(practice)
    yield "appointments", _appointments(practice)
    yield "documents", _documents(practice)
    yield "requests", _requests(practice)
    yield "received", _received(practice)
    yield "library", _library(practice)
    yield "messages", _messages(practice, messages)
    yield "accesses", _accesses(practice)
    yield "activity", _activity(practice)


def as_objects(rows: Iterable[Row]) -> Iterator[bytes]:
    """The same table as a JSON array, one object a line."""
    each = iter(rows)
    headings = next(each)
    between = b"[\n"
    for row in each:
        yield between + json.dumps(dict(zip(headings, row, strict=True)), ensure_ascii=False).encode()
        between = b",\n"
    yield b"[]\n" if between == b"[\n" else b"\n]\n"


def patients(practice: Practice) -> Iterator[Row]:
    yield ("Identifiant", "Nom", "Prénom", "Date de naissance", "E-mail", "Mobile", "Langue", "Créée le", "Réunie à")
    for one in _each(Patient.every.filter(practice=practice)):
        yield (
            str(one.pk),
            one.last_name,
            one.first_name,
            _day(one.birth_date),
            one.email or "",
            one.mobile or "",
            one.language,
            _moment(one.created_at, practice.zone),
            str(one.merged_into_id or ""),
        )


def _appointments(practice: Practice) -> Iterator[Row]:
    yield (
        *("Identifiant", "Début", "Fin", "Patient", "Nom", "Prénom", "Agenda", "Motif", "Lieu", "État"),
        *("Réservé par", "Pour", "Créé le"),
    )
    rows = Appointment.objects.filter(practice=practice)
    for one in _each(rows.select_related("patient", "agenda", "visit_reason", "holder")):
        yield (
            str(one.pk),
            _moment(one.starts_at, practice.zone),
            _moment(one.ends_at, practice.zone),
            str(one.patient_id),
            one.patient.last_name,
            one.patient.first_name,
            one.agenda.name,
            one.visit_reason.name,
            one.get_kind_display(),
            one.get_status_display(),
            _name(one.holder) or "le cabinet",
            one.get_booked_for_display(),
            _moment(one.created_at, practice.zone),
        )


def _documents(practice: Practice) -> Iterator[Row]:
    yield (
        *(
            "Identifiant",
            "Titre",
            "Catégorie",
            "Partagé le",
            "Partagé par",
            "Destinataire",
            "Patient",
            "Nom",
            "Prénom",
        ),
        *("Rendez-vous", "Signé le", "Signé par", "Visible de son destinataire", "Lu le", "Nom du fichier", "Type"),
        *("Octets", "SHA-256"),
    )
    rows = SharedDocument.objects.filter(practice=practice)
    related = ("patient", "category", "file", "shared_by", "signed_by", "holder", "authorisation")
    for one in _each(rows.select_related(*related)):
        yield (
            str(one.pk),
            one.title,
            one.category.label_fr,
            _moment(one.shared_at, practice.zone),
            _name(one.shared_by) or "envoi automatique",
            _name(one.holder) or one.get_audience_display(),
            str(one.patient_id),
            one.patient.last_name,
            one.patient.first_name,
            str(one.appointment_id),
            _moment(one.signed_at, practice.zone),
            _name(one.signed_by),
            YES[one.has_readers],
            _moment(one.first_read_at, practice.zone),
            one.name,
            one.file.media_type,
            str(one.file.size),
            one.file.sha256,
        )


def _requests(practice: Practice) -> Iterator[Row]:
    yield (
        *("Identifiant", "Document demandé", "Précisions", "À envoyer avant", "État", "Phrase", "Demandé par"),
        *("Demandé le", "Rappelé le", "Clos le", "Rendez-vous", "Patient", "Nom", "Prénom"),
    )
    rows = DocumentRequest.objects.filter(practice=practice)
    for one in _each(rows.select_related("appointment__patient", "asked_by")):
        yield (
            str(one.pk),
            one.label,
            one.details,
            _moment(one.due_at, practice.zone),
            one.get_state_display(),
            one.sentence,
            _name(one.asked_by) or "une règle",
            _moment(one.asked_at, practice.zone),
            _moment(one.reminded_at, practice.zone),
            _moment(one.settled_at, practice.zone),
            str(one.appointment_id),
            *_patient(one.appointment),
        )


def _received(practice: Practice) -> Iterator[Row]:
    yield (
        *("Identifiant", "Demande", "Nom du fichier", "Envoyé par", "En tant que", "Reçu le", "Vu le", "État"),
        *(
            "Phrase",
            "Décidé par",
            "Décidé le",
            "Rendez-vous",
            "Patient",
            "Nom",
            "Prénom",
            "Type",
            "Octets",
            "SHA-256",
        ),
    )
    rows = ReceivedDocument.objects.filter(practice=practice)
    for one in _each(rows.select_related("appointment__patient", "file", "sent_by", "settled_by")):
        yield (
            str(one.pk),
            str(one.request_id or ""),
            one.name,
            _name(one.sent_by) or "un lien sans compte",
            one.get_sent_as_display(),
            _moment(one.received_at, practice.zone),
            _moment(one.seen_at, practice.zone),
            one.get_state_display(),
            one.sentence,
            _name(one.settled_by),
            _moment(one.settled_at, practice.zone),
            str(one.appointment_id),
            *_patient(one.appointment),
            one.file.media_type,
            str(one.file.size),
            one.file.sha256,
        )


def _patient(appointment: Appointment) -> tuple[str, str, str]:
    return str(appointment.patient_id), appointment.patient.last_name, appointment.patient.first_name


def _library(practice: Practice) -> Iterator[Row]:
    yield ("Document", "Titre", "Catégorie", "Version", "Du", "Par", "Archivé le", "Nom du fichier", "SHA-256")
    rows = LibraryVersion.objects.filter(document__practice=practice)
    for one in _each(rows.select_related("document__category", "file", "created_by")):
        yield (
            str(one.document_id),
            one.document.title,
            one.document.category.label_fr,
            str(one.number),
            _moment(one.created_at, practice.zone),
            _name(one.created_by),
            _moment(one.document.archived_at, practice.zone),
            one.name,
            one.file.sha256,
        )


def _messages(practice: Practice, messages: QuerySet[Message]) -> Iterator[Row]:
    yield ("Identifiant", "Par", "À", "Objet", "État", "Écrit le", "Parti le", "Remis le", "Erreur")
    for one in _each(messages.defer("body", "html", "calendar")):
        yield (
            str(one.pk),
            one.get_channel_display(),
            one.to,
            one.subject,
            one.get_state_display(),
            _moment(one.created_at, practice.zone),
            _moment(one.sent_at, practice.zone),
            _moment(one.delivered_at, practice.zone),
            one.last_error,
        )


def _accesses(practice: Practice) -> Iterator[Row]:
    """Who could see what; none of it opens anything elsewhere."""
    yield ("Accès", "Patient", "Rendez-vous", "À qui", "Depuis", "Suspendu le", "Terminé le")
    ties = RecordTie.objects.filter(patient__practice=practice).select_related("user")
    for tie in _each(ties):
        since, suspended, ended = (_moment(at, practice.zone) for at in (tie.tied_at, tie.suspended_at, tie.ended_at))
        kind = f"compte ({tie.get_relationship_display()})"
        yield kind, str(tie.patient_id), "", _name(tie.user), since, suspended, ended
    for one in _each(
        HolderAuthorisation.objects.filter(appointment__practice=practice).select_related("holder", "appointment")
    ):
        since, ended = _moment(one.authorised_at, practice.zone), _moment(one.withdrawn_at, practice.zone)
        kind = "refus" if one.refused else "autorisation du titulaire"
        yield kind, str(one.appointment.patient_id), str(one.appointment_id), _name(one.holder), since, "", ended
    for link in _each(DocumentLink.objects.filter(appointment__practice=practice).select_related("appointment")):
        since, ended = _moment(link.created_at, practice.zone), _moment(link.revoked_at, practice.zone)
        yield (
            "lien sans compte",
            str(link.appointment.patient_id),
            str(link.appointment_id),
            " ".join(filter(None, (link.email, link.mobile))),
            since,
            "",
            ended,
        )


def _activity(practice: Practice) -> Iterator[Row]:
    yield ("Le", "Action", "En mots", "Par", "Sur", "Identifiant", "Rendez-vous", "Détails")
    lines = AuditEvent.objects.filter(practice_id=practice.pk).order_by("id")
    batch: list[AuditEvent] = []
    for line in lines.iterator(chunk_size=BATCH):
        batch.append(line)
        if len(batch) == BATCH:
            yield from _lines(batch, practice.zone)
            batch = []
    yield from _lines(batch, practice.zone)


def _lines(batch: list[AuditEvent], zone: ZoneInfo) -> Iterator[Row]:
    people = User.objects.in_bulk({one.actor_id for one in batch if one.actor_id})
    for one in batch:
        yield (
            _moment(one.at, zone),
            one.action,
            words_for_practice(one.action),
            _name(people.get(one.actor_id)) if one.actor_id else "",
            one.object_type,
            str(one.object_id),
            str(one.record_id or ""),
            json.dumps(one.detail, ensure_ascii=False, sort_keys=True),
        )


def _each(rows: QuerySet[M]) -> Iterator[M]:
    return rows.order_by("pk").iterator(chunk_size=BATCH)


def _name(user: User | None) -> str:
    return user.get_full_name() if user else ""


def _day(day: date) -> str:
    return day.strftime("%d/%m/") + f"{day.year:04d}"


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    if at is None:
        return ""
    local = timezone.localtime(at, zone)
    return f"{_day(local.date())} {local:%H:%M}"
