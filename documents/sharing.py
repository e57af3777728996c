"""Sharing a document around an appointment, and taking it back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import NotAllowed, may_share, may_sign
from appointments.models import Appointment
from appointments.recipients import Recipient, resolve
from audit.trail import record
from documents import messages
from documents.files import storage
from documents.files.intake import Intake, discard
from documents.models import Category, LibraryDocument, SharedDocument
from documents.signatures import sign_for, trusted_roots
from documents.signing.placement import Placement
from documents.signing.verify import CannotVerify, SignatureReport, verify


class RecipientNotReady(Exception):
    """Nobody may receive yet; `recipient` says what is missing."""

    def __init__(self, recipient: Recipient) -> None:
        super().__init__(recipient.state.value)
        self.recipient = recipient


def share_upload(
    *,
    appointment: Appointment,
    intake: Intake,
    category: Category,
    title: str,
    placement: Placement | None,
    by: User,
    pk: uuid.UUID | None = None,
) -> SharedDocument:
    """Share an accepted upload; signed where a `placement` is given, before anything is stored.

    `pk` lets a caller that may ask twice know its document again. Consumes the intake: on return its bytes are in
    storage, on any exception nothing is and nobody is told.
    Raises NotAllowed, RecipientNotReady, and what documents.signatures.sign_for raises.
    """
    signed_at = None
    was_repaired = False
    signatures: Sequence[SignatureReport] = ()
    try:
        _check_may_share(appointment, by)
        if placement is not None and not may_sign(by, appointment.practice):
            raise NotAllowed(_("Seul un praticien signe, avec sa propre signature. Partagez sans signer."))
        _ready_recipient(appointment)  # before the work of signing; asked again under the lock
        if placement is not None:
            signed_at = timezone.now()
            signed = sign_for(user=by, intake=intake, placement=placement, at=signed_at)
            intake, was_repaired, signatures = signed.intake, signed.repaired, signed.signatures
        elif intake.signature_count:
            signatures = _signatures_it_came_with(intake)
        stored = storage.keep(intake)
    except BaseException:
        discard(intake)
        raise
    try:
        with transaction.atomic():
            stored.save()
            return _share(
                appointment=appointment,
                document=SharedDocument(
                    id=pk or uuid.uuid4(),
                    file=stored,
                    category=category,
                    title=title.strip() or intake.name,
                    name=intake.name,
                    page_count=intake.page_count,
                    signed_by=by if placement is not None else None,
                    signed_at=signed_at,
                    signatures=[report.as_json() for report in signatures],
                    was_repaired=was_repaired,
                ),
                by=by,
            )
    except Exception:
        storage.abandon(stored)
        raise


@transaction.atomic
def share_library_document(
    *,
    appointment: Appointment,
    library_document: LibraryDocument,
    by: User,
    category: Category | None = None,
    title: str = "",
    pk: uuid.UUID | None = None,
) -> SharedDocument:
    """Share the current version of a library document: never signed, never copied. Raises as share_upload."""
    _check_may_share(appointment, by)
    if library_document.practice_id != appointment.practice_id:
        raise LibraryDocument.DoesNotExist
    version = library_document.current
    return _share(
        appointment=appointment,
        document=SharedDocument(
            id=pk or uuid.uuid4(),
            file=version.file,
            library_version=version,
            category=category or library_document.category,
            title=title.strip() or library_document.title,
            name=version.name,
            page_count=version.page_count,
        ),
        by=by,
    )


@transaction.atomic
def take_back(*, document: SharedDocument, by: User) -> None:
    """Nobody sees it any more: its row goes, and its bytes unless they are the library's. The trail stays.

    Taking back what is already gone changes nothing.
    """
    document_now = (
        SharedDocument.objects.select_for_update(of=("self",))
        .select_related("appointment__practice", "file")
        .filter(pk=document.pk)
        .first()
    )
    if document_now is None:
        return
    _check_may_share(document_now.appointment, by)
    _remove(document_now, by)


def take_back_everything(sender: type[Appointment], appointment: Appointment, by: User, **kwargs: Any) -> None:
    """Before an appointment is deleted: everything shared from it goes, rows and bytes (signal `deleting`)."""
    for document in appointment.shared_documents.select_for_update(of=("self",)).select_related("file"):
        _remove(document, by)


def call_off_what_was_withdrawn(
    sender: type[Appointment], appointment: Appointment, fields: frozenset[str], **kwargs: Any
) -> None:
    """The holder is no longer told of documents that the holder no longer sees (signal `changed`)."""
    if "holder_authorisation" in fields:
        for document in appointment.shared_documents.filter(authorisation__withdrawn_at__isnull=False):
            messages.call_off(document)


def _remove(document: SharedDocument, by: User) -> None:
    record(
        "document.taken_back",
        by=by,
        on=document,
        practice=document.practice_id,
        within=document.appointment_id,
        detail={"category": document.category_id, "sha256": document.file.sha256},
    )
    messages.call_off(document)
    file, from_library = document.file, document.library_version_id is not None
    document.delete()
    if not from_library:
        storage.purge(file)


def _check_may_share(appointment: Appointment, by: User) -> None:
    if not may_share(by, appointment.practice):
        raise NotAllowed(
            _("Votre rôle permet de lire, pas de partager. Un administrateur du cabinet peut le changer.")
        )


def _signatures_it_came_with(intake: Intake) -> list[SignatureReport]:
    try:
        return verify(intake.path, roots=trusted_roots())
    except CannotVerify:
        return []  # a viewer opens it, yet its signatures can't be judged: none is claimed


def _ready_recipient(appointment: Appointment) -> Recipient:
    recipient = resolve(appointment)
    if not recipient.is_ready or recipient.audience is None:
        raise RecipientNotReady(recipient)
    return recipient


@transaction.atomic
def _share(*, appointment: Appointment, document: SharedDocument, by: User) -> SharedDocument:
    """Rows, history and messages, in one transaction."""
    # Locked, so that contacts, authorisation and the appointment itself stay as they are until this is committed.
    appointment = (
        Appointment.objects.select_for_update(of=("self", "patient"))
        .select_related("practice", "patient__practice", "holder")
        .get(pk=appointment.pk)
    )
    recipient = _ready_recipient(appointment)
    assert recipient.audience is not None  # what _ready_recipient has just made sure of
    document.appointment = appointment
    document.practice = appointment.practice
    document.patient = appointment.patient
    document.audience = recipient.audience.value
    document.holder = recipient.holder if recipient.audience == "holder" else None
    document.authorisation = recipient.authorisation
    document.patient_was_minor = recipient.patient_is_minor
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
        },
    )
    messages.announce(document, recipient=recipient, by=by)
    return document
