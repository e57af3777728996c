"""`manage.py sendtest`: sends one message now, and prints the server's answer."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from notifications.models import Message
from tests.notifications.conftest import *  # noqa: F403  # a mail server and a gateway on loopback
from tests.notifications.conftest import MailServer, SmsGateway

pytestmark = pytest.mark.django_db


def sendtest(*arguments: str) -> str:
    output = io.StringIO()
    call_command("sendtest", *arguments, stdout=output)
    return output.getvalue()


def test_an_email_reaches_the_server(mail_server: MailServer, settings: Settings) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1"
    assert sendtest("email", "you@example.org").startswith("Taken")
    assert [envelope.rcpt_tos for envelope in mail_server.received] == [["you@example.org"]]
    assert not Message.objects.exists()


def test_an_sms_reaches_the_gateway(gateway: SmsGateway) -> None:
    gateway.answer = {"id": "sms-1"}
    assert "Taken as sms-1" in sendtest("sms", "+33 6 12 34 56 78")
    assert gateway.requests[0]["body"]["to"] == "+33612345678"


def test_a_server_that_is_away_and_one_that_refuses_get_a_sentence_with_a_way_out(
    settings: Settings, gateway: SmsGateway
) -> None:
    settings.EMAIL_BACKEND = "notifications.channels.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with pytest.raises(CommandError, match=r"Not sent: .*\(SMTP\)\. Check EMAIL_URL, and docs/illnesses/mail\.md"):
        sendtest("email", "you@example.org")
    gateway.status = 401
    with pytest.raises(CommandError, match=r"Not sent: .*HTTP 401.*Check SMS_URL, and docs/illnesses/sms\.md"):
        sendtest("sms", "+33612345678")


def test_without_a_server_the_file_is_named(settings: Settings, tmp_path: Path) -> None:
    settings.OUTBOX_DIR = tmp_path
    settings.EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"
    assert "EMAIL_URL is not set" in sendtest("email", "you@example.org")
    assert "SMS_URL is not set" in sendtest("sms", "+33612345678")
    assert len(list(tmp_path.glob("*.eml"))) == 1
    assert json.loads(next(tmp_path.glob("*.sms.json")).read_text())["to"] == "+33612345678"


@pytest.mark.parametrize(("channel", "address"), [("email", "nobody"), ("sms", "12"), ("sms", "+331234")])
def test_an_address_that_is_none_gets_a_sentence(channel: str, address: str) -> None:
    with pytest.raises(CommandError, match=r"Example|Write it with its country"):
        sendtest(channel, address)
