"""A real browser against the site, with the demo practice."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Generator, Iterator
from datetime import time, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from appointments.models import ReminderPolicy
from practices.models import Practice
from tests.settings import STACK

# Playwright's synchronous interface runs an event loop in this thread; the database is used beside it, not in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
AXE = (Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js").read_text()
CHECKS, FORM_PARTS = ((Path(__file__).parent / name).read_text() for name in ("checks.js", "form_parts.js"))
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure, what each open page showed then: one that comes once in a hundred runs tells its cause."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.failed and report.when == "call" and browser:
        for page in [page for context in browser.contexts for page in context.pages]:
            report.sections.append((f"Page at {page.url}", shown_on(page)))
    return report


def shown_on(page: Page) -> str:
    """Its title, what has the focus, and its text."""
    try:
        return str(page.evaluate(
            "() => [document.title, document.readyState, document.activeElement?.outerHTML, document.body?.innerText]"
            ".join('\\n')"
        ))  # fmt: skip
    except PlaywrightError as error:  # it is between two pages, or crashed: that, too, is the cause
        return str(error)


@pytest.fixture(scope="package")  # its event loop ends with it: other tests run some of their own
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Install Chromium: apt-get install chromium."
    expect.set_options(timeout=15_000)  # a machine with other work
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def site(request: pytest.FixtureRequest, settings: Any, transactional_db: None, browser: Browser) -> Iterator[str]:
    """The address of the site: in this process, or the running stack that DOCSHARE_STACK names."""
    if STACK:
        call_command("flush", interactive=False, verbosity=0)  # whatever was done on it before
        import_module("documents.migrations.0002_categories").add_categories(apps, None)
        call_command("demo", verbosity=0)
        for practice in Practice.objects.all():  # SMS leave at every hour that the tests run at
            ReminderPolicy.objects.update_or_create(
                practice=practice, defaults={"quiet_from": time(0), "quiet_until": time(0)}
            )
        yield str(settings.PUBLIC_URL)
        return
    live_server = request.getfixturevalue("live_server")
    settings.PUBLIC_URL = live_server.url
    settings.SHARE_NOTICE_DELAY = timedelta()
    settings.EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"  # Django's test runner replaces it
    call_command("demo", verbosity=0)
    yield str(live_server.url)
    # Lines that a browser keeps open have a thread each; it is to end while the database is still lent to it.
    for context in browser.contexts:
        context.close()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(10)


CUT_WORDS = """() => {
  const cut = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (text.parentElement.closest("script, style, template, .visually-hidden, .text-break")) continue;
    for (const word of text.textContent.matchAll(/\\p{L}{3,}/gu)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (lines.size > 1) cut.push(word[0]);
    }
  }
  return cut;
}"""


class Visitor:
    """Somebody at a browser. Faults of the page, and requests to anywhere else, fail the test."""

    def __init__(self, browser: Browser, base: str, width: int, height: int) -> None:
        self.context = browser.new_context(
            locale="fr-FR",
            viewport={"width": width, "height": height},
            ignore_https_errors=bool(STACK),
            reduced_motion="reduce",  # colours are judged when they are there
        )
        self.page: Page = self.context.new_page()
        self.base = base
        _self, *bucket = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"]
        self.ours = (base, "blob:", "data:", *bucket)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._only_ours)
        self.page.on("console", self._policy_holds)

    def _only_ours(self, request: Any) -> None:
        if not request.url.startswith(self.ours):
            self.faults.append(f"a request to {request.url}")

    def _policy_holds(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.faults.append(message.text)

    def found_by_hand(self) -> list[str]:
        """What axe-core does not look at, and form parts in light, dark and forced colours."""
        found = list(self.page.evaluate(CHECKS))
        schemes: list[Any] = [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}]
        for scheme in schemes:
            self.page.emulate_media(**scheme)
            found += [f"{scheme}: {fault}" for fault in self.page.evaluate(FORM_PARTS)]
        self.page.emulate_media(color_scheme="light", forced_colors="none")
        return found

    def accessible(self) -> None:
        """axe-core finds nothing at WCAG 2.2 AA, nor do our checks; from 320 px on nothing scrolls sideways, from
        360 px on no word is cut."""
        self.page.wait_for_load_state()  # a click waits for the next page to begin: it may have no root yet
        assert self.found_by_hand() == [], self.page.url
        self.page.evaluate(AXE)
        found = self.page.evaluate(
            "async (tags) => (await axe.run(document, {runOnly: tags})).violations"
            ".map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' '))",
            WCAG,
        )
        assert found == [], self.page.url
        size = self.page.viewport_size
        for width in (320, 360, 768, 1440):
            self.page.set_viewport_size({"width": width, "height": 900})
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width, (self.page.url, width)
            covered = self.page.locator("dialog[open]").count()  # what is under it is hidden, its title too
            assert covered or self.page.locator("h1:visible").count() == 1, (self.page.url, width)
            if width > 320:
                assert self.page.evaluate(CUT_WORDS) == [], (self.page.url, width)
        if size:
            self.page.set_viewport_size(size)
        assert self.faults == []
