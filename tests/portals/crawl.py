"""Every page that somebody sees of a practice in use, by the addresses of the site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.security.addresses import address, routes

PEOPLE = {"alice": 25, "carol": 30, "marias_account": 12, "nobody": 10}  # the least number of pages that each sees
NOT_PAGES = ("/api/", "/metrics", "/static/", "/admin/")
Faults = Callable[[str], Iterator[str]]


def check_pages(
    who: str, ids: dict[str, Any], request: pytest.FixtureRequest, sign_in: Callable[[User], Client], faults: Faults
) -> None:
    """`ids`: of the objects in addresses. `faults`: what is wrong with a page."""
    client = Client() if who == "nobody" else sign_in(request.getfixturevalue(who))
    pages = dict(_pages(client, ids))
    assert len(pages) >= PEOPLE[who], len(pages)
    wrong = {path: found for path, page in pages.items() if (found := list(faults(page)))}
    assert wrong == {}, wrong


def _pages(client: Client, ids: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path in sorted({address(route, ids) for route in routes()}):
        if path.startswith(NOT_PAGES) or "logout" in path:
            continue
        answer = client.get(path)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            page = answer.content.decode()
            if "<html" in page:  # not a part of a page, for a script
                yield path, page
