"""Pictures and texts of pages, kept once they are made: nobody waits twice for a child that draws.

They are as private as their file: readable only through files.preview, which callers reach after they have decided
who sees the document; sealed, so that no document can be read from a copy of the database alone. They go with the row
of their file, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from files.models import KeptPage, StoredFile
from sealing.columns import CannotOpen

MOST = 10_000  # of the installation; the oldest go first: at 70 kB a sealed picture, 700 MB
LONGEST = timedelta(days=30)
DRAWING = 2  # one more when code draws or reads pages differently: what is kept is then made again
TEXT = 0  # instead of a width
ROWS = 1000  # of one statement


def kept(stored: StoredFile, *, width: int, numbers: range) -> dict[int, str]:
    """What is kept of these pages (from 1), by number: pictures of this width in pixels, in base64, or texts."""
    rows = KeptPage.objects.filter(file=stored, width=width, drawing=DRAWING, number__in=numbers)
    found = {}
    for row in rows.only("number", "content"):
        with suppress(CannotOpen):  # the key was lost: the page is made again
            of, _, content = row.content.partition(" ")
            if of == _name(stored, row.number, width):
                found[row.number] = content
    return found


def _name(stored: StoredFile, number: int, width: int) -> str:
    """Of a kept page, sealed with its content: one that was copied into the row of another is made again."""
    return f"{stored.sha256}/{number}/{width}"


def keep(stored: StoredFile, *, width: int, contents: Mapping[int, str]) -> None:
    """Keep them, in place of earlier ones. Of a file whose row was deleted in the meantime nothing is kept."""
    rows = [
        KeptPage(
            file=stored, number=number, width=width, drawing=DRAWING,
            content=f"{_name(stored, number, width)} {content}",
        )
        for number, content in contents.items()
    ]  # fmt: skip
    try:
        with transaction.atomic():
            if not StoredFile.objects.filter(pk=stored.pk).exists():
                return
            KeptPage.objects.bulk_create(
                rows,
                update_conflicts=True,
                unique_fields=["file", "number", "width"],
                update_fields=["drawing", "content", "made_at"],
            )
    except IntegrityError:  # deleted since, by another process
        if StoredFile.objects.filter(pk=stored.pk).exists():
            raise


def sweep(*, most: int = MOST, longest: timedelta = LONGEST) -> int:
    """Remove what is older than `longest`, and the oldest beyond `most`. Returns how many."""
    removed = 0
    while old := _beyond(most, longest):
        removed += KeptPage.objects.filter(pk__in=old).delete()[0]
    return removed


def _beyond(most: int, longest: timedelta) -> list[UUID]:
    """At most ROWS of them."""
    newest_first = KeptPage.objects.order_by("-made_at", "-id").values_list("pk", flat=True)
    too_old = newest_first.filter(made_at__lt=timezone.now() - longest)
    return list(too_old[:ROWS]) or list(newest_first[most : most + ROWS])
