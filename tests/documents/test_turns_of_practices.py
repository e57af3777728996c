"""A practice with hundreds of due sendings beside one with a single one: whose are taken, and by which index."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from appointments.booking import place
from appointments.models import Agenda, Appointment, AppointmentKind, VisitReason
from documents.models import AutoSend, AutoSendRule, LibraryDocument
from documents.sending import claiming
from jobs.round_robin import FIRST, MOST, RoundRobin
from patients.models import Patient
from practices.models import Practice
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db

NOW = timezone.now()
LEASE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "TURNS", RoundRobin())


@pytest.fixture
def theirs(other_practice: Practice, charlie: User, stranger: Patient) -> Appointment:
    """An appointment of the other practice."""
    agenda = Agenda.objects.create(practice=other_practice, name="Dr Charlie", practitioner=charlie)
    reason = VisitReason.objects.create(practice=other_practice, name="Suivi", duration_minutes=15)
    reason.agendas.add(agenda)
    starts_at = NOW + timedelta(days=3)
    return place(
        agenda=agenda,
        visit_reason=reason,
        patient=stranger,
        starts_at=starts_at,
        kind=AppointmentKind.IN_PERSON,
        by=charlie,
    )


def plan(appointment: Appointment, count: int, document: LibraryDocument, due_at: datetime) -> AutoSendRule:
    """By one rule of its practice, a sending for each of `count` appointments like this one."""
    alike = {
        field.attname: getattr(appointment, field.attname)
        for field in Appointment._meta.concrete_fields
        if field.name != "id"
    }
    rule = AutoSendRule.objects.create(practice=appointment.practice, name="Avant de venir")
    appointments = Appointment.objects.bulk_create([Appointment(**alike) for _ in range(count)])
    AutoSend.objects.bulk_create(
        [AutoSend(appointment=one, rule=rule, document=document, due_at=due_at) for one in appointments]
    )
    return rule


def claim() -> list[uuid.UUID]:
    """The rules of the sendings of a batch."""
    return [one.rule_id for one in claiming.claim(size=20, lease=LEASE, now=NOW)]


def test_the_sending_of_a_small_practice_waits_for_one_batch_of_a_giant(
    access_plan: LibraryDocument, book_for: BookFixture, marie: Patient, theirs: Appointment
) -> None:
    giant = plan(book_for(marie), 300, access_plan, NOW - timedelta(hours=2))
    assert claim() == [giant.pk] * 20
    small = plan(theirs, 1, access_plan, NOW - timedelta(minutes=1))
    assert claim() == [small.pk] + [giant.pk] * 19
    assert {one.attempts for one in AutoSend.objects.filter(rule=small)} == {1}
    assert claim() == [giant.pk] * 20


def test_a_suspended_practice_has_no_turn(
    access_plan: LibraryDocument, book_for: BookFixture, marie: Patient, theirs: Appointment
) -> None:
    giant = plan(book_for(marie), 60, access_plan, NOW - timedelta(hours=2))
    plan(theirs, 1, access_plan, NOW - timedelta(minutes=1))
    Practice.objects.filter(pk=theirs.practice_id).update(suspended_at=NOW)
    assert claim() + claim() == [giant.pk] * 40


def test_rules_and_their_sendings_are_found_by_index(
    access_plan: LibraryDocument, book_for: BookFixture, marie: Patient, theirs: Appointment
) -> None:
    giant = plan(book_for(marie), 2000, access_plan, NOW - timedelta(hours=2))
    small = plan(theirs, 1, access_plan, NOW - timedelta(minutes=1))
    statement = claiming.RULES % {"after": f"'{FIRST}'", "now": f"'{NOW}'", "most": MOST}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE documents_autosend")
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + statement)
        found = "\n".join(str(row) for row in cursor.fetchall())
    assert "auto_send_turn" in found
    assert "auto_send_due" not in found
    found = AutoSend.objects.due(NOW).filter(rule=small).order_by("due_at", "id")[:10].explain()
    assert "auto_send_turn" in found
    assert "temp" not in found.lower()
    shares = claiming.rules_with_due(after=FIRST, most=MOST, now=NOW)
    assert {share.key for share in shares} == {giant.pk, small.pk}
