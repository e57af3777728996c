"""Secrets of second factors are encrypted in the database, older ones too; one that cannot be decrypted is
reported."""

from __future__ import annotations

import json
from importlib import import_module

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from accounts.models import User
from accounts.tasks import seal_second_factors
from tests.accounts.people import signed_in, totp, type_password, with_proved_mailbox
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
FOREIGN = "a key that nobody has any more"


@pytest.fixture
def staff(alice: User) -> User:
    return with_proved_mailbox(alice)


def as_kept() -> str:
    """Both columns as stored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator ORDER BY id")
        return json.dumps([str(row[0]) for row in cursor.fetchall()])


def of_the_version_before(user: User) -> tuple[str, list[str]]:
    """Secret and recovery codes as the previous version stores them: in plain text."""
    secret, seed = generate_totp_secret(), RecoveryCodes.generate_seed()
    Authenticator.objects.create(user=user, type="totp", data={"secret": secret})
    codes = Authenticator.objects.create(user=user, type="recovery_codes", data={"seed": seed, "used_mask": 0})
    assert secret in as_kept()
    assert seed in as_kept()
    return secret, codes.wrap().get_unused_codes()


def gets_in(user: User, code: str = "", *, secret: str = "") -> bool:
    """Sign in with a recovery code, or with the application's current code."""
    client = Client()
    type_password(client, user)
    client.post("/account/2fa/authenticate/", {"code": code or totp(secret)})
    return signed_in(client)


def test_neither_seed_nor_recovery_codes_stand_in_the_clear(staff: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(staff, secret)
    codes = RecoveryCodes.activate(staff)
    assert secret not in as_kept()
    seed = Authenticator.objects.get(type="recovery_codes").data["seed"]
    assert seed.startswith("sealed:")
    assert gets_in(staff, secret=secret)
    assert gets_in(staff, codes.get_unused_codes()[0])


def test_factors_of_the_version_before_work_and_are_sealed_by_the_task(staff: User) -> None:
    secret, codes = of_the_version_before(staff)
    assert gets_in(staff, secret=secret)
    assert gets_in(staff, codes[0])
    seal_second_factors()
    once = as_kept()
    assert secret not in once
    assert once.count("sealed:") == 2
    seal_second_factors()
    assert as_kept() == once
    assert gets_in(staff, codes[1])
    assert not gets_in(staff, codes[0])  # used codes stay used


def test_codes_brought_from_elsewhere_are_sealed_one_by_one(staff: User) -> None:
    data = {"migrated_codes": ["abcd-1234", "efgh-5678"]}
    factor = Authenticator.objects.create(user=staff, type="recovery_codes", data=data)
    seal_second_factors()
    assert "abcd" not in as_kept()
    factor.refresh_from_db()
    assert factor.wrap().get_unused_codes() == data["migrated_codes"]


def test_going_back_to_the_version_before_opens_them_again(staff: User) -> None:
    secret, _codes = of_the_version_before(staff)
    before = as_kept()
    seal_second_factors()
    import_module("accounts.migrations.0012_second_factors").open_secrets(apps, None)
    assert as_kept() == before
    assert secret in before


def test_a_seed_that_cannot_be_opened_is_told_and_a_recovery_code_still_lets_in(staff: User) -> None:
    secret = generate_totp_secret()
    with override_settings(SECRET_KEY=FOREIGN):
        TOTP.activate(staff, secret)
    client = Client()
    type_password(client, staff)
    answer = client.post("/account/2fa/authenticate/", {"code": totp(secret)})
    assert answer.status_code == 200
    assert "moyens de double authentification est devenu illisible" in answer.content.decode()

    codes = RecoveryCodes.activate(staff).get_unused_codes()
    assert gets_in(staff, codes[0])
    assert not gets_in(staff, codes[0])


def test_a_page_of_recovery_codes_that_cannot_be_opened_says_so(staff: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(staff, secret)
    with override_settings(SECRET_KEY=FOREIGN):
        RecoveryCodes.activate(staff)
    client = Client()
    type_password(client, staff)
    client.post("/account/2fa/authenticate/", {"code": totp(secret)})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    answer = client.get("/account/2fa/recovery-codes/")
    assert answer.status_code == 409
    assert "le site n’a plus la clé" in answer.content.decode()
