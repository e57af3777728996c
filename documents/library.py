"""The practice's library: reusable documents, each change a new version."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Practice, User
from accounts.roles import NotAllowed, may_administer
from audit.trail import record
from documents.autosend import follow_library
from documents.files import storage
from documents.files.intake import Intake
from documents.models import Category, LibraryDocument, LibraryVersion


def import_document(
    *, practice: Practice, intake: Intake, title: str, category: Category, by: User, pk: uuid.UUID | None = None
) -> LibraryDocument:
    """A new document of the library, version 1. Consumes the intake. Raises NotAllowed."""
    _check_may_write(practice, by)
    document = LibraryDocument(
        id=pk or uuid.uuid4(), practice=practice, title=title.strip() or intake.name, category=category
    )
    document.full_clean()
    _keep_version(document, intake, by, action="library.imported")
    return document


def import_version(*, document: LibraryDocument, intake: Intake, by: User) -> LibraryVersion:
    """The next version; what was sent before stays as it was. Consumes the intake. Raises NotAllowed."""
    _check_may_write(document.practice, by)
    return _keep_version(document, intake, by, action="library.version_added")


@transaction.atomic
def change_library_document(
    *, document: LibraryDocument, by: User, title: str | None = None, category: Category | None = None
) -> LibraryDocument:
    """Rename or reclassify; what was shared keeps the title it was shared under. Raises NotAllowed."""
    _check_may_write(document.practice, by)
    document.title = title.strip() if title is not None else document.title
    document.category = category or document.category
    document.full_clean()
    document.save(update_fields=["title", "category"])
    record("library.changed", by=by, on=document, practice=document.practice_id)
    return document


@transaction.atomic
def archive(*, document: LibraryDocument, by: User) -> None:
    """No longer offered; what was shared of it stays. Archiving twice changes nothing. Raises NotAllowed."""
    _check_may_write(document.practice, by)
    if LibraryDocument.objects.in_use().filter(pk=document.pk).update(archived_at=timezone.now()):
        follow_library(document.pk)
        record("library.archived", by=by, on=document, practice=document.practice_id)


def _keep_version(document: LibraryDocument, intake: Intake, by: User, *, action: str) -> LibraryVersion:
    stored = storage.keep(intake)
    try:
        with transaction.atomic():
            stored.save()
            if document._state.adding:
                document.save()
            else:  # numbers are given one after the other
                LibraryDocument.objects.select_for_update().get(pk=document.pk)
            last = document.versions.order_by("-number").values_list("number", flat=True).first() or 0
            version = LibraryVersion.objects.create(
                document=document,
                number=last + 1,
                file=stored,
                name=intake.name,
                page_count=intake.page_count,
                created_by=by,
            )
            record(action, by=by, on=document, practice=document.practice_id, detail={"version": version.number})
            return version
    except Exception:
        storage.abandon(stored)
        raise


def _check_may_write(practice: Practice, by: User) -> None:
    if not may_administer(by, practice):
        raise NotAllowed(_("Seul un administrateur du cabinet modifie la bibliothèque."))
