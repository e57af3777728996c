"""Headings of pages: one title, no level skipped (axe: heading-order, page-has-heading-one), and no heading without
content. These axe rules are outside of WCAG, so tests/e2e does not run them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.portals.crawl import PEOPLE, check_pages
from tests.security.conftest import *  # noqa: F403  # a practice in use

pytestmark = pytest.mark.django_db


class Headings(HTMLParser):
    """The levels of a page's headings, in order; those of closed dialogs separately."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[tuple[int, str]] = []
        self.bare: list[str] = []  # headings without content
        self._has_content = True
        self._dialogs = 0
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._dialogs += tag in ("dialog", "template")
        self._open = bool(re.fullmatch("h[1-6]", tag)) and not self._dialogs
        if self._open:
            self._end_part(int(tag[1]))
            self.levels.append((int(tag[1]), ""))
            self._has_content = False
        elif tag in ("input", "select", "textarea", "canvas", "img") and not self._dialogs:
            self._has_content = True

    def _end_part(self, level: int) -> None:
        """Called at the next heading, or at the end of the page's content (0)."""
        if not self._has_content and level <= self.levels[-1][0]:
            self.bare.append(self.levels[-1][1])
        self._has_content = True

    def handle_endtag(self, tag: str) -> None:
        self._dialogs -= tag in ("dialog", "template")
        if re.fullmatch("h[1-6]", tag):
            self._open = False
        elif tag == "main":
            self._end_part(0)

    def handle_data(self, data: str) -> None:
        if self._open:
            level, said = self.levels[-1]
            self.levels[-1] = level, (said + " " + data).strip()
        elif data.strip() and not self._dialogs:
            self._has_content = True


def faults(page: str) -> Iterator[str]:
    found = Headings()
    found.feed(page)
    levels = found.levels
    yield from (f"nothing below the heading {said}" for said in found.bare)
    if sum(level == 1 for level, _said in levels) != 1:
        yield f"{sum(level == 1 for level, _said in levels)} titles"
    for (before, _), (level, said) in zip([(0, ""), *levels], levels, strict=False):
        if level > before + 1:
            yield f"h{level} after h{before}: {said}"


@pytest.mark.parametrize("who", PEOPLE)
def test_headings_leave_out_no_level(
    who: str, ids: dict[str, Any], request: pytest.FixtureRequest, sign_in: Callable[[User], Client]
) -> None:
    check_pages(who, ids, request, sign_in, faults)
