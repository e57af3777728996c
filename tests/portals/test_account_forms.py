"""An address that an account will keep is checked by every page, as contacts of patients are."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory

from accounts.models import User
from notifications.models import Message
from patients.contacts import clean_email
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/account/email/"
WRONG = [
    "", "hugo@gmail.con", "www.jean@localhost", f"{'a' * 70}@exemple.fr", "Jean <jean@exemple.fr>",
    "hugo@@exemple.fr", "rené@exemple.fr", "hugo@exemple.fr.",
]  # fmt: skip


@pytest.mark.parametrize("typed", WRONG)
def test_a_wrong_address_is_refused_in_the_words_of_every_door(hugo: User, sign_in: SignIn, typed: str) -> None:
    answer = sign_in(hugo).post(PAGE, {"action_add": "", "email": typed})
    assert answer.status_code == 200
    said = "Saisissez votre nouvelle adresse e-mail."
    if typed:
        with pytest.raises(ValidationError) as refused:
            clean_email(typed)
        [said] = refused.value.messages
    assert said in unescape(answer.content.decode())
    assert not Message.objects.exists()
    assert EmailAddress.objects.filter(user=hugo).count() == 1


def test_what_was_typed_before_the_password_is_kept_and_a_likely_misspelling_doubted(
    hugo: User, sign_in: SignIn
) -> None:
    client = sign_in(hugo)
    asked = client.post(PAGE, {"action_add": "", "email": "Hugo@gmial.com"})
    assert asked["Location"].startswith("/account/reauthenticate/")
    page = client.post(asked["Location"], {"password": PASSWORD, "next": PAGE}, follow=True).content.decode()
    assert EmailAddress.objects.filter(user=hugo, email="hugo@gmial.com", verified=False).exists()
    assert Message.objects.filter(to="hugo@gmial.com").exists()
    assert "Vouliez-vous dire hugo@gmail.com\u00a0?" in unescape(page)


def test_no_page_signs_up(rf: RequestFactory, client: Client) -> None:
    assert not get_adapter().is_open_for_signup(rf.get("/account/signup/"))
    assert 'name="email"' not in client.get("/account/signup/").content.decode()
