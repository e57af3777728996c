"""How many questions the busiest pages ask the database, for a member of several practices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from appointments.models import Appointment
from practices.members import add_member
from practices.models import Practice, Role
from tests.costs import counted

SignIn = Callable[[User], Client]
IN_PANEL = {"HX-Request": "true", "HX-Target": "panel"}


@pytest.mark.django_db
def test_the_busiest_pages_ask_few_questions(
    alice: User,
    other_practice: Practice,
    appointment: Appointment,
    book_for: Callable[..., Appointment],
    sign_in: SignIn,
) -> None:
    third = Practice.objects.create(name="Troisième cabinet")
    for one in (other_practice, third):
        add_member(user=alice, practice=one, roles=[Role.SECRETARY], by=None)
    for days in (1, 2, 3):  # entries of the record's timeline
        book_for(appointment.patient, starts_at=appointment.starts_at + timedelta(days=days))
    client, panel = sign_in(alice), f"/pro/appointments/{appointment.pk}/"
    day = appointment.local_start.date()
    most: list[tuple[str, dict[str, Any], int]] = [
        (panel, {"headers": IN_PANEL}, 17),
        (f"/pro/?date={day}", {}, 12),
        (f"/pro/?date={day}&view=week", {}, 12),
        (f"{panel}share/", {}, 10),
        (f"/pro/patients/{appointment.patient_id}/", {}, 36),
    ]
    asked = {}
    for address, sent, _ in most:
        client.get(address, **sent)  # what is remembered for some seconds: the counts in the rail
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address, **sent).status_code == 200
        asked[address] = len(queries)
        assert sum("accounts_membership" in one["sql"] for one in queries) == 1, address
    assert all(asked[address] <= bound for address, _, bound in most), asked


@pytest.mark.django_db
def test_the_busiest_pages_compose_few_of_their_statements(
    alice: User, appointment: Appointment, sign_in: SignIn
) -> None:
    """Counted in calls, once what a process composes once is composed."""
    client, panel = sign_in(alice), f"/pro/appointments/{appointment.pk}/"
    most: list[tuple[str, dict[str, Any], int]] = [
        (f"/pro/?date={appointment.local_start.date()}", {}, 27_000),
        (panel, {"headers": IN_PANEL}, 25_000),
        (f"{panel}share/", {}, 35_000),
        (f"/pro/patients/{appointment.patient_id}/", {}, 38_000),
    ]
    cost = {}
    for address, sent, _ in most:
        client.get(address, **sent)
        _answer, cost[address] = counted(partial(client.get, address, **sent))
    assert all(cost[address] <= bound for address, _, bound in most), cost


@pytest.mark.django_db
def test_neither_agenda_nor_rail_begin_with_every_appointment_or_record(
    alice: User, appointment: Appointment, sign_in: SignIn
) -> None:
    """SQLite reads all of them if it groups appointments or joins records (bench.many_patients)."""
    client = sign_in(alice)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/pro/?date={appointment.local_start.date()}&view=week")
    asked = [one["sql"] for one in queries]
    of_agenda = [sql for sql in asked if '"patients_patient"."last_name"' in sql]
    of_rail = [sql for sql in asked if "patients_contactproposal" in sql]
    assert len(of_agenda) == len(of_rail) == 1
    assert "GROUP BY" not in of_agenda[0]
    assert 'INNER JOIN "patients_patient"' not in of_rail[0]
