"""Where signing in leads: to the page with the button, never to an address that only accepts POST."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.models import User
from accounts.return_pages import nearest_page, takes_get
from appointments.models import Appointment

pytestmark = pytest.mark.django_db
VALUES = {
    "uuid": str(uuid.UUID(int=7)), "int": "1", "str": "word", "slug": "word", "path": "word",
}  # fmt: skip
ELSEWHERE = ("admin/", "api/")  # doors with their own pages
BUTTONS = [
    ("/documents/zip/", "/documents/"),
    (f"/documents/{VALUES['uuid']}/open/", f"/documents/{VALUES['uuid']}/"),
    (f"/documents/{VALUES['uuid']}/download/", f"/documents/{VALUES['uuid']}/"),
    (f"/relatives/{VALUES['uuid']}/remove/", "/"),
    (f"/pro/appointments/{VALUES['uuid']}/authorise/", f"/pro/appointments/{VALUES['uuid']}/"),
    (f"/pro/documents/{VALUES['uuid']}/download/", f"/pro/documents/{VALUES['uuid']}/"),
    ("/pro/sign-in-again/", "/pro/"),
]


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """One address for each pattern of the site, with ids of nothing."""
    for pattern in resolver.url_patterns:
        converters = getattr(pattern.pattern, "converters", {})
        text = before + str(pattern.pattern)
        if text.startswith(ELSEWHERE):
            continue
        for name, converter in converters.items():
            kind = next(kind for kind in VALUES if kind in type(converter).__name__.lower().replace("string", "str"))
            text = text.replace(f"<{kind}:{name}>", VALUES[kind])
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, text)
        elif "^" not in text and "(" not in text:
            yield "/" + text


OF_OPERATORS = "/start/"  # for everybody else, what stands there does not exist: 404 for every verb
ADDRESSES = sorted(one for one in addresses(get_resolver()) if not one.startswith(OF_OPERATORS) or takes_get(one))


def test_every_address_is_known_to_take_a_get_or_not(alice: User, sign_in: Callable[..., Client]) -> None:
    client = sign_in(alice)
    wrong = [one for one in ADDRESSES if (client.get(one).status_code == 405) == takes_get(one)]
    assert len(ADDRESSES) > 100
    assert wrong == []


def test_signing_in_after_a_button_leads_to_a_page(client: Client) -> None:
    led = {}
    for address in ADDRESSES:
        response = client.post(address)
        if response.status_code == 302 and "?next=" in response["Location"]:
            led[address] = parse_qs(urlsplit(response["Location"]).query)["next"][0]
    assert len(led) > 80
    assert [address for address, page in led.items() if not takes_get(urlsplit(page).path)] == []


@pytest.mark.parametrize(("address", "page"), BUTTONS)
def test_a_button_without_its_page_leads_to_the_one_above(address: str, page: str, client: Client) -> None:
    assert nearest_page(address) == page
    for response in (client.post(address), client.get(address)):
        assert parse_qs(urlsplit(response["Location"]).query)["next"] == [page]


def test_a_button_leads_back_to_the_page_it_stood_on_as_it_was(client: Client) -> None:
    page = "http://testserver/documents/?category=2&after=3"
    response = client.post("/documents/zip/", headers={"referer": page})
    assert parse_qs(urlsplit(response["Location"]).query)["next"] == ["/documents/?category=2&after=3"]


@pytest.mark.parametrize(
    "referer",
    [
        "https://elsewhere.example/documents/",
        "http://testserver.elsewhere.example/documents/",
        "http://testserver/documents/zip/",
        "http://testserver/no/such/page/",
        "not an address",
        "",
    ],
)
def test_only_pages_of_ours_that_can_be_opened_are_led_back_to(referer: str, client: Client) -> None:
    response = client.post("/documents/zip/", headers={"referer": referer})
    found = parse_qs(urlsplit(response["Location"]).query)["next"][0]
    assert found in ("/documents/", "/")


def test_the_sign_in_page_says_that_nothing_was_done(client: Client) -> None:
    response = client.post("/documents/zip/", follow=True)
    assert "ce que vous avez demandé n’a pas été fait" in response.content.decode()


@pytest.mark.parametrize(
    "headers", [{"X-Requested-With": "card"}, {"HX-Request": "true"}, {"Sec-Fetch-Dest": "empty"}]
)
def test_a_script_is_told_that_the_session_has_ended(
    headers: dict[str, str], client: Client, appointment: Appointment
) -> None:
    response = client.post(f"/pro/appointments/{appointment.pk}/share/", headers=headers)
    assert response.status_code == 401
    assert response["Session-Ended"] == "1"
    assert "Votre session est terminée" in response.content.decode()


@pytest.mark.parametrize(
    ("language", "words", "on"),
    [
        ("fr", "Cette page ne s’ouvre pas seule", "Aller à la page du bouton"),
        ("en", "This page does not open by itself", "Go to the page of the button"),
    ],
)
def test_a_wrong_verb_gets_a_page_with_a_way_on(
    language: str, words: str, on: str, alice: User, sign_in: Callable[..., Client]
) -> None:
    User.objects.filter(pk=alice.pk).update(language=language)
    client = sign_in(alice)
    for address in (one for one in ADDRESSES if not takes_get(one)):
        response = client.get(address)
        text, page = response.content.decode(), nearest_page(address)
        assert (response.status_code, words in text, f'href="{page}"' in text) == (405, True, True), address
        assert (on in text) == (page != "/")
        assert "POST" in response["Allow"]


def test_who_is_signed_in_is_asked_without_counting_as_use(alice: User, sign_in: Callable[..., Client]) -> None:
    client = sign_in(alice)
    asked = client.get("/account/stay/", headers={"X-Background": "1"})
    assert asked.status_code == 204
    assert asked["Session-Owner"] == client.post("/account/stay/")["Session-Owner"]
    assert str(alice.pk) not in asked["Session-Owner"]


@pytest.mark.parametrize(
    ("operates", "place"),
    [
        ({"is_superuser": True, "is_staff": True}, "/start/practice/"),  # while there is no practice
        ({"is_staff": True}, "/documents/"),
        ({}, "/documents/"),
    ],
)
def test_the_front_door_leads_to_where_somebody_works(
    operates: dict[str, bool], place: str, sign_in: Callable[..., Client]
) -> None:
    user = User.objects.create_user("operator@site.example", "lilas-sous-la-pluie", **operates)
    assert sign_in(user).get("/")["Location"] == place
