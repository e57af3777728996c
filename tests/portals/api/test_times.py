"""Times in the API: require an offset, and are answered in the practice's zone with its offset."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from typing import Any

import pytest
from rest_framework import serializers

from accounts.models import User
from documents.models import AutoSend, SharedDocument
from portals.api import serializers as shapes
from portals.api.times import Time
from practices.models import Practice
from tests.portals.api.conftest import Api
from tests.portals.api.described import described
from tests.security.addresses import KINDS
from tests.security.conftest import *  # noqa: F403  # a practice in use

V1 = "/api/v1/"
NO_OFFSET = ["2026-12-01T09:00:00", "2026-12-01 09:00", "2026-12-01T09:00:00.123", "2026-12-01", "20261201T0900"]


def fields_of_time() -> Iterator[tuple[str, str, str]]:
    """Every time in a request body: method, address, name."""
    schema = described()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                shape = schema["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
                for name, field in shape["properties"].items():
                    if field.get("format") == "date-time":
                        yield method, path, name
            for one in operation.get("parameters", []):
                assert one["schema"].get("format") != "date-time", "a query with a time: read it by portals.days"


def parsed(body: Any, name: str = "") -> Iterator[tuple[str, datetime]]:
    """Every time in an answer; those in a FHIR resource are as its author wrote them."""
    if isinstance(body, dict) and "resourceType" in body:
        return
    if isinstance(body, dict):
        for key, value in body.items():
            yield from parsed(value, key)
    elif isinstance(body, list):
        for each in body:
            yield from parsed(each, name)
    elif isinstance(body, str) and re.match(r"\d{4}-\d\d-\d\dT", body):
        yield name, datetime.fromisoformat(body)


def test_a_time_without_offset_is_refused_in_a_sentence(
    api: Api, alice: User, carol: User, ids: dict[str, Any]
) -> None:
    """What is refused changes nothing: one practice in use serves for all fields."""
    clients = {user: api(user) for user in (alice, carol)}
    for (method, path, name), text, form in product(sorted(fields_of_time()), NO_OFFSET, ("json", "multipart")):
        kind = KINDS.get(path.removeprefix("/").partition("{")[0], "")
        address = path.replace("{id}", str(ids.get(kind, uuid.uuid4())))
        caller = carol if "/closings/" in path else alice  # only administrators manage a practice's schedule
        answer = getattr(clients[caller], method)(address, {name: text}, format=form)
        assert answer.status_code == 400, (address, name, text, form)
        (error,) = [one for one in answer.json()["errors"] if one["attr"] == name]
        assert "+01:00" in error["detail"], (address, name, text, form)
        assert error["code"] == "invalid"


def test_times_are_read_somewhere() -> None:
    assert {name for _, _, name in fields_of_time()} >= {"start"}


def test_every_time_in_a_shape_is_ours() -> None:
    """DRF's own accepts a time without offset, in the installation's zone."""
    found = [
        f"{shape.__name__}.{name}"
        for shape in vars(shapes).values()
        if isinstance(shape, type) and issubclass(shape, serializers.Serializer)
        and shape.__module__ == shapes.__name__
        for name, field in shape().get_fields().items()
        if isinstance(field, serializers.DateTimeField) and not isinstance(field, Time)
    ]  # fmt: skip
    assert found == []


@pytest.mark.parametrize(("zone", "offset"), [("Pacific/Noumea", 11), ("Pacific/Tahiti", -10), ("Europe/London", 0)])
def test_every_time_is_answered_in_the_practices_zone(
    api: Api, alice: User, marias_account: User, ids: dict[str, Any], zone: str, offset: int
) -> None:
    Practice.objects.filter(memberships__user=alice).update(time_zone=zone)
    said = {"signer": "Alice", "signed_at": "2026-03-02T09:00:00+00:00", "valid": True, "level": "B-B"}
    SharedDocument.objects.filter(pk=ids["document"]).update(signatures=[said | {"covers_whole_document": True}])
    sendings = {"appointment": AutoSend.objects.get(pk=ids["sending"]).appointment_id}
    seen: set[str] = set()
    for path, methods in described()["paths"].items():
        if "get" not in methods or path.endswith("/content/"):
            continue
        kind = KINDS.get(path.removeprefix("/").partition("{")[0], "")
        of = ids | sendings if path.endswith("/auto-sends/") else ids
        address = path.replace("{id}", str(of.get(kind, uuid.uuid4())))
        for caller in (alice, marias_account):
            for name, at in parsed(api(caller).get(address).json()):
                moved = at.utcoffset()
                assert moved is not None, (address, name)
                assert moved.total_seconds() / 3600 - offset in ((0, 1) if zone == "Europe/London" else (0,)), (
                    address, name, at,
                )  # fmt: skip
                seen.add(name)
    assert seen >= {"start", "end", "shared_at", "signed_at", "since", "at", "due_at"}
