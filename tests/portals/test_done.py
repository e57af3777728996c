"""A form is done by a success alone: not by a redirect to sign in again, nor by a refusal with its message."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.messages import ERROR, get_messages
from django.test import Client
from django.urls import resolve

from accounts.models import User
from accounts.return_pages import takes_get
from appointments.models import Appointment
from portals.stored_pages import ASKING, KEPT, KEPT_BELOW, StoredPage
from sealing.columns import Sealed
from tests.conftest import PASSWORD
from tests.portals.patient.test_booking import get, links, to_whom  # noqa: F401
from tests.portals.test_stored_pages import LOOKING, question
from tests.security.addresses import address, routes
from tests.security.conftest import *  # noqa: F403  # a practice in use

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
ROOT = Path(__file__).parents[2]
BELOW = [route for route in routes() if f"/{route}".startswith(KEPT_BELOW)]
PORTALS = ("portals/practitioner", "portals/patient")
BARE = {"redirect", "redirect_to_login", "HttpResponseRedirect", "HttpResponsePermanentRedirect", "SeeOther", "Done"}
ASKS_AGAIN = [
    ("hugo", "/my-account/mobile/", {"mobile": "06 12"}, {"mobile": "06 98 76 54 33"}, 'value="06 12"'),
    ("alice", "/pro/tokens/new/", {"name": "Mon logiciel", "days": "90"}, {}, 'value="Mon logiciel"'),
    ("carol", "/pro/webhooks/new/", {"url": "http://logiciel.example/"}, {}, 'value="http://logiciel.example/"'),
]


@pytest.mark.parametrize(("name", "page", "wrong", "right", "shown"), ASKS_AGAIN)
def test_who_has_to_sign_in_again_comes_back_to_the_form_with_what_was_typed(
    request: pytest.FixtureRequest,
    sign_in: SignIn,
    name: str,
    page: str,
    wrong: dict[str, str],
    right: dict[str, str],
    shown: str,
) -> None:
    user = request.getfixturevalue(name)
    client = sign_in(user)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    kept_at = question(client, wrong, page)
    session = client.session
    for method in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        method["at"] -= 4000
    session.save()
    there = client.post(kept_at, right or wrong, headers=LOOKING)
    assert there["Location"].startswith("/account/reauthenticate/")
    back = client.post(there["Location"], {"password": PASSWORD}, headers=LOOKING)
    found = client.get(back["Location"], headers=LOOKING)
    assert found.status_code == 400
    assert shown in found.content.decode()
    assert "C’est déjà fait" not in found.content.decode()
    if right:
        assert client.post(kept_at, right, headers=LOOKING)["Location"] == "/my-account/mobile/code/"
        assert client.get(kept_at, headers=LOOKING)["Location"] == "/my-account/mobile/code/"


def planted(client: Client, user: User | None) -> None:
    """A kept page, for any address."""
    session = client.session
    whom = [str(user.pk) if user else None, None]
    session[KEPT] = {"T": StoredPage(whom=whom, status=400, page=Sealed.of("").token, done="")}
    session.save()


@pytest.mark.parametrize("name", ["alice", "carol", "holder", "nobody"])
def test_no_address_is_done_by_a_redirect_to_sign_in_nor_by_one_with_an_error(
    request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn, name: str
) -> None:
    """Every redirect that answers an empty form, sent by a stranger or by who signed in long ago."""
    user = None if name == "nobody" else request.getfixturevalue(name)
    redirected = 0
    for route in BELOW:
        client = sign_in(user, minutes=600) if user else Client()
        planted(client, user)
        answer = client.post(address(route, ids) + "?answer=T", headers=LOOKING)
        if answer.status_code != 302:
            continue
        redirected += 1
        told = [one.level for one in get_messages(answer.wsgi_request)]
        if answer["Location"].startswith("/account/") or ERROR in told:
            assert not client.session.get(KEPT, {}).get("T", {}).get("done"), route
    assert redirected


def bare_redirects(file: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module != "portals.answers":
            yield from ((name.name, node.lineno) for name in node.names if name.name in BARE)
        if isinstance(node, ast.Attribute) and node.attr in BARE and not isinstance(node.value, ast.Name):
            yield (node.attr, node.lineno)


def test_every_view_whose_pages_are_kept_says_whether_its_redirect_is_a_success() -> None:
    """By `done` or `not_done` (portals/answers.py): the views of both portals know no other redirect."""
    files = {file for below in PORTALS for file in (ROOT / below).glob("**/*.py")}
    walked = set()
    for route in BELOW:
        view = inspect.unwrap(resolve(address(route, SAMPLES)).func)
        walked.add(Path(inspect.getfile(view)))
    assert walked <= files, walked - files
    assert {str(file.relative_to(ROOT)): found for file in files if (found := list(bare_redirects(file)))} == {}


class _Samples(dict[str, Any]):
    def get(self, key: str, default: Any = None) -> Any:
        return "00000000-0000-0000-0000-000000000000"


SAMPLES = _Samples()


def test_moving_and_cancelling_too_late_is_not_done(appointment: Appointment, sign_in: SignIn, holder: User) -> None:
    client = sign_in(holder)
    Appointment.objects.filter(pk=appointment.pk).update(holder=holder, starts_at=datetime(2024, 1, 8, 9, tzinfo=UTC))
    for what in ("cancel", "move"):
        planted(client, holder)
        answer = client.post(f"/my-appointments/{appointment.pk}/{what}/?answer=T", {}, headers=LOOKING)
        assert answer.status_code == 302
        assert client.session[KEPT]["T"]["done"] == ""


def test_the_refusal_of_a_button_is_answered_by_its_own_page(
    ids: dict[str, Any], sign_in: SignIn, alice: User, carol: User
) -> None:
    """An address that takes no GET shows no kept page: the sentence would be lost."""
    refused = 0
    for user in (alice, carol):
        client = sign_in(user)
        for route in BELOW:
            path = address(route, ids)
            if not takes_get(path):
                answer = client.post(path, {"days": "x", "discreet_email": "x"}, headers=LOOKING)
                assert "answer=" not in answer.get("Location", ""), route
                refused += answer.status_code in ASKING and "text/html" in answer["Content-Type"]
    assert refused
