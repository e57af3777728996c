from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.utils import timezone
from pytest_django import Settings

from notifications.channels import http_gateway
from notifications.models import Message, MessageState
from notifications.tasks import dispatch
from tests.notifications.conftest import SmsGateway, make_sms

pytestmark = pytest.mark.django_db


def test_the_gateway_gets_number_text_and_our_token(gateway: SmsGateway) -> None:
    message = make_sms()

    dispatch("sms")

    (request,) = gateway.requests
    assert request["body"] == {"to": "+33612345678", "text": "Votre code est 123456"}
    assert request["headers"]["Authorization"] == "Bearer gateway-token"
    assert request["headers"]["Idempotency-Key"] == str(message.id)
    message.refresh_from_db()
    assert (message.state, message.body) == (MessageState.SENT, "")


def test_no_character_that_would_double_the_price(gateway: SmsGateway) -> None:
    make_sms("Code\u00a0: 123456, l’équipe «\u00a0Lilas\u00a0»\u202f!")
    dispatch("sms")
    assert gateway.requests[0]["body"]["text"] == 'Code : 123456, l\'équipe " Lilas " !'


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("120", 120), ("a date", 300), ("86400", 3600), ("9" * 5000, 3600), ("soon", 10), ("²", 10)],
    ids=["seconds", "date", "a day", "very long", "nonsense", "no digit"],
)
def test_a_saturated_gateway_is_asked_again_when_it_says(gateway: SmsGateway, retry_after: str, seconds: int) -> None:
    in_five_minutes = format_datetime(datetime.now(UTC) + timedelta(minutes=5))
    gateway.status = 429
    gateway.headers = {"Retry-After": in_five_minutes if retry_after == "a date" else retry_after}
    for _ in range(3):
        make_sms()

    dispatch("sms")

    assert len(gateway.requests) == 1  # the other two were not sent
    for message in Message.objects.all():
        assert message.state == MessageState.QUEUED
        wait = (message.due_at - timezone.now()).total_seconds()
        assert seconds * 0.7 < wait < seconds * 1.3


@pytest.mark.parametrize("status", [500, 503, 408])
def test_a_gateway_in_trouble_is_tried_again(gateway: SmsGateway, status: int) -> None:
    gateway.status = status
    message = make_sms()
    dispatch("sms")
    message.refresh_from_db()
    assert (message.state, message.attempts) == (MessageState.QUEUED, 1)
    assert f"HTTP {status}" in message.last_error


@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_number_is_given_up(gateway: SmsGateway, status: int) -> None:
    gateway.status = status
    message = make_sms()
    dispatch("sms")
    message.refresh_from_db()
    assert (message.state, message.body) == (MessageState.FAILED, "")


def test_a_wrong_token_of_ours_gives_no_message_up(gateway: SmsGateway) -> None:
    gateway.status = 401
    make_sms()
    make_sms()
    dispatch("sms")
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.QUEUED}
    assert len(gateway.requests) == 1


def test_a_redirect_is_not_followed(gateway: SmsGateway) -> None:
    gateway.status, gateway.headers = 307, {"Location": gateway.url.replace("/send", "/elsewhere")}
    message = make_sms()
    dispatch("sms")
    message.refresh_from_db()
    assert [request["path"] for request in gateway.requests] == ["/send"]
    assert message.state == MessageState.QUEUED


def test_a_gateway_that_does_not_answer_is_not_waited_for(
    gateway: SmsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_gateway, "TIMEOUT", (0.2, 0.2))
    gateway.seconds = 1
    message = make_sms()
    dispatch("sms")
    message.refresh_from_db()
    assert (message.state, message.attempts) == (MessageState.QUEUED, 1)
    assert message.cause == "unreachable"


@pytest.mark.parametrize("path", ["/hook/{to}", "/hook"])
def test_a_provider_of_apprise_gets_the_number_and_the_text(
    gateway: SmsGateway, settings: Settings, path: str
) -> None:
    settings.SMS_URL = gateway.url.replace("http://", "json://").replace("/send", path)
    message = make_sms()

    dispatch("sms")

    (request,) = gateway.requests
    assert request["path"].rstrip("/").endswith(("/hook/+33612345678", "/hook/%2B33612345678"))
    assert request["body"]["message"] == "Votre code est 123456"
    message.refresh_from_db()
    assert message.state == MessageState.SENT


def test_a_provider_of_apprise_that_refuses_is_tried_again(gateway: SmsGateway, settings: Settings) -> None:
    settings.SMS_URL = gateway.url.replace("http://", "json://")
    gateway.status = 500
    message = make_sms()
    dispatch("sms")
    message.refresh_from_db()
    assert (message.state, message.attempts) == (MessageState.QUEUED, 1)
