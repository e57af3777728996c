"""The result of checking one part: its state, a sentence, and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    WELL = "well"
    ILL = "ill"
    UNKNOWN = "unknown"  # not checked yet, or it cannot be checked
    OFF = "off"  # not set up, perhaps on purpose


@dataclass(frozen=True)
class Finding:
    """`part`: its code, and the name of its page in docs/illnesses/. `remedy`: what to do, if it is ill or off."""

    part: str
    name: str
    state: State
    sentence: str
    remedy: str = ""

    @property
    def is_ill(self) -> bool:
        return self.state is State.ILL
