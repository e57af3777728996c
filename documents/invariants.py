"""Invariants of documents, which must hold after any crash; `manage.py fsck` checks them. Each function yields a line
for each violation. Those in OF_A_PRACTICE may look at one practice alone: nothing that breaks them is imported."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import groupby
from typing import TypeVar

from django.db.models import Count, Exists, F, Model, OuterRef, Q, QuerySet
from django.utils import timezone

from appointments.models import Appointment
from audit.models import AuditEvent
from documents.consents.verifying import SignedConsent, doubt_about
from documents.models import (
    AutoSend,
    Consent,
    ConsentState,
    DocumentLink,
    DocumentRequest,
    Doubt,
    PartialUpload,
    ReceivedDocument,
    RequestState,
    SharedDocument,
)
from documents.models.autosend import AutoSendState
from documents.models.library import MERGE_FIELD
from documents.models.partial_upload import LIFETIME as UPLOADS_LAST
from documents.models.shared import AudienceChoice
from files import pieces, storage
from files.models import StoredFile
from patients.models import RecordTie
from questionnaires.models import DRAFTS_LAST, QuestionnaireResponse
from signing.certificates import known_authorities, trusted_roots
from signing.pdf.verify import CannotVerify, verify

M = TypeVar("M", bound=Model)
CHUNK = 500
LATEST_LAPSE = timedelta(days=1)  # drafts are swept every six hours, uploads every hour
LATEST_SENDING = timedelta(hours=3)  # a scheduler may stop for three hours; its next sweep sends what it missed


def _of(practice: uuid.UUID | None, rows: QuerySet[M], path: str = "practice") -> QuerySet[M]:
    """Those of the practice; all of them without one."""
    return rows if practice is None else rows.filter(**{path: practice})


def files_are_as_kept() -> Iterator[str]:
    """The bytes of every row are in storage, with the recorded size and SHA-256."""
    for stored in StoredFile.objects.order_by("pk").iterator(chunk_size=CHUNK):
        if fault := storage.verify(stored):
            yield f"file {stored.pk}: {fault}"


def files_are_named() -> Iterator[str]:
    """Some row names every row of a file: a shared document, the library, an export of somebody's own data."""
    names = {f"{relation.name}__isnull": True for relation in StoredFile._meta.related_objects}
    for pk in StoredFile.objects.filter(**names).values_list("pk", flat=True):
        yield f"file {pk}: no shared document, library document or export names it"


def signed_files_are_signed() -> Iterator[str]:
    """If a signature was requested, the stored bytes contain a complete one: unsigned bytes were never stored."""
    roots = trusted_roots()
    signed = SharedDocument.objects.filter(signed_at__isnull=False).select_related("file").order_by("pk")
    for document in signed.iterator(chunk_size=CHUNK):
        try:
            with storage.local_copy(document.file) as path:
                reports = verify(path, roots=roots)
        except FileNotFoundError:
            continue  # reported by files_are_as_kept
        except CannotVerify as error:
            yield f"document {document.pk}: its signature cannot be read ({error.code})"
            continue
        ours = reports[-1].judgement if reports else "not_valid"  # ours is the last signature
        if ours == "not_judged":
            yield f"document {document.pk}: its signature cannot be judged"
        elif ours == "not_valid":
            yield f"document {document.pk}: shared as signed, but no whole signature is in its file"


def library_and_uploads_are_apart(practice: uuid.UUID | None = None) -> Iterator[str]:
    """No upload is in the library; a document shared from it is one of its versions, or an appointment's copy of
    one."""
    documents = _of(practice, SharedDocument.objects.all())
    uploads = documents.filter(library_version=None, file__library_version__isnull=False)
    for pk in uploads.values_list("pk", flat=True):
        yield f"document {pk}: an upload, but its file is the library's"
    from_library = documents.filter(library_version__isnull=False)
    personal = Q(library_version__body__contains=MERGE_FIELD)
    sealed = Q(consent__state__in=["signed", "withdrawn"])  # consents_are_sealed
    strange = from_library.exclude(Q(file=F("library_version__file")) | personal | sealed)
    foreign = from_library.exclude(practice=F("library_version__document__practice"))
    for pk in (strange | foreign).values_list("pk", flat=True):
        yield f"document {pk}: not the file of the library's version that it names, or of another practice"


def audiences_are_right(practice: uuid.UUID | None = None) -> Iterator[str]:
    """Each document has the practice and patient of its appointment; a holder has it by minority or authorisation."""
    documents = _of(practice, SharedDocument.objects.all())
    astray = documents.exclude(practice=F("appointment__practice"), patient=F("appointment__patient"))
    for pk in astray.values_list("pk", flat=True):
        yield f"document {pk}: its practice or patient is not its appointment's"
    unauthorised = documents.filter(
        audience=AudienceChoice.HOLDER,
        patient_was_minor=False,
        authorisation=None,
        holder_ended_at=None,
    )
    for pk in unauthorised.values_list("pk", flat=True):
        yield f"document {pk}: an adult's, with whoever booked, and nobody authorised it"


def merged_records_are_empty(practice: uuid.UUID | None = None) -> Iterator[str]:
    """Nothing is of a record that became part of another, and no account sees what it did not prove."""
    for rows in (Appointment.objects.all(), SharedDocument.objects.all(), RecordTie.objects.all()):
        lost = _of(practice, rows, "patient__practice").filter(patient__merged_into__isnull=False)
        for pk in lost.values_list("pk", flat=True):
            yield f"{rows.model._meta.verbose_name} {pk}: of a record that became part of another"
    limited = RecordTie.objects.live().filter(shows_only__isnull=False, suspended_at=None)
    for pk in _of(practice, limited, "patient__practice").values_list("pk", flat=True):
        yield f"tie {pk}: it shows only some of its record, and is not suspended"


def shares_are_in_the_history(practice: uuid.UUID | None = None) -> Iterator[str]:
    """Every shared document has a line in the trail."""
    events = AuditEvent.objects.filter(object_id=OuterRef("pk"))
    for pk in _of(practice, SharedDocument.objects.filter(~Exists(events))).values_list("pk", flat=True):
        yield f"document {pk}: shared, but not in the history"


def deleted_appointments_left_nothing(practice: uuid.UUID | None = None) -> Iterator[str]:
    """No row, document or link remains of an appointment that the trail records as deleted."""
    deleted = AuditEvent.objects.filter(action="appointment.deleted")
    gone = deleted.filter(object_id=OuterRef("pk"))
    for pk in _of(practice, Appointment.objects.filter(Exists(gone))).values_list("pk", flat=True):
        yield f"appointment {pk}: deleted, says the history, and yet there"
    once_there = AuditEvent.objects.filter(
        object_id=OuterRef("pk"), record_id__in=deleted.values("object_id"), object_type="SharedDocument"
    )
    for pk in _of(practice, SharedDocument.objects.filter(Exists(once_there))).values_list("pk", flat=True):
        yield f"document {pk}: of an appointment that was deleted"
    links = DocumentLink.objects.filter(appointment__in=deleted.values("object_id"))
    for pk in _of(practice, links, "appointment__practice").values_list("pk", flat=True):
        yield f"link {pk}: of an appointment that was deleted"


FAULTS = {
    Doubt.FILE: "its file does not begin with what was read",
    Doubt.SEAL: "the last signature of its file is not a valid seal",
    Doubt.EVIDENCE: "the seal of its file is of another signature",
}


def consents_are_sealed() -> Iterator[str]:
    """The file of each consent begins with the bytes that were read, and its last signature is a valid seal with the
    evidence of that consent. What came with an archive in doubt stays in doubt."""
    known = known_authorities()
    signed = Consent.objects.filter(state__in=[ConsentState.SIGNED, ConsentState.WITHDRAWN], doubt="")
    for consent in signed.select_related("document__file").order_by("pk").iterator(chunk_size=CHUNK):
        try:
            with storage.local_copy(consent.document.file) as path:
                doubt = doubt_about(SignedConsent.of(consent), path, known)
        except FileNotFoundError:
            continue  # reported by files_are_as_kept
        except CannotVerify as error:
            yield f"consent {consent.pk}: its seal cannot be read ({error.code})"
            continue
        if doubt is not None:
            yield f"consent {consent.pk}: {FAULTS[doubt]}"


def consents_are_in_order(practice: uuid.UUID | None = None) -> Iterator[str]:
    """Each consent has the practice of its document, and its state a line in the trail."""
    consents = _of(practice, Consent.objects.all())
    for pk in consents.exclude(practice=F("document__practice")).values_list("pk", flat=True):
        yield f"consent {pk}: its practice is not its document's"
    for state in ConsentState:
        lines = AuditEvent.objects.filter(object_id=OuterRef("pk"), action=f"consent.{state.value}")
        untold = consents.filter(~Exists(lines), state=state)
        for pk in untold.values_list("pk", flat=True):
            yield f"consent {pk}: {state.value}, but not in the history"


def received_files_are_in_order(practice: uuid.UUID | None = None) -> Iterator[str]:
    """Each file that a patient sent has the practice and appointment of its request, a line in the trail, and a
    request whose state follows from its files."""
    received = _of(practice, ReceivedDocument.objects.all())
    astray = received.exclude(practice=F("appointment__practice")) | received.filter(request__isnull=False).exclude(
        appointment=F("request__appointment")
    )
    for pk in astray.values_list("pk", flat=True):
        yield f"received document {pk}: its practice or appointment is not its request's"
    events = AuditEvent.objects.filter(object_id=OuterRef("pk"))
    for pk in received.filter(~Exists(events)).values_list("pk", flat=True):
        yield f"received document {pk}: not in the history"
    waiting = Exists(ReceivedDocument.objects.waiting().filter(request=OuterRef("pk")))
    requests = _of(
        practice, DocumentRequest.objects.exclude(state__in=[RequestState.CANCELLED, RequestState.EXPIRED])
    )
    unseen = requests.filter(waiting).exclude(state=RequestState.RECEIVED)
    empty = requests.filter(~waiting, state=RequestState.RECEIVED)
    for pk in (unseen | empty).values_list("pk", flat=True):
        yield f"request {pk}: its state is not that of its files"


def uploads_end() -> Iterator[str]:
    """No upload in pieces outlives its day, and no pieces outlive their upload."""
    late = timezone.now() - UPLOADS_LAST - LATEST_LAPSE
    for pk in PartialUpload.objects.filter(began_at__lt=late).values_list("pk", flat=True):
        yield f"upload {pk}: began more than a day ago, and nobody deleted it"
    known = set(PartialUpload.objects.filter(sent_at=None).values_list("pk", flat=True))
    for pk in pieces.uploads(older_than=LATEST_LAPSE) - known:
        yield f"upload {pk}: its pieces are in storage, and it has no row"


def answers_are_in_order(practice: uuid.UUID | None = None) -> Iterator[str]:
    """A questionnaire is asked and answered in its own practice; what a request names as its answers was sent, for
    the same appointment and version; each draft ends in time."""
    requests = _of(practice, DocumentRequest.objects.filter(version__isnull=False))
    for pk in requests.exclude(practice=F("version__questionnaire__practice")).values_list("pk", flat=True):
        yield f"request {pk}: for a questionnaire of another practice"
    answered = requests.filter(response__isnull=False)
    astray = answered.exclude(
        response__appointment=F("appointment"), response__version=F("version"), response__state="completed"
    )
    for pk in astray.values_list("pk", flat=True):
        yield f"request {pk}: its answers are not those that it asks for"
    responses = _of(practice, QuestionnaireResponse.objects.all(), "appointment__practice")
    foreign = responses.exclude(appointment__practice=F("version__questionnaire__practice"))
    for pk in foreign.values_list("pk", flat=True):
        yield f"response {pk}: to a questionnaire of another practice"
    if practice is None:  # an archive may be older than its drafts may become
        late = timezone.now() - DRAFTS_LAST - LATEST_LAPSE
        for pk in responses.filter(state="in-progress", changed_at__lt=late).values_list("pk", flat=True):
            yield f"response {pk}: a draft that has ended is still there"


def automatic_documents_go_out_once(practice: uuid.UUID | None = None) -> Iterator[str]:
    """Once per appointment, rule and document: among the rows, and among the sendings that the trail records."""
    sendings = _of(practice, AutoSend.objects.all(), "appointment__practice")
    rows = sendings.order_by().values("appointment", "rule", "document").annotate(count=Count("pk"))
    for row in rows.filter(count__gt=1):
        yield f"appointment {row['appointment']}: {row['count']} sendings of rule {row['rule']} for one document"
    lines = _of(practice, AuditEvent.objects.all(), "practice_id")
    sent = lines.filter(action="auto_send.sent").order_by("record_id", "id")
    for appointment, its_lines in groupby(sent.iterator(chunk_size=CHUNK), key=lambda line: line.record_id):
        yield from _sent_twice(appointment, its_lines)


def _sent_twice(appointment: uuid.UUID | None, lines: Iterator[AuditEvent]) -> Iterator[str]:
    times = Counter((str(line.detail.get("rule")), str(line.detail.get("library_document"))) for line in lines)
    for (rule, document), count in times.items():
        if count > 1:
            yield f"appointment {appointment}: rule {rule} sent document {document} {count} times"


def automatic_documents_leave_in_time(practice: uuid.UUID | None = None) -> Iterator[str]:
    """No planned sending is hours late without an attempt."""
    limit = timezone.now() - LATEST_SENDING
    late = AutoSend.objects.filter(Q(retry_at=None) | Q(retry_at__lt=limit), state=AutoSendState.PLANNED)
    for pk in _of(practice, late.filter(due_at__lt=limit), "appointment__practice").values_list("pk", flat=True):
        yield f"automatic sending {pk}: due for more than three hours, and nobody tries"


OF_A_PRACTICE: tuple[Callable[[uuid.UUID | None], Iterator[str]], ...] = (
    library_and_uploads_are_apart,
    audiences_are_right,
    merged_records_are_empty,
    shares_are_in_the_history,
    deleted_appointments_left_nothing,
    received_files_are_in_order,
    answers_are_in_order,
    consents_are_in_order,
    automatic_documents_go_out_once,
    automatic_documents_leave_in_time,
)
