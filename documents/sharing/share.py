"""Sharing a document around an appointment, and taking it back."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from audit.trail import record
from documents import messages
from documents.addressees import write_addressee
from documents.library.writing.copies import personal_copy
from documents.models import Category, LibraryDocument, SharedDocument
from documents.sharing.uploads import check_may_share, locked, prepare, ready_recipient
from files import storage
from files.intake import Intake
from files.names import composed
from signing.pdf.placement import Placement


def share_upload(
    *,
    appointment: Appointment,
    intake: Intake,
    category: Category,
    title: str,
    placement: Placement | None,
    by: User,
    pk: uuid.UUID | None = None,
    confirm_patient: bool = False,
) -> SharedDocument:
    """Share an accepted upload; signed if a `placement` is given, before anything is stored.

    `confirm_patient`: the user confirmed this patient, though the document names another
    (documents/sharing/wrong_patient.py).

    `pk`: a caller that may retry finds the same document again. Consumes the intake: on return its bytes are in
    storage; after an exception, nothing is stored and nobody is notified. Raises NotAllowed, RecipientNotReady,
    WrongPatientSuspected, and what signing.signatures.sign_for raises.
    """
    prepared = prepare(
        appointment=appointment, intake=intake, placement=placement, by=by, confirm_patient=confirm_patient
    )
    try:
        with transaction.atomic():
            prepared.stored.save()
            document = SharedDocument(
                id=pk or uuid.uuid4(), category=category, title=composed(title) or intake.name, **prepared.facts
            )
            return _share(
                appointment=appointment, document=document, by=by, patient_confirmed=prepared.patient_confirmed
            )
    except Exception:
        storage.abandon(prepared.stored)
        raise


def share_library_document(
    *,
    appointment: Appointment,
    library_document: LibraryDocument,
    by: User,
    category: Category | None = None,
    title: str = "",
    pk: uuid.UUID | None = None,
    batch: uuid.UUID | None = None,
) -> SharedDocument:
    """Share the current version of a library document, never signed; with merge fields, as a personal copy.

    `batch`: the documents for several patients that it is one of, for the history. Raises as share_upload, and
    documents.library.writing.printing.CannotWrite.
    """
    check_may_share(appointment, by)
    if library_document.practice_id != appointment.practice_id:
        raise LibraryDocument.DoesNotExist
    version = library_document.current
    copy = personal_copy(version, appointment, ready_recipient(appointment).addressee)
    try:
        with transaction.atomic():
            if copy:
                copy.file.save()
            return _share(
                appointment=appointment,
                document=SharedDocument(
                    id=pk or uuid.uuid4(),
                    file=copy.file if copy else version.file,
                    library_version=version,
                    category=category or library_document.category,
                    title=composed(title) or library_document.title,
                    name=version.name,
                    page_count=copy.page_count if copy else version.page_count,
                ),
                by=by,
                batch=batch,
            )
    except Exception:
        if copy:
            storage.abandon(copy.file)
        raise


@transaction.atomic
def take_back(*, document: SharedDocument, by: User) -> None:
    """Delete its row, and its bytes unless they are the library's: nobody sees it any more. The trail stays.

    Taking back a deleted document changes nothing.
    """
    document_now = (
        SharedDocument.objects.select_for_update(of=("self",))
        .select_related("appointment__practice", "file", "library_version")
        .filter(pk=document.pk)
        .first()
    )
    if document_now is None:
        return
    check_may_share(document_now.appointment, by)
    _remove(document_now, by)


def take_back_everything(sender: type[Appointment], appointment: Appointment, by: User, **kwargs: Any) -> None:
    """Take back everything shared from an appointment before it is deleted, rows and bytes (signal `deleting`)."""
    for document in appointment.shared_documents.select_for_update(of=("self",)).select_related(
        "file", "library_version"
    ):
        _remove(document, by)


def _remove(document: SharedDocument, by: User) -> None:
    record(
        "document.taken_back",
        by=by,
        on=document,
        practice=document.practice_id,
        within=document.appointment_id,
        detail={"category": document.category_id, "sha256": document.file.sha256},
    )
    messages.call_off(SharedDocument.objects.filter(pk=document.pk))
    file, version = document.file, document.library_version
    document.delete()
    if version is None or version.file_id != file.pk:
        storage.purge(file)


@transaction.atomic
def _share(
    *,
    appointment: Appointment,
    document: SharedDocument,
    by: User,
    patient_confirmed: bool = False,
    batch: uuid.UUID | None = None,
) -> SharedDocument:
    """Save rows, history and messages, in one transaction."""
    appointment = locked(appointment)
    document.appointment = appointment
    document.practice = appointment.practice
    document.patient = appointment.patient
    write_addressee(document, ready_recipient(appointment).addressee)
    document.shared_by = by
    document.shared_at = timezone.now()
    document.full_clean(exclude=["file"])
    document.save()
    record(
        "document.shared",
        by=by,
        on=document,
        practice=document.practice_id,
        within=appointment,
        detail={
            "category": document.category_id,
            "audience": document.audience,
            "signed": document.is_signed,
            "sha256": document.file.sha256,
            "notices": document.notices,
            **({"patient_confirmed": True} if patient_confirmed else {}),
            **({"batch": str(batch)} if batch else {}),
        },
    )
    messages.announce(document, by=by)
    return document
