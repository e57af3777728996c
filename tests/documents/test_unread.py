"""Reminders of unread documents: once, after the practice's number of days, and no SMS at night."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from documents import messages
from documents.models import Category, SharedDocument
from documents.sharing.chasing import ChaseResult, chase
from documents.sharing.share import share_upload
from documents.sharing.unread import remind_of_unread, set_unread_policy
from documents.tasks import remind_of_unread as task
from files.intake import Intake
from notifications.models import Message, MessageState
from patients.models import Patient
from practices.models import Practice
from practices.roles import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.night]


@pytest.fixture
def document(
    appointment: Appointment, bob: User, prescription: Category, receive: Callable[..., Intake]
) -> SharedDocument:
    made = share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob
    )
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    return made


def days_later(days: float, hour: int | None = None) -> datetime:
    later = timezone.localtime() + timedelta(days=days)
    return later.replace(hour=hour, minute=0) if hour is not None else later


def test_after_three_days_one_message_and_never_another(document: SharedDocument) -> None:
    assert remind_of_unread(now=days_later(2.9)) == 0
    assert remind_of_unread(now=days_later(3.1)) == 1
    assert remind_of_unread(now=days_later(3.2)) == 0
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    assert remind_of_unread(now=days_later(8)) == 0
    assert Message.objects.count() == 4
    assert document.messages.count() == 4
    line = AuditEvent.objects.get(action="document.reminded")
    assert (line.actor_id, line.record_id) == (None, document.appointment_id)


def test_no_sms_in_the_quiet_hours_of_the_practice(document: SharedDocument, practice: Practice) -> None:
    night = days_later(4, hour=23)
    assert remind_of_unread(now=night) == 1
    sms = Message.objects.get(channel="sms", state=MessageState.QUEUED)
    email = Message.objects.get(channel="email", state=MessageState.QUEUED)
    assert email.due_at == night
    assert timezone.localtime(sms.due_at, practice.zone).hour == 8
    assert timedelta(0) < sms.due_at - night < timedelta(hours=10)


def test_the_practice_sets_the_days_or_none(document: SharedDocument, practice: Practice, carol: User) -> None:
    set_unread_policy(practice=practice, days=None, by=carol)
    assert remind_of_unread(now=days_later(5)) == 0
    set_unread_policy(practice=practice, days=1, by=carol)
    assert remind_of_unread(now=days_later(1.1)) == 1


def test_only_administrators_set_it_and_only_to_what_can_be(practice: Practice, carol: User, bob: User) -> None:
    with pytest.raises(NotAllowed):
        set_unread_policy(practice=practice, days=1, by=bob)
    for days in (0, 31):
        with pytest.raises(ValidationError):
            set_unread_policy(practice=practice, days=days, by=carol)


def test_what_was_read_taken_back_or_already_chased_is_left_alone(document: SharedDocument, bob: User) -> None:
    SharedDocument.objects.update(first_read_at=timezone.now())
    assert remind_of_unread(now=days_later(4)) == 0
    SharedDocument.objects.update(first_read_at=None, shared_at=F("shared_at") - timedelta(days=4))
    Message.objects.update(created_at=F("created_at") - timedelta(days=4))
    assert chase(document=document, by=bob) is ChaseResult.SENT
    assert remind_of_unread() == 0  # a message was sent today


def test_what_did_not_arrive_needs_somebody_and_not_another_message(document: SharedDocument) -> None:
    Message.objects.filter(channel="email").update(state=MessageState.FAILED)
    assert remind_of_unread(now=days_later(4)) == 0


def test_without_a_contact_nobody_is_told(document: SharedDocument) -> None:
    Patient.objects.update(mobile=None)
    assert remind_of_unread(now=days_later(4)) == 0
    assert SharedDocument.objects.filter(reminded_at=None).exists()


def test_nothing_old_is_dug_up(document: SharedDocument) -> None:
    assert remind_of_unread(now=days_later(11)) == 0


def test_four_documents_are_one_reminder(
    document: SharedDocument,
    appointment: Appointment,
    bob: User,
    prescription: Category,
    receive: Callable[..., Intake],
) -> None:
    Message.objects.update(state=MessageState.QUEUED, due_at=timezone.now() + timedelta(minutes=1))
    for number in range(3):
        share_upload(
            appointment=appointment,
            intake=receive(),
            category=prescription,
            title=f"Document {number}",
            placement=None,
            by=bob,
        )
    assert Message.objects.count() == 2
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    assert remind_of_unread(now=days_later(4)) == 1
    assert Message.objects.count() == 4


def test_the_task_run_twice_says_it_once(document: SharedDocument) -> None:
    SharedDocument.objects.update(shared_at=F("shared_at") - timedelta(days=4))
    Message.objects.update(created_at=F("created_at") - timedelta(days=4))
    task()
    task()
    assert Message.objects.count() == 4


def test_one_that_fails_holds_up_no_other(
    document: SharedDocument, bob: User, prescription: Category, receive: Callable[..., Intake],
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Two patients, so two messages; the first raises an unexpected error."""
    first = document.appointment
    other = Patient.objects.create(
        practice=first.practice, first_name="Odile", last_name="Autre", birth_date=date(1950, 1, 1),
        email="odile@courriel.example", mobile="+33639980055",
    )  # fmt: skip
    second = Appointment.objects.get(pk=first.pk)
    second.pk, second.patient, second._state.adding = uuid.uuid4(), other, True
    second.save()
    also = share_upload(
        appointment=second, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob
    )
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    real = messages.announce_again

    def poisoned(together: list[SharedDocument], **arguments: Any) -> None:
        if together[0].pk == document.pk:
            raise ZeroDivisionError("Marie Durand")
        real(together, **arguments)

    monkeypatch.setattr(messages, "announce_again", poisoned)
    remind_of_unread(now=days_later(3.1))
    assert SharedDocument.objects.get(pk=also.pk).reminded_at is not None
    assert SharedDocument.objects.get(pk=document.pk).reminded_at is None
    assert f"document {document.pk}: ZeroDivisionError" in caplog.text
    assert "Marie" not in caplog.text
