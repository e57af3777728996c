from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings as real
from django.test import Client
from django.urls import reverse

from accounts.models import User

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


def test_staff_are_shown_to_their_portal(sign_in: SignIn, bob: User) -> None:
    assert sign_in(bob).get("/")["Location"] == "/pro/"


def test_patients_are_shown_to_theirs(sign_in: SignIn, hugo: User) -> None:
    assert sign_in(hugo).get("/")["Location"] == "/documents/"


def test_strangers_are_asked_to_sign_in(client: Client) -> None:
    assert client.get("/")["Location"] == reverse(real.LOGIN_URL)


def test_a_missing_page_says_what_to_do_next(client: Client) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "n’existe" in answer.content.decode()
    assert "href=" in answer.content.decode()


def test_a_missing_address_of_the_api_is_told_in_its_own_shape(client: Client) -> None:
    answer = client.get("/api/v1/nowhere/")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "not_found"


def test_a_form_from_elsewhere_is_refused_with_a_page(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post(reverse(real.LOGIN_URL), {"login": alice.email, "password": "x"})
    assert answer.status_code == 403
    assert "formulaire" in answer.content.decode()


@pytest.mark.parametrize(
    ("came_from", "offered"),
    [
        ("http://testserver/account/login/?next=/pro/", True),
        ("http://testserver//evil.example/", True),  # a path of this site
        ("", False),
        ("http://evil.example/account/login/", False),
        ("http://testserver.evil.example/", False),
        ("http://testserver@evil.example/", False),
        ("https://testserver/account/login/", False),
        ("javascript:alert(1)", False),
        ("/account/login/", False),
    ],
)
def test_a_form_that_expired_offers_its_own_page_again(came_from: str, offered: bool) -> None:
    browser = Client(enforce_csrf_checks=True)
    page = browser.post(reverse(real.LOGIN_URL), headers={"Referer": came_from}).content.decode()
    assert (f'href="{came_from}"' in page) is offered
    assert ("Revenir à cette page" in page) is offered
    assert "Revenir à l’accueil" in page


def test_an_unknown_host_is_refused(client: Client) -> None:
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 400


def test_a_fault_of_ours_has_a_page_even_without_its_template(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_names: object) -> None:
        raise OSError("disk")

    client.raise_request_exception = False
    monkeypatch.setattr("portals.public.home.is_staff_of_any", lambda _user: 1 / 0)
    client.force_login(User.objects.create_user("x@y.example", "p" * 12), real.AUTHENTICATION_BACKENDS[0])
    with_page = client.get("/")
    assert (with_page.status_code, with_page["Content-Type"]) == (500, "text/html; charset=utf-8")

    monkeypatch.setattr("django.template.loader.select_template", broken)
    without_page = client.get("/")
    assert (without_page.status_code, without_page["Content-Type"]) == (500, "text/plain; charset=utf-8")
    assert "erreur" in without_page.content.decode()
