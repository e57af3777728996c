"""What happened around a patient, newest first: appointments and their moves, documents, messages, readings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

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
from patients.models import Invitation, Patient
from questionnaires.comparing import completed_of
from questionnaires.fhir.values import is_on_every_clock
from questionnaires.models import QuestionnaireResponse
from schema.composed import composed_once

SHOWN = 50
Acts = frozenset[str]
Facts = UUID | tuple[UUID, ...] | Acts  # what the rows of a kind depend on


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
        if position.at.tzinfo is None or not is_on_every_clock(position.at):
            raise ValueError("A position has an offset, and a year on every clock.")
        _key(position)
        return position


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    after: Position | None  # None: the last page


def timeline(patient: Patient, *, after: Position | None = None) -> Page:
    """By keyset over time, kind and id: nothing is lost or repeated, whatever is added meanwhile. Eleven
    queries, each of at most SHOWN rows, and six of ids."""
    found = [entry for kind, of in _asked_for(patient) for entry in SOURCES[kind].entries(after, *of)]
    found.sort(key=lambda one: (one.at, -one.kind, _sortable(one.what.pk)), reverse=True)
    entries = found[:SHOWN]
    return Page(entries, entries[-1].position if len(found) > SHOWN else None)


class Source:
    """The entries of one kind. `rows`: of what they depend on; `field`: when each happened."""

    def __init__(self, kind: EntryKind, field: str, rows: Callable[..., QuerySet[Any]]) -> None:
        self._kind, self._field, self._rows = kind, field, rows
        self._newest = composed_once(self._of_first_page)

    def entries(self, after: Position | None, *of: Facts) -> list[Entry]:
        """At most one more than SHOWN, newest first."""
        has_acts = any(isinstance(one, frozenset) and one for one in of)  # within JSON: no parameters of a query
        if after is None and not has_acts:
            rows = self._newest(SHOWN, *of)
        else:
            rows = list(self._page(_after(self._rows(*of), self._kind, self._field, after), SHOWN))
        return [Entry(getattr(one, self._field), self._kind, one) for one in rows]

    def _of_first_page(self, shown: int, *of: Facts) -> QuerySet[Any]:
        return self._page(self._rows(*of), shown)

    def _page(self, rows: QuerySet[Any], shown: int) -> QuerySet[Any]:
        return rows.order_by(f"-{self._field}", "-pk")[: shown + 1]


def _asked_for(patient: Patient) -> Iterator[tuple[EntryKind, tuple[Facts, ...]]]:
    """Each kind, with what its rows depend on."""
    pk = patient.pk
    appointments, consents = tuple(_appointments(pk)), tuple(_consents(pk))
    yield EntryKind.READING, (pk,)
    yield EntryKind.MESSAGE, (_subjects(pk, appointments, consents), tuple(_messages_about_documents(pk)))
    yield EntryKind.DOCUMENT, (pk,)
    yield EntryKind.APPOINTMENT, (pk,)
    yield EntryKind.MOVE, (appointments, frozenset(_acts_undone(appointments)))
    yield EntryKind.ANSWERS, (pk,)
    yield EntryKind.REQUEST, (appointments,)
    yield EntryKind.RECEIVED, (appointments,)
    # Most records have no consents: then nothing else is asked of the database.
    yield EntryKind.SIGNATURE_ASKED, (consents,)
    yield EntryKind.SIGNATURE_SETTLED, (consents,)
    yield EntryKind.CONSENT_WITHDRAWN, (consents,)


@composed_once
def _appointments(patient: UUID) -> QuerySet[Any, UUID]:
    return Appointment.objects.filter(patient=patient).order_by().values_list("pk", flat=True)


@composed_once
def _consents(patient: UUID) -> QuerySet[Any, UUID]:
    return Consent.objects.filter(document__patient=patient).values_list("pk", flat=True)


@composed_once
def _messages_about_documents(patient: UUID) -> QuerySet[Any, UUID]:
    told = SharedDocument.messages.through.objects.filter(shareddocument__patient=patient)
    return told.values_list("message", flat=True)


def _subjects(patient: UUID, appointments: tuple[UUID, ...], consents: tuple[UUID, ...]) -> tuple[UUID, ...]:
    """What messages of the timeline are about, beside documents."""
    asked, links = _requests(appointments), _links(appointments)
    return (patient, *appointments, *_invitations(patient), *asked, *links, *consents)


@composed_once
def _invitations(patient: UUID) -> QuerySet[Any, UUID]:
    return Invitation.objects.filter(patient=patient).values_list("pk", flat=True)


@composed_once
def _requests(appointments: tuple[UUID, ...]) -> QuerySet[Any, UUID]:
    return DocumentRequest.objects.filter(appointment__in=appointments).order_by().values_list("pk", flat=True)


@composed_once
def _links(appointments: tuple[UUID, ...]) -> QuerySet[Any, UUID]:
    return DocumentLink.objects.filter(appointment__in=appointments).values_list("pk", flat=True)


@composed_once
def _acts_undone(appointments: tuple[UUID, ...]) -> QuerySet[Any, str]:
    """Those that moved one of these."""
    lines = AuditEvent.objects.filter(record_id__in=appointments, action="appointment.move_undone")
    return lines.values_list("detail__undoes", flat=True)


def _readings_of(patient: UUID) -> QuerySet[DocumentReading]:
    readings = DocumentReading.objects.filter(document__patient=patient, as_staff=False)
    return readings.select_related("document", "reader")


def _messages_about(subjects: tuple[UUID, ...], messages: tuple[UUID, ...]) -> QuerySet[Message]:
    """Not those that were called off."""
    found = Message.objects.filter(Q(about__in=subjects) | Q(pk__in=messages))
    return found.exclude(state=MessageState.CALLED_OFF)


def _documents_of(patient: UUID) -> QuerySet[SharedDocument]:
    return SharedDocument.objects.filter(patient=patient).select_related("category")


def _appointments_of(patient: UUID) -> QuerySet[Appointment]:
    return Appointment.objects.filter(patient=patient).select_related("visit_reason", "agenda")


def _moves_of(appointments: tuple[UUID, ...], undone: Acts) -> QuerySet[AuditEvent]:
    """To another time; not those that were undone within seconds."""
    lines = AuditEvent.objects.filter(record_id__in=appointments)
    moves = lines.filter(action="appointment.moved", detail__has_key="starts_at_before")
    return moves.exclude(pk__in=moves.filter(detail__act__in=undone).values("pk")) if undone else moves


def _answers_of(patient: UUID) -> QuerySet[QuestionnaireResponse]:
    return completed_of(patient).defer("answers")


def _requests_about(appointments: tuple[UUID, ...]) -> QuerySet[DocumentRequest]:
    return DocumentRequest.objects.filter(appointment__in=appointments)


def _received_about(appointments: tuple[UUID, ...]) -> QuerySet[ReceivedDocument]:
    return ReceivedDocument.objects.filter(appointment__in=appointments).select_related("request", "sent_by")


def _signatures_asked(consents: tuple[UUID, ...]) -> QuerySet[Consent]:
    return Consent.objects.filter(pk__in=consents).select_related("document")


def _signatures_settled(consents: tuple[UUID, ...]) -> QuerySet[Consent]:
    return _signatures_asked(consents).filter(settled_at__isnull=False)


def _consents_withdrawn(consents: tuple[UUID, ...]) -> QuerySet[Consent]:
    return _signatures_asked(consents).filter(withdrawn_at__isnull=False)


SOURCES = {
    kind: Source(kind, field, rows)
    for kind, field, rows in (
        (EntryKind.READING, "at", _readings_of),
        (EntryKind.MESSAGE, "created_at", _messages_about),
        (EntryKind.DOCUMENT, "shared_at", _documents_of),
        (EntryKind.APPOINTMENT, "starts_at", _appointments_of),
        (EntryKind.MOVE, "at", _moves_of),
        (EntryKind.ANSWERS, "completed_at", _answers_of),
        (EntryKind.REQUEST, "asked_at", _requests_about),
        (EntryKind.RECEIVED, "received_at", _received_about),
        (EntryKind.SIGNATURE_ASKED, "asked_at", _signatures_asked),
        (EntryKind.SIGNATURE_SETTLED, "settled_at", _signatures_settled),
        (EntryKind.CONSENT_WITHDRAWN, "withdrawn_at", _consents_withdrawn),
    )
}


def _after(rows: QuerySet[Any], kind: EntryKind, field: str, after: Position | None) -> QuerySet[Any]:
    if after is None:
        return rows
    earlier = Q((f"{field}__lt", after.at))
    if kind > after.kind:
        return rows.filter(Q((f"{field}__lte", after.at)))
    if kind == after.kind:
        return rows.filter(earlier | Q((field, after.at), ("pk__lt", _key(after))))
    return rows.filter(earlier)


def _key(position: Position) -> int | UUID:
    """Raises ValueError."""
    is_number = position.kind in (EntryKind.READING, EntryKind.MOVE)
    return int(position.pk) if is_number else UUID(position.pk)


def _sortable(pk: Any) -> int:
    """Ids are compared with those of the same kind only. PostgreSQL compares UUIDs as numbers, SQLite as their
    hexadecimal digits: the order is the same."""
    return pk.int if isinstance(pk, UUID) else pk
