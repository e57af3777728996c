"""The trail of the former installation, as lines of this one: at their times, and marked.

Each line has `moved_from`, its number there. The chain here covers them from now on; whether they were true there,
only the former installation's anchor can prove, which the archive has, too.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Model, UUIDField
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from audit import chain
from audit.events import event_of
from audit.models import AuditEvent
from personal_data.moving.carried import CARRIED, LEFT
from personal_data.moving.layout import CannotMove
from personal_data.moving.people import id_here
from personal_data.moving.rows import Known

MARK = "moved_from"
BATCH = 500
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before any practice used the first release
USER = "User"  # as a line names the model of accounts


def write_trail(rows: Iterable[Mapping[str, Any]], known: Known) -> int:
    """Append and seal the lines that are not here; returns how many. Raises CannotMove."""
    written, each = 0, iter(rows)
    while batch := list(islice(each, BATCH)):
        lines = [_line(row, known) for row in batch]
        _check_objects(lines, known)
        _hide_accounts(lines, known)
        lines = list(_new(lines, known.practice))
        chain.seal_with(AuditEvent.objects.bulk_create(lines))
        written += len(lines)
    return written


def _line(row: Mapping[str, Any], known: Known) -> AuditEvent:
    at = parse_datetime(str(row.get("at")))
    detail = row.get("detail")
    if at is None or at.tzinfo is None or not isinstance(detail, dict) or row.get("practice") != str(known.practice):
        raise CannotMove("A line of the trail is not as documented, or of another practice.")
    if not EARLIEST <= at <= timezone.now():
        raise CannotMove(f"Line {row.get('id')} of the trail is of {at.isoformat()}, when nothing can have happened.")
    line = AuditEvent(
        at=at,
        practice_id=known.practice,
        actor_id=known.person(row["actor"]) if row.get("actor") else None,
        action=str(row.get("action")),
        object_type=str(row.get("object_type")),
        object_id=_here(row.get("object"), known),
        record_id=_here(row["record"], known) if row.get("record") else None,
        detail={**{name: _mapped(value, known) for name, value in detail.items()}, MARK: str(row.get("id"))},
    )
    try:
        line.clean_fields()
        event_of(line.action)
    except ValidationError as error:
        raise CannotMove(f"Line {row.get('id')} of the trail is not as documented.") from error
    except ValueError as error:
        raise CannotMove(
            f"Line {row.get('id')} of the trail has the action {line.action!r}, which this release does not know."
        ) from error
    return line


def _mapped(value: object, known: Known) -> object:
    """Ids of accounts become those of the same people here."""
    if isinstance(value, list):
        return [_mapped(one, known) for one in value]
    if isinstance(value, str) and len(value) == len(str(known.practice)):
        try:
            return str(_here(value, known))
        except CannotMove:
            return value
    return value


def _here(value: object, known: Known) -> uuid.UUID:
    try:
        key = uuid.UUID(str(value))
    except ValueError as error:
        raise CannotMove(f"A line of the trail names {value!r}, which is no id.") from error
    return known.people.get(key, key)


@cache
def _objects() -> dict[str, type[Model]]:
    """What a line of a practice may be about, by the name that it has there: rows of a practice, and accounts."""
    models = (apps.get_model(label) for label in (*CARRIED, *LEFT, "accounts.User"))
    return {model.__name__: model for model in models}


def _check_objects(lines: list[AuditEvent], known: Known) -> None:
    """A line is about a row or a person of the archive, or about something that is nowhere any more: never about what
    is here already."""
    people = set(known.people.values())
    for line in lines:
        if line.object_type not in _objects():
            raise CannotMove(f"The trail is about {line.object_type!r}, which is nothing of a practice.")
        if line.object_type == USER and line.object_id not in people:
            raise CannotMove(f"The trail is about the account {line.object_id}, of whom the archive has no name.")
    named = {key for line in lines for key in (line.object_id, line.record_id) if key and not known.has(key)} - people
    for model in _objects().values() if named else ():
        if not isinstance(model._meta.pk, UUIDField) and not model._meta.pk.is_relation:
            continue  # numbers
        taken = model._base_manager.filter(pk__in=named).values_list("pk", flat=True).first()
        if taken:
            raise CannotMove(f"The trail names {model._meta.label} {taken}, which is here and not of this practice.")


def _hide_accounts(lines: list[AuditEvent], known: Known) -> None:
    """A detail that names an account which is here gets the id of a person of the former installation instead."""
    texts = {text for line in lines for value in line.detail.values() for text in _texts(value)}
    named = {key for text in texts if (key := _id_in(text))} - set(known.people.values())
    here = {
        str(pk): str(id_here(known.practice, pk))
        for pk in User.objects.filter(pk__in=named).values_list("pk", flat=True)
    }
    for line in lines if here else ():
        line.detail = {name: _replaced(value, here) for name, value in line.detail.items()}


def _texts(value: object) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _replaced(value: object, here: Mapping[str, str]) -> object:
    if isinstance(value, list):
        return [_replaced(one, here) for one in value]
    key = _id_in(value) if isinstance(value, str) else None
    return here.get(str(key), value)


def _id_in(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _new(lines: list[AuditEvent], practice: uuid.UUID) -> Iterator[AuditEvent]:
    """Without those that are here: the practice was in this installation before."""
    first, last = min(line.at for line in lines), max(line.at for line in lines)
    rows = AuditEvent.objects.filter(practice_id=practice, at__range=(first, last))
    here: set[tuple[datetime, str, uuid.UUID | None]] = set(rows.values_list("at", "action", "record_id"))
    yield from (line for line in lines if (line.at, line.action, line.record_id) not in here)
