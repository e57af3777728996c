"""The chain over the trail: each line's digest covers the one before, so that a changed or missing line shows.

Sealing is a separate step over committed lines (docs/decisions/0010), so writers never wait for each other. A line
that commits late is sealed late; its place in the chain is its seal's position, not its id. The digest of the newest
seal, stored elsewhere (an export, a log), is an anchor: it reveals even a trail whose chain was recomputed from some
line on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from audit.models import AuditEvent, AuditSeal

BATCH = 1000
# A line gets its time within its transaction, and no transaction lasts this long: older lines are sealed already.
LONGEST_TRANSACTION = timedelta(days=1)
LATEST_SEAL = timedelta(hours=1)  # an unsealed line older than this means that sealing does not run
TURN = 0x0D0C5EA1  # key of the advisory lock (PostgreSQL) that admits one sealer at a time
START = ""  # the previous digest for the first line


class Anchor(NamedTuple):
    """A place of the chain: `position` counts from 1 (0: nothing is sealed yet), `digest` in hexadecimal."""

    position: int
    digest: str


def seal() -> int:
    """Seal every committed line that has no seal yet, in the order of ids; returns their number.

    A second concurrent sealer returns 0 at once.
    """
    sealed = 0
    while count := _seal_batch():
        sealed += count
    return sealed


@transaction.atomic
def _seal_batch() -> int:
    if not _try_lock():
        return 0
    last = AuditSeal.objects.order_by("-position").first()
    lines = AuditEvent.objects.unsealed()
    if last and (newest := AuditEvent.objects.filter(pk=last.event_id).first()):
        lines = lines.filter(at__gte=newest.at - LONGEST_TRANSACTION)
    position, digest = (last.position, last.digest) if last else (0, START)
    seals = []
    for line in lines.order_by("id")[:BATCH]:
        position, digest = position + 1, digest_of(line, digest)
        seals.append(AuditSeal(position=position, event_id=line.pk, digest=digest))
    AuditSeal.objects.bulk_create(seals)
    return len(seals)


def seal_with(lines: Sequence[AuditEvent]) -> None:
    """Seal lines in the transaction that writes them: those of another installation, whose times are long past, so
    that `seal` would not look for them. Other sealers return at once until it ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
    last = AuditSeal.objects.order_by("-position").first()
    position, digest = (last.position, last.digest) if last else (0, START)
    seals = []
    for line in lines:
        position, digest = position + 1, digest_of(line, digest)
        seals.append(AuditSeal(position=position, event_id=line.pk, digest=digest))
    AuditSeal.objects.bulk_create(seals)


def _try_lock() -> bool:
    if connection.vendor != "postgresql":
        return True  # SQLite's transaction holds the write lock
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [TURN])
        return bool(cursor.fetchone()[0])


def digest_of(line: AuditEvent, before: str) -> str:
    """SHA-256, hexadecimal, over the digest before, a line feed, and the line's canonical form."""
    return hashlib.sha256(f"{before}\n{written(line)}".encode()).hexdigest()


def written(line: AuditEvent) -> str:
    """The line as JSON: keys sorted, no spaces, ASCII, its time in UTC to the microsecond. Never to change."""
    return json.dumps(facts(line), sort_keys=True, separators=(",", ":"))


def facts(line: AuditEvent) -> dict[str, object]:
    """The contents of a line, for exports and for the chain."""
    return {
        "id": line.pk,
        "at": line.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "practice": _text(line.practice_id),
        "actor": _text(line.actor_id),
        "action": line.action,
        "object_type": line.object_type,
        "object": _text(line.object_id),
        "record": _text(line.record_id),
        "detail": line.detail,
    }


def newest_anchor() -> Anchor:
    last = AuditSeal.objects.order_by("-position").first()
    return Anchor(last.position, last.digest) if last else Anchor(0, START)


def holds(anchor: Anchor) -> bool:
    """Whether the chain still has this digest at this position."""
    return AuditSeal.objects.filter(position=anchor.position, digest=anchor.digest).exists()


def faults() -> Iterator[str]:
    """A sentence for each line that is missing, changed or unsealed. Reads the whole trail."""
    expected, before = 1, START
    while seals := AuditSeal.objects.filter(position__gte=expected).order_by("position")[:BATCH]:
        lines = AuditEvent.objects.in_bulk([seal.event_id for seal in seals])
        for seal in seals:
            if seal.position != expected:
                yield f"audit seals {expected} to {seal.position - 1}: missing"
            elif (line := lines.get(seal.event_id)) is None:
                yield f"audit line {seal.event_id}: missing, though it was sealed"
            elif digest_of(line, before) != seal.digest:
                yield f"audit line {seal.event_id}: changed since it was sealed"
            expected, before = seal.position + 1, seal.digest
    late = AuditEvent.objects.unsealed().filter(at__lt=timezone.now() - LATEST_SEAL)
    for pk in late.order_by("id").values_list("pk", flat=True).iterator():
        yield f"audit line {pk}: not sealed within an hour (the scheduler or the worker is not at work)"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
