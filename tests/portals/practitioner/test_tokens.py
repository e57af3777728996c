"""The pages of API tokens and webhooks."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiToken, User
from practices.models import Practice
from tests.conftest import PASSWORD
from tests.markup import one_line
from webhooks.delivery import WANTS_NO_MORE
from webhooks.endpoints import add_endpoint
from webhooks.models import WebhookDelivery, WebhookEndpoint

SignIn = Callable[[User], Client]


@pytest.fixture
def just_signed_in(sign_in: SignIn) -> SignIn:
    """A browser whose user has just entered the password."""

    def _just(user: User) -> Client:
        client = sign_in(user)
        client.post("/account/reauthenticate/", {"password": PASSWORD})
        return client

    return _just


def secret_of(page: str) -> str:
    found = re.search(r'readonly value="([^"]+)"', one_line(page))
    assert found
    return found[1]


def test_a_token_is_shown_once_works_within_its_scopes_and_is_revoked(
    just_signed_in: SignIn, bob: User, patients_api: str
) -> None:
    client = just_signed_in(bob)
    made = client.post("/pro/tokens/new/", {"name": "Logiciel", "scopes": ["read"], "days": "30"})
    secret = secret_of(made.content.decode())
    assert "no-store" in made["Cache-Control"]
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert api.get(patients_api).status_code == 200
    assert api.post(patients_api, {}).status_code == 403
    page = client.get("/pro/tokens/").content.decode()
    assert "Logiciel" in page
    assert "Dernier usage</dt><dd>jamais" not in one_line(page)
    assert secret not in page
    client.post(f"/pro/tokens/{ApiToken.objects.get().pk}/revoke/")
    assert api.get(patients_api).status_code == 401
    assert "Révoqué" in client.get("/pro/tokens/").content.decode()


@pytest.fixture
def patients_api() -> str:
    return "/api/v1/patients/"


def test_only_a_practitioners_token_may_sign(just_signed_in: SignIn, alice: User, bob: User) -> None:
    asked = {"name": "Logiciel", "scopes": ["read", "sign"], "days": "90"}
    assert just_signed_in(alice).post("/pro/tokens/new/", asked).status_code == 200
    refused = just_signed_in(bob).post("/pro/tokens/new/", asked)
    assert refused.status_code == 400
    assert not bob.api_tokens.exists()


def test_the_password_is_asked_for_again_before_a_token_or_a_webhook_is_made(sign_in: SignIn, carol: User) -> None:
    client = sign_in(carol)
    for page in ("/pro/tokens/new/", "/pro/webhooks/new/"):
        answer = client.get(page)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/reauthenticate/")


def test_nobody_revokes_anothers_token(just_signed_in: SignIn, alice: User, bob: User) -> None:
    just_signed_in(alice).post("/pro/tokens/new/", {"name": "x", "scopes": ["read"], "days": "30"})
    assert just_signed_in(bob).post(f"/pro/tokens/{ApiToken.objects.get().pk}/revoke/").status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_an_administrator_adds_a_webhook_and_removes_it(just_signed_in: SignIn, carol: User, alice: User) -> None:
    client = just_signed_in(carol)
    assert "Aucun logiciel" in client.get("/pro/webhooks/").content.decode()
    asked = {
        "url": "https://logiciel.example/docshare",
        "events": ["document.shared"],
    }
    refused = client.post("/pro/webhooks/new/", asked | {"url": "https://user:secret@logiciel.example/"})
    assert refused.status_code == 400
    assert "ni identifiant ni mot de passe" in refused.content.decode()
    for unfinished in ("logiciel", "logiciel.example/docshare", "https://", "https://["):
        refused = client.post("/pro/webhooks/new/", asked | {"url": unfinished})
        assert refused.status_code == 400
        assert "incomplète ou mal écrite" in refused.content.decode()
    secret = secret_of(client.post("/pro/webhooks/new/", asked).content.decode())
    assert secret.startswith("whsec_")
    page = client.get("/pro/webhooks/").content.decode()
    assert "https://logiciel.example/docshare" in page
    assert secret not in page
    endpoint = WebhookEndpoint.objects.get()
    assert just_signed_in(alice).get("/pro/webhooks/").status_code == 404
    assert just_signed_in(alice).post(f"/pro/webhooks/{endpoint.pk}/remove/").status_code == 404
    client.post(f"/pro/webhooks/{endpoint.pk}/remove/")
    assert not WebhookEndpoint.objects.exists()


def test_why_a_webhook_was_not_taken_is_told_in_the_readers_language(
    just_signed_in: SignIn, carol: User, practice: Practice
) -> None:
    endpoint = add_endpoint(practice=practice, url="https://logiciel.example/", events=["document.shared"], by=carol)
    WebhookDelivery.objects.create(
        endpoint=endpoint, event="document.shared", body="{}", due_at=timezone.now(), last_error=WANTS_NO_MORE
    )
    for language, words in {"fr": "Ce logiciel ne veut plus", "en": "This software no longer wants"}.items():
        User.objects.filter(pk=carol.pk).update(language=language)
        assert words in just_signed_in(carol).get("/pro/webhooks/").content.decode()
