"""The state of a review of the changes behind one signature. Imports no Django."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from pyhanko.sign.fields import FieldMDPSpec, MDPPerm

from signing.pdf.comparison import UNCLEAR, Comparison, Use
from signing.pdf.field_facts import FieldFact
from signing.pdf.not_allowed import NotAllowed
from signing.pdf.values import number_of

Came = Literal["nothing", "validation", "signatures", "not_judged", "fields", "other"]
SEVERITY: tuple[Came, ...] = ("nothing", "validation", "signatures", "not_judged", "fields", "other")

Roles = Set[Use]  # where references to an object may stand


@dataclass
class Review:
    comparison: Comparison
    facts: Mapping[str, FieldFact]
    permission: MDPPerm | None  # of the document (DocMDP)
    locks: FieldMDPSpec | None  # of this signature (FieldMDP)
    explained: set[int] = field(default_factory=set)  # numbers of changed objects that a rule allows
    # a later field's name, or its signature's number → its widget's number
    fields: dict[str | int, int] = field(default_factory=dict)
    found: Came = "validation"  # the most serious change so far

    def note(self, came: Came) -> None:
        self.found = max(self.found, came, key=SEVERITY.index)

    def is_changed(self, value: Any) -> bool:
        return number_of(value) in self.comparison.changed

    def is_new(self, value: Any) -> bool:
        return number_of(value) in self.comparison.new

    def explain(self, number: int | None) -> None:
        if number is not None:
            self.explained.add(number)

    def explain_if_only_used_as(self, value: Any, roles: Roles, kind: str) -> None:
        """Allow a change of the object behind a reference if the document refers to it nowhere else. Raises
        NotAllowed."""
        number = number_of(value)
        if number is None or number not in self.comparison.changed:
            return
        self.require_only_used_as(number, roles, kind)
        self.explained.add(number)

    def require_only_used_as(self, number: int | None, roles: Roles, kind: str) -> None:
        """Require that an object had no other role when the document was signed. Raises NotAllowed."""
        if number is not None and not self.comparison.uses(number) <= roles:
            raise NotAllowed(f"{kind} {number} is part of something else too")

    def require_only_under(self, number: int, keys: Set[str], kind: str) -> None:
        """Require that every reference to an object is under one of these keys. None of them is a key, such as
        /XObject or /Font, under which viewers look up the resources of a page. Raises NotAllowed."""
        uses = self.comparison.uses(number)
        if any(user == UNCLEAR or not path or path[-1] not in keys for user, path in uses):
            raise NotAllowed(f"{kind} {number} is part of something else too")

    def refuse_locked(self, name: str) -> None:
        if self.locks is not None and self.locks.is_locked(name):
            raise NotAllowed(f"field {name} is locked by the signature")
