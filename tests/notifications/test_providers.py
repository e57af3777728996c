"""Email providers by their APIs: what is sent, and the meaning of refusals; with a real HTTP server on loopback."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from pytest_django import Settings

from docshare.email_provider import provider_settings
from notifications.causes import Cause
from notifications.models import Message, MessageState
from notifications.tasks import dispatch
from tests.notifications.conftest import SmsGateway, make_email

pytestmark = pytest.mark.django_db
TO = "marie.durand@courriel.example"
URLS = {
    "brevo": "anymail+brevo://k%2Fey@",
    "mailjet": "anymail+mailjet://key:secret@",
    "postmark": "anymail+postmark://token@",
    "mailgun": "anymail+mailgun://key@mg.lilas.example",
}
ACCEPTED: dict[str, Any] = {
    "brevo": {"messageId": "<b-1@relay>"},
    "mailjet": {"Messages": [{"Status": "success", "To": [{"Email": TO, "MessageID": 456}], "Cc": [], "Bcc": []}]},
    "postmark": {"ErrorCode": 0, "Message": "OK", "MessageID": "p-1", "To": TO},
    "mailgun": {"id": "<m-1@mg>", "message": "Queued. Thank you."},
}
IDS = {"brevo": "<b-1@relay>", "mailjet": "456", "postmark": "p-1", "mailgun": "<m-1@mg>"}


def use(name: str, settings: Settings, api: SmsGateway, **more: Any) -> None:
    url = f"{URLS[name]}?api_url={api.url.replace('/send', '/')}"
    for key, value in provider_settings(url, webhook_secret="user:password", webhook_key="").items():
        setattr(settings, key, value)
    settings.ANYMAIL = {**settings.ANYMAIL, **more}


@pytest.mark.parametrize("name", sorted(URLS))
def test_the_mail_goes_out_with_our_id_and_the_providers_is_kept(
    name: str, settings: Settings, gateway: SmsGateway
) -> None:
    use(name, settings, gateway)
    gateway.answer = ACCEPTED[name]
    message = make_email()

    dispatch("email")

    (request,) = gateway.requests
    body = str(request["body"])
    assert TO in body
    assert str(message.id) in body
    assert "Un document vous attend" in body
    message.refresh_from_db()
    assert (message.state, message.provider_id, message.body) == (MessageState.SENT, IDS[name], "")


@pytest.mark.parametrize("name", ["postmark", "mailgun"])
def test_the_message_id_is_ours_wherever_the_provider_lets_it_be(
    name: str, settings: Settings, gateway: SmsGateway
) -> None:
    use(name, settings, gateway)
    gateway.answer = ACCEPTED[name]
    settings.PUBLIC_URL = "https://documents.example"
    message = make_email()
    dispatch("email")
    assert f"<{message.id}@documents.example>" in str(gateway.requests[0]["body"])


def test_links_are_not_led_through_a_tracker(settings: Settings, gateway: SmsGateway) -> None:
    use("postmark", settings, gateway)
    gateway.answer = ACCEPTED["postmark"]
    make_email()
    dispatch("email")
    body = gateway.requests[0]["body"]
    assert (body["TrackLinks"], body["TrackOpens"]) == ("None", False)


@pytest.mark.parametrize("name", sorted(URLS))
def test_a_saturated_provider_is_asked_again_when_it_says(name: str, settings: Settings, gateway: SmsGateway) -> None:
    use(name, settings, gateway)
    gateway.status, gateway.headers = 429, {"Retry-After": "120"}
    make_email()
    make_email()
    dispatch("email")
    assert len(gateway.requests) == 1
    for message in Message.objects.all():
        assert message.state == MessageState.QUEUED
        assert timedelta(seconds=80) < message.due_at - timezone.now() < timedelta(seconds=160)


def test_a_provider_in_trouble_is_tried_again(settings: Settings, gateway: SmsGateway) -> None:
    use("brevo", settings, gateway)
    gateway.status = 500
    message = make_email()
    dispatch("email")
    message.refresh_from_db()
    assert (message.state, message.attempts, message.cause) == (MessageState.QUEUED, 1, Cause.BREAKDOWN)


def test_a_wrong_key_of_ours_gives_no_message_up(settings: Settings, gateway: SmsGateway) -> None:
    use("brevo", settings, gateway)
    gateway.status = 401
    make_email()
    make_email()
    dispatch("email")
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.QUEUED}
    assert len(gateway.requests) == 1


def test_a_refused_mail_is_given_up_and_says_no_address(settings: Settings, gateway: SmsGateway) -> None:
    use("brevo", settings, gateway)
    gateway.status, gateway.answer = 400, {"code": "invalid_parameter", "message": f"{TO} is not valid"}
    message = make_email()
    dispatch("email")
    message.refresh_from_db()
    assert (message.state, message.cause, message.last_error) == (MessageState.FAILED, Cause.REFUSED, "HTTP 400")
    assert "courriel" not in message.error


def test_an_address_that_the_provider_no_longer_serves(settings: Settings, gateway: SmsGateway) -> None:
    use("postmark", settings, gateway)
    gateway.status = 422
    gateway.answer = {
        "ErrorCode": 406,
        "Message": "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: "
        f"{TO}. Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual "
        "suppression.",
    }
    message = make_email()
    dispatch("email")
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.FAILED, Cause.BLOCKED)


def test_an_answer_that_takes_nothing_is_no_success(settings: Settings, gateway: SmsGateway) -> None:
    use("mailjet", settings, gateway)
    gateway.status = 400
    gateway.answer = {"Messages": [{"Status": "error", "Errors": [{"ErrorCode": "mj-0013", "ErrorMessage": TO}]}]}
    message = make_email()
    dispatch("email")
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.FAILED, Cause.REFUSED)


def test_a_provider_that_does_not_answer_is_not_waited_for(settings: Settings, gateway: SmsGateway) -> None:
    use("brevo", settings, gateway, REQUESTS_TIMEOUT=0.3)
    gateway.seconds = 1
    message = make_email()
    dispatch("email")
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.QUEUED, Cause.UNREACHABLE)


def test_email_url_of_a_provider() -> None:
    found = provider_settings("anymail+brevo://k%2Fey@", webhook_secret="a:b", webhook_key="")
    assert found["EMAIL_BACKEND"] == "anymail.backends.brevo.EmailBackend"
    assert found["ANYMAIL"]["BREVO_API_KEY"] == "k/ey"
    mailgun = provider_settings(
        "anymail+mailgun://key@mg.lilas.example?region=eu", webhook_secret="", webhook_key="signing"
    )["ANYMAIL"]
    assert mailgun["MAILGUN_SENDER_DOMAIN"] == "mg.lilas.example"
    assert "api.eu.mailgun.net" in mailgun["MAILGUN_API_URL"]
    assert mailgun["MAILGUN_WEBHOOK_SIGNING_KEY"] == "signing"


@pytest.mark.parametrize("url", ["anymail+carrier-pigeon://k@", "anymail+brevo://", "anymail+mailjet://secret-key@"])
def test_a_wrong_email_url_stops_the_start_without_telling_the_secret(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        provider_settings(url, webhook_secret="", webhook_key="")
    assert "secret-key" not in str(refused.value)
