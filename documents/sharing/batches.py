"""Documents of the library for several appointments of one day: what is chosen, what would happen, and the start.

A batch is a draft that staff change until it is sent. documents/sharing/batch_sending.py then shares each line.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Appointment, AppointmentStatus
from appointments.recipients import Recipient, RecipientState, resolve_each
from documents.consents.forms import signed_first
from documents.models import LibraryDocument, LibraryVersion, ShareBatch, ShareBatchLine, SharedDocument
from documents.models.batch import LineReason, LineState
from documents.models.library import newest_versions
from jobs.nudges import nudge
from practices.models import Practice
from practices.roles import require_sharer
from refusals import Kind, Refusal

MOST_APPOINTMENTS = 200
MOST_DOCUMENTS = 10
DRAFTS_KEPT = timedelta(days=2)
OPEN_STATES = (LineState.DRAFT, LineState.LEFT_OUT)  # that staff still change


class NothingChosen(Refusal):
    code = "nothing_chosen"
    kind = Kind.INVALID
    words = gettext_lazy("Cochez au moins un rendez-vous et au moins un document.")


class TooManyChosen(Refusal):
    code = "too_many_chosen"
    kind = Kind.INVALID
    words = gettext_lazy("Un envoi va au plus à 200 rendez-vous, avec 10 documents. Faites-en plusieurs.")


class BatchSent(Refusal):
    """The batch is no longer a draft."""

    code = "batch_sent"
    kind = Kind.CONFLICT
    words = gettext_lazy("Cet envoi est déjà parti : il ne se change plus.")


class NothingReady(Refusal):
    code = "nothing_ready"
    kind = Kind.CONFLICT
    words = gettext_lazy("Aucun document n’est prêt à partir : la page dit pourquoi, ligne par ligne.")


@dataclass(frozen=True)
class Outlook:
    """What sending a line now would do: its state would be PLANNED (it is shared), ALREADY or NOT_READY."""

    state: LineState
    reason: str = ""


@transaction.atomic
def draft(
    *,
    practice: Practice,
    day: date,
    appointments: Collection[Appointment],
    documents: Collection[LibraryDocument],
    by: User,
) -> ShareBatch:
    """Every document for every appointment. The caller has found both in the practice. Raises NotAllowed,
    NothingChosen, TooManyChosen."""
    require_sharer(by, practice)
    if not appointments or not documents:
        raise NothingChosen
    if len(appointments) > MOST_APPOINTMENTS or len(documents) > MOST_DOCUMENTS:
        raise TooManyChosen
    batch = ShareBatch.objects.create(practice=practice, day=day, made_by=by)
    ShareBatchLine.objects.bulk_create(
        ShareBatchLine(batch=batch, appointment=appointment, document=document)
        for appointment in appointments
        for document in documents
    )
    return batch


@transaction.atomic
def choose(*, batch: ShareBatch, appointment: uuid.UUID, documents: Collection[uuid.UUID], by: User) -> None:
    """The documents that this appointment gets, among those of the draft. Raises NotAllowed, BatchSent."""
    require_sharer(by, batch.practice)
    _locked_draft(batch)
    lines = ShareBatchLine.objects.filter(batch=batch, appointment=appointment, state__in=OPEN_STATES)
    lines.filter(document__in=documents).update(state=LineState.DRAFT)
    lines.exclude(document__in=documents).update(state=LineState.LEFT_OUT)


@transaction.atomic
def start(*, batch: ShareBatch, by: User, wait: timedelta = timedelta()) -> ShareBatch:
    """Send what is ready, after `wait`; the other lines keep the reason why not. A second click or another tab
    changes nothing.

    Raises NotAllowed, NothingReady.
    """
    require_sharer(by, batch.practice)
    batch = ShareBatch.objects.select_for_update(of=("self",)).select_related("practice").get(pk=batch.pk)
    if batch.sent_at is not None:
        return batch
    by_outlook = defaultdict(list)
    for pk, outlook in outlooks([line for line in lines_of(batch) if line.state == LineState.DRAFT]).items():
        by_outlook[outlook].append(pk)
    if not any(outlook.state is LineState.PLANNED for outlook in by_outlook):
        raise NothingReady
    batch.sent_by, batch.sent_at = by, timezone.now()
    batch.save(update_fields=["sent_by", "sent_at"])
    for outlook, pks in by_outlook.items():
        lines = ShareBatchLine.objects.filter(pk__in=pks)
        lines.update(state=outlook.state, reason=outlook.reason, due_at=batch.sent_at + wait)
    due_at = batch.sent_at + wait
    transaction.on_commit(lambda: nudge_batches(due_at))
    return batch


@transaction.atomic
def draft_again(*, batch: ShareBatch, by: User) -> ShareBatch:
    """A new draft with the lines that did not go and may go now. Raises NotAllowed, NothingChosen."""
    require_sharer(by, batch.practice)
    held_up = batch.lines.filter(state__in=(LineState.NOT_READY, LineState.FAILED), appointment__isnull=False)
    lines = list(held_up.filter(document__archived_at=None))
    if not lines:
        raise NothingChosen
    again = ShareBatch.objects.create(practice=batch.practice, day=batch.day, made_by=by)
    ShareBatchLine.objects.bulk_create(
        ShareBatchLine(batch=again, appointment_id=line.appointment_id, document_id=line.document_id)
        for line in lines
    )
    return again


def lines_of(batch: ShareBatch) -> list[ShareBatchLine]:
    """In the order of the day, with what `outlooks` reads; those of deleted appointments at the end."""
    related = batch.lines.select_related(
        "document__category", "appointment__practice", "appointment__patient__practice", "appointment__holder"
    ).select_related("appointment__agenda", "appointment__visit_reason")
    lines = [line for line in related if line.appointment is not None]
    deleted = [line for line in related if line.appointment is None]
    return sorted(lines, key=_place_in_day) + sorted(deleted, key=lambda line: line.document.title)


def _place_in_day(line: ShareBatchLine) -> tuple[object, ...]:
    assert line.appointment is not None  # the caller has asked
    return line.appointment.starts_at, line.appointment.pk, line.document.title, line.document.pk


def recipients_of(lines: Sequence[ShareBatchLine]) -> dict[uuid.UUID, Recipient]:
    """By appointment, in a few queries."""
    appointments = {line.appointment_id: line.appointment for line in lines if line.appointment is not None}
    return resolve_each(list(appointments.values()))


def outlooks(
    lines: Sequence[ShareBatchLine], recipients: dict[uuid.UUID, Recipient] | None = None
) -> dict[uuid.UUID, Outlook]:
    """What sending these lines now, in this order, would do: by line, in a few queries for all of them."""
    recipients = recipients_of(lines) if recipients is None else recipients
    versions = newest_versions({line.document_id for line in lines})
    there = _what_they_have(lines, versions.values())
    taken: set[tuple[object, ...]] = set()
    by_line = {}
    for line in lines:
        by_line[line.pk] = outlook = _outlook(line, recipients, versions[line.document_id], there, taken)
        if outlook.state is LineState.PLANNED:
            taken.add(_key(line, recipients, versions[line.document_id]))
    return by_line


def _outlook(
    line: ShareBatchLine,
    recipients: dict[uuid.UUID, Recipient],
    version: LibraryVersion,
    there: Collection[tuple[object, ...]],
    taken: Collection[tuple[object, ...]],
) -> Outlook:
    if line.appointment is None:
        return Outlook(LineState.NOT_READY, LineReason.DELETED)
    if line.appointment.status == AppointmentStatus.CANCELLED:
        return Outlook(LineState.NOT_READY, LineReason.CANCELLED)
    if line.document.archived_at is not None:
        return Outlook(LineState.NOT_READY, LineReason.ARCHIVED)
    if version.has_blanks:
        return Outlook(LineState.NOT_READY, LineReason.BLANKS)
    if signed_first(version.document):
        return Outlook(LineState.NOT_READY, LineReason.SIGN_FIRST)
    recipient = recipients[line.appointment.pk]
    if not recipient.is_ready:
        needs = recipient.state is RecipientState.NEEDS_AUTHORISATION
        return Outlook(LineState.NOT_READY, LineReason.AUTHORISATION if needs else LineReason.CONTACTS)
    key = _key(line, recipients, version)
    if key in there:
        return Outlook(LineState.ALREADY, LineReason.HAS_IT)
    return Outlook(LineState.ALREADY, LineReason.OTHER_APPOINTMENT) if key in taken else Outlook(LineState.PLANNED)


def _key(line: ShareBatchLine, recipients: dict[uuid.UUID, Recipient], version: LibraryVersion) -> tuple[object, ...]:
    """Two lines with the same key would tell the same person of the same document. A personal copy is written for its
    appointment."""
    appointment = line.appointment
    assert appointment is not None  # the caller has asked
    holder = recipients[appointment.pk].addressee.holder
    of_appointment = appointment.pk if version.is_personal else None
    return appointment.patient_id, holder.pk if holder else None, version.pk, of_appointment


def _what_they_have(lines: Sequence[ShareBatchLine], versions: Collection[LibraryVersion]) -> set[tuple[object, ...]]:
    """The keys of what these patients, or who receives for them, still see."""
    patients = {line.appointment.patient_id for line in lines if line.appointment is not None}
    personal = {version.pk for version in versions if version.is_personal}
    shared = SharedDocument.objects.with_readers().filter(
        patient__in=patients, library_version__in=[version.pk for version in versions]
    )
    return {
        (patient, holder, version, appointment if version in personal else None)
        for patient, holder, version, appointment in shared.values_list(
            "patient_id", "holder_id", "library_version_id", "appointment_id"
        )
    }


def _locked_draft(batch: ShareBatch) -> None:
    """Raises BatchSent."""
    locked = ShareBatch.objects.select_for_update().get(pk=batch.pk)
    if locked.sent_at is not None:
        raise BatchSent


def nudge_batches(due_at: datetime | None = None) -> None:
    nudge("documents.tasks.send_share_batches", due_at=due_at)


def forget_old_drafts() -> None:
    """Delete drafts that nobody sent."""
    ShareBatch.objects.filter(sent_at=None, created_at__lt=timezone.now() - DRAFTS_KEPT).delete()
