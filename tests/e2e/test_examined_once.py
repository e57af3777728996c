"""A page that was examined is not examined again (tests/e2e/conftest.py), but any change of it is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
FAULT = "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\">')"


def test_a_page_is_examined_once_and_again_after_each_change(
    site: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, examined = Visitor(browser, site, 1280, 900), list[str]()
    monkeypatch.setattr("tests.e2e.conftest._examined", set())
    monkeypatch.setattr(Visitor, "_examine", lambda self: examined.append(self.page.url))
    page = visitor.page
    for _time in range(2):  # each with another token
        page.goto(f"{site}/account/login/")
        visitor.accessible()
    assert len(examined) == 1
    page.fill("[name=login]", "marie@courriel.example")
    visitor.accessible()
    page.set_viewport_size({"width": 360, "height": 740})
    visitor.accessible()
    page.evaluate(FAULT)
    visitor.accessible()
    assert len(examined) == 4


def test_a_fault_that_comes_later_is_found(site: str, browser: Browser) -> None:
    visitor = Visitor(browser, site, 1280, 900)
    visitor.page.goto(f"{site}/account/login/")
    visitor.accessible()
    visitor.page.evaluate(FAULT)
    for _time in range(2):
        with pytest.raises(AssertionError):
            visitor.accessible()
