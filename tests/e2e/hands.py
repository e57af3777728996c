"""What users do in a browser, by mouse or by keyboard alone, each action counted and timed.

An action is a press of a link or a button, a field filled, a box ticked, a choice made, a file given, or a stroke
drawn. Its time is the site's: until the next page is there, without anybody's thought. Fields and buttons are found
by their labels.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import takewhile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Visitor
from tests.e2e.test_by_keyboard import Keyboard

SLOW = 60_000  # ms: files are decoded and signed in processes of their own, on a machine that may be busy


@dataclass
class Part:
    actions: int = 0
    seconds: float = 0.0


@dataclass
class Ledger:
    """The actions and the seconds of each part of a walk, in order."""

    parts: dict[str, Part] = field(default_factory=dict)
    current: Part = field(default_factory=Part)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        self.current = self.parts.setdefault(name, Part())
        yield
        self.current = Part()

    @contextmanager
    def action(self) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.current.actions += 1
        self.current.seconds += time.perf_counter() - begun


class Mouse:
    def __init__(self, visitor: Visitor, ledger: Ledger) -> None:
        self.visitor, self.page, self.ledger = visitor, visitor.page, ledger
        self.looked_at: set[str] = set()

    def open(self, address: str) -> None:
        with self.ledger.action():
            self.page.goto(address)
        self.look()

    def follow(self, name: str, then: str) -> None:
        """A link, by its words; `then` is in the title of the page that it leads to."""
        self._press(self._named("link", name), then, "")

    def press(self, name: str, then: str = "", says: str = "") -> None:
        """A button; then the page with this title, or this message."""
        self._press(self._named("button", name), then, says)

    def on(self, target: str, then: str = "", says: str = "") -> None:
        """What has no name of its own: one of several slots, or of several rows."""
        self._press(self.page.locator(target).first, then, says)

    def write(self, label: str | Locator, text: str) -> None:
        with self.ledger.action():
            self._write(self._field(label), text)

    def write_date(self, label: str | Locator, day: date) -> None:
        with self.ledger.action():
            self._date(self._field(label), day)

    def tick(self, label: str | Locator) -> None:
        box = self._field(label)
        with self.ledger.action():
            self._tick(box)
        expect(box).to_be_checked()

    def choose(self, label: str | Locator, option: str) -> None:
        choice = self._field(label)
        with self.ledger.action():
            self._choose(choice, option)
        expect(choice.locator("option:checked")).to_contain_text(option)

    def give(self, opener: str, inputs: str, path: Path) -> None:
        """Choose a file; `opener` is what opens the computer's dialog, which no driver reports reliably."""
        with self.ledger.action():
            self._reach(self.page.locator(opener).first)
            self.page.set_input_files(inputs, path)

    def look(self) -> None:
        """No check finds a fault, and nothing is cut; once for each page as it is titled."""
        self.page.wait_for_load_state()
        path = self.page.url.partition("?")[0].rstrip("/").rpartition("/")[2]
        named = f"{path} {self.page.title()}"
        if named not in self.looked_at:
            self.looked_at.add(named)
            self.visitor.accessible()

    def _press(self, target: Locator, then: str, says: str) -> None:
        with self.ledger.action():
            self._activate(target)
            if then:
                expect(self.page.locator("h1")).to_contain_text(then, timeout=SLOW)
            if says:
                expect(self.page.locator("main")).to_contain_text(says, timeout=SLOW)
        if then or says:
            self.look()

    def _named(self, role: Literal["link", "button"], name: str) -> Locator:
        whole = self.page.get_by_role(role, name=name, exact=True)
        return (whole if whole.count() else self.page.get_by_role(role, name=name)).first

    def _field(self, label: str | Locator) -> Locator:
        if isinstance(label, Locator):
            return label
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}")).first  # "(facultatif)" may follow

    def _activate(self, target: Locator) -> None:
        target.click()

    def _write(self, target: Locator, text: str) -> None:
        target.fill(text)

    def _date(self, target: Locator, day: date) -> None:
        target.fill(day.isoformat())

    def _tick(self, target: Locator) -> None:
        target.check()

    def _choose(self, target: Locator, option: str) -> None:
        target.select_option(label=option)

    def _reach(self, target: Locator) -> None:
        expect(target).to_be_visible()


class Keys(Mouse):
    """The same without a mouse: Tab leads to each target, and each stop shows its focus."""

    def __init__(self, visitor: Visitor, ledger: Ledger) -> None:
        super().__init__(visitor, ledger)
        self.keys = Keyboard(visitor.page)

    def _reach(self, target: Locator) -> None:
        self.keys.tab_to(target, at_most=200)

    def _activate(self, target: Locator) -> None:
        self._reach(target)
        self.keys.press("Enter")

    def _write(self, target: Locator, text: str) -> None:
        self._reach(target)
        self.keys.press("Control+a")
        self.keys.write(text)

    def _date(self, target: Locator, day: date) -> None:
        self._reach(target)
        self.keys.write(f"{day:%d%m%Y}")

    def _tick(self, target: Locator) -> None:
        self._reach(target)
        self.keys.press("Space")

    def _choose(self, target: Locator, option: str) -> None:
        """By its first letters. The driver inserts é as text, which goes to the field before and not to a list."""
        self._reach(target)
        self.keys.write("".join(takewhile(str.isascii, option)))


def drawn_stroke(page: Page) -> None:
    """A signature in the drawing area."""
    area = page.locator("[data-canvas]")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(box["x"] + 40 + step * 15, box["y"] + 60 + (step % 3) * 30)
    page.mouse.up()
