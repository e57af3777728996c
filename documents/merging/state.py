"""What undoing a merge needs, stored with it as JSON: which rows came from the other record, and how each tie was."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_date, parse_datetime

from documents.merging.choices import Saved
from patients.models import RecordTie

ENDED_WISHES = "wishes that the merge ended"  # among `rows`: the previous release reads no other field


@dataclass
class State:
    """`rows`: ids of what came from the other record, by model. `ties`: every tie of both as it was. The others: ids
    of what the merge itself ended or changed."""

    kept: Saved
    merged: Saved = field(default_factory=dict)
    rows: dict[str, list[str]] = field(default_factory=dict)
    ties: dict[str, dict[str, Any]] = field(default_factory=dict)
    replaced_ties: list[str] = field(default_factory=list)
    settled_proposals: list[str] = field(default_factory=list)
    ended_links: list[str] = field(default_factory=list)
    sendings_of_links: dict[str, list[str]] = field(default_factory=dict)  # in order; of every link open until then
    no_minors_documents: list[str] = field(default_factory=list)
    ended_documents: list[str] = field(default_factory=list)
    ended_by_age: list[str] = field(default_factory=list)  # not by age alone since the merge
    invited: list[str] = field(default_factory=list)  # records with a live invitation
    relatives_of_kept: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, stored: dict[str, Any]) -> State:
        return cls(**stored)

    def move(self, rows: QuerySet[Any], **changes: Any) -> None:
        """Update these rows, and note that they came from the other record."""
        label = rows.model._meta.label
        moved = list(rows.values_list("pk", flat=True))
        rows.model._base_manager.filter(pk__in=moved).update(**changes)
        self.rows[label] = [*self.rows.get(label, []), *map(str, moved)]

    def moved(self, model: type[Model]) -> list[str]:
        return self.rows.get(model._meta.label, [])


def tie_as_it_is(tie: RecordTie) -> dict[str, Any]:
    return {
        "patient": str(tie.patient_id),
        "suspended_at": _written(tie.suspended_at),
        "shows_only": tie.shows_only,
        "proved_email": tie.proved_email,
        "proved_mobile": tie.proved_mobile,
        "proved_birth_date": _written(tie.proved_birth_date),
        "live": tie.ended_at is None,
    }


def tie_as_it_was(tie: RecordTie, was: dict[str, Any]) -> None:
    """Set its proofs and limits, without saving and without opening it again."""
    tie.suspended_at = parse_datetime(was["suspended_at"]) if was["suspended_at"] else None
    tie.shows_only = was["shows_only"]
    tie.proved_email, tie.proved_mobile = was["proved_email"], was["proved_mobile"]
    tie.proved_birth_date = parse_date(was["proved_birth_date"]) if was["proved_birth_date"] else None


def belongs_to(was: dict[str, Any]) -> uuid.UUID:
    return uuid.UUID(was["patient"])


def _written(moment: Any) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) or moment else None
