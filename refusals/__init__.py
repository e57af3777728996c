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
    CONFLICT = "conflict"  # the request contradicts the current state
    OUTDATED = "outdated"  # it was made for a former version (RFC 9110, If-Match)
    GONE = "gone"
    TOO_LARGE = "too_large"
    TOO_OFTEN = "too_often"  # the requester has used up a limit
    TRY_LATER = "try_later"  # the same request may succeed later
    SIGN_IN_AGAIN = "sign_in_again"


class Reason(NamedTuple):
    code: str
    sentence: str
    field: str | None = None


class Refusal(Exception):
    """A request was refused and changed nothing. `sentence` explains why, in the current language of the requester.

    `code` is for programs and never changes; `field` is the form field or part of the body at fault. `retry_after`:
    in how many seconds the same request may succeed. `str()` is the code, because exceptions reach logs and sentences
    may name people.
    """

    code: str
    kind: Kind
    field: str | None = None
    retry_after: int | None = None
    words: StrOrPromise  # a class attribute; lazy, so that it is translated on display

    def __init__(self, words: StrOrPromise | None = None) -> None:
        super().__init__(self.code)
        if words is not None:
            self.words = words

    @property
    def sentence(self) -> str:
        return str(self.words)

    def errors(self) -> list[Reason]:
        """The refusals behind this one: itself, unless there are several reasons."""
        return [Reason(self.code, self.sentence, self.field)]
