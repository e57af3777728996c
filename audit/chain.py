"""The chain over the trail: each line's digest covers the one before, so that a changed or missing line shows.

Sealing is a separate step over committed lines (docs/decisions/0010), so writers never wait for each other. A line
that commits late is sealed late; its place in the chain is its seal's position, not its id. The digest of the newest
seal, stored elsewhere (an export, a log), is an anchor: it reveals even a trail whose chain was recomputed from some
line on.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, timedelta
from itertools import islice
from typing import NamedTuple

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery, UUIDField, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from audit.days import START, DaysCheck, Head
from audit.locks import lock_sealing, try_lock_sealing
from audit.models import AuditEvent, AuditSeal

BATCH = 1000
# A line gets its time within its transaction, and no transaction lasts this long: older lines are sealed already.
LONGEST_TRANSACTION = timedelta(days=1)
LATEST_SEAL = timedelta(hours=1)  # an unsealed line older than this means that sealing does not run
NO_PRACTICE = uuid.UUID(int=0)  # the chain of lines without a practice
NO_HEAD = Head(0, START)


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
    if not try_lock_sealing():
        return 0
    last = AuditSeal.objects.order_by("-position").first()
    lines = AuditEvent.objects.unsealed()
    if last and (newest := AuditEvent.objects.filter(pk=last.event_id).first()):
        # Lines written since, and those of transactions that began before and ended since. Times alone would pass
        # over what is written after a clock that ran ahead was put right.
        began = min(newest.at, timezone.now()) - LONGEST_TRANSACTION
        lines = lines.filter(Q(pk__gt=newest.pk) | Q(at__gte=began))
    return len(_write_seals(list(lines.order_by("id")[:BATCH]), last))


def seal_with(lines: Sequence[AuditEvent]) -> None:
    """Seal lines in the transaction that writes them: those of another installation, whose times are long past, so
    that `seal` would not look for them. Other sealers return at once until it ends."""
    lock_sealing()
    _write_seals(lines, AuditSeal.objects.order_by("-position").first())


def _write_seals(lines: Sequence[AuditEvent], last: AuditSeal | None) -> list[AuditSeal]:
    """Append the lines to the chain of the installation, which `last` ends, and each to its practice's."""
    position, digest = (last.position, last.digest) if last else (0, START)
    heads, seals = _heads(lines), []
    for line in lines:
        chain = chain_of(line)
        number, before = heads.get(chain, NO_HEAD)
        position, digest = position + 1, digest_of(line, digest)
        heads[chain] = Head(number + 1, digest_of(line, before))
        seals.append(
            AuditSeal(
                position=position,
                event_id=line.pk,
                digest=digest,
                chain=chain,
                number=heads[chain].number,
                chain_digest=heads[chain].digest,
            )
        )
    return AuditSeal.objects.bulk_create(seals)


def _heads(lines: Sequence[AuditEvent]) -> dict[uuid.UUID, Head]:
    """The ends of the chains of these saved lines, each found by its index."""
    of_chain = AuditSeal.objects.filter(chain=Coalesce(OuterRef("practice_id"), Value(NO_PRACTICE, UUIDField())))
    newest = of_chain.order_by("-number").values("position")[:1]
    saved = AuditEvent.objects.filter(pk__in=[line.pk for line in lines])
    positions = set(saved.annotate(newest=Subquery(newest)).values_list("newest", flat=True)) - {None}
    seals = AuditSeal.objects.filter(position__in=positions)
    return {seal.chain: Head(seal.number, seal.chain_digest) for seal in seals if seal.chain and seal.number}


def chain_of(line: AuditEvent) -> uuid.UUID:
    return line.practice_id or NO_PRACTICE


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


def with_places(lines: Iterable[AuditEvent]) -> Iterator[dict[str, object]]:
    """The facts of each line, and of its seal: `position` and `digest`, and `number` and `chain_digest` in its
    practice's chain. Null without a seal, the last two also of lines that the previous release sealed."""
    remaining = iter(lines)
    while batch := list(islice(remaining, BATCH)):
        seals = {seal.event_id: seal for seal in AuditSeal.objects.filter(event_id__in=[line.pk for line in batch])}
        for line in batch:
            seal = seals.get(line.pk)
            yield {
                **facts(line),
                "position": seal.position if seal else None,
                "digest": seal.digest if seal else None,
                "number": seal.number if seal else None,
                "chain_digest": (seal.chain_digest or None) if seal else None,
            }


def newest_anchor() -> Anchor:
    last = AuditSeal.objects.order_by("-position").first()
    return Anchor(last.position, last.digest) if last else Anchor(0, START)


def holds(anchor: Anchor) -> bool:
    """Whether the chain still has this digest at this position."""
    return AuditSeal.objects.filter(position=anchor.position, digest=anchor.digest).exists()


def faults() -> Iterator[str]:
    """A sentence for each line that is missing, changed or unsealed, in any chain. Reads the whole trail."""
    expected, before = 1, START
    heads: dict[uuid.UUID, Head] = {}
    days = DaysCheck()
    while seals := AuditSeal.objects.filter(position__gte=expected).order_by("position")[:BATCH]:
        lines = AuditEvent.objects.in_bulk([seal.event_id for seal in seals])
        for seal in seals:
            line = lines.get(seal.event_id)
            if seal.position != expected:
                yield f"audit seals {expected} to {seal.position - 1}: missing"
            elif line is None:
                yield f"audit line {seal.event_id}: missing, though it was sealed"
            elif digest_of(line, before) != seal.digest:
                yield f"audit line {seal.event_id}: changed since it was sealed"
            elif seal.chain and (fault := _fault_in_chain(seal, line, heads.get(seal.chain, NO_HEAD))):
                yield fault
            yield from days.read(seal)
            expected, before = seal.position + 1, seal.digest
            if seal.chain:
                heads[seal.chain] = Head(seal.number or 0, seal.chain_digest)
    yield from days.end()
    late = AuditEvent.objects.unsealed().filter(at__lt=timezone.now() - LATEST_SEAL)
    for pk in late.order_by("id").values_list("pk", flat=True).iterator():
        yield f"audit line {pk}: not sealed within an hour (the scheduler or the worker is not at work)"


def faults_of(practice: uuid.UUID | None) -> Iterator[str]:
    """A sentence for each line that is missing or changed in this practice's chain (None: in that of lines without a
    practice). Reads no other practice's lines."""
    head, chain = NO_HEAD, practice or NO_PRACTICE
    while seals := AuditSeal.objects.filter(chain=chain, number__gt=head.number).order_by("number")[:BATCH]:
        lines = AuditEvent.objects.in_bulk([seal.event_id for seal in seals])
        for seal in seals:
            line = lines.get(seal.event_id)
            if line is None:
                yield f"audit line {seal.event_id}: missing, though it was sealed"
            elif fault := _fault_in_chain(seal, line, head):
                yield fault
            head = Head(seal.number or 0, seal.chain_digest)


def _fault_in_chain(seal: AuditSeal, line: AuditEvent, head: Head) -> str | None:
    """What is wrong with a seal and its line after `head`, which ends their chain so far."""
    if chain_of(line) != seal.chain:
        return f"audit line {line.pk}: sealed in the chain of {seal.chain}, which is not its practice"
    if seal.number != head.number + 1:
        return f"audit chain of {seal.chain}: seals {head.number + 1} to {(seal.number or 0) - 1} are missing"
    if digest_of(line, head.digest) != seal.chain_digest:
        return f"audit line {line.pk}: changed since it was sealed"
    return None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
