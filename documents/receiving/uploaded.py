"""The end of uploads in pieces: sent, deleted with their appointment, or a day old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from documents.models import PartialUpload, ReceivedDocument
from files import pieces

STRAY = timedelta(hours=1)  # a row is there before its first piece


def note_sent(uploads: Sequence[PartialUpload], *, as_: Sequence[ReceivedDocument]) -> None:
    """These were sent and became these documents: remove their pieces after the commit. A repeated form has the same
    answer for a day."""
    for one in uploads:
        _remove_after_commit(one)
    ids = [str(one.pk) for one in as_]
    PartialUpload.objects.filter(pk__in=[one.pk for one in uploads]).update(
        sent_at=timezone.now(), sent_as=ids, pieces=[]
    )


def discard(uploads: QuerySet[PartialUpload]) -> int:
    """Delete them, rows now and pieces after the commit; returns their number."""
    found = list(uploads)
    for one in found:
        _remove_after_commit(one)
    PartialUpload.objects.filter(pk__in=[one.pk for one in found]).delete()
    return len(found)


def sweep_uploads() -> int:
    """Delete uploads that began more than a day ago, and pieces without a row; returns the number of rows."""
    with transaction.atomic():
        ended = discard(PartialUpload.objects.lapsed())
    known = set(PartialUpload.objects.filter(sent_at=None).values_list("pk", flat=True))
    for pk in pieces.uploads(older_than=STRAY) - known:
        pieces.remove_all(pk)
    return ended


def _remove_after_commit(upload: PartialUpload) -> None:
    transaction.on_commit(partial(pieces.remove_all, upload.pk), robust=True)
