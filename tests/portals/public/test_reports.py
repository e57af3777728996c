"""Reports of providers: signed, or refused; delivered, bounced, complained of; late, duplicated, out of order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from appointments.models import Appointment
from appointments.tasks import note_failures
from audit.models import AuditEvent
from docshare.email_provider import provider_settings
from notifications.causes import Cause
from notifications.delivery import deliver_due
from notifications.models import Channel, Message, MessageState
from tests.notifications.conftest import *  # noqa: F403  # a mail server, an SMS gateway
from tests.notifications.conftest import SmsGateway, make_email, make_sms
from webhooks.signatures import signature

pytestmark = pytest.mark.django_db
SECRET = "reports:a-password-of-some-length"
TO = "marie.durand@courriel.example"
SMS_SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def use(url: str, settings: Settings, secret: str = SECRET, key: str = "") -> None:
    for name, value in provider_settings(url, webhook_secret=secret, webhook_key=key).items():
        setattr(settings, name, value)


@pytest.fixture
def brevo(settings: Settings) -> None:
    use("anymail+brevo://key@", settings)


@pytest.fixture
def sent(appointment: Appointment) -> Message:
    return make_email(
        state=MessageState.SENT, sent_at=timezone.now(), about=appointment.pk, provider_id="<b-1@relay>"
    )


def basic(secret: str) -> str:
    return "Basic " + base64.b64encode(secret.encode()).decode()


def tell(body: Any, secret: str | None = SECRET) -> int:
    headers = {"Authorization": basic(secret)} if secret else {}
    return Client(enforce_csrf_checks=True).post(
        "/reports/email/", json.dumps(body), content_type="application/json", headers=headers
    ).status_code  # fmt: skip


def event(name: str, message: Message, **more: Any) -> dict[str, Any]:
    return {
        "event": name,
        "email": TO,
        "message-id": "<b-1@relay>",
        "X-Mailin-custom": json.dumps({"message": str(message.id)}),
        "ts_epoch": int(time.time() * 1000),
        **more,
    }


def test_delivered(brevo: None, sent: Message) -> None:
    assert tell(event("delivered", sent)) == 200
    sent.refresh_from_db()
    assert sent.state == MessageState.DELIVERED
    assert sent.delivered_at is not None


def test_taken_then_come_back_is_failed_and_in_the_history(brevo: None, sent: Message) -> None:
    told = event("hard_bounce", sent, reason=f"550 5.1.1 <{TO}> user unknown")
    assert tell(told) == 200
    assert tell(told) == 200  # providers repeat reports
    sent.refresh_from_db()
    assert (sent.state, sent.cause, sent.last_error) == (MessageState.FAILED, Cause.ADDRESS_UNKNOWN, "SMTP 550 5.1.1")
    note_failures()
    note_failures()
    line = AuditEvent.objects.get(action="message.failed")
    assert (line.object_id, line.record_id) == (sent.pk, sent.about)
    assert tell(event("delivered", sent)) == 200  # a later report arrived first
    sent.refresh_from_db()
    assert sent.state == MessageState.FAILED


def test_come_back_after_it_was_delivered(brevo: None, sent: Message) -> None:
    tell(event("delivered", sent))
    tell(event("hard_bounce", sent, reason="552 5.2.2 over quota"))
    sent.refresh_from_db()
    assert (sent.state, sent.cause) == (MessageState.FAILED, Cause.MAILBOX_FULL)


def test_a_complaint(brevo: None, sent: Message) -> None:
    assert tell(event("spam", sent)) == 200
    sent.refresh_from_db()
    assert (sent.state, sent.cause) == (MessageState.FAILED, Cause.COMPLAINT)


@pytest.mark.parametrize("name", ["request", "deferred", "opened", "click", "unique_opened"])
def test_what_scanners_do_and_what_is_on_its_way_counts_as_nothing(name: str, brevo: None, sent: Message) -> None:
    assert tell(event(name, sent)) == 200
    sent.refresh_from_db()
    assert sent.state == MessageState.SENT


def test_by_the_providers_id_where_ours_did_not_come_back(brevo: None, sent: Message) -> None:
    assert tell({"event": "delivered", "email": TO, "message-id": "<b-1@relay>"}) == 200
    sent.refresh_from_db()
    assert sent.state == MessageState.DELIVERED


def test_a_report_faster_than_our_own_mark_is_believed_and_nothing_goes_twice(brevo: None) -> None:
    """A worker was killed after sending: the row is still queued, and would be sent again."""
    message = make_email()
    assert tell(event("delivered", message)) == 200
    message.refresh_from_db()
    assert (message.state, message.body) == (MessageState.DELIVERED, "")
    assert not deliver_due(Channel.EMAIL)


@pytest.mark.parametrize("secret", [None, "reports:wrong", "other:a-password-of-some-length", ":"])
def test_unsigned_or_badly_signed_is_refused(
    secret: str | None, brevo: None, sent: Message, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert tell(event("hard_bounce", sent), secret) == 403
    sent.refresh_from_db()
    assert sent.state == MessageState.SENT
    assert TO not in caplog.text


def test_without_a_secret_or_a_provider_everything_is_refused(settings: Settings, sent: Message) -> None:
    assert tell(event("hard_bounce", sent)) == 403  # no provider: SMTP or files
    use("anymail+brevo://key@", settings, secret="")
    assert tell(event("hard_bounce", sent)) == 403
    assert tell(event("hard_bounce", sent), None) == 403
    sent.refresh_from_db()
    assert sent.state == MessageState.SENT


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b'"x"', b"null", b'{"event": 3}', b"\xff"])
def test_nonsense_with_the_right_secret_breaks_nothing(body: bytes, brevo: None, sent: Message) -> None:
    answer = Client().post(
        "/reports/email/", body, content_type="application/json", HTTP_AUTHORIZATION=basic(SECRET)
    )  # fmt: skip
    assert answer.status_code in (200, 400)
    sent.refresh_from_db()
    assert sent.state == MessageState.SENT


def test_other_verbs(brevo: None) -> None:
    assert Client().get("/reports/email/").status_code == 405
    assert Client().head("/reports/email/").status_code == 200
    assert Client().get("/reports/sms/").status_code == 405


def mailgun_event(message: Message, key: bytes, name: str = "failed") -> dict[str, Any]:
    moment, token = str(int(time.time())), uuid.uuid4().hex
    return {
        "signature": {
            "timestamp": moment,
            "token": token,
            "signature": hmac.new(key, f"{moment}{token}".encode(), hashlib.sha256).hexdigest(),
        },
        "event-data": {
            "event": name,
            "severity": "permanent",
            "reason": "bounce",
            "timestamp": time.time(),
            "id": "e-1",
            "recipient": TO,
            "message": {"headers": {"message-id": "m-1@mg"}},
            "delivery-status": {"code": 550, "message": "5.1.1 user unknown"},
            "user-variables": {"message": str(message.id)},
        },
    }


def test_mailgun_signs(settings: Settings, sent: Message) -> None:
    use("anymail+mailgun://key@mg.lilas.example", settings, secret="", key="signing-key")
    assert tell(mailgun_event(sent, b"another-key"), None) == 403
    unsigned = mailgun_event(sent, b"signing-key")
    del unsigned["signature"]
    assert tell(unsigned, None) == 403
    sent.refresh_from_db()
    assert sent.state == MessageState.SENT
    assert tell(mailgun_event(sent, b"signing-key"), None) == 200
    sent.refresh_from_db()
    assert (sent.state, sent.came_back) == (MessageState.FAILED, True)


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (
            "anymail+postmark://token@",
            {"RecordType": "Bounce", "Type": "HardBounce", "MessageID": "<b-1@relay>", "Email": TO,
             "Details": "smtp;550 5.1.1 unknown", "BouncedAt": "2026-11-25T10:00:00Z", "ID": 1},
        ),
        (
            "anymail+mailjet://key:secret@",
            [{"event": "bounce", "time": 1764064800, "MessageID": "<b-1@relay>", "email": TO, "hard_bounce": True,
              "error": "user unknown", "error_related_to": "recipient", "comment": "550 5.1.1 unknown"}],
        ),
    ],
    ids=["postmark", "mailjet"],
)  # fmt: skip
def test_other_providers_report_too(url: str, body: Any, settings: Settings, sent: Message) -> None:
    use(url, settings)
    assert tell(body, "reports:wrong") == 403
    assert tell(body) == 200
    sent.refresh_from_db()
    assert sent.state == MessageState.FAILED


# --- SMS


@pytest.fixture
def reports_signed(settings: Settings) -> None:
    settings.SMS_REPORT_SECRET = SMS_SECRET


def report(body: Any, *, secret: str = SMS_SECRET, ago: int = 0, headers: dict[str, str] | None = None) -> int:
    text = json.dumps(body)
    moment = datetime.now(UTC) - timedelta(seconds=ago)
    signed = {
        "webhook-id": "r-1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature(secret, identifier="r-1", at=moment, body=text),
        **(headers or {}),
    }
    return Client(enforce_csrf_checks=True).post(
        "/reports/sms/", text, content_type="application/json", headers=signed
    ).status_code  # fmt: skip


def test_an_sms_is_known_again_by_the_gateways_id(
    reports_signed: None, gateway: SmsGateway, settings: Settings
) -> None:
    settings.SMS_ID = "messages.0.ref"
    gateway.answer = {"messages": [{"ref": "g-77"}]}
    message = make_sms()
    deliver_due(Channel.SMS)
    message.refresh_from_db()
    assert (message.state, message.provider_id) == (MessageState.SENT, "g-77")
    assert report({"id": "g-77", "status": "DELIVRD"}) == 200
    message.refresh_from_db()
    assert message.state == MessageState.DELIVERED


def test_an_sms_is_known_again_by_our_id_that_the_gateway_sends_back(
    reports_signed: None, gateway: SmsGateway, settings: Settings
) -> None:
    settings.SMS_BODY = {"recipient": "{to}", "content": ["{text}"], "reference": "{id}", "sender": "Lilas"}
    settings.SMS_HEADERS = {"X-API-Key": "key"}
    settings.SMS_TOKEN = ""
    settings.SMS_REPORT_ID = "reference"
    message = make_sms("Bonjour {id}")
    deliver_due(Channel.SMS)
    (request,) = gateway.requests
    assert request["body"] == {
        "recipient": "+33612345678", "content": ["Bonjour {id}"], "reference": str(message.id), "sender": "Lilas"
    }  # fmt: skip
    assert request["headers"]["X-API-Key"] == "key"
    assert "Authorization" not in request["headers"]
    assert report({"reference": str(message.id), "status": "expired"}) == 200
    message.refresh_from_db()
    assert (message.state, message.cause) == (MessageState.FAILED, Cause.UNREACHABLE_TELEPHONE)


def test_a_report_that_is_unsigned_badly_signed_old_or_of_another_body_is_refused(
    reports_signed: None, settings: Settings
) -> None:
    message = make_sms(state=MessageState.SENT, sent_at=timezone.now(), provider_id="g-1")
    body = {"id": "g-1", "status": "failed"}
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    assert report(body, secret=other) == 403
    assert report(body, ago=301) == 403
    assert report(body, ago=-301) == 403
    assert report(body, headers={"webhook-timestamp": "soon"}) == 403
    assert report(body, headers={"webhook-id": "r-2"}) == 403
    assert report(body, headers={"webhook-signature": ""}) == 403
    assert Client().post("/reports/sms/", json.dumps(body), content_type="application/json").status_code == 403
    message.refresh_from_db()
    assert message.state == MessageState.SENT
    settings.SMS_REPORT_SECRET = ""
    assert report(body) == 403
    settings.SMS_REPORT_SECRET = SMS_SECRET
    assert report(body) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,a"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": ",,"},
        {"webhook-signature": "v1a,{}"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "inf"},
        {"webhook-timestamp": "-1e999"},
        {"webhook-id": ""},
    ],
    ids=str,
)
def test_headers_that_no_gateway_sends_are_refused(headers: dict[str, str], reports_signed: None) -> None:
    assert report({"id": "g-1", "status": "failed"}, headers=headers) == 403


def test_bytes_that_are_no_text_are_refused(reports_signed: None) -> None:
    signed = {"webhook-id": "r-1", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
    answer = Client().post("/reports/sms/", b"\xff\xfe", content_type="application/json", headers=signed)
    assert answer.status_code == 403


@pytest.mark.parametrize("other", ["", " ", "v1a,AA==", "odd", "v1,A", "v1a,a,b", "v2,xx", "v1,AAAA ", ","])
def test_one_of_several_signatures_is_enough_while_secrets_turn(reports_signed: None, other: str) -> None:
    message = make_sms(state=MessageState.SENT, sent_at=timezone.now(), provider_id="g-1")
    body, moment = {"id": "g-1", "status": "failed"}, datetime.now(UTC)
    secrets = ["whsec_" + base64.b64encode(b"x" * 32).decode(), SMS_SECRET]
    signed = [signature(one, identifier="r-1", at=moment, body=json.dumps(body)) for one in secrets]
    headers = {
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join([other, *signed]),
    }
    assert report(body, headers=headers) == 200
    message.refresh_from_db()
    assert message.state == MessageState.FAILED


def test_a_report_of_an_sms_that_is_not_marked_yet_is_asked_for_again(reports_signed: None) -> None:
    assert report({"id": "g-404", "status": "delivered"}) == 404
    assert report([1]) == 404


def test_an_sms_that_is_still_on_its_way(reports_signed: None) -> None:
    message = make_sms(state=MessageState.SENT, sent_at=timezone.now(), provider_id="g-1")
    assert report({"id": "g-1", "status": "buffered"}) == 200
    message.refresh_from_db()
    assert message.state == MessageState.SENT
