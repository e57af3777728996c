"""What must be true of documents, whatever crashed: asked by `manage.py fsck`. Each yields a line for each fault."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from appointments.models import Appointment, BookedFor
from audit.models import AuditEvent
from documents.models import AutoSend, DocumentLink, SharedDocument
from documents.models.autosend import AutoSendState
from documents.models.library import MERGE_FIELD
from documents.models.shared import AudienceChoice
from files import storage
from files.models import StoredFile
from signing.certificates import trusted_roots
from signing.pdf.verify import CannotVerify, verify

CHUNK = 500
LATEST_SENDING = timedelta(hours=3)  # a scheduler dead for three hours: the next sweep sends what it missed


def files_are_as_kept() -> Iterator[str]:
    """Every row's bytes are in storage, of its size and its SHA-256."""
    for stored in StoredFile.objects.order_by("pk").iterator(chunk_size=CHUNK):
        if fault := storage.verify(stored):
            yield f"file {stored.pk}: {fault}"


def files_are_named() -> Iterator[str]:
    """Every row of a file is a shared document's or the library's."""
    unused = StoredFile.objects.filter(shared_documents=None, library_version=None)
    for pk in unused.values_list("pk", flat=True):
        yield f"file {pk}: neither a shared document nor the library names it"


def signed_files_are_signed() -> Iterator[str]:
    """Where a signature was asked for, the stored bytes carry a whole one: the unsigned ones were never stored."""
    roots = trusted_roots()
    signed = SharedDocument.objects.filter(signed_at__isnull=False).select_related("file").order_by("pk")
    for document in signed.iterator(chunk_size=CHUNK):
        try:
            with storage.local_copy(document.file) as path:
                reports = verify(path, roots=roots)
        except FileNotFoundError:
            continue  # told by files_are_as_kept
        except CannotVerify as error:
            yield f"document {document.pk}: its signature cannot be read ({error.code})"
            continue
        ours = reports[-1].judgement if reports else "not_valid"  # the last: others signed before
        if ours == "not_judged":
            yield f"document {document.pk}: its signature cannot be judged"
        elif ours == "not_valid":
            yield f"document {document.pk}: shared as signed, but no whole signature is in its file"


def library_and_uploads_are_apart() -> Iterator[str]:
    """No upload lies in the library; what is shared from it is a version of it, or an appointment's copy of one."""
    uploads = SharedDocument.objects.filter(library_version=None, file__library_version__isnull=False)
    for pk in uploads.values_list("pk", flat=True):
        yield f"document {pk}: an upload, but its file is the library's"
    from_library = SharedDocument.objects.filter(library_version__isnull=False)
    personal = Q(library_version__body__contains=MERGE_FIELD)
    strange = from_library.exclude(Q(file=F("library_version__file")) | personal)
    foreign = from_library.exclude(practice=F("library_version__document__practice"))
    for pk in (strange | foreign).values_list("pk", flat=True):
        yield f"document {pk}: not the file of the library's version that it names, or of another practice"


def audiences_are_right() -> Iterator[str]:
    """Each document is of its appointment's practice and patient; a holder has it by minority or authorisation."""
    astray = SharedDocument.objects.exclude(
        practice=F("appointment__practice"), patient=F("appointment__patient")
    ).values_list("pk", flat=True)
    for pk in astray:
        yield f"document {pk}: its practice or patient is not its appointment's"
    unauthorised = SharedDocument.objects.filter(
        audience=AudienceChoice.HOLDER,
        patient_was_minor=False,
        authorisation=None,
        appointment__booked_for=BookedFor.ADULT_RELATIVE,
    )
    for pk in unauthorised.values_list("pk", flat=True):
        yield f"document {pk}: an adult's, with whoever booked, and nobody authorised it"


def shares_are_in_the_history() -> Iterator[str]:
    """Every shared document has a line in the trail."""
    told = AuditEvent.objects.filter(object_id=OuterRef("pk"))
    for pk in SharedDocument.objects.filter(~Exists(told)).values_list("pk", flat=True):
        yield f"document {pk}: shared, but not in the history"


def deleted_appointments_left_nothing() -> Iterator[str]:
    """Of an appointment that the trail calls deleted, neither row nor document nor link is left."""
    deleted = AuditEvent.objects.filter(action="appointment.deleted")
    gone = deleted.filter(object_id=OuterRef("pk"))
    for pk in Appointment.objects.filter(Exists(gone)).values_list("pk", flat=True):
        yield f"appointment {pk}: deleted, says the history, and yet there"
    once_there = AuditEvent.objects.filter(
        object_id=OuterRef("pk"), record_id__in=deleted.values("object_id"), object_type="SharedDocument"
    )
    for pk in SharedDocument.objects.filter(Exists(once_there)).values_list("pk", flat=True):
        yield f"document {pk}: of an appointment that was deleted"
    links = DocumentLink.objects.filter(appointment__in=deleted.values("object_id"))
    for pk in links.values_list("pk", flat=True):
        yield f"link {pk}: of an appointment that was deleted"


def automatic_documents_go_out_once() -> Iterator[str]:
    """Once per appointment, rule and document: in the rows, and in what the trail says was sent."""
    rows = AutoSend.objects.order_by().values("appointment", "rule", "document").annotate(count=Count("pk"))
    for row in rows.filter(count__gt=1):
        yield f"appointment {row['appointment']}: {row['count']} sendings of rule {row['rule']} for one document"
    sent = AuditEvent.objects.filter(action="auto_send.sent").order_by("record_id", "id")
    for appointment, lines in groupby(sent.iterator(chunk_size=CHUNK), key=lambda line: line.record_id):
        yield from _sent_twice(appointment, lines)


def _sent_twice(appointment: uuid.UUID | None, lines: Iterator[AuditEvent]) -> Iterator[str]:
    times = Counter((str(line.detail.get("rule")), str(line.detail.get("library_document"))) for line in lines)
    for (rule, document), count in times.items():
        if count > 1:
            yield f"appointment {appointment}: rule {rule} sent document {document} {count} times"


def automatic_documents_leave_in_time() -> Iterator[str]:
    """Nothing planned is hours late without anybody trying."""
    limit = timezone.now() - LATEST_SENDING
    late = AutoSend.objects.filter(Q(retry_at=None) | Q(retry_at__lt=limit), state=AutoSendState.PLANNED)
    for pk in late.filter(due_at__lt=limit).values_list("pk", flat=True):
        yield f"automatic sending {pk}: due for more than three hours, and nobody tries"
