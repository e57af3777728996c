"""No page and no list of the API asks the database the same for each row that it shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from tests.multiplied import multiply
from tests.portals.test_bounded_pages import NOT_PAGES
from tests.security.addresses import address, routes
from tests.security.conftest import *  # noqa: F403  # a practice in use

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
FEW, MORE = 3, 10
VALUES = re.compile(r"'(?:[^']|'')*'|\b\d[\d.]*\b|%s")
LISTS_OF_VALUES = re.compile(r"\(\?(?:, \?)+\)")


@pytest.mark.parametrize("person", ["alice", "bob", "carol", "marias_account", "nobody"])
def test_more_rows_do_not_take_more_statements(
    person: str, ids: dict[str, Any], request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    client = Client() if person == "nobody" else sign_in(request.getfixturevalue(person))
    multiply(FEW)
    few = dict(_statements(client, ids))
    multiply(MORE)
    more = dict(_statements(client, ids))
    repeated = {
        (path, sql): (few[path][sql], count)
        for path in few.keys() & more.keys()
        for sql, count in more[path].items()
        if count - few[path][sql] >= 2  # another agenda may hold the first free time
    }
    assert sorted({path for path, _sql in repeated}) == [], repeated


def _statements(client: Client, ids: dict[str, Any]) -> Iterator[tuple[str, Counter[str]]]:
    """Each address that this account sees, and how often its answer asks the same with other values."""
    connection.force_debug_cursor = True
    try:
        for path in sorted({address(route, ids) for route in routes()}):
            if path.startswith(NOT_PAGES) or "logout" in path:
                continue
            connection.queries_log.clear()
            answer = client.get(path)
            if answer.status_code == 200 and not answer.streaming:
                yield path, Counter(_without_values(one["sql"] or "") for one in connection.queries_log)
    finally:
        connection.force_debug_cursor = False


def _without_values(sql: str) -> str:
    return LISTS_OF_VALUES.sub("(?)", VALUES.sub("?", sql))
