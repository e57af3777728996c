"""Every POST of the API handles an Idempotency-Key in its dispatch, whatever its view does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import get_resolver
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from portals.api.idempotency import AnsweredOnce
from portals.api.views.base import StaffView
from portals.models import IdempotentCall
from practices.members import change_roles
from practices.models import Membership, Practice, Role
from tests.portals.api.conftest import Api, errors
from tests.portals.api.test_api import upload
from tests.portals.api.test_stored_answers import KEY, calls, make, secretary  # noqa: F401
from tests.security.addresses import address
from tests.security.conftest import *  # noqa: F403  # a practice in use

# Open to all, and creates nothing: an anonymous caller has no keys, and a repeated call is harmless.
WITHOUT_CALLER = {"api/v1/verify/"}


def posts(patterns: list[Any] | None = None, before: str = "") -> Iterator[tuple[str, type[APIView]]]:
    """Every address of a DRF view that accepts POST."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from posts(pattern.url_patterns, route)
            continue
        view = getattr(pattern.callback, "cls", None)
        if view and issubclass(view, APIView) and hasattr(view, "post") and "post" in view.http_method_names:
            yield route, view


POSTS = dict(posts())


def test_the_walk_finds_them() -> None:
    assert len(POSTS) >= 12
    assert set(POSTS) >= WITHOUT_CALLER


def test_a_post_takes_a_key(
    ids: dict[str, Any], api: Api, alice: User, marias_account: User, practice: Practice
) -> None:
    """What is refused changes nothing: one practice in use serves for all addresses."""
    alone = Membership.objects.get(user=alice, practice=practice)
    change_roles(membership=alone, roles=[Role.PRACTITIONER, Role.ADMIN], by=None)
    whole: dict[str, Any] = {"title": "Consigne", "body": "<p>À jeun</p>"}
    clients = {user: api(user) for user in (alice, marias_account)}
    for route in sorted(set(POSTS) - WITHOUT_CALLER):
        assert issubclass(POSTS[route], AnsweredOnce), route
        with_file = route.endswith("files/")
        body, form = ({"file": upload(), "title": "Consigne"}, "multipart") if with_file else (whole, None)
        if route == "api/v1/questionnaires/":
            body, form = whole | {"questionnaire": {"resourceType": "Questionnaire"}}, "json"
        client = clients[marias_account if "/me/" in route else alice]
        of = ids | {"request": ids["response"]} if route.endswith("submit/") else ids  # of a questionnaire
        answer = client.post(address(route, of), body, format=form, HTTP_IDEMPOTENCY_KEY="k" * 256)
        assert (answer.status_code, errors(answer)) == (400, ["invalid"]), route
        assert answer.json()["errors"][0]["attr"] == "Idempotency-Key", route


def test_a_post_that_does_not_say_what_it_makes_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="makes"):

        class Forgotten(StaffView):
            def post(self, request: Request) -> Response:
                return Response()


@pytest.mark.parametrize("name", ["rule", "library"])
def test_what_a_call_without_answer_made_and_somebody_deleted_is_gone(
    name: str,
    calls: dict[str, Any],  # noqa: F811
    secretary: User,  # noqa: F811
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = api(secretary)
    with monkeypatch.context() as patch:
        patch.setattr("portals.api.idempotency.store_answer", _died)
        assert make(client, calls[name]).status_code == 500
    IdempotentCall.objects.update(lease_until="2020-01-01T00:00:00Z")
    pk = IdempotentCall.objects.get().object_id
    assert client.delete(f"{calls[name][0]}{pk}/").status_code == 204
    assert make(client, calls[name]).status_code == 404


def _died(*_args: object) -> None:
    raise RuntimeError("The process died here.")
