"""The people whom a practice's rows name: accounts of the former installation, of which only the names arrive.

Each gets an account that nobody can sign in to or write to, under an id of its own: an archive must not be able to
refer to an account that is here, and so to show it anything.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError

from accounts.models import User
from personal_data.moving.layout import CannotMove
from personal_data.moving.rows import check_texts

BATCH = 500


def id_here(practice: uuid.UUID, account: uuid.UUID) -> uuid.UUID:
    """The id of an account of the former installation, in this one."""
    return uuid.uuid5(practice, f"account {account}")


def ids_here(practice: uuid.UUID, rows: Iterable[Mapping[str, Any]]) -> dict[uuid.UUID, uuid.UUID]:
    """By the id there. Raises CannotMove."""
    try:
        keys = [uuid.UUID(str(row["pk"])) for row in rows]
    except (KeyError, ValueError) as error:
        raise CannotMove("The list of people is not as documented.") from error
    return {key: id_here(practice, key) for key in keys}


def write_people(people: Mapping[uuid.UUID, uuid.UUID], rows: Iterable[Mapping[str, Any]]) -> int:
    """Make the accounts that are not here from an earlier move; returns how many. Raises CannotMove."""
    wanted = {people[uuid.UUID(str(row["pk"]))]: row for row in rows}
    here = User.objects.in_bulk(list(wanted))
    for one in here.values():
        if one.is_active or one.email not in (User.moved_address(one.pk), f"erased-{one.pk}@erased.invalid"):
            raise CannotMove(f"The id {one.pk} is an account's here.")
    made = [_account(key, row) for key, row in wanted.items() if key not in here]
    User.objects.bulk_create(made, batch_size=BATCH)
    return len(made)


def _account(key: uuid.UUID, row: Mapping[str, Any]) -> User:
    names = {name: str(row.get(name, "")) for name in ("title", "first_name", "last_name", "professional_number")}
    user = User(id=key, email=User.moved_address(key), password=make_password(None), is_active=False, **names)
    try:
        user.clean_fields()
        check_texts(user)
    except ValidationError as error:
        raise CannotMove(f"The list of people has a name that is not allowed: {error.messages[0]}") from error
    return user
