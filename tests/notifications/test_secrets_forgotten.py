"""SMTP and SMS servers that refuse, defer, drip, or break (docs/security-cases.md, 38); each a real server on
loopback.

tests/portals/public/test_reports.py covers messages that bounce after acceptance.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from jobs.leases import MAX_ATTEMPTS
from notifications.causes import Cause
from notifications.channels import apprise_gateway, http_gateway, providers
from notifications.models import Message, MessageState
from notifications.tasks import dispatch
from tests.notifications.conftest import MailServer, SmsGateway, make_email, make_sms
from tests.notifications.test_providers import use

pytestmark = pytest.mark.django_db
TO = "marie.durand@courriel.example"


def until_it_ends(channel: str, message: Message) -> None:
    """Makes every attempt, one after the other, without waiting."""
    for _attempt in range(MAX_ATTEMPTS + 1):
        Message.objects.filter(state=MessageState.QUEUED).update(due_at=timezone.now())
        dispatch(channel)
    message.refresh_from_db()


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "450 4.2.1 busy", "451 4.7.1 later", "452 4.2.2 full"])
def test_smtp_4xx_is_tried_again_and_ends_visibly(answer: str, mail_server: MailServer) -> None:
    mail_server.answers[TO] = answer
    message = make_email()
    dispatch("email")
    message.refresh_from_db()
    assert (message.state, message.attempts) == (MessageState.QUEUED, 1)
    assert message.due_at > timezone.now()
    until_it_ends("email", message)
    assert (message.state, message.attempts, message.body) == (MessageState.FAILED, MAX_ATTEMPTS, "")
    assert f"SMTP {answer[:9]}" in message.error


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("550 5.1.1 unknown", Cause.ADDRESS_UNKNOWN),
        ("550 5.1.2 no such domain", Cause.DOMAIN_UNKNOWN),
        ("556 5.1.10 null MX", Cause.DOMAIN_UNKNOWN),
        ("552 5.2.2 over quota", Cause.MAILBOX_FULL),
        ("554 5.7.1 blocked", Cause.BLOCKED),
        ("554 no", Cause.REFUSED),
    ],
)
def test_smtp_5xx_is_given_up_at_once_with_its_reason(answer: str, cause: Cause, mail_server: MailServer) -> None:
    mail_server.answers[TO] = answer
    message = make_email()
    dispatch("email")
    message.refresh_from_db()
    assert (message.state, message.attempts, message.cause) == (MessageState.FAILED, 1, cause)


Serve = Callable[[Callable[[socket.socket], None]], None]


@pytest.fixture
def served(settings: Settings) -> Iterator[Serve]:
    """An SMTP server whose connections the test handles."""
    listener = socket.create_server(("127.0.0.1", 0))
    settings.EMAIL_BACKEND = "notifications.channels.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = listener.getsockname()[:2]
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 1

    def serve(behave: Callable[[socket.socket], None]) -> None:
        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    behave(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()

    yield serve
    listener.close()


def says_nothing(connection: socket.socket) -> None:
    time.sleep(20)


def drips(connection: socket.socket) -> None:
    """Sends a continuation line every 0.2 s: no read of the socket ever times out."""
    with contextlib.suppress(OSError):
        for _line in range(100):
            connection.sendall(b"220-patience\r\n")
            time.sleep(0.2)


def drips_bytes(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        for _byte in range(100):
            connection.sendall(b"2")
            time.sleep(0.2)


@pytest.mark.parametrize("behave", [says_nothing, drips, drips_bytes])
def test_a_tarpit_holds_nobody_up(behave: Callable[[socket.socket], None], served: Serve) -> None:
    served(behave)
    for _message in range(3):
        make_email()
    spares_the_others("email")


def says_no_service(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        connection.sendall(b"554 5.3.2 No SMTP service here\r\n")


def test_a_server_that_greets_with_a_refusal_gives_no_message_up(served: Serve) -> None:
    """The refusal is not about the recipient: RFC 5321, 3.1."""
    served(says_no_service)
    for _message in range(3):
        make_email()
    dispatch("email")
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.QUEUED}
    assert sorted(Message.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    assert Message.objects.get(attempts=1).last_error == "SMTP 554 5.3.2"


@pytest.mark.parametrize(
    "content",
    [b"<!doctype html>\n<html><body>Maintenance</body></html>", b"\r\n<HTML lang=fr>", b'{"id": "12'],
)
def test_sms_200_with_a_page_or_half_an_answer_was_not_taken(content: bytes, gateway: SmsGateway) -> None:
    """A proxy's maintenance page; a gateway that stopped in the middle."""
    gateway.headers = {"Content-Type": "application/json" if content.startswith(b"{") else "text/html"}
    gateway.content = content
    message = make_sms()
    dispatch("sms")
    message.refresh_from_db()
    assert (message.state, message.attempts, message.cause) == (MessageState.QUEUED, 1, Cause.BREAKDOWN)
    gateway.content, gateway.headers = b"", {}
    until_it_ends("sms", message)
    assert (message.state, message.attempts) == (MessageState.SENT, 2)


@pytest.mark.parametrize("content", [b"OK 12", b"<ok/>", b"", b"\xff"])
def test_sms_200_in_a_gateways_own_words_was_taken(content: bytes, gateway: SmsGateway) -> None:
    """PHP declares text/html for everything."""
    gateway.headers, gateway.content = {"Content-Type": "text/html"}, content
    message = make_sms()
    dispatch("sms")
    message.refresh_from_db()
    assert message.state == MessageState.SENT


def test_sms_429_waits_as_long_as_it_is_asked_to(gateway: SmsGateway) -> None:
    gateway.status, gateway.headers = 429, {"Retry-After": "600"}
    message = make_sms()
    dispatch("sms")
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.QUEUED, Cause.SATURATED)
    assert timedelta(minutes=9) < message.due_at - timezone.now() < timedelta(minutes=11)
    gateway.status, gateway.headers = 200, {}
    until_it_ends("sms", message)
    assert (message.state, message.attempts, message.error) == (MessageState.SENT, 2, "")


@pytest.mark.parametrize("status", [500, 502, 503])
def test_sms_500_is_tried_again_and_ends_visibly(gateway: SmsGateway, status: int) -> None:
    gateway.status = status
    message = make_sms()
    until_it_ends("sms", message)
    assert (message.state, message.cause, message.last_error) == (
        MessageState.FAILED,
        Cause.BREAKDOWN,
        f"HTTP {status}",
    )
    assert message.body == ""
    assert len(gateway.requests) == MAX_ATTEMPTS


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_gateway_that_drips_its_answer_holds_nobody_up(
    part: str, gateway: SmsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_gateway, "LONGEST_ANSWER", 0.7)
    gateway.drip = part
    for _message in range(3):
        make_sms()
    spares_the_others("sms")
    gateway.drip = ""
    Message.objects.update(due_at=timezone.now())
    dispatch("sms")
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_email_provider_that_drips_its_answer_holds_nobody_up(
    part: str, gateway: SmsGateway, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "LONGEST_ANSWER", 0.7)
    use("brevo", settings, gateway)
    gateway.drip = part
    for _message in range(3):
        make_email()
    spares_the_others("email")


def test_a_provider_of_apprise_that_drips_its_answer_holds_nobody_up(
    gateway: SmsGateway, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apprise_gateway, "LONGEST_ANSWER", 3)
    settings.SMS_URL = gateway.url.replace("http://", "json://")
    gateway.drip = "headers"
    for _message in range(3):
        make_sms()
    spares_the_others("sms")


def spares_the_others(channel: str) -> None:
    began = time.monotonic()
    dispatch(channel)
    assert time.monotonic() - began < 30  # one answer alone drips for a minute
    assert sorted(Message.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.QUEUED}
    assert Message.objects.get(attempts=1).cause == Cause.UNREACHABLE
