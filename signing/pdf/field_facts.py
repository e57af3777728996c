"""Facts about every filled signature field that the judgement of one signature needs. Imports no Django."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Judgement = Literal["valid", "not_valid", "not_judged"]


@dataclass(frozen=True)
class FieldFact:
    """One filled signature field, document time-stamps too."""

    name: str  # fully qualified
    revision: int  # of the file, from 0, in which the field was filled
    is_time_stamp: bool
    judgement: Judgement
    confirmed: bool  # its chain leads to a root known to this site; a time-stamp's to a time root
