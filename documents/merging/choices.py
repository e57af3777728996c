"""The data of two records side by side, and what of it the record that stays takes from the other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_date, parse_datetime

from patients.models import Patient
from patients.ownership import CONTACTS, given_by, recorded_at

IDENTITY = ("first_name", "last_name", "birth_date")
FIELDS = (*IDENTITY, *CONTACTS)
DOUBTS = ("birth_date_attempts", "access_ended")  # about the contacts
Saved = dict[str, Any]  # as JSON


@dataclass(frozen=True)
class Difference:
    """A field that staff choose from one of two records."""

    name: str
    kept: Any
    other: Any
    kept_giver: object | None = None  # the booker who gave the contact, unconfirmed
    other_giver: object | None = None


def differences(kept: Patient, other: Patient) -> list[Difference]:
    """What staff choose. Not a contact that only one of them has: the record that stays gets it."""
    differing = [
        Difference(
            name,
            getattr(kept, name),
            getattr(other, name),
            given_by(kept, name) if name in CONTACTS else None,
            given_by(other, name) if name in CONTACTS else None,
        )
        for name in FIELDS
    ]
    return [
        one
        for one in differing
        if (one.kept, one.kept_giver) != (one.other, one.other_giver)
        and not (one.name in CONTACTS and (not one.kept or not one.other))
    ]


def take(kept: Patient, other: Patient, from_other: Collection[str]) -> list[str]:
    """Set the chosen fields of `kept`, without saving. A contact comes with its owner and with the time when it was
    recorded; one that only one of them has is no choice, and is never lost. Returns the names of the fields that came
    from the other."""
    has = {name for name in FIELDS if getattr(other, name)}
    lacking = [name for name in CONTACTS if name in has and not getattr(kept, name)]
    taken = [name for name in FIELDS if (name in from_other and name in has) or name in lacking]
    doubted = [other] if any(getattr(other, name) in (getattr(kept, name), None) for name in CONTACTS) else []
    for name in taken:
        setattr(kept, name, getattr(other, name))
        if name in CONTACTS:
            setattr(kept, f"{name}_since", recorded_at(other, name))
            setattr(kept, f"{name}_given_by_id", given_by(other, name))
            setattr(kept, f"{name}_of_minor", getattr(other, f"{name}_of_minor"))
            doubted = [other]
    # Doubts about contacts stay with them, and nobody gets another five tries.
    kept.access_ended = kept.access_ended or any(one.access_ended for one in doubted)
    kept.birth_date_attempts = max(kept.birth_date_attempts, other.birth_date_attempts)
    return taken


def saved(patient: Patient) -> Saved:
    """Everything that a merge may change in a record, as JSON."""
    return {name: _written(getattr(patient, name)) for name in _attributes()}


def restore(patient: Patient, *, before: Saved, merged: Saved) -> bool:
    """Set the record's data to those before the merge, except fields that changed since. Returns whether none has.

    A contact that the merge left alone keeps the owner that it has by now.
    """
    now, whole = saved(patient), True
    for group in _groups():
        if now[group[0]] != merged[group[0]]:
            whole = False
        elif any(before[name] != merged[name] for name in group):
            for name in group:
                setattr(patient, name, _read(name, before[name]))
    for name in DOUBTS:
        again = before[name] if now[name] == merged[name] else max(now[name], before[name])
        setattr(patient, name, again)
    return whole


def _groups() -> list[tuple[str, ...]]:
    """Fields that change together, the value first."""
    of_contact = [(name, f"{name}_given_by_id", f"{name}_since", f"{name}_of_minor") for name in CONTACTS]
    return [*((name,) for name in IDENTITY), *of_contact]


def _attributes() -> list[str]:
    return [*(name for group in _groups() for name in group), *DOUBTS]


def _written(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "birth_date":
        return parse_date(value)
    return parse_datetime(value) if name.endswith("_since") else value
