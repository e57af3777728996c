"""Markup that RGAA 4.1 asks for and axe-core does not check: tables, captions, lists, pictures, errors beside their
fields. On every page that a link leads to, and on forms that are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from tests.conftest import PASSWORD
from tests.markup import one_line
from tests.portals.crawl import PEOPLE, check_pages
from tests.security.conftest import *  # noqa: F403  # a practice in use

pytestmark = pytest.mark.django_db
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
BLOCKS = {"p", "div", "ul", "ol", "dl", "table", "form", "fieldset", "section", "h1", "h2", "h3", "h4", "details"}
ROWS = ("doc-line", "slot", "document-card")  # one of several that look alike
Attributes = dict[str, str | None]


class Markup(HTMLParser):
    """The elements of a page, each with the elements around it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.around: list[tuple[str, Attributes]] = []
        self.elements: list[tuple[str, Attributes, list[tuple[str, Attributes]]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), list(self.around)))
        if tag not in VOID:
            self.around.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while self.around and self.around.pop()[0] != tag:
            pass

    def named(self, *tags: str) -> Iterator[tuple[Attributes, list[tuple[str, Attributes]]]]:
        return ((attributes, around) for tag, attributes, around in self.elements if tag in tags)

    def of_class(self, name: str) -> Iterator[tuple[str, Attributes, list[tuple[str, Attributes]]]]:
        return (one for one in self.elements if name in (one[1].get("class") or "").split())


def faults(page: str) -> Iterator[str]:
    found = Markup(page)
    yield from (f"no alt: {one}" for one, _around in found.named("img") if one.get("alt") is None)
    yield from (f"no name: {one}" for one, _around in found.named("canvas") if one.get("role") != "img")
    yield from (f"no title: {one}" for one, _around in found.named("iframe") if not one.get("title"))
    yield from (f"a figure without a name: {one}" for one, _ in found.named("figure") if not one.get("aria-label"))
    if len(list(found.named("table"))) != len(list(found.named("caption"))):
        yield "a table without caption"
    yield from (f"a th without scope: {one}" for one, _around in found.named("th") if not one.get("scope"))
    for tag, attributes, around in found.elements:
        if tag in BLOCKS and "p" in (one for one, _ in around):
            yield f"a {tag} within a p, which a browser closes before it: {attributes}"
    yield from rows_outside_of_lists(found)
    yield from errors_beside_no_field(found)
    yield from (f"said twice: {one}" for one in re.findall(r"(\([^()<>]+\))\s+(?:<[^>]+>\s*)*\1", page))
    if "---------" in page:
        yield "an empty choice without a word"
    if re.search("\\s\u00a0:", page):
        yield "two spaces before a colon"
    for option, around in found.named("option"):
        if around and around[-1][1].get("name") == "language" and option.get("lang") != option.get("value"):
            yield f"the language of {option} is not marked"


def rows_outside_of_lists(found: Markup) -> Iterator[str]:
    for name in ROWS:
        for tag, attributes, around in found.of_class(name):
            if tag != "section" and "li" not in (tag, *(one for one, _ in around[-1:])):
                yield f"not an item of a list: {tag} {attributes}"


def errors_beside_no_field(found: Markup) -> Iterator[str]:
    described = {
        one
        for tag, attributes, _ in found.elements
        if attributes.get("aria-invalid") == "true" or tag == "fieldset"
        for one in (attributes.get("aria-describedby") or "").split()
    }
    for _tag, attributes, around in found.of_class("field-error"):
        ids = {attributes.get("id"), *(one.get("id") for _, one in around)}
        if attributes.get("role") != "alert" and not ids & described:
            yield f"an error that describes no field: {attributes}"


@pytest.mark.parametrize("who", PEOPLE)
def test_the_markup_of_every_page(
    who: str, ids: dict[str, Any], request: pytest.FixtureRequest, sign_in: Callable[[User], Client]
) -> None:
    check_pages(who, ids, request, sign_in, faults)


def test_no_template_writes_two_spaces_before_a_colon() -> None:
    """The tag {% colon %} has the French space: what is before it touches it."""
    templates = Path(settings.BASE_DIR, "templates").rglob("*.html")
    assert [str(one) for one in templates if re.search(r"\s\{% colon %\}", one.read_text())] == []


def test_refused_forms_say_why_beside_their_fields(
    ids: dict[str, Any], alice: User, carol: User, sign_in: Callable[[User], Client]
) -> None:
    doctor, administrator = sign_in(alice), sign_in(carol)
    for client in (doctor, administrator):
        client.post("/account/reauthenticate/", {"password": PASSWORD})
    for client, path in (
        (doctor, "/pro/signature/"),
        (doctor, f"/pro/appointments/{ids['appointment']}/share/"),
        (doctor, "/pro/tokens/new/"),
        (administrator, "/pro/library/"),
        (administrator, f"/pro/library/{ids['library']}/"),
        (administrator, "/pro/webhooks/new/"),
        (administrator, "/pro/settings/calendars/new/"),
    ):
        text = {name: SimpleUploadedFile("notes.txt", b"not a picture") for name in ("file", "files")}
        page = client.post(path, {**text, "version": "1"}).content.decode()
        assert 'class="field-error"' in page, path
        assert list(faults(page)) == [], path


def test_passkeys_are_listed_each_with_its_own_buttons(carol: User, sign_in: Callable[[User], Client]) -> None:
    for name in ("Téléphone", "Ordinateur"):
        Authenticator.objects.create(
            user=carol, type=Authenticator.Type.WEBAUTHN, data={"name": name, "credential": {}}
        )
    client = sign_in(carol)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/webauthn/").content.decode()
    assert list(faults(page)) == []
    for words in ("Renommer", "Retirer"):
        for name in ("Téléphone", "Ordinateur"):
            assert re.search(rf'{words}<span class="visually-hidden">[^<]*{name}</span>', one_line(page)), page
