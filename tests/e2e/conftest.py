"""A real browser against the site, with the demo practice."""

from __future__ import annotations

import hashlib
import os
import re
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
from tests.e2e.demo_copy import load_demo
from tests.settings import STACK

# Playwright's synchronous interface runs an event loop in this thread; the tests use the database beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
AXE = (Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js").read_text()
CHECKS, FORM_PARTS = ((Path(__file__).parent / name).read_text() for name in ("checks.js", "form_parts.js"))
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The first has no window and nothing that draws one: the same pages take a quarter less of the processor.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the state of each open page to a failure, to diagnose failures that are rare."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.failed and report.when == "call" and browser:
        for page in [page for context in browser.contexts for page in context.pages]:
            report.sections.append((f"Page at {page.url}", shown_on(page)))
    return report


def shown_on(page: Page) -> str:
    """Its title, the focused element, and its text."""
    try:
        return str(page.evaluate(
            "() => [document.title, document.readyState, document.activeElement?.outerHTML, document.body?.innerText]"
            ".join('\\n')"
        ))  # fmt: skip
    except PlaywrightError as error:  # the page is navigating, or crashed: useful to know, too
        return str(error)


@pytest.fixture(scope="session", autouse=True)
def _examined_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    _examined.folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "examined"
    _examined.folder.mkdir(exist_ok=True)


@pytest.fixture(scope="package")  # its event loop ends with the package: other tests run their own
def browser() -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert chromium, "Install Chromium: apt-get install chromium."
    expect.set_options(timeout=15_000)  # for a busy machine
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def site(bare_site: str) -> str:
    """The same with the demo practice."""
    if not STACK:
        load_demo()
        return bare_site
    call_command("demo", verbosity=0)
    for practice in Practice.objects.all():  # SMS leave at any hour of the test
        ReminderPolicy.objects.update_or_create(
            practice=practice, defaults={"quiet_from": time(0), "quiet_until": time(0)}
        )
    return bare_site


@pytest.fixture
def bare_site(
    request: pytest.FixtureRequest, settings: Any, transactional_db: None, browser: Browser
) -> Iterator[str]:
    """The address of the site as installed, without a row of the demo: in this process, or of the running stack in
    DOCSHARE_STACK."""
    if STACK:
        call_command("flush", interactive=False, verbosity=0)  # removes data of earlier tests
        import_module("documents.migrations.0002_categories").add_categories(apps, None)
        yield str(settings.PUBLIC_URL)
        return
    live_server = request.getfixturevalue("live_server")
    settings.PUBLIC_URL = live_server.url
    settings.SHARE_NOTICE_DELAY = timedelta()
    settings.EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"  # Django's test runner replaces it
    yield str(live_server.url)
    # Each open connection of a browser has a server thread; it must end while its database connection exists.
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


CUT_OFF = """() => {
  const parts = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=switch]";
  const cut = [];
  for (const one of document.querySelectorAll(parts)) {
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    if (one.closest(".visually-hidden, dialog:not([open])")) continue;
    if (one.matches(".visually-hidden-focusable, .skip-link")) continue;
    const pressed = one.type === "checkbox" || one.type === "radio" ? one.closest("label") ?? one : one;
    const box = pressed.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1) continue;
    let fits = box.left >= -1 && box.right <= innerWidth + 1;
    for (let around = one.parentElement; around && around !== document.body; around = around.parentElement) {
      if (getComputedStyle(around).overflowX === "visible") continue;
      const outer = around.getBoundingClientRect();
      fits &&= box.left >= outer.left - 1 && box.right <= outer.right + 1;
    }
    if (!fits) cut.push(one.outerHTML.replace(/\\s+/g, " ").slice(0, 140));
  }
  return cut;
}"""


# The spacing that WCAG 1.4.12 wants to be possible, as a user's own style sheet sets it.
SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    * { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
    p { margin-bottom: 2em !important }
  `);
  document.adoptedStyleSheets = [sheet];
}"""
UNSPACED = "() => { document.adoptedStyleSheets = []; }"
DOUBLED = """() => {
  const root = document.documentElement;
  root.style.fontSize = `${2 * Number.parseFloat(getComputedStyle(root).fontSize)}px`;
}"""
UNDOUBLED = "() => document.documentElement.style.removeProperty('font-size')"
# Text that its box cuts off, which scrolls nowhere.
CLIPPED = """() => {
  const cut = [];
  for (const one of document.querySelectorAll("body *")) {
    if (!one.checkVisibility({ visibilityProperty: true }) || !one.textContent.trim()) continue;
    if (one.closest(".visually-hidden, .arrow-words, .brief .why, .mark-words, .skip")) continue;
    if (one.closest(".visually-hidden-focusable:not(:focus)")) continue;
    if (one.closest("svg, dialog:not([open]), select, thead")) continue;
    const style = getComputedStyle(one);
    const wide = ["hidden", "clip"].includes(style.overflowX) && one.scrollWidth > one.clientWidth + 1;
    const tall = ["hidden", "clip"].includes(style.overflowY) && one.scrollHeight > one.clientHeight + 1;
    if (wide || tall) cut.push(one.outerHTML.replace(/\\s+/g, " ").slice(0, 140));
  }
  return cut;
}"""


# Lines of text that other text covers, but what floats over the page or stays in place while it scrolls.
COVERED = """() => {
  const lines = [];
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const around = text.parentElement;
    if (!text.data.trim() || !around.checkVisibility({ visibilityProperty: true })) continue;
    if (around.closest("script, style, template, option, .visually-hidden")) continue;
    if (around.closest("[data-panel], .menu-list, .options, .hours, .day-head, .share-all")) continue;
    if (around.clientWidth === 1 && around.clientHeight === 1) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const box of range.getClientRects()) if (box.width > 2) lines.push({ box, words: text.data.trim() });
  }
  lines.sort((one, other) => one.box.top - other.box.top);
  const covered = [];
  lines.forEach((one, at) => {
    for (let next = at + 1; next < lines.length && lines[next].box.top < one.box.bottom - 5; next++) {
      const other = lines[next];
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      if (across > 3) covered.push(`${one.words} | ${other.words}`);
    }
  });
  return covered;
}"""


# Whatever the checks of a page depend on: its size, the focus, the markup, what fields contain.
STATE = """() => JSON.stringify([
  innerWidth, innerHeight, document.activeElement?.id, document.documentElement.outerHTML,
  [...document.querySelectorAll("input:not([type=hidden]), select, textarea")].map((one) => [one.value, one.checked]),
])"""
TOKEN_OF_A_FORM = re.compile(r'(csrfmiddlewaretoken\\" value=)\\"[^"]+"')
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Examined:
    """The states of pages that passed all checks, shared by the processes of a run: a page takes a second, and most
    tests begin by the same ones."""

    folder: Path

    def __contains__(self, state: str) -> bool:
        return (self.folder / state).exists()

    def add(self, state: str) -> None:
        (self.folder / state).touch()


_examined = Examined()


class Visitor:
    """A user with a browser. Errors on the page, and requests to other hosts, fail the test."""

    def __init__(self, browser: Browser, base: str, width: int, height: int) -> None:
        self.context = browser.new_context(
            locale="fr-FR",
            viewport={"width": width, "height": height},
            ignore_https_errors=bool(STACK),
            reduced_motion="reduce",  # colours are checked without transitions
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
        """Checks beside axe-core's: form parts in light, dark and forced colours."""
        found = list(self.page.evaluate(CHECKS))
        schemes: list[Any] = [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}]
        for scheme in schemes:
            self.page.emulate_media(**scheme)
            found += [f"{scheme}: {fault}" for fault in self.page.evaluate(FORM_PARTS)]
        self.page.emulate_media(color_scheme="light", forced_colors="none")
        return found

    def accessible(self) -> None:
        """axe-core finds nothing at WCAG 2.2 AA, nor do our checks; from 320 px on nothing scrolls sideways, from 360
        px on no word is cut; at 360 px all controls are visible."""
        self.page.wait_for_load_state()  # a click may have begun the next page, without a root element yet
        state = self._state()
        if state not in _examined:
            self._examine()
            _examined.add(state)
        assert self.faults == []

    def _state(self) -> str:
        """A digest, which does not depend on tokens of forms, the port, nor on which ids there are."""
        numbers: dict[str, str] = {}
        state = TOKEN_OF_A_FORM.sub(r"\1", self.page.evaluate(STATE)).replace(self.base, "")
        state = ID.sub(lambda found: numbers.setdefault(found[0], f"id {len(numbers)}"), state)
        return hashlib.sha256(state.encode()).hexdigest()

    def _examine(self) -> None:
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
            covered = self.page.locator("dialog[open]").count()  # a dialog hides the page under it, its title too
            assert covered or self.page.locator("h1:visible").count() == 1, (self.page.url, width)
            if width == 360:
                assert self.page.evaluate(CUT_OFF) == [], self.page.url
            if width > 320:
                assert self.page.evaluate(CUT_WORDS) == [], (self.page.url, width)
        if size:
            self.page.set_viewport_size(size)

    def nothing_covered(self, width: int) -> None:
        """At this width no text is written over other text."""
        self.page.set_viewport_size({"width": width, "height": 900})
        assert self.page.evaluate(COVERED) == [], (self.page.url, width)

    def readable(self) -> None:
        """In dark colours, too, axe-core finds enough contrast. With the text doubled, and with wide spacing, no text
        is cut and nothing scrolls sideways."""
        self.page.emulate_media(color_scheme="dark")
        self.page.evaluate(AXE)
        found = self.page.evaluate(
            "async () => (await axe.run(document, {runOnly: {type: 'rule', values: ['color-contrast']}})).violations"
            ".flatMap((one) => one.nodes.map((node) => node.html))"
        )
        assert found == [], self.page.url
        self.page.emulate_media(color_scheme="light")
        for change, back in ((SPACED, UNSPACED), (DOUBLED, UNDOUBLED)):
            self.page.evaluate(change)
            assert self.page.evaluate(CLIPPED) == [], (self.page.url, change)
            wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (self.page.url, change)
            self.page.evaluate(back)
