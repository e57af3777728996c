"""Every sentence of the API is in the language of Accept-Language: French, or English."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from portals.api import throttling
from tests.security.addresses import KINDS
from tests.security.conftest import *  # noqa: F403  # a practice in use

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
LONG = "é" * 5000
WRONG: list[Any] = [None, "", LONG, "\0", ["x"], -1, "2026-13-45"]


def operations() -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    generator = SchemaGenerator()
    schema = generator.get_schema(request=None, public=True)
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation, schema


def fields(operation: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        shape = content["schema"]
        if "$ref" in shape:
            shape = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        return list(shape.get("properties", {}))
    return []


def bodies(names: list[str]) -> Iterator[Any]:
    yield from ({}, [], "x", None)
    for wrong in WRONG:
        yield dict.fromkeys(names, wrong)


def details(answer: Any) -> list[tuple[str, str]]:
    if answer.status_code < 400 or answer.status_code == 500:
        assert answer.status_code < 500
        return []
    return [(one["code"], one["detail"]) for one in answer.json()["errors"]]


def calls(ids: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Arguments for APIClient.generic, each an invalid call."""
    for method, path, operation, schema in operations():
        kind = KINDS.get(path.removeprefix("/").partition("{")[0])
        real = path.replace("{id}", str(ids.get(kind or "", "00000000-0000-4000-8000-000000000000")))
        real = real.replace("{access_id}", "00000000-0000-4000-8000-000000000000")
        unknown = path.replace("{id}", "00000000-0000-4000-8000-000000000000").replace("{access_id}", "x")
        yield f"{method} {unknown}", {"method": method, "path": unknown}
        yield f"put {real}", {"method": "put", "path": real}
        for one in operation.get("parameters", []):
            if one["in"] == "query":
                for wrong in ("\0", LONG, "2026-13-45"):
                    yield (
                        f"{method} {real}?{one['name']}",
                        {"method": method, "path": real, "query": {one["name"]: wrong}},
                    )
        if method in ("post", "patch"):
            for body in bodies(fields(operation, schema)):
                yield f"{method} {real} {str(body)[:60]}", {"method": method, "path": real, "body": json.dumps(body)}
            yield f"{method} {real} no JSON", {"method": method, "path": real, "body": "{"}
            yield f"{method} {real} text", {"method": method, "path": real, "body": "x", "kind": "text/plain"}
            yield f"{method} {real} key", {"method": method, "path": real, "body": "{}", "key": "é" * 300}


def called(client: APIClient, call: dict[str, Any], language: str) -> list[tuple[str, str]]:
    more = {"HTTP_IDEMPOTENCY_KEY": call["key"]} if "key" in call else {}
    path = call["path"]
    if "query" in call:
        path += "?" + urlencode(call["query"])
    with transaction.atomic():  # undone, because what succeeds once may be refused the second time
        answer = client.generic(
            call["method"].upper(), path, call.get("body", ""), content_type=call.get("kind", "application/json"),
            HTTP_ACCEPT_LANGUAGE=language, **more,
        )  # fmt: skip
        transaction.set_rollback(True)
    return details(answer)


def client_of(user: User | None, *scopes: Scope) -> APIClient:
    client = APIClient(raise_request_exception=False)
    if user is not None:
        _token, secret = issue_token(user=user, name="test", scopes=scopes or tuple(Scope), by=None)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture(autouse=True)
def _unbounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "CALLS_A_SECOND", 10**6)
    monkeypatch.setattr(throttling.PerAddress, "allow_request", lambda *_args: True)
    monkeypatch.setattr(throttling, "WRONG_TOKENS_A_MINUTE", 10**6)


def untranslated(client: APIClient, all_calls: list[tuple[str, dict[str, Any]]]) -> tuple[set[tuple[str, str]], int]:
    found: set[tuple[str, str]] = set()
    told = 0
    for label, call in all_calls:
        french, english = called(client, call, "fr"), called(client, call, "en")
        assert [code for code, _ in french] == [code for code, _ in english], label
        told += len(french)
        found |= {(code, a) for (code, a), (_, b) in zip(french, english, strict=True) if a == b}
    return found, told


def test_every_sentence_is_in_the_language_that_is_accepted(ids: dict[str, Any], carol: User) -> None:
    found, told = untranslated(client_of(carol), list(calls(ids)))
    assert told > 300
    assert sorted(found) == []


@pytest.mark.parametrize("who", ["nobody", "a wrong token", "a patient", "a token that only reads"])
def test_so_is_every_refusal_of_a_caller(who: str, ids: dict[str, Any], carol: User, marias_account: User) -> None:
    client = {
        "nobody": lambda: client_of(None),
        "a wrong token": lambda: client_of(None),
        "a patient": lambda: client_of(marias_account),
        "a token that only reads": lambda: client_of(carol, Scope.READ),
    }[who]()
    if who == "a wrong token":
        client.credentials(HTTP_AUTHORIZATION="Bearer wrong")
    plain = [one for one in calls(ids) if "body" not in one[1] or one[1]["body"] == "{}"]
    found, told = untranslated(client, plain)
    assert told > 40
    assert sorted(found) == []


def test_so_is_what_is_said_of_a_file(ids: dict[str, Any], carol: User) -> None:
    client = client_of(carol)
    for content, name in [
        (b"", "a.pdf"),
        (b"x", "a.pdf"),
        (b"%PDF-1.4 x", "a.pdf"),
        (b"x", "a.exe"),
        (b"MZ", "a.pdf.exe"),
    ]:
        said = []
        for language in ("fr", "en"):
            file = SimpleUploadedFile(name, content)
            answer = client.post(
                f"/api/v1/appointments/{ids['appointment']}/documents/",
                {"file": file, "category": "report", "title": "T"}, HTTP_ACCEPT_LANGUAGE=language,
            )  # fmt: skip
            said.append(details(answer))
        assert said[0]
        assert said[0] != said[1], name
