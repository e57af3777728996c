"""A practice's administrator says how messages call it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Practice, User
from audit.models import AuditEvent

pytestmark = pytest.mark.django_db
PAGE = "/pro/settings/name/"


def test_an_administrator_chooses_it_and_empties_it(
    sign_in: Callable[[User], Client], carol: User, practice: Practice
) -> None:
    browser = sign_in(carol)
    answer = browser.post(PAGE, {"practice": practice.pk, "discreet_name": "  Maison   des Lilas "}, follow=True)
    assert "Maison des Lilas" in answer.content.decode()
    practice.refresh_from_db()
    assert practice.name_in_messages == "Maison des Lilas"
    assert AuditEvent.objects.get(action="practice.edited").detail == {"fields": ["discreet_name"]}
    browser.post(PAGE, {"practice": practice.pk, "discreet_name": "\u200b\u202eLilas\u2060 "})
    practice.refresh_from_db()
    assert practice.name_in_messages == "Lilas"
    browser.post(PAGE, {"practice": practice.pk, "discreet_name": "\u200b\u2060"})
    practice.refresh_from_db()
    assert practice.name_in_messages == practice.name == "Cabinet des Lilas"


def test_one_that_is_too_long_is_refused_and_kept_in_the_form(
    sign_in: Callable[[User], Client], carol: User, practice: Practice
) -> None:
    answer = sign_in(carol).post(PAGE, {"practice": practice.pk, "discreet_name": "L" * 101})
    assert answer.status_code == 400
    assert "L" * 101 in answer.content.decode()
    practice.refresh_from_db()
    assert practice.discreet_name == ""


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_nobody_else_does(
    sign_in: Callable[[User], Client], practice: Practice, request: pytest.FixtureRequest, who: str
) -> None:
    answer = sign_in(request.getfixturevalue(who)).post(PAGE, {"practice": practice.pk, "discreet_name": "Autre"})
    assert answer.status_code in (403, 404)
    practice.refresh_from_db()
    assert practice.discreet_name == ""


def test_it_needs_a_session_and_a_post(sign_in: Callable[[User], Client], carol: User) -> None:
    assert Client().post(PAGE).status_code == 302
    assert sign_in(carol).get(PAGE).status_code == 405


def test_the_address_of_replies_is_said_to_be_readable_too(
    sign_in: Callable[[User], Client], carol: User, practice: Practice
) -> None:
    Practice.objects.update(email="addictologie@cabinet.example")
    page = sign_in(carol).get("/pro/settings/").content.decode()
    assert "Les réponses vont à addictologie@cabinet.example, qui se lit aussi." in page
