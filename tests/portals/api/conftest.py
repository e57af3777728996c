"""API clients, each with the token of one of the cast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from tests.documents.conftest import *  # noqa: F403  # the same documents and practitioners

Api = Callable[..., APIClient]


@pytest.fixture
def api() -> Api:
    def _api(user: User | None, *scopes: Scope) -> APIClient:
        client = APIClient(raise_request_exception=False)
        if user is not None:
            _token, secret = issue_token(user=user, name="test", scopes=scopes or tuple(Scope), by=None)
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return _api


def errors(answer: Any) -> list[str]:
    """The codes of an answer's errors; checks the common shape."""
    body = answer.json()
    assert set(body) == {"type", "errors"}
    for error in body["errors"]:
        assert set(error) == {"code", "detail", "attr"}
    return [error["code"] for error in body["errors"]]
