"""Writes the trail: one call, in the transaction of the recorded change."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Protocol

from django.db import transaction
from django.utils import timezone

from audit.acts import ACT, current_act
from audit.events import event_of
from audit.models import AuditEvent

DetailValue = str | int | bool | None | list[str]
CONTACT = re.compile(r"[^@\s]+@[^@\s]+|\+?[\d .()]{8,}")  # an address, or a telephone number


class Actor(Protocol):
    @property
    def pk(self) -> uuid.UUID: ...


class Subject(Protocol):
    @property
    def pk(self) -> uuid.UUID: ...


def record(
    action: str,
    *,
    by: Actor | None,
    on: Subject,
    practice: Subject | uuid.UUID | None = None,
    within: Subject | uuid.UUID | None = None,
    detail: Mapping[str, DetailValue] | None = None,
) -> AuditEvent:
    """Append one line: `action` ("document.shared") was done `by` someone `on` an object. A room declares each action
    in its events.py.

    `within` is the appointment whose history shows the line. `detail` holds codes and ids only, never a name, a title
    or a contact. Raises RuntimeError outside a transaction: neither a line without its change nor a change without
    its line may be possible.
    """
    return append([line(action, by=by, on=on, practice=practice, within=within, detail=detail)])[0]


def line(
    action: str,
    *,
    by: Actor | None,
    on: Subject,
    practice: Subject | uuid.UUID | None = None,
    within: Subject | uuid.UUID | None = None,
    detail: Mapping[str, DetailValue] | None = None,
) -> AuditEvent:
    """A line that `append` writes, with others in one query. Raises ValueError for an action that no room declares,
    and for a contact in `detail`: the trail can't be changed, so it must not contain data that a person may have
    erased."""
    event_of(action)
    for name, value in (detail or {}).items():
        texts = value if isinstance(value, list) else [value] if isinstance(value, str) else []
        if any(CONTACT.fullmatch(text) for text in texts):
            raise ValueError(f"A contact is no detail of an audit line: {name} of {action}")
    act = current_act()
    return AuditEvent(
        at=timezone.now(),
        action=action,
        actor_id=by.pk if by else None,
        object_type=type(on).__name__,
        object_id=on.pk,
        practice_id=_id(practice),
        record_id=_id(within),
        detail=dict(detail or {}) | ({ACT: str(act)} if act else {}),
    )


def append(lines: Iterable[AuditEvent]) -> list[AuditEvent]:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit line belongs to the transaction of what it tells.")
    return AuditEvent.objects.bulk_create(lines)


def _id(of: Subject | uuid.UUID | None) -> uuid.UUID | None:
    return of if of is None or isinstance(of, uuid.UUID) else of.pk
