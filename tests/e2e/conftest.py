"""A real browser against the site, with the demo practice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Browser, Page, sync_playwright

# Playwright's synchronous interface runs an event loop in this thread; the database is used beside it, not in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
AXE = (Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js").read_text()
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Install Chromium: apt-get install chromium."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def site(live_server: Any, settings: Any, transactional_db: None) -> str:
    settings.PUBLIC_URL = live_server.url
    settings.SHARE_NOTICE_DELAY = timedelta()
    settings.EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"  # Django's test runner replaces it
    call_command("demo", verbosity=0)
    return str(live_server.url)


class Visitor:
    """Somebody at a browser. Faults of the page, and requests to anywhere else, fail the test."""

    def __init__(self, browser: Browser, base: str, width: int, height: int) -> None:
        self.context = browser.new_context(locale="fr-FR", viewport={"width": width, "height": height})
        self.page: Page = self.context.new_page()
        self.base = base
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._only_ours)

    def _only_ours(self, request: Any) -> None:
        if not request.url.startswith((self.base, "blob:", "data:")):
            self.faults.append(f"a request to {request.url}")

    def accessible(self) -> None:
        """axe-core finds nothing at WCAG 2.2 AA, and the page does not scroll sideways at 360 px."""
        self.page.evaluate(AXE)
        found = self.page.evaluate(
            "async (tags) => (await axe.run(document, {runOnly: tags})).violations"
            ".map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' '))",
            WCAG,
        )
        assert found == [], self.page.url
        size = self.page.viewport_size
        for width in (360, 768, 1440):
            self.page.set_viewport_size({"width": width, "height": 900})
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width, (self.page.url, width)
        if size:
            self.page.set_viewport_size(size)
        assert self.faults == []
