"""Sharing a document around an appointment, and taking it back."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from audit.acts import lines_of_act
from audit.trail import record
from documents import messages
from documents.addressees import write_addressee
from documents.consents import messages as consent_messages
from documents.consents.forms import ask_by_form
from documents.consents.keeping import check_not_signed
from documents.library.writing.copies import personal_copy
from documents.models import Category, Consent, LibraryDocument, SharedDocument
from documents.models.undoable import ActKind
from documents.sharing.uploads import Prepared, check_may_share, locked, prepare, ready_recipient
from documents.undoing.acts import may_be_undone, open_act
from files import storage
from files.intake import Intake
from files.models import StoredFile
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
    session: str = "",
) -> SharedDocument:
    """Share an accepted upload; signed if a `placement` is given, before anything is stored.

    `confirm_patient`: the user confirmed this patient, though the document names another
    (documents/sharing/wrong_patient.py).

    `session`: shared on a page, in this session of `by`, who may undo it for a moment; its message waits until the
    page is left. `pk`: a caller that may retry finds the same document again. Consumes the intake: on return its
    bytes are in storage; after an exception, nothing is stored and nobody is notified. Raises NotAllowed,
    RecipientNotReady, WrongPatientSuspected, and what signing.signatures.sign_for raises.
    """
    prepared = prepare(
        appointment=appointment, intake=intake, placement=placement, by=by, confirm_patient=confirm_patient
    )
    try:
        return share_prepared(
            appointment=appointment, prepared=prepared, category=category, title=title, by=by, pk=pk, session=session
        )
    except Exception:
        storage.abandon(prepared.stored)
        raise


@transaction.atomic
def share_prepared(
    *,
    appointment: Appointment,
    prepared: Prepared,
    category: Category,
    title: str,
    by: User,
    pk: uuid.UUID | None = None,
    session: str = "",
    kept: Mapping[str, Any] | None = None,
    made_from: LibraryDocument | None = None,
) -> SharedDocument:
    """The rows of a prepared file. If it raises, or its transaction ends otherwise, the caller abandons the file.
    `kept`: what undoing it puts back (documents/filling/drafts.py). `made_from`: the document of the library that was
    filled in. Raises RecipientNotReady, documents.consents.sealing.NotToBeSigned."""
    prepared.stored.save()
    document = SharedDocument(
        id=pk or uuid.uuid4(),
        category=category,
        title=composed(title) or prepared.facts["name"],
        **prepared.facts,
    )
    return _share(
        appointment=appointment,
        document=document,
        by=by,
        session=session,
        patient_confirmed=prepared.patient_confirmed,
        kept=kept,
        made_from=made_from,
    )


def share_library_document(
    *,
    appointment: Appointment,
    library_document: LibraryDocument,
    by: User,
    category: Category | None = None,
    title: str = "",
    pk: uuid.UUID | None = None,
    session: str = "",
    batch: uuid.UUID | None = None,
) -> SharedDocument:
    """Share the current version of a library document, never signed; with merge fields, as a personal copy.

    `batch`: the documents for several patients that it is one of, for the history. Raises as share_upload,
    documents.library.writing.printing.CannotWrite, documents.library.writing.copies.BlanksUnfilled, and
    documents.consents.sealing.NotToBeSigned.
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
                session=session,
                batch=batch,
                made_from=library_document,
            )
    except Exception:
        if copy:
            storage.abandon(copy.file)
        raise


@transaction.atomic
def take_back(*, document: SharedDocument, by: User) -> None:
    """Delete its row, and its bytes unless they are the library's: nobody sees it any more. The trail stays.

    Taking back a deleted document changes nothing. Raises documents.consents.keeping.SignedByPatient.
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
    check_not_signed(document_now)
    remove(document_now, by)


def take_back_everything(
    sender: type[Appointment], appointments: Collection[Appointment], by: User, **kwargs: Any
) -> None:
    """Take back everything shared from appointments before they are deleted, rows and bytes (signal `deleting`)."""
    shared = SharedDocument.objects.select_for_update(of=("self",)).filter(appointment__in=appointments)
    for document in shared.select_related("file", "library_version"):
        remove(document, by)


def remove(
    document: SharedDocument,
    by: User,
    *,
    action: str = "document.taken_back",
    keeps_file: bool = False,
    detail: Mapping[str, str] | None = None,
) -> StoredFile | None:
    """Delete a locked document. Returns the file that is left, with `keeps_file`: not the library's."""
    record(
        action,
        by=by,
        on=document,
        practice=document.practice_id,
        within=document.appointment_id,
        detail={"category": document.category_id, "sha256": document.file.sha256, **(detail or {})},
    )
    messages.call_off(SharedDocument.objects.filter(pk=document.pk))
    for consent in Consent.objects.filter(document=document):
        consent_messages.call_off(consent)
    file, version = document.file, document.library_version
    document.delete()
    if version is not None and version.file_id == file.pk:
        return None
    if not keeps_file:
        storage.purge(file)
    return file


@transaction.atomic
def _share(
    *,
    appointment: Appointment,
    document: SharedDocument,
    by: User,
    session: str,
    patient_confirmed: bool = False,
    batch: uuid.UUID | None = None,
    kept: Mapping[str, Any] | None = None,
    made_from: LibraryDocument | None = None,
) -> SharedDocument:
    """Save rows, history and messages, in one transaction."""
    act = uuid.uuid4() if session and may_be_undone() else None
    appointment = locked(appointment)
    document.appointment = appointment
    document.practice = appointment.practice
    document.patient = appointment.patient
    write_addressee(document, ready_recipient(appointment).addressee)
    document.shared_by = by
    document.shared_at = timezone.now()
    document.full_clean(exclude=["file"])
    document.save()
    with lines_of_act(act) if act else nullcontext():
        _announce(document, by=by, patient_confirmed=patient_confirmed, batch=batch, sitting=act is not None)
        if made_from is not None:
            ask_by_form(document, made_from, by=by)
    if act:
        open_act(
            ActKind.SHARE,
            pk=act,
            by=by,
            session=session,
            appointment=appointment,
            until=document.shared_at + settings.UNDO_FOR,
            journal=kept,
            document=document.pk,
        )
    return document


def _announce(
    document: SharedDocument, *, by: User, patient_confirmed: bool, batch: uuid.UUID | None, sitting: bool
) -> None:
    record(
        "document.shared",
        by=by,
        on=document,
        practice=document.practice_id,
        within=document.appointment_id,
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
    messages.announce(document, by=by, sitting=sitting)
