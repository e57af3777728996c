"""Pages are read by their headings, too: one title, and no level left out on the way down (axe: heading-order,
page-has-heading-one). axe's rules of that kind are outside of WCAG, so tests/e2e does not run them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.security.addresses import address, routes
from tests.security.conftest import *  # noqa: F403  # a practice in use

pytestmark = pytest.mark.django_db
PEOPLE = {"alice": 25, "carol": 30, "marias_account": 12, "nobody": 10}  # how many pages they see at least
NOT_PAGES = ("/api/", "/metrics", "/static/")


class Headings(HTMLParser):
    """The levels of a page's headings, in order; those of closed dialogs apart."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[tuple[int, str]] = []
        self._dialogs = 0
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._dialogs += tag in ("dialog", "template")
        self._open = bool(re.fullmatch("h[1-6]", tag)) and not self._dialogs
        if self._open:
            self.levels.append((int(tag[1]), ""))

    def handle_endtag(self, tag: str) -> None:
        self._dialogs -= tag in ("dialog", "template")
        if re.fullmatch("h[1-6]", tag):
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            level, said = self.levels[-1]
            self.levels[-1] = level, (said + " " + data).strip()


def faults(page: str) -> Iterator[str]:
    found = Headings()
    found.feed(page)
    levels = found.levels
    if sum(level == 1 for level, _said in levels) != 1:
        yield f"{sum(level == 1 for level, _said in levels)} titles"
    for (before, _), (level, said) in zip([(0, ""), *levels], levels, strict=False):
        if level > before + 1:
            yield f"h{level} after h{before}: {said}"


@pytest.mark.parametrize("who", PEOPLE)
def test_headings_leave_out_no_level(
    who: str, ids: dict[str, Any], request: pytest.FixtureRequest, sign_in: Callable[[User], Client]
) -> None:
    client = Client() if who == "nobody" else sign_in(request.getfixturevalue(who))
    wrong, seen = {}, 0
    for path in sorted({address(route, ids) for route in routes()}):
        if path.startswith(NOT_PAGES) or "logout" in path:
            continue
        answer = client.get(path)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        page = answer.content.decode()
        if "<html" not in page:
            continue
        seen += 1
        if found := list(faults(page)):
            wrong[path] = found
    assert seen >= PEOPLE[who], seen
    assert wrong == {}
