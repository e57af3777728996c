"""Writing the trail: one call, in the transaction of what it tells."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Protocol

from django.db import transaction
from django.utils import timezone

from audit.models import AuditEvent

DetailValue = str | int | bool | None | list[str]


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
    """Append one line: `action` ("document.shared") was done `by` someone `on` an object.

    `within` is the appointment whose history shows the line. `detail` holds codes and ids only, never a name,
    a title or a contact. Raises RuntimeError outside a transaction: a line without its deed, or a deed without
    its line, must not be possible.
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
    """A line that `append` writes, with others in one query."""
    return AuditEvent(
        at=timezone.now(),
        action=action,
        actor_id=by.pk if by else None,
        object_type=type(on).__name__,
        object_id=on.pk,
        practice_id=_id(practice),
        record_id=_id(within),
        detail=dict(detail or {}),
    )


def append(lines: Iterable[AuditEvent]) -> list[AuditEvent]:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit line belongs to the transaction of what it tells.")
    return AuditEvent.objects.bulk_create(lines)


def _id(of: Subject | uuid.UUID | None) -> uuid.UUID | None:
    return of if of is None or isinstance(of, uuid.UUID) else of.pk
