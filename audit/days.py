"""Once a day, one digest over the newest seal of every practice's chain: whoever stores it elsewhere can prove each
chain up to then, and a practice's chain can be checked without the others."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audit.locks import lock_sealing
from audit.models import AuditSeal, DailySeal

START = ""  # the previous digest for the first line, and for the first day


class Head(NamedTuple):
    """The newest seal of a practice's chain: `number` counts from 1 (0: none yet), `digest` in hexadecimal."""

    number: int
    digest: str


class DayAnchor(NamedTuple):
    day: date  # in UTC
    digest: str

    def __str__(self) -> str:
        return f"{self.day.isoformat()}:{self.digest}"


@transaction.atomic
def seal_day(*, now: datetime | None = None) -> DayAnchor | None:
    """Seal the chains that grew since the last day that was sealed; at most once a day (UTC). Returns the newest
    anchor, None if there is none yet."""
    lock_sealing()
    today = (now or timezone.now()).astimezone(UTC).date()
    last = DailySeal.objects.order_by("-position").first()
    newest = AuditSeal.objects.order_by("-position").first()
    since = last.position if last else 0
    if newest is None or newest.position == since or (last and last.day >= today):
        return DayAnchor(last.day, last.digest) if last else None
    grown = AuditSeal.objects.filter(position__gt=since, chain__isnull=False)
    positions = grown.order_by().values("chain").annotate(newest=Max("position")).values("newest")
    newest_of_each = AuditSeal.objects.filter(position__in=positions)
    heads = {seal.chain: Head(seal.number or 0, seal.chain_digest) for seal in newest_of_each if seal.chain}
    digest = digest_of_day(last.digest if last else START, newest, heads)
    DailySeal.objects.create(day=today, position=newest.position, digest=digest)
    return DayAnchor(today, digest)


def digest_of_day(before: str, newest: AuditSeal, heads: Mapping[uuid.UUID, Head]) -> str:
    """SHA-256, hexadecimal, over lines that each end in a line feed: the digest of the day before; position and
    digest of the newest seal; and practice, number and digest of each chain that grew since, by practice. Never to
    change."""
    chains = [f"{chain}:{number}:{digest}\n" for chain, (number, digest) in heads.items()]
    text = f"{before}\n{newest.position}:{newest.digest}\n" + "".join(sorted(chains))
    return hashlib.sha256(text.encode()).hexdigest()


def holds(anchor: DayAnchor) -> bool:
    return DailySeal.objects.filter(day=anchor.day, digest=anchor.digest).exists()


class DaysCheck:
    """Compares the days with seals that are read in the order of their positions."""

    def __init__(self) -> None:
        self._days = list(DailySeal.objects.order_by("position"))
        self._before = START
        self._grown: dict[uuid.UUID, Head] = {}

    def read(self, seal: AuditSeal) -> Iterator[str]:
        """A sentence for each day that ends at or before this seal and says something else."""
        while self._days and self._days[0].position < seal.position:
            yield self._fault(self._days.pop(0))
        if seal.chain is not None:
            self._grown[seal.chain] = Head(seal.number or 0, seal.chain_digest)
        if self._days and self._days[0].position == seal.position:
            day = self._days.pop(0)
            if digest_of_day(self._before, seal, self._grown) != day.digest:
                yield self._fault(day)
            self._before, self._grown = day.digest, {}

    def end(self) -> Iterator[str]:
        """Days beyond the newest seal."""
        yield from map(self._fault, self._days)

    @staticmethod
    def _fault(day: DailySeal) -> str:
        return f"audit day {day.day.isoformat()}: the chains are not as they were then"
