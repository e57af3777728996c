"""What is wrong with a questionnaire or with answers, by question. `questionnaires/words.py` has the sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """`link_id`: the item at fault; "" for the whole. `detail`: the name or the value that is at fault. `path`: where
    in the JSON of a questionnaire, as FHIRPath writes it."""

    link_id: str
    code: str
    detail: str = ""
    path: str = ""


class NotUnderstood(Exception):
    """A resource that is refused. Its text has codes and no content."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(", ".join(sorted({fault.code for fault in self.faults})))
