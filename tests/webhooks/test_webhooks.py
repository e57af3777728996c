"""Webhooks: signed, delivered once each, retried after an outage, and only about the own practice."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import User
from appointments.booking import delete
from appointments.models import Appointment
from audit import chain
from audit.events import webhook_events
from audit.trail import record
from docshare.wrong_keys import note_keys
from documents.models import DocumentRequest
from documents.receiving.access import all_received, all_requests
from documents.receiving.answering import send_answers, write_answers
from documents.receiving.asking import Question, ask
from documents.receiving.seeing import accept
from documents.receiving.sending import send_files
from files.intake import Intake
from patients.models import Patient
from practices.models import Practice
from practices.roles import NotAllowed
from questionnaires.fhir.values import Coding, Value
from tests.conftest import BookFixture
from tests.documents.bookings import maries_account  # noqa: F401  # a fixture
from tests.documents.receiving.questionnaires import asked, questionnaire  # noqa: F401  # fixtures
from tests.documents.ways import account, claim
from tests.serving import serve
from webhooks import delivery as webhook_delivery
from webhooks.delivery import NOT_SENT, WAITS
from webhooks.endpoints import add_endpoint, plan_deliveries
from webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookState
from webhooks.tasks import forget_old_tellings, tell_webhooks

pytestmark = pytest.mark.django_db


@dataclass
class Receiver:
    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drips: bool = False
    taken: list[tuple[dict[str, str], str]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            receiver.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if receiver.drips:
                self.close_connection = True
                with contextlib.suppress(OSError):  # the client has hung up, at last
                    self.drip()
                return
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def drip(self) -> None:
            """Sends byte by byte: no read of the socket ever times out."""
            for byte in b"HTTP/1.1 200 OK\r\nX-Patience: " + b"x" * 600:
                self.wfile.write(bytes([byte]))
                time.sleep(0.1)

        def log_message(self, *args: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve(server)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook?of=docshare"
    yield receiver
    server.shutdown()
    server.server_close()


@pytest.fixture
def endpoint(practice: Practice, carol: User, receiver: Receiver) -> WebhookEndpoint:
    return add_endpoint(
        practice=practice, url=receiver.url, events=["appointment.booked", "appointment.deleted"], by=carol
    )


def seal_and_tell() -> None:
    chain.seal()
    tell_webhooks()


def due_now() -> None:
    WebhookDelivery.objects.update(due_at=timezone.now())


def test_what_happened_is_told_once_signed_and_with_ids_alone(
    endpoint: WebhookEndpoint, receiver: Receiver, appointment: Appointment
) -> None:
    seal_and_tell()
    seal_and_tell()
    ((headers, body),) = receiver.taken
    payload = json.loads(body)
    assert payload["type"] == "appointment.booked"
    assert payload["data"] == {
        "id": str(appointment.pk),
        "appointment": str(appointment.pk),
        "practice": str(appointment.practice_id),
    }
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
    right = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{right}"
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60


def test_a_secret_that_cannot_be_opened_is_told_to_the_practice_and_others_are_told_on(
    endpoint: WebhookEndpoint,
    receiver: Receiver,
    appointment: Appointment,
    carol: User,
    sign_in: Callable[..., Client],
) -> None:
    note_keys()
    broken = add_endpoint(practice=endpoint.practice, url=receiver.url, events=["appointment.booked"], by=carol)
    with override_settings(SECRET_KEY="a key that nobody has any more"):
        WebhookEndpoint.objects.filter(pk=broken.pk).update(secret="whsec_lost")
    record("appointment.booked", by=carol, on=appointment, practice=appointment.practice_id)
    seal_and_tell()
    states = set(WebhookDelivery.objects.values_list("endpoint", "state"))
    assert states == {(broken.pk, WebhookState.FAILED), (endpoint.pk, WebhookState.SENT)}
    assert receiver.taken
    assert "La clé qui signe ces envois est illisible" in sign_in(carol).get("/pro/webhooks/").content.decode()


def test_only_what_was_asked_for_and_only_of_ones_own_practice(
    endpoint: WebhookEndpoint, receiver: Receiver, appointment: Appointment, other_practice: Practice, bob: User
) -> None:
    record("appointment.booked", by=bob, on=other_practice, practice=other_practice)
    record("document.read", by=bob, on=appointment, practice=appointment.practice_id)
    seal_and_tell()
    assert [json.loads(body)["type"] for _headers, body in receiver.taken] == ["appointment.booked"]


def test_what_happened_before_is_not_told(
    receiver: Receiver, appointment: Appointment, practice: Practice, carol: User, bob: User
) -> None:
    add_endpoint(practice=practice, url=receiver.url, events=[event.code for event in webhook_events()], by=carol)
    seal_and_tell()
    assert receiver.taken == []
    delete(appointment=appointment, by=bob)
    seal_and_tell()
    assert json.loads(receiver.taken[0][1])["type"] == "appointment.deleted"


def test_a_server_that_is_away_is_told_later_with_the_same_id_and_given_up_in_the_end(
    endpoint: WebhookEndpoint, receiver: Receiver, appointment: Appointment
) -> None:
    receiver.status = 500
    seal_and_tell()
    (delivery,) = WebhookDelivery.objects.all()
    assert (delivery.state, delivery.attempts, delivery.last_error) == (WebhookState.QUEUED, 1, "HTTP 500")
    assert delivery.due_at > timezone.now() + WAITS[0] * 0.8
    tell_webhooks()
    assert len(receiver.taken) == 1  # not yet due
    for _ in WAITS:
        due_now()
        tell_webhooks()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (WebhookState.FAILED, len(WAITS) + 1)
    assert len({headers["webhook-id"] for headers, _body in receiver.taken}) == 1


def test_a_server_may_say_how_long_to_wait(
    endpoint: WebhookEndpoint, receiver: Receiver, appointment: Appointment
) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "600"}
    seal_and_tell()
    delivery = WebhookDelivery.objects.get()
    assert delivery.due_at > timezone.now() + timedelta(seconds=590)
    assert delivery.practice_id == endpoint.practice_id


def test_a_server_that_drips_its_answer_holds_nobody_up(
    endpoint: WebhookEndpoint, receiver: Receiver, appointment: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "LONGEST_ANSWER", 0.7)
    receiver.drips = True
    began = time.monotonic()
    seal_and_tell()
    assert time.monotonic() - began < 30  # the answer drips for a minute
    (delivery,) = WebhookDelivery.objects.all()
    assert (delivery.state, delivery.attempts) == (WebhookState.QUEUED, 1)
    assert delivery.last_error == "Ce logiciel ne répond pas"


def test_a_worker_that_is_to_go_leaves_the_rest_to_others_at_once(
    endpoint: WebhookEndpoint, receiver: Receiver, appointment: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.exclusive._leaving", True)
    seal_and_tell()
    (delivery,) = WebhookDelivery.objects.all()
    assert receiver.taken == []
    assert (delivery.state, delivery.attempts, delivery.lease_until) == (WebhookState.QUEUED, 0, None)
    monkeypatch.undo()
    tell_webhooks()
    assert len(receiver.taken) == 1


def test_gone_means_gone(
    endpoint: WebhookEndpoint, receiver: Receiver, appointment: Appointment, book_for: BookFixture, marie: Patient
) -> None:
    receiver.status = 410
    seal_and_tell()
    book_for(marie)
    seal_and_tell()
    assert len(receiver.taken) == 1
    endpoint.refresh_from_db()
    assert endpoint.stopped_at is not None


def test_an_address_that_we_cannot_handle_holds_up_no_other(
    endpoint: WebhookEndpoint, practice: Practice, carol: User, receiver: Receiver, appointment: Appointment
) -> None:
    """A label of 64 letters: getaddrinfo raises UnicodeError, not OSError."""
    other = add_endpoint(practice=practice, url=receiver.url, events=["appointment.booked"], by=carol)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(url=f"https://{'a' * 64}.example/hook")
    record("appointment.booked", by=carol, on=appointment, practice=practice)
    seal_and_tell()
    states = {one.endpoint_id: one for one in WebhookDelivery.objects.all()}
    assert states[other.pk].state == WebhookState.SENT
    waiting = states[endpoint.pk]
    assert (waiting.state, waiting.attempts, waiting.last_error) == (WebhookState.QUEUED, 1, NOT_SENT)
    assert waiting.due_at > timezone.now()


def test_a_redirect_is_not_followed(endpoint: WebhookEndpoint, receiver: Receiver, appointment: Appointment) -> None:
    receiver.status, receiver.headers = 307, {"Location": receiver.url}
    seal_and_tell()
    assert len(receiver.taken) == 1
    assert WebhookDelivery.objects.get().last_error == "HTTP 307"


def test_nobody_is_led_into_our_own_network(
    endpoint: WebhookEndpoint, receiver: Receiver, appointment: Appointment, settings: Settings
) -> None:
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    seal_and_tell()
    assert receiver.taken == []
    assert WebhookDelivery.objects.get().last_error == "Cette adresse mène au réseau interne : elle est refusée"


@pytest.mark.parametrize(
    "url",
    [
        *("http://logiciel.example/", "ftp://logiciel.example/", "https://a:b@logiciel.example/"),
        *("https://logiciel.example:99999/", "https://logiciel.example:0/", f"https://{'é' * 63}.example/"),
    ],
)
def test_addresses_that_are_no_good_are_refused(
    url: str, practice: Practice, carol: User, settings: Settings
) -> None:
    settings.WEBHOOKS_MAY_STAY_INSIDE = False
    with pytest.raises(ValidationError):
        add_endpoint(practice=practice, url=url, events=["document.read"], by=carol)


def test_only_an_administrator_sets_one_up(practice: Practice, alice: User) -> None:
    with pytest.raises(NotAllowed):
        add_endpoint(practice=practice, url="https://logiciel.example/", events=["document.read"], by=alice)


def test_a_removed_endpoint_is_told_nothing_and_old_tellings_are_forgotten(
    endpoint: WebhookEndpoint, receiver: Receiver, appointment: Appointment
) -> None:
    seal_and_tell()
    WebhookDelivery.objects.update(created_at=timezone.now() - timedelta(days=31))
    forget_old_tellings()
    assert not WebhookDelivery.objects.exists()


def test_a_sealed_line_is_read_once_by_however_many_workers(
    endpoint: WebhookEndpoint, appointment: Appointment
) -> None:
    chain.seal()
    assert plan_deliveries() > 0
    assert plan_deliveries() == 0


def test_every_event_is_in_the_schema() -> None:
    schema: dict[str, Any] = APIClient().get("/api/v1/schema/?format=json").json()
    assert set(schema["webhooks"]) == {event.code for event in webhook_events()}
    body = schema["webhooks"]["document.shared"]["post"]["requestBody"]
    assert "application/json" in body["content"]


def test_answers_to_a_questionnaire_are_announced_without_a_word_of_them(
    asked: DocumentRequest,  # noqa: F811
    appointment: Appointment,
    maries_account: User,  # noqa: F811
    carol: User,
    receiver: Receiver,
) -> None:
    wanted = ["questionnaire.answered", "request.fulfilled"]
    add_endpoint(practice=appointment.practice, url=receiver.url, events=wanted, by=carol)
    seal_and_tell()
    answers: dict[str, tuple[Value, ...]] = {"snores": (Coding("urn:t", "souvent"),), "free": ("Un secret",)}
    write_answers(request=asked, answers=answers, by=maries_account)
    seal_and_tell()
    assert receiver.taken == []
    sent = send_answers(request=asked, by=maries_account)
    seal_and_tell()
    bodies = [json.loads(body) for _headers, body in receiver.taken]
    assert sorted(one["type"] for one in bodies) == wanted
    [about] = [body for _headers, body in receiver.taken if "questionnaire.answered" in body]
    assert str(sent.pk) in about
    assert not [word for word in ("secret", "souvent", "ommeil", "Durand") if word in about]


def test_what_a_patient_sends_and_what_is_accepted_is_told_with_ids_alone(
    receiver: Receiver,
    practice: Practice,
    carol: User,
    alice: User,
    appointment: Appointment,
    receive: Callable[..., Intake],
) -> None:
    wanted = ask(appointment=appointment, question=Question("Ordonnance"), by=alice)
    owner = account("marie.durand@courriel.example", "+33612345678")
    claim(appointment.patient, owner)
    seal_and_tell()
    add_endpoint(practice=practice, url=receiver.url, events=["document.received", "request.fulfilled"], by=carol)
    found = all_requests().get(pk=wanted.pk)
    (sent,) = send_files(request=found, intakes=[receive()], by=owner)
    seal_and_tell()
    accept(received=all_received().get(pk=sent.pk), by=alice)
    seal_and_tell()
    seal_and_tell()
    told = [json.loads(body) for _headers, body in receiver.taken]
    assert [(one["type"], one["data"]["id"]) for one in told] == [
        ("document.received", str(sent.pk)),
        ("request.fulfilled", str(wanted.pk)),
    ]
    assert all(set(one["data"]) == {"id", "appointment", "practice"} for one in told)
    assert not any("Ordonnance" in body for _headers, body in receiver.taken)
