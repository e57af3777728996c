"""A worker sends for many appointments in one transaction; what must not hold up the others, or fails, goes alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment
from documents import link_messages
from documents.models import AutoSend, DocumentLink, LibraryDocument, LibraryVersion
from documents.sending import autosend, send
from documents.sending.autosend import send_batch, send_due
from documents.sending.rules import RuleContent, save_rule
from notifications.models import Message
from patients.models import Patient
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def book_many(
    access_plan: LibraryDocument, carol: User, book_for: BookFixture, marie: Patient
) -> Callable[[int], list[Appointment]]:
    """A function that books as often for Marie, to whom a rule sends the access plan."""
    content = RuleContent(name="Avant de venir", documents=[access_plan])
    save_rule(practice=access_plan.practice, content=content, by=carol)
    return lambda count: [book_for(marie) for _ in range(count)]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The appointments that are sent for alone."""
    there: list[Any] = []
    plain = autosend._try

    def recorded(appointment: Any, now: Any) -> bool:
        there.append(appointment)
        return plain(appointment, now)

    monkeypatch.setattr(autosend, "_try", recorded)
    return there


def states(appointments: list[Appointment]) -> list[str]:
    return [one.auto_sends.get().state for one in appointments]


def test_many_appointments_cost_hardly_more_statements_than_two(
    book_many: Callable[[int], list[Appointment]], alone: list[Any]
) -> None:
    def statements(count: int) -> int:
        booked = book_many(count)
        with CaptureQueriesContext(connection) as run:
            assert send_batch()
        assert states(booked) == ["sent"] * count
        return len(run)

    two = statements(2)
    assert statements(30) <= two + 1
    assert alone == []
    assert DocumentLink.objects.count() == 32
    assert Message.objects.count() == 64


def test_the_sms_of_a_batch_that_is_undone_are_not_counted(
    book_many: Callable[[int], list[Appointment]], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.SMS_PER_PRACTICE = (1, 1)
    good, bad = book_many(2)
    plain = link_messages._link_text

    def fails(link: DocumentLink, words: Any) -> str:
        if link.appointment_id == bad.pk:
            raise ZeroDivisionError
        return plain(link, words)

    monkeypatch.setattr(link_messages, "_link_text", fails)
    assert send_due() == 1
    assert states([good, bad]) == ["sent", "planned"]
    assert Message.objects.get(channel="sms").state == "queued"


def test_a_retry_goes_alone(book_many: Callable[[int], list[Appointment]], alone: list[Any]) -> None:
    booked = book_many(4)
    AutoSend.objects.filter(appointment=booked[2]).update(attempts=1)
    assert send_due() == 4
    assert alone == [booked[2].pk]


def test_a_personal_copy_goes_alone(
    book_many: Callable[[int], list[Appointment]], alone: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = book_many(3)
    monkeypatch.setattr(LibraryVersion, "is_personal", True)
    monkeypatch.setattr(send, "personal_copy", lambda *_given, **_named: None)
    assert send_due() == 3
    assert alone == [one.pk for one in booked]


@pytest.mark.servers("SQLite locks no single rows")
@pytest.mark.django_db(transaction=True)
def test_a_sending_that_somebody_else_has_locked_goes_alone(book_many: Callable[[int], list[Appointment]]) -> None:
    booked = book_many(3)
    locked, sent = threading.Event(), threading.Event()

    def lock() -> None:
        with transaction.atomic():
            AutoSend.objects.select_for_update().get(appointment=booked[1])
            locked.set()
            sent.wait(20)
        connection.close()

    other = threading.Thread(target=lock)
    other.start()
    locked.wait(20)
    try:
        left = autosend._try_together([one.pk for one in booked], timezone.now() + timedelta(seconds=1))
    finally:
        sent.set()
        other.join()
    assert left == (2, [booked[1].pk])
    assert states(booked) == ["sent", "planned", "sent"]
