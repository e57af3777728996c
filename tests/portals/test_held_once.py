"""Requests that read ask once what their user may do; those that write ask at each check."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from appointments.models import Appointment
from portals.held_once import HeldOnceMiddleware
from practices.members import remove_member
from practices.models import Membership, Practice
from practices.roles import may_share

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("method", "asked"), [("GET", 1), ("HEAD", 1), ("POST", 3), ("PATCH", 3), ("DELETE", 3)])
def test_only_requests_that_read_remember(
    method: str, asked: int, alice: User, practice: Practice, rf: RequestFactory
) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        assert [may_share(alice, practice) for _ in range(3)] == [True] * 3
        return HttpResponse()

    with CaptureQueriesContext(connection) as queries:
        HeldOnceMiddleware(view)(rf.generic(method, "/pro/"))
    assert len(queries) == asked


def test_a_removed_member_is_out_at_the_next_request(
    alice: User, carol: User, appointment: Appointment, sign_in: SignIn
) -> None:
    client, panel = sign_in(alice), f"/pro/appointments/{appointment.pk}/"
    assert client.get(panel).status_code == 200
    remove_member(membership=Membership.objects.get(user=alice), by=carol)
    assert client.get(panel).status_code in (302, 404)
    assert b"Durand" not in client.get(panel).content
