"""Every email about an account that the installed allauth can send uses our texts, or is disabled for a stated
reason."""

from __future__ import annotations

import re
from pathlib import Path

import allauth
import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django import Settings

from accounts.account_letters import LETTERS, UNREACHABLE, account_letter
from accounts.models import User
from notifications.models import Message

TEMPLATES = Path(allauth.__file__).parent / "templates"
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"


def shipped() -> set[str]:
    """The prefixes of all emails of allauth: from its templates, by the names in its code."""
    found = set()
    for path in TEMPLATES.rglob("email/*.txt"):
        name = re.sub(r"(_message|_subject)?\.txt$", "", path.name)
        found.add(f"{path.parent.parent.relative_to(TEMPLATES)}/email/{name}")
    return found


def test_each_email_of_allauth_is_ours_or_cannot_be_sent() -> None:
    assert len(shipped()) > 15
    assert shipped() == set(LETTERS) | set(UNREACHABLE)
    assert not set(LETTERS) & set(UNREACHABLE)


def test_each_email_that_the_code_of_allauth_sends_is_known() -> None:
    """Its templates may lack emails that its code sends."""
    code = "".join(path.read_text() for path in Path(allauth.__file__).parent.rglob("*.py"))
    sent = set(re.findall(r'"(\w+/email/\w+)"', code))
    assert sent
    assert sent <= set(LETTERS) | set(UNREACHABLE)


def test_the_reasons_still_hold(settings: Settings) -> None:
    assert not [app for app in settings.INSTALLED_APPS if app.startswith("allauth.socialaccount")]
    assert not getattr(settings, "ACCOUNT_LOGIN_BY_CODE_ENABLED", False)
    assert not getattr(settings, "ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", False)
    assert not getattr(settings, "ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED", False)


def test_one_that_cannot_be_sent_is_never_sent_in_words_of_others() -> None:
    for prefix in UNREACHABLE:
        with pytest.raises(KeyError):
            account_letter(prefix, {})


@pytest.fixture
def owner(hugo: User) -> User:
    EmailAddress.objects.create(user=hugo, email=hugo.email, verified=True, primary=True)
    return hugo


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_lost_password_is_asked_for_and_replaced(owner: User, language: str, settings: Settings) -> None:
    """Through the pages, in the account's language: the link leads to our address, and a message confirms the
    change."""
    settings.PUBLIC_URL = "https://documents.lilas.example"
    User.objects.filter(pk=owner.pk).update(language=language)
    browser = Client(headers={"User-Agent": CHROME})
    browser.post("/account/password/reset/", {"email": owner.email})
    (asked,) = Message.objects.all()
    link = re.search(r"https://documents\.lilas\.example(/account/password/reset/key/\S+)", asked.body)
    assert link
    assert "documents.lilas.example" in asked.body.replace(link[0], "")
    form = browser.get(link[1], follow=True)
    browser.post(
        form.redirect_chain[-1][0], {"password1": "trois-lilas-au-jardin", "password2": "trois-lilas-au-jardin"}
    )
    letter = Message.objects.exclude(pk=asked.pk).get()
    assert "Chrome, Android" in letter.body
    assert "Mozilla" not in letter.body + letter.html
    assert letter.subject == (
        "Your password was replaced – docshare"
        if language == "en"
        else "Votre mot de passe a été remplacé – docshare"
    )


@pytest.mark.django_db
def test_an_address_without_an_account_gets_no_link(settings: Settings) -> None:
    Client().post("/account/password/reset/", {"email": "inconnue@courriel.example"})
    (letter,) = Message.objects.all()
    assert "http" not in letter.body
    assert "localhost" in letter.body
