"""Replaces the file of a shared document: the patient sees that it was replaced, and can no longer open the old
bytes. These are deleted, as when a document is taken back; the trail keeps their hash."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import Recipient, resolve
from audit.trail import record
from documents import messages
from documents.addressees import addressee_of
from documents.consents.keeping import asks_for_signature
from documents.models import SharedDocument
from documents.sharing.uploads import Prepared, check_may_share, locked, prepare
from files import storage
from files.intake import Intake
from refusals import Kind, Refusal
from signing.pdf.placement import Placement


class NotReplaceable(Refusal):
    """This document cannot be replaced; the sentence says why."""

    code = "not_replaceable"
    kind = Kind.CONFLICT


def replace_document(
    *,
    document: SharedDocument,
    intake: Intake,
    placement: Placement | None,
    by: User,
    instead_of: uuid.UUID | None = None,
    confirm_patient: bool = False,
) -> SharedDocument:
    """Replace the file by an accepted upload, signed if a `placement` is given; its recipient gets a message.

    `instead_of`: the file that the user saw, so that two clicks, or two people, replace it once. Consumes the intake,
    as documents.sharing.share.share_upload. Raises NotReplaceable, and what share_upload raises.
    """
    appointment = document.appointment
    with intake:
        check_may_share(appointment, by)
        check_replaceable(document, resolve(appointment), instead_of)
        prepared = prepare(
            appointment=appointment, intake=intake, placement=placement, by=by, confirm_patient=confirm_patient
        )
    try:
        with transaction.atomic():
            prepared.stored.save()
            return _replace(document.pk, appointment, prepared, instead_of, by)
    except Exception:
        storage.abandon(prepared.stored)
        raise


def check_replaceable(document: SharedDocument, recipient: Recipient, instead_of: uuid.UUID | None = None) -> None:
    """Raises NotReplaceable unless the document's recipient is also today's: new bytes never go to anybody else."""
    if document.library_version_id is not None:
        raise NotReplaceable(
            _("Ce document vient de la bibliothèque : changez-le là, ou retirez-le et partagez-en un autre.")
        )
    if asks_for_signature(document):
        raise NotReplaceable(
            _("Ce document demande ou porte la signature du patient : partagez-en un autre à côté de lui.")
        )
    if not recipient.is_ready or recipient.addressee != addressee_of(document):
        raise NotReplaceable(
            _(
                "Le destinataire n’est plus celui d’alors, ou ses coordonnées manquent : retirez ce document et "
                "partagez le nouveau."
            )
        )
    if instead_of is not None and document.file_id != instead_of:
        raise NotReplaceable(_("Ce document a déjà été remplacé ou retiré. Rechargez la page."))


def _replace(
    pk: uuid.UUID, appointment: Appointment, prepared: Prepared, instead_of: uuid.UUID | None, by: User
) -> SharedDocument:
    appointment = locked(appointment)
    document = (
        SharedDocument.objects.select_for_update(of=("self",))
        .select_related("file", "practice", "patient__practice", "holder", "authorisation")
        .filter(pk=pk)
        .first()
    )
    if document is None:
        raise NotReplaceable(_("Ce document a déjà été remplacé ou retiré. Rechargez la page."))
    check_replaceable(document, resolve(appointment), instead_of)
    old = document.file
    for name, value in prepared.facts.items():
        setattr(document, name, value)
    document.shared_by = by  # whoever signs counts as sharing it; the history names both
    document.replaced_at = timezone.now()
    document.first_read_at = document.reminded_at = None
    document.full_clean(exclude=["file"])
    document.save()
    record(
        "document.replaced",
        by=by,
        on=document,
        practice=document.practice_id,
        within=document.appointment_id,
        detail={
            "category": document.category_id,
            "signed": document.is_signed,
            "sha256": document.file.sha256,
            "replaced_sha256": old.sha256,
            "notices": document.notices,
            **({"patient_confirmed": True} if prepared.patient_confirmed else {}),
        },
    )
    storage.purge(old)
    messages.announce(document, by=by, replaced=True)
    return document
