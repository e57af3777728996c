"""How many files and bytes patients may send: by request, and in a day by account and by link alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from documents.models import DocumentLink, DocumentRequest, PartialUpload, ReceivedDocument
from documents.models.partial_upload import PartialUploadQuerySet
from refusals import Kind, Refusal

Sender = User | DocumentLink  # an account, or whoever has the link of an automatic message
A_DAY = timedelta(hours=24)
MEGABYTE = 1024 * 1024
MAX_FILES = 40  # of one request


@dataclass(frozen=True)
class Bound:
    files: int
    bytes: int


OF_SENDER = Bound(60, 500 * MEGABYTE)  # in a day, for all requests, and unasked
UNASKED = Bound(20, 200 * MEGABYTE)  # in a day, of these


class TooManyFiles(Refusal):
    code = "too_many_files"
    kind = Kind.INVALID
    field = "file"
    words = gettext_lazy("Trop de fichiers pour cette demande. Appelez le cabinet s’il lui en faut davantage.")


class TooMuchToday(Refusal):
    code = "too_much_today"
    kind = Kind.INVALID
    field = "file"

    def __init__(self, bound: Bound) -> None:
        sentence = ngettext(
            "Vous avez envoyé %(files)d fichier ou %(size)d Mo depuis hier : c’est la limite. Envoyez le reste "
            "demain, ou appelez le cabinet.",
            "Vous avez envoyé %(files)d fichiers ou %(size)d Mo depuis hier : c’est la limite. Envoyez le reste "
            "demain, ou appelez le cabinet.",
            bound.files,
        )
        super().__init__(sentence % {"files": bound.files, "size": bound.bytes // MEGABYTE})


def check_amount(
    request: DocumentRequest | None, by: Sender, sizes: Sequence[int], *, beside: Sequence[PartialUpload] = ()
) -> None:
    """Whether the sender may send files of these sizes, in bytes, for a request or unasked.

    The bytes of what is being uploaded count as sent, but for `beside`, of which the files were made. Raises
    TooManyFiles, TooMuchToday.
    """
    if not sizes:
        return
    if request is not None and request.received.count() + len(sizes) > MAX_FILES:
        raise TooManyFiles
    bounds = [(OF_SENDER, Q())] if request is not None else [(OF_SENDER, Q()), (UNASKED, Q(request=None))]
    for bound, which in bounds:
        since = timezone.now() - A_DAY
        sent = ReceivedDocument.objects.filter(which, sent_by_or_link(by), received_at__gt=since)
        coming = uploads_by(by).live().filter(which).exclude(pk__in=[one.pk for one in beside])
        size = _total(sent, "file__size") + _total(coming, "size") + sum(sizes)
        if sent.count() + len(sizes) > bound.files or size > bound.bytes:
            raise TooMuchToday(bound)


def check_may_begin(request: DocumentRequest | None, by: Sender, size: int) -> None:
    """As check_amount, for one more upload. Several photographs become one file, so uploads have a number of their
    own."""
    check_amount(request, by, [size])
    if uploads_by(by).live().count() >= OF_SENDER.files:
        raise TooMuchToday(OF_SENDER)


def _total(rows: QuerySet[Any], column: str) -> int:
    """Bytes."""
    total: int = rows.aggregate(total=Coalesce(Sum(column), 0))["total"]
    return total


def uploads_by(by: Sender) -> PartialUploadQuerySet:
    return PartialUpload.objects.filter(user=by) if isinstance(by, User) else PartialUpload.objects.filter(link=by)


def sent_by_or_link(by: Sender) -> Q:
    return Q(sent_by=by) if isinstance(by, User) else Q(link=by)
