"""Pages without anything on them: each says what it is for and offers the next step.

A fresh practice seen by each role, and an account that nothing was shared with: every page that needs no object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

import pytest
from django.test import Client

from accounts.models import User
from portals.templatetags.presentation import icon
from practices.models import Membership, Practice
from practices.set_up import put_checklist_away
from tests.conftest import make_user
from tests.portals.test_accessible_markup import VOID
from tests.security.addresses import routes

pytestmark = pytest.mark.django_db
ROLES = {"founder": ["is_admin", "is_practitioner"], "secretary": ["is_secretary"], "reader": ["is_reader"]}
PAGES = {"founder": 45, "secretary": 15, "reader": 15, "patient": 9}  # the least number that each sees
WALKED = ("pro/", "documents/", "my-appointments/", "my-account/", "cabinets/", "account/2fa/")
FILLED_BY_SCRIPTS = {"data-imports", "data-cards"}  # lists that are empty until the reader acts
SENTENCE = re.compile(r"\w+ .*?\w\s?[)»]?\s?[.?!…:](?= |$)")
WAY_BACK = set(re.findall(r' d="([^"]+)"', str(icon("arrow-left"))))


class Tree(HTMLParser):
    """The page's elements, without its templates, scripts and closed dialogs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._made, self._open, self._left_out = TreeBuilder(), [""], 0
        self._made.start("page", {})
        self.feed(page)
        while self._open[1:]:
            self._made.end(self._open.pop())
        self._made.end("page")
        self.root: Element = self._made.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        hidden = tag in ("template", "script", "style", "dialog") or "hidden" in attributes
        if tag in VOID:
            if not self._left_out:
                self._made.start(tag, attributes)
                self._made.end(tag)
            return
        if self._left_out or hidden:
            self._left_out += 1
            return
        self._open.append(tag)
        self._made.start(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self._left_out:
            self._left_out -= 1
        elif tag in self._open:
            while self._open[-1] != tag:  # an element whose end HTML lets us leave out
                self._made.end(self._open.pop())
            self._made.end(self._open.pop())

    def handle_data(self, data: str) -> None:
        if not self._left_out:
            self._made.data(data)


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def has_class(element: Element, name: str) -> bool:
    return name in element.get("class", "").split()


def says_something(part: Element) -> bool:
    return any(SENTENCE.search(text_of(one)) for one in part.iter() if one.tag in ("p", "li", "dd"))


def next_steps(part: Element) -> list[Element]:
    """Links and buttons, but for the way back."""
    steps = [one for one in part.iter() if one.tag == "button" or (one.tag == "a" and one.get("href"))]
    return [one for one in steps if not any(below.get("d") in WAY_BACK for below in one.iter())]


def faults(page: str) -> Iterator[str]:
    main = next(one for one in Tree(page).root.iter() if one.get("id") == "main")
    asks = any(one.tag in ("input", "select") and one.get("type") != "hidden" for one in main.iter())
    if not says_something(main) and not asks:  # the labels of a form say what it is for
        yield "no sentence"
    if not next_steps(main):
        yield "no next step"
    for one in main.iter():
        # A paragraph is one column of the agenda: its page has the button that books.
        if has_class(one, "empty") and one.tag != "p" and not (says_something(one) and next_steps(one)):
            yield f"empty, without a sentence and a next step: {text_of(one)}"
        by_script = FILLED_BY_SCRIPTS & one.attrib.keys()
        if one.tag in ("ul", "ol", "tbody") and not by_script and not one.findall("li") + one.findall("tr"):
            yield f"a list with nothing in it: {one.attrib}"
    if found := re.search(r"\w+ [,.](?= |$)", text_of(main)):
        yield f"a space before a comma or a full stop: {found[0]}"


@pytest.fixture
def people(db: None) -> dict[str, User]:
    fresh = Practice.objects.create(name="Cabinet des Tilleuls")
    found = {"patient": make_user("nadia@courriel.example", "Nadia", "Benali", mobile="+33639980099")}
    for name, roles in ROLES.items():
        found[name] = make_user(f"{name}@tilleuls.example", name.title(), "Roy")
        Membership.objects.create(user=found[name], practice=fresh, **dict.fromkeys(roles, True))
    put_checklist_away(practice=fresh, by=found["founder"])  # each page speaks for itself
    return found


@pytest.mark.parametrize("who", PAGES)
def test_each_says_what_it_is_for_and_offers_the_next_step(
    who: str, people: dict[str, User], sign_in: Callable[[User], Client]
) -> None:
    client, wrong, seen = sign_in(people[who]), {}, 0
    for route in sorted({one for one in routes() if one.startswith(WALKED) and not re.search("[<^]", one)}):
        answer = client.get(f"/{route}")
        page = answer.content.decode() if answer["Content-Type"].startswith("text/html") else ""
        if answer.status_code != 200 or 'id="main"' not in page:
            continue
        seen += 1
        if found := list(faults(page)):
            wrong[route] = found
    assert seen >= PAGES[who], seen
    assert not wrong, "\n".join(f"{page}: {found}" for page, found in wrong.items())


@pytest.mark.parametrize("asked", ["/pro/?view=week", "/pro/library/?archived=1", "/pro/library/?q=zzz",
                                   "/pro/patients/?q=zzz", "/pro/deliveries/?show=all"])  # fmt: skip
@pytest.mark.parametrize("who", ROLES)
def test_so_do_lists_that_nothing_matches(
    who: str, asked: str, people: dict[str, User], sign_in: Callable[[User], Client]
) -> None:
    assert list(faults(sign_in(people[who]).get(asked).content.decode())) == []
