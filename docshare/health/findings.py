"""What is found of one part: well or ill, a sentence, and a way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    WELL = "well"
    ILL = "ill"
    UNKNOWN = "unknown"  # nobody has asked it yet, or it cannot be asked
    OFF = "off"  # not set up, which may be meant


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
