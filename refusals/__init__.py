"""How a use case refuses: one base class, which every door knows how to answer.

A use case raises a subclass, defined beside it. The subclass says `code`, `kind` and the sentence; a door maps `kind`
to its answer (portals/api/errors.py, portals/answers.py) and knows no class by name, unless it offers another way on.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from django_stubs_ext import StrOrPromise


class Kind(StrEnum):
    INVALID = "invalid"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"  # what is asked does not go with how things stand
    GONE = "gone"
    TOO_LARGE = "too_large"
    TOO_OFTEN = "too_often"  # whoever asks has used up what one may ask
    TRY_LATER = "try_later"  # nothing is wrong with what was asked
    SIGN_IN_AGAIN = "sign_in_again"


class Reason(NamedTuple):
    code: str
    sentence: str
    field: str | None = None


class Refusal(Exception):
    """Nothing was done. `sentence` tells the person who asked why, in the language they read at that moment.

    `code` is for programs and never changes; `field` is the part of a form or of a body that it is about.
    `retry_after`: in how many seconds the same may go through. `str()` is the code: exceptions end in logs, sentences
    may name people.
    """

    code: str
    kind: Kind
    field: str | None = None
    retry_after: int | None = None
    words: StrOrPromise  # of a class: lazy, so that they are translated when they are read

    def __init__(self, words: StrOrPromise | None = None) -> None:
        super().__init__(self.code)
        if words is not None:
            self.words = words

    @property
    def sentence(self) -> str:
        return str(self.words)

    def errors(self) -> list[Reason]:
        """One, unless several things speak against it."""
        return [Reason(self.code, self.sentence, self.field)]
