from __future__ import annotations

import threading
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from jobs.leases import LONGEST_WAIT, MAX_ATTEMPTS, back_off
from notifications import delivery
from notifications.channels.email import EmailSender
from notifications.delivery import claim, deliver_due
from notifications.models import Channel, Message, MessageState
from notifications.tasks import dispatch
from tests.notifications.conftest import MailServer, make_email

pytestmark = pytest.mark.django_db


def test_an_email_reaches_the_server_as_it_was_planned(mail_server: MailServer, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://documents.example"
    message = make_email()

    dispatch("email")

    (envelope,) = mail_server.received
    assert envelope.rcpt_tos == ["marie.durand@courriel.example"]
    assert isinstance(envelope.content, bytes)
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert mail["Subject"] == "Un document vous attend"
    assert mail["Message-ID"] == f"<{message.id}@documents.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "fr"
    assert "https://documents.example/invitation/secret" in mail.get_content()


def test_a_sent_message_is_marked_and_its_text_forgotten(mail_server: MailServer) -> None:
    message = make_email()

    deliver_due(Channel.EMAIL)

    message.refresh_from_db()
    assert (message.state, message.body, message.lease_until) == (MessageState.SENT, "", None)
    assert message.sent_at is not None


def test_a_second_run_sends_nothing(mail_server: MailServer) -> None:
    make_email()
    dispatch("email")
    dispatch("email")
    assert len(mail_server.received) == 1


def test_many_messages_go_over_one_connection(mail_server: MailServer) -> None:
    for number in range(30):
        make_email(f"patient{number}@courriel.example")
    dispatch("email")
    assert len(mail_server.received) == 30
    assert mail_server.connections == 1


def test_what_is_not_due_yet_stays(mail_server: MailServer) -> None:
    make_email(due_at=timezone.now() + timedelta(minutes=1))
    dispatch("email")
    assert mail_server.received == []


def test_a_refused_address_is_given_up_at_once_and_the_others_go_on(mail_server: MailServer) -> None:
    mail_server.answers["nobody@courriel.example"] = "550 5.1.1 <nobody@courriel.example> unknown"
    refused = make_email("nobody@courriel.example", due_at=timezone.now() - timedelta(minutes=1))
    accepted = make_email()

    dispatch("email")

    refused.refresh_from_db()
    accepted.refresh_from_db()
    assert accepted.state == MessageState.SENT
    assert (refused.state, refused.body) == (MessageState.FAILED, "")
    assert "SMTP 550 5.1.1" in refused.last_error
    assert "courriel.example" not in refused.last_error


def test_a_deferred_message_is_tried_again_later(mail_server: MailServer) -> None:
    mail_server.answers["marie.durand@courriel.example"] = "451 4.7.1 greylisted"
    message = make_email()

    dispatch("email")

    message.refresh_from_db()
    assert message.state == MessageState.QUEUED
    assert message.attempts == 1
    assert timedelta(seconds=5) < message.due_at - timezone.now() < timedelta(seconds=13)
    assert "SMTP 451 4.7.1" in message.last_error
    assert message.body  # still needed

    mail_server.answers.clear()
    Message.objects.update(due_at=timezone.now())
    dispatch("email")
    message.refresh_from_db()
    assert (message.state, message.attempts, message.last_error) == (MessageState.SENT, 2, "")


def test_waits_grow_and_are_bounded() -> None:
    waits = [back_off(attempt).total_seconds() for attempt in range(1, MAX_ATTEMPTS + 1)]
    assert 8 <= waits[0] <= 12
    assert 64 <= waits[3] <= 96
    assert max(waits) <= LONGEST_WAIT.total_seconds() * 1.2
    assert 20 * 3600 < sum(waits) < 30 * 3600  # about a day


def test_an_absent_server_costs_one_attempt_and_not_one_for_each_message(
    mail_server: MailServer, settings: Settings
) -> None:
    settings.EMAIL_PORT = 9  # port "discard": no server listens
    for _ in range(3):
        make_email()

    dispatch("email")

    rows = list(Message.objects.all())
    assert sorted(row.attempts for row in rows) == [0, 0, 1]
    assert all(row.state == MessageState.QUEUED and row.lease_until is None for row in rows)
    assert all(row.due_at > timezone.now() for row in rows)


def test_a_server_that_closes_its_service_is_left_in_peace(mail_server: MailServer) -> None:
    mail_server.answers["marie.durand@courriel.example"] = "421 4.3.2 closing"
    for _ in range(3):
        make_email()
    dispatch("email")
    assert sorted(Message.objects.values_list("attempts", flat=True)) == [0, 0, 1]


def test_the_last_attempt_gives_up_visibly(mail_server: MailServer) -> None:
    mail_server.answers["marie.durand@courriel.example"] = "451 later"
    message = make_email(attempts=MAX_ATTEMPTS - 1)
    dispatch("email")
    message.refresh_from_db()
    assert (message.state, message.body) == (MessageState.FAILED, "")
    assert "SMTP 451" in message.last_error


def test_a_message_that_kills_its_worker_every_time_is_given_up_unsent(mail_server: MailServer) -> None:
    message = make_email(attempts=MAX_ATTEMPTS, lease_until=timezone.now() - timedelta(seconds=1))
    dispatch("email")
    message.refresh_from_db()
    assert message.state == MessageState.FAILED
    assert mail_server.received == []


def test_an_expired_code_is_not_sent(mail_server: MailServer) -> None:
    message = make_email(expires_at=timezone.now() - timedelta(seconds=1))
    dispatch("email")
    message.refresh_from_db()
    assert message.state == MessageState.FAILED
    assert mail_server.received == []


def test_a_line_break_in_a_header_is_refused_and_the_others_go_on(mail_server: MailServer) -> None:
    poison = make_email("a@courriel.example\nBcc: b@courriel.example", due_at=timezone.now() - timedelta(minutes=1))
    make_email()
    dispatch("email")
    poison.refresh_from_db()
    assert poison.state == MessageState.FAILED
    assert len(mail_server.received) == 1


def test_a_leased_message_is_left_to_its_worker_until_the_lease_ends(mail_server: MailServer) -> None:
    message = make_email()
    assert [held.pk for held in claim(Channel.EMAIL)] == [message.pk]
    dispatch("email")
    assert mail_server.received == []

    Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    dispatch("email")
    assert len(mail_server.received) == 1


def test_a_worker_that_lost_its_lease_neither_sends_nor_marks(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP beyond the lease: when it resumes, another worker has claimed the message."""

    class StoppedForAWhile(EmailSender):
        def open(self) -> None:
            super().open()
            other = timezone.now() + timedelta(minutes=1)
            Message.objects.update(lease_until=other, attempts=F("attempts") + 1)

    message = make_email()
    monkeypatch.setattr(delivery, "LEASE", timedelta())
    monkeypatch.setitem(delivery.SENDERS, Channel.EMAIL, StoppedForAWhile)

    deliver_due(Channel.EMAIL)

    message.refresh_from_db()
    assert mail_server.received == []
    assert (message.state, message.attempts) == (MessageState.QUEUED, 2)
    assert message.lease_until is not None
    assert message.lease_until > timezone.now()


def test_a_short_lease_is_renewed_before_sending(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LEASE", delivery.LONGEST_SEND / 2)
    message = make_email()
    deliver_due(Channel.EMAIL)
    message.refresh_from_db()
    assert message.state == MessageState.SENT


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_two_workers_never_claim_the_same_message() -> None:
    for number in range(400):
        make_email(f"patient{number}@courriel.example")
    claimed: list[list[Message]] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while batch := claim(Channel.EMAIL):
            claimed.append(batch)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    taken = [message.pk for batch in claimed for message in batch]
    assert len(taken) == len(set(taken)) == 400
