"""Texts leave compressed, with a length that tells less; documents leave as they are."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from documents.models import SharedDocument
from tests.security.addresses import address, routes
from tests.security.conftest import *  # noqa: F403  # an object of each kind

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
ACCEPTS = {"accept-encoding": "gzip, deflate, br"}
LONG = 1000  # bytes: shorter texts may be left as they are


@pytest.mark.parametrize("who", ["nobody", "alice", "hugo"])
def test_each_text_is_compressed_and_nothing_else(
    who: str, request: pytest.FixtureRequest, ids: dict[str, Any], sign_in: SignIn
) -> None:
    client = Client() if who == "nobody" else sign_in(request.getfixturevalue(who))
    compressed = set()
    for path in sorted({address(route, ids) for route in routes()} | {"/api/v1/appointments/"}):
        answer = client.get(path, headers=ACCEPTS)
        if answer.streaming or not answer.content:
            assert "Content-Encoding" not in answer or path.startswith("/static/"), path
            continue
        kind = answer["Content-Type"].partition(";")[0]
        if answer.get("Content-Encoding") == "gzip":
            compressed.add(kind)
            assert "Accept-Encoding" in answer["Vary"], path
            assert len(gzip.decompress(answer.content)) > len(answer.content) == int(answer["Content-Length"]), path
        else:
            assert kind not in {"text/html", "application/json"} or len(answer.content) < LONG, path
    assert "text/html" in compressed


def test_a_document_keeps_its_length_its_tag_and_its_ranges(
    sign_in: SignIn, marias_account: User, ids: dict[str, Any]
) -> None:
    shared = SharedDocument.objects.select_related("file").get(pk=ids["document"])
    browser = sign_in(marias_account)
    whole = browser.post(f"/documents/{shared.pk}/download/", headers=ACCEPTS)
    assert "Content-Encoding" not in whole
    assert int(whole["Content-Length"]) == shared.file.size
    part = browser.post(f"/documents/{shared.pk}/download/", headers={**ACCEPTS, "range": "bytes=0-9"})
    assert (part.status_code, part["Content-Length"]) == (206, "10")


def test_the_same_page_has_another_length_each_time() -> None:
    lengths = {len(Client().get("/verify/", headers=ACCEPTS).content) for _ in range(12)}
    assert len(lengths) > 3
