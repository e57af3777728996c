"""API tokens end when the password that they were created under changes, unless their owner keeps them
(docs/security-cases.md, 57)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import ApiToken, Scope, User
from accounts.tokens import issue_token
from practices.members import remove_member
from practices.models import Membership
from tests.accounts.people import browser_of, reset_password, signed_in, type_password, with_proved_mailbox
from tests.conftest import PASSWORD

NEW = "des cerises au printemps"


@pytest.fixture
def doctor(alice: User) -> User:
    return with_proved_mailbox(alice)


@pytest.fixture
def tokens(doctor: User) -> dict[str, tuple[ApiToken, str]]:
    return {name: issue_token(user=doctor, name=name, scopes=[Scope.READ], by=doctor) for name in ("Agenda", "Labo")}


def works(secret: str) -> bool:
    return Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/me/").status_code == 200


def change_password(client: Client, **more: Any) -> Any:
    typed = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW, **more}
    return client.post("/account/password/change/", typed)


def test_tokens_end_with_a_change_of_password(doctor: User, tokens: dict[str, tuple[ApiToken, str]]) -> None:
    client = browser_of(doctor)
    page = client.get("/account/password/change/").content.decode()
    assert "Agenda" in page
    assert "Labo" in page
    assert "checked" not in page
    assert change_password(client).status_code == 302
    assert not any(works(secret) for _token, secret in tokens.values())


def test_the_person_keeps_tokens_one_by_one(doctor: User, tokens: dict[str, tuple[ApiToken, str]]) -> None:
    valid, ended = tokens["Agenda"], tokens["Labo"]
    assert change_password(browser_of(doctor), keep_tokens=[str(valid[0].pk)]).status_code == 302
    assert works(valid[1])
    assert not works(ended[1])


def test_nobody_keeps_the_token_of_another(doctor: User, bob: User, tokens: dict[str, tuple[ApiToken, str]]) -> None:
    theirs, _secret = issue_token(user=bob, name="Bob", scopes=[Scope.READ], by=bob)
    assert change_password(browser_of(doctor), keep_tokens=[str(theirs.pk)]).status_code == 200
    assert ApiToken.objects.filter(revoked_at=None).count() == 3  # nothing was changed


def test_a_refused_change_ends_nothing(doctor: User, tokens: dict[str, tuple[ApiToken, str]]) -> None:
    typed = {"oldpassword": "faux", "password1": NEW, "password2": NEW}
    assert browser_of(doctor).post("/account/password/change/", typed).status_code == 200
    assert all(works(secret) for _token, secret in tokens.values())


@pytest.mark.parametrize("way", ["reset", "command"])
def test_by_every_other_way_all_tokens_end(
    way: str, doctor: User, tokens: dict[str, tuple[ApiToken, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "reset":
        reset_password(doctor, NEW)
    else:
        monkeypatch.setattr("getpass.getpass", lambda *_args, **_more: NEW)
        call_command("changepassword", doctor.email)
    assert not any(works(secret) for _token, secret in tokens.values())
    client = Client()
    type_password(client, doctor, NEW)
    assert signed_in(client)


def test_a_hash_that_is_renewed_at_a_sign_in_is_no_new_password(
    doctor: User, tokens: dict[str, tuple[ApiToken, str]], settings: Any
) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    before = User.objects.get(pk=doctor.pk).password
    browser_of(doctor)
    assert User.objects.get(pk=doctor.pk).password != before
    assert all(works(secret) for _token, secret in tokens.values())


def test_tokens_of_removed_staff_do_not_come_back_with_another_practice(
    doctor: User, carol: User, tokens: dict[str, tuple[ApiToken, str]]
) -> None:
    remove_member(membership=Membership.objects.get(user=doctor), by=carol)
    assert not any(works(secret) for _token, secret in tokens.values())


def test_nothing_is_asked_of_whoever_has_no_token(doctor: User) -> None:
    assert "keep_tokens" not in browser_of(doctor).get("/account/password/change/").content.decode()
