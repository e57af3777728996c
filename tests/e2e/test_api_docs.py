"""The browser of the API works under our content security policy: Swagger UI adds no inline style or script."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Visitor


def test_the_browser_of_the_api_breaks_no_policy(site: str, browser: Browser) -> None:
    visitor = Visitor(browser, site, 1280, 900)
    told: list[str] = []
    visitor.page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
    visitor.page.goto(f"{site}/api/v1/docs/")
    expect(visitor.page.get_by_text("Share a document, signed if you ask")).to_be_visible()
    visitor.page.get_by_text("Share a document, signed if you ask").click()
    expect(visitor.page.get_by_text("recipient_not_ready").first).to_be_visible()
    assert visitor.faults == []
    assert told == []
