"""Who read a document, and when: every reading is kept, and shown to the patient."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.trail import record
from documents.access import visible_as_recipient
from documents.models import DocumentReading, ReadingMeans, SharedDocument


@transaction.atomic
def note_reading(
    *, documents: Iterable[SharedDocument], by: User, means: ReadingMeans, as_recipient: bool = False
) -> None:
    """One line for each document; the first by its recipient marks it read.

    `as_recipient`: they were just found by documents.access.visible_as_recipient, which need not be asked again.
    """
    documents = list(documents)
    now = timezone.now()
    theirs = {document.pk for document in documents}
    if not as_recipient:
        theirs &= set(visible_as_recipient(by).filter(pk__in=theirs).values_list("pk", flat=True))
    for document in documents:
        is_recipient = document.pk in theirs
        DocumentReading.objects.create(document=document, reader=by, means=means, as_staff=not is_recipient, at=now)
        if is_recipient and document.first_read_at is None:
            SharedDocument.objects.filter(pk=document.pk, first_read_at=None).update(first_read_at=now)
        record(
            "document.read" if is_recipient else "document.consulted",
            by=by,
            on=document,
            practice=document.practice_id,
            within=document.appointment_id,
            detail={"means": means.value, "category": document.category_id},
        )


@transaction.atomic
def note_reading_by_link(*, document: SharedDocument) -> None:
    """Somebody without an account, by the link of an automatic sending."""
    now = timezone.now()
    DocumentReading.objects.create(document=document, reader=None, means=ReadingMeans.BY_LINK, as_staff=False, at=now)
    SharedDocument.objects.filter(pk=document.pk, first_read_at=None).update(first_read_at=now)
    record(
        "document.read",
        by=None,
        on=document,
        practice=document.practice_id,
        within=document.appointment_id,
        detail={"means": ReadingMeans.BY_LINK.value, "category": document.category_id},
    )
