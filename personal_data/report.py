"""The report of a command: what it erased or would erase, and what stays for which reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Model, QuerySet

KEYS = 1000


@dataclass
class Report:
    """`erased`: how many of each; `kept`: a sentence for each thing that stays, with its reason."""

    erased: Counter[str] = field(default_factory=Counter)
    kept: list[str] = field(default_factory=list)

    def delete(self, what: str, rows: QuerySet[Model]) -> None:
        """Delete rows, and count those of this model alone."""
        _total, by_model = rows.delete()
        self.count(what, by_model.get(rows.model._meta.label, 0))

    def delete_by_key(self, what: str, rows: QuerySet[Model], keys: Sequence[object]) -> None:
        """Like delete, for these primary keys, in batches, because a statement has a maximum number of parameters."""
        for start in range(0, len(keys), KEYS):
            self.delete(what, rows.filter(pk__in=keys[start : start + KEYS]))

    def count(self, what: str, number: int) -> None:
        if number:
            self.erased[what] += number

    def lines(self, *, dry_run: bool) -> Iterator[str]:
        if dry_run:
            yield "Dry run: nothing was changed."
        verb = "would be erased" if dry_run else "erased"
        yield from (f"{verb}: {number} {what}" for what, number in sorted(self.erased.items()))
        if not self.erased:
            yield "Nothing to erase."
        yield from (f"kept: {sentence}" for sentence in self.kept)
