"""For any request that the OpenAPI document allows: no server error, and no undocumented answer.

CONTRACT_EXAMPLES: calls for each operation and caller, random ones. Without it, the same 8 each time, so that a
failure is due to the change under test. They take a minute.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Scope, User
from accounts.tokens import issue_token
from docshare.wsgi import application
from portals.api import throttling
from practices.models import Membership
from tests.security.addresses import KINDS
from tests.security.conftest import *  # noqa: F403  # a practice in use

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(0)]
EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "8"))
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def operations() -> Iterator[Any]:
    generator = SchemaGenerator()
    schema = schemathesis.openapi.from_dict(generator.get_schema(request=None, public=True))
    schema.app = served
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found.err()
        yield found.ok()


def served(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """As gunicorn does: reads the whole answer, then closes it with its uploads."""
    answer = application(environ, start_response)
    try:
        return list(answer)
    finally:
        answer.close()


class Undone(Exception):
    """Rolls back, so that each call finds the practice unchanged."""


@pytest.mark.parametrize("who", ["alice", "marias_account", "nobody"])
def test_every_operation_answers_as_its_description_says(
    who: str, ids: dict[str, Any], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_finished.disconnect(
        close_old_connections
    )  # as Django's own test client does: the test's transaction is open
    request.addfinalizer(lambda: request_finished.connect(close_old_connections))
    request_started.disconnect(close_old_connections)
    request.addfinalizer(lambda: request_started.connect(close_old_connections))
    monkeypatch.setattr(throttling, "CALLS_A_SECOND", 10**6)
    monkeypatch.setattr(throttling.PerAddress, "allow_request", lambda *_args: True)
    headers = {"Host": "localhost", "Accept-Encoding": "identity"}  # the transport does not decompress
    if who != "nobody":
        user: User = request.getfixturevalue(who)
        Membership.objects.filter(user=user).update(is_admin=True)
        headers["Authorization"] = f"Bearer {issue_token(user=user, name='test', scopes=list(Scope), by=None)[1]}"
    faults: dict[str, str] = {}
    answered: set[int] = set()
    found = list(operations())
    assert len(found) > 35
    for operation in found:
        try:
            answered |= examine(operation, headers, ids)
        except (Exception, BaseExceptionGroup) as fault:  # collects all, then reports the whole list
            faults[operation.label] = str(fault)
    assert faults == {}, "\n\n".join(f"{label}\n{said}" for label, said in faults.items())
    assert {200, 401} & answered


def examine(operation: Any, headers: dict[str, str], ids: dict[str, Any]) -> set[int]:
    """Call it EXAMPLES times, each time with the practice unchanged. Returns the statuses."""
    kind = KINDS.get(operation.path.removeprefix("/").partition("{")[0])
    answered: set[int] = set()

    @hypothesis_settings(
        max_examples=EXAMPLES,
        derandomize="CONTRACT_EXAMPLES" not in os.environ,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=st.integers(0, 3))
    def call(case: Any, real: int) -> None:
        if kind and real and "id" in (case.path_parameters or {}):  # three calls of four use an existing object
            case.path_parameters["id"] = str(ids.get(kind, uuid.uuid4()))
        try:
            with transaction.atomic():
                answer = case.call(headers=headers)
                answered.add(answer.status_code)
                case.validate_response(answer, checks=CHECKS)
                raise Undone
        except Undone:
            return

    call()
    return answered
