"""What happened around a patient, newest first: appointments and their moves, documents, messages, readings."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from django.db.models import Q, QuerySet

from appointments.models import Appointment
from audit.models import AuditEvent
from documents.models import (
    Consent,
    DocumentLink,
    DocumentReading,
    DocumentRequest,
    ReceivedDocument,
    SharedDocument,
)
from notifications.models import Message, MessageState
from patients.models import Patient
from questionnaires.comparing import completed_of

SHOWN = 50


class EntryKind(IntEnum):
    """In the order of entries of the same moment."""

    READING = 1
    MESSAGE = 2
    DOCUMENT = 3
    APPOINTMENT = 4
    MOVE = 5
    ANSWERS = 6
    REQUEST = 7
    RECEIVED = 8
    SIGNATURE_ASKED = 9
    SIGNATURE_SETTLED = 10
    CONSENT_WITHDRAWN = 11


@dataclass(frozen=True)
class Entry:
    at: datetime
    kind: EntryKind
    # Appointment, SharedDocument, Message, DocumentReading, QuestionnaireResponse, DocumentRequest, ReceivedDocument,
    # Consent, or the AuditEvent of a move
    what: Any

    @property
    def position(self) -> Position:
        return Position(self.at, self.kind, str(self.what.pk))


@dataclass(frozen=True)
class Position:
    """An entry's place: where the next page begins after."""

    at: datetime
    kind: int
    pk: str

    def written(self) -> str:
        return f"{self.at.isoformat()}/{self.kind}/{self.pk}"

    @classmethod
    def read(cls, written: str) -> Position:
        """Raises ValueError."""
        at, kind, pk = written.split("/")
        position = cls(datetime.fromisoformat(at), EntryKind(int(kind)), pk)
        if position.at.tzinfo is None:
            raise ValueError("A position has an offset.")
        _key(position)
        return position


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    after: Position | None  # None: the last page


def timeline(patient: Patient, *, after: Position | None = None) -> Page:
    """By keyset over time, kind and id: nothing is lost or repeated, whatever is added meanwhile. Eleven
    queries, each of at most SHOWN rows, and six of ids."""
    found: list[Entry] = []
    for kind, rows, field in _sources(patient):
        page = _after(rows, kind, field, after).order_by(f"-{field}", "-pk")[: SHOWN + 1]
        found += [Entry(getattr(one, field), kind, one) for one in page]
    for one in found:
        if isinstance(one.what, Appointment):
            one.what.patient = patient  # the words of each ask for it
    found.sort(key=lambda one: (one.at, -one.kind, _sortable(one.what.pk)), reverse=True)
    entries = found[:SHOWN]
    return Page(entries, entries[-1].position if len(found) > SHOWN else None)


Source = tuple[EntryKind, QuerySet[Any], str]


def _sources(patient: Patient) -> Sequence[Source]:
    documents = SharedDocument.objects.filter(patient=patient)
    appointments = list(patient.appointments.values_list("pk", flat=True))
    readings = DocumentReading.objects.filter(document__patient=patient, as_staff=False)
    consents = _consents_of(patient)
    return (
        (EntryKind.READING, readings.select_related("document", "reader"), "at"),
        (EntryKind.MESSAGE, _messages_of(patient, appointments, consents), "created_at"),
        (EntryKind.DOCUMENT, documents.select_related("category", "appointment", "shared_by"), "shared_at"),
        (
            EntryKind.APPOINTMENT,
            Appointment.objects.filter(patient=patient).select_related("practice", "visit_reason", "agenda"),
            "starts_at",
        ),
        (EntryKind.MOVE, _moves_of(appointments), "at"),
        (EntryKind.ANSWERS, completed_of(patient).defer("answers"), "completed_at"),
        (EntryKind.REQUEST, DocumentRequest.objects.filter(appointment__in=appointments), "asked_at"),
        (
            EntryKind.RECEIVED,
            ReceivedDocument.objects.filter(appointment__in=appointments).select_related("request", "sent_by"),
            "received_at",
        ),
        (EntryKind.SIGNATURE_ASKED, consents, "asked_at"),
        (EntryKind.SIGNATURE_SETTLED, consents.filter(settled_at__isnull=False), "settled_at"),
        (EntryKind.CONSENT_WITHDRAWN, consents.filter(withdrawn_at__isnull=False), "withdrawn_at"),
    )


def _consents_of(patient: Patient) -> QuerySet[Consent]:
    """Most records have none: then nothing else is asked of the database."""
    ids = list(Consent.objects.filter(document__patient=patient).values_list("pk", flat=True))
    return Consent.objects.filter(pk__in=ids).select_related("document") if ids else Consent.objects.none()


def _moves_of(appointments: list[uuid.UUID]) -> QuerySet[AuditEvent]:
    """To another time; not those that were undone within seconds."""
    lines = AuditEvent.objects.filter(record_id__in=appointments)
    undone = lines.filter(action="appointment.move_undone").values_list("detail__undoes", flat=True)
    moves = lines.filter(action="appointment.moved", detail__has_key="starts_at_before")
    return moves.exclude(pk__in=moves.filter(detail__act__in=list(undone)).values("pk"))


def _messages_of(patient: Patient, appointments: list[uuid.UUID], consents: QuerySet[Consent]) -> QuerySet[Message]:
    """About the patient's appointments, documents and invitations; not those that were called off."""
    invitations = patient.invitations.values_list("pk", flat=True)
    told = SharedDocument.messages.through.objects.filter(shareddocument__patient=patient)
    requests = DocumentRequest.objects.filter(appointment__in=appointments).values_list("pk", flat=True)
    links = DocumentLink.objects.filter(appointment__in=appointments).values_list("pk", flat=True)
    signatures = consents.values_list("pk", flat=True)
    about = Q(about__in=[patient.pk, *appointments, *invitations, *requests, *links, *signatures])
    return Message.objects.filter(about | Q(pk__in=list(told.values_list("message", flat=True)))).exclude(
        state=MessageState.CALLED_OFF
    )


def _after(rows: QuerySet[Any], kind: EntryKind, field: str, after: Position | None) -> QuerySet[Any]:
    if after is None:
        return rows
    earlier = Q((f"{field}__lt", after.at))
    if kind > after.kind:
        return rows.filter(Q((f"{field}__lte", after.at)))
    if kind == after.kind:
        return rows.filter(earlier | Q((field, after.at), ("pk__lt", _key(after))))
    return rows.filter(earlier)


def _key(position: Position) -> int | uuid.UUID:
    """Raises ValueError."""
    is_number = position.kind in (EntryKind.READING, EntryKind.MOVE)
    return int(position.pk) if is_number else uuid.UUID(position.pk)


def _sortable(pk: Any) -> int:
    """Ids are compared with those of the same kind only. PostgreSQL compares UUIDs as numbers, SQLite as their
    hexadecimal digits: the order is the same."""
    return pk.int if isinstance(pk, uuid.UUID) else pk
