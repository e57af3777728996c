"""The practice's library: reusable documents, imported or written; each change creates a version."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import record
from documents.consents.sealing import check_intake
from documents.library.writing.body import clean, pictures
from documents.library.writing.fields import examples
from documents.library.writing.printing import print_body
from documents.models import AutoSendRule, Category, ConsentForm, LibraryDocument, LibraryVersion
from documents.models.library import BLANK
from documents.sending.planning import follow_library
from files import storage
from files.intake import Intake
from files.names import composed
from practices.models import Practice
from practices.roles import require_administrator

ONLY_ADMINISTRATORS = gettext_lazy("Seul un administrateur du cabinet modifie la bibliothèque.")


def import_document(
    *, practice: Practice, intake: Intake, title: str, category: Category, by: User, pk: uuid.UUID | None = None
) -> LibraryDocument:
    """Create a library document with version 1. Consumes the intake. Raises NotAllowed, ValidationError."""
    document = LibraryDocument(
        id=pk or uuid.uuid4(), practice=practice, title=composed(title) or intake.name, category=category
    )
    with intake:
        check_may_write(practice, by)
        document.full_clean()
        _store_version(document, intake, by, action="library.imported")
    return document


def import_version(*, document: LibraryDocument, intake: Intake, by: User) -> LibraryVersion:
    """Add a version; documents sent earlier stay unchanged. Consumes the intake. Raises NotAllowed;
    documents.consents.sealing.NotToBeSigned if the document asks for a signature that this file cannot receive."""
    with intake:
        check_may_write(document.practice, by)
        if ConsentForm.objects.filter(document=document).exists():
            check_intake(intake, practice=document.practice)
        return _store_version(document, intake, by, action="library.version_added")


def write_document(
    *, practice: Practice, body: str, title: str, category: Category, by: User, pk: uuid.UUID | None = None
) -> LibraryDocument:
    """Create a written document: `body` is HTML with merge fields (documents.library.writing.body).

    Raises NotAllowed, ValidationError, documents.library.writing.printing.CannotWrite.
    """
    check_may_write(practice, by)
    document = LibraryDocument(id=pk or uuid.uuid4(), practice=practice, title=composed(title), category=category)
    document.full_clean()
    cleaned = _checked(body, practice)
    _store_version(document, print_specimen(document, cleaned), by, action="library.written", body=cleaned)
    return document


def write_version(*, document: LibraryDocument, body: str, by: User) -> LibraryVersion:
    """Add a version to a written document; documents sent earlier stay unchanged. Raises as write_document."""
    check_may_write(document.practice, by)
    cleaned = _checked(body, document.practice)
    return _store_version(
        document, print_specimen(document, cleaned), by, action="library.version_added", body=cleaned
    )


@transaction.atomic
def rewrite_document(*, document: LibraryDocument, title: str, category: Category, body: str, by: User) -> None:
    """Change title, category and text together; adds a version only if the text changed. Raises as write_document."""
    change_library_document(document=document, by=by, title=title, category=category)
    if clean(body) != document.current.body:
        write_version(document=document, body=body, by=by)


def print_specimen(document: LibraryDocument, kept: str) -> Intake:
    """The PDF of a stored body, with examples in its merge fields. Raises
    documents.library.writing.printing.CannotWrite."""
    practice = document.practice
    return print_body(
        kept, practice=practice, title=document.title, values=examples(practice), language=practice.language
    )


def preview_body(*, practice: Practice, title: str, body: str) -> bytes:
    """The PDF of an unsaved body. Stores nothing. Raises ValidationError, CannotWrite."""
    with print_specimen(LibraryDocument(practice=practice, title=title), _checked(body, practice)) as intake:
        return intake.path.read_bytes()


def _checked(body: str, practice: Practice) -> str:
    cleaned = clean(body)
    wanted = set(pictures(cleaned))
    known = LibraryDocument.objects.filter(practice=practice, versions__file__media_type__startswith="image/")
    if set(known.filter(pk__in=wanted).values_list("pk", flat=True)) != wanted:
        raise ValidationError({"body": _("Une image de ce texte n’est pas dans la bibliothèque du cabinet.")})
    return cleaned


@transaction.atomic
def change_library_document(
    *, document: LibraryDocument, by: User, title: str | None = None, category: Category | None = None
) -> LibraryDocument:
    """Rename or reclassify; documents shared earlier keep their title. Raises NotAllowed."""
    check_may_write(document.practice, by)
    document.title = composed(title) if title is not None else document.title
    document.category = category or document.category
    document.full_clean()
    document.save(update_fields=["title", "category"])
    record("library.changed", by=by, on=document, practice=document.practice_id)
    return document


@transaction.atomic
def unarchive(*, document: LibraryDocument, by: User) -> None:
    """Offer it again; rules that name it send it again. Raises NotAllowed."""
    check_may_write(document.practice, by)
    if LibraryDocument.objects.filter(pk=document.pk, archived_at__isnull=False).update(archived_at=None):
        follow_library(document.pk)
        record("library.unarchived", by=by, on=document, practice=document.practice_id)


@transaction.atomic
def archive(*, document: LibraryDocument, by: User) -> None:
    """Offer it no longer; documents shared from it stay. Archiving twice changes nothing. Raises NotAllowed."""
    check_may_write(document.practice, by)
    if LibraryDocument.objects.in_use().filter(pk=document.pk).update(archived_at=timezone.now()):
        follow_library(document.pk)
        record("library.archived", by=by, on=document, practice=document.practice_id)


def _store_version(
    document: LibraryDocument, intake: Intake, by: User, *, action: str, body: str = ""
) -> LibraryVersion:
    stored = storage.keep(intake, practice=document.practice_id)
    try:
        with transaction.atomic():
            stored.save()
            if document._state.adding:
                document.save()
            else:  # the lock makes version numbers consecutive
                LibraryDocument.objects.select_for_update().get(pk=document.pk)
                _check_no_rule_sends(document, body)
            last = document.versions.order_by("-number").values_list("number", flat=True).first() or 0
            version = LibraryVersion.objects.create(
                document=document,
                number=last + 1,
                file=stored,
                name=intake.name,
                page_count=intake.page_count,
                body=body,
                created_by=by,
            )
            record(action, by=by, on=document, practice=document.practice_id, detail={"version": version.number})
            return version
    except Exception:
        storage.abandon(stored)
        raise


def _check_no_rule_sends(document: LibraryDocument, body: str) -> None:
    """A rule never sends a document with blanks. The caller has locked the document. Raises ValidationError."""
    rule = AutoSendRule.objects.kept().filter(documents=document).first() if BLANK in body else None
    if rule is not None:
        sentence = _(
            "La règle « %(rule)s » envoie ce document, et personne n’en remplirait les blancs. Retirez-le d’abord de "
            "la règle, ou rédigez un autre document."
        )
        raise ValidationError({"body": sentence % {"rule": rule.name}})


def check_may_write(practice: Practice, by: User) -> None:
    """Raises NotAllowed."""
    require_administrator(by, practice, ONLY_ADMINISTRATORS)
