"""Records every reading of a document, by whom and when; patients see the list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from audit.trail import record
from documents.models import DocumentReading, ReadingMeans, SharedDocument
from documents.sharing.access import visible_as_recipient


def note_reading(
    *, documents: Iterable[SharedDocument], by: User, means: ReadingMeans, as_recipient: bool = False
) -> None:
    """Record one reading for each document; the first by its recipient marks it read.

    `as_recipient`: the caller has just found them by access.visible_as_recipient, so it is not checked again. Raises
    SharedDocument.DoesNotExist if one was taken back meanwhile: it was not read.
    """
    documents = list(documents)
    with _while_they_last(documents):
        _note(documents, by, means, as_recipient=as_recipient)


def _note(documents: list[SharedDocument], by: User | None, means: ReadingMeans, *, as_recipient: bool) -> None:
    """Without an account (`by` None), the user of the link counts as the recipient."""
    now = timezone.now()
    theirs = {document.pk for document in documents}
    if by is not None and not as_recipient:
        theirs &= set(visible_as_recipient(by).filter(pk__in=theirs).values_list("pk", flat=True))
    for document in documents:
        is_recipient = document.pk in theirs
        DocumentReading.objects.create(
            practice_id=document.practice_id,
            document=document,
            reader=by,
            means=means,
            as_staff=not is_recipient,
            at=now,
        )
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


def note_reading_by_link(*, document: SharedDocument) -> None:
    """Record a reading by the link of an automatic sending, without account. Raises SharedDocument.DoesNotExist."""
    with _while_they_last([document]):
        _note([document], None, ReadingMeans.BY_LINK, as_recipient=True)


@contextmanager
def _while_they_last(documents: Collection[SharedDocument]) -> Iterator[None]:
    """A transaction without a lock: at its end, the database refuses a reading of a document that was deleted."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        pks = {document.pk for document in documents}
        if SharedDocument.objects.filter(pk__in=pks).count() == len(pks):
            raise
        raise SharedDocument.DoesNotExist from None
