"""A crash with personal data in the request, in variables and in SQL is reported without any of these data."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from celery import shared_task, signals
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import IntegrityError, connection
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment
from docshare import telemetry
from docshare.telemetry import spans
from docshare.telemetry.errors import ErrorReports
from patients.models import Patient
from tests.serving import serve

pytestmark = pytest.mark.django_db
CANARIES = ("Zyxomma", "zyxomma", "+33655500111", "655500111", "Lymphocytose", "hunter2", "815273", "canari.example")


@dataclass
class Receiver:
    """The operator's error collector, on loopback."""

    address: str = ""
    status: int = 200
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(f"{path}\n{headers}\n{body.decode()}" for path, headers, body in self.posts)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body.splitlines()[2]) for _path, _headers, body in self.posts]

    @property
    def spans(self) -> list[dict[str, Any]]:
        found = []
        for _path, _headers, body in self.posts:
            for resource in json.loads(body)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    found += scope["spans"]
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.posts.append((self.path, dict(self.headers), body))
            self.send_response(received.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve(server)
    received.address = f"127.0.0.1:{server.server_address[1]}"
    yield received
    server.shutdown()
    server.server_close()


@pytest.fixture
def reports(receiver: Receiver, settings: Settings) -> Iterator[ErrorReports]:
    settings.SENTRY_DSN = f"http://the-key@{receiver.address}/sub/7"
    before = list(logging.getLogger().handlers)
    telemetry.begin()
    (handler,) = [one for one in logging.getLogger().handlers if one not in before]
    assert isinstance(handler, ErrorReports)
    yield handler
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def traced(receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = f"http://{receiver.address}"
    settings.OTEL_EXPORTER_OTLP_HEADERS = "X-Token=secret, X-Other=1"
    monkeypatch.setattr(spans, "_exporter", None)
    monkeypatch.setattr(signals.task_prerun, "receivers", list(signals.task_prerun.receivers))
    monkeypatch.setattr(signals.task_postrun, "receivers", list(signals.task_postrun.receivers))
    telemetry.begin()
    return receiver


def crash(client: Client, appointment: Appointment) -> None:
    """Crashes with personal data in the query, the form, the headers, variables, the SQL, its parameters and the
    exception."""

    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        patient = "Zyxomma, +33655500111"  # noqa: F841  # a variable of a frame that is reported
        if sql.startswith('INSERT INTO "patients_patient"'):
            raise IntegrityError("DETAIL: Key (first_name, email)=(Zyxomma, zyxomma@canari.example) already exists.")
        return execute(sql, *rest)

    client.raise_request_exception = False
    with connection.execute_wrapper(refuse):
        answer = client.post(
            "/api/v1/patients/?why=Lymphocytose",
            {
                "first_name": "Zyxomma",
                "last_name": "Petiolatum",
                "birth_date": "1970-01-02",
                "email": "zyxomma@canari.example",
                "mobile": "+33655500111",
            },
            headers={"X-Code": "815273", "Authorization-Of": "hunter2", "User-Agent": "Zyxomma"},
        )
    assert answer.status_code == 500


@shared_task(name="tests.telemetry.failing")
def failing(_name: str) -> None:
    try:
        raise ValueError("Lymphocytose")
    except ValueError as error:
        raise RuntimeError("Zyxomma at +33655500111, code 815273") from error


def assert_no_canary(received: Receiver) -> None:
    assert received.posts, "nothing was sent: this proves nothing"
    for canary in CANARIES:
        assert canary not in received.text


def test_a_crash_is_reported_with_its_kinds_and_places_and_nothing_of_a_person(
    receiver: Receiver, reports: ErrorReports, sign_in: Callable[[User], Client], bob: User, appointment: Appointment
) -> None:
    crash(sign_in(bob), appointment)
    reports.outgoing.flush(10)
    assert_no_canary(receiver)
    path, headers, body = receiver.posts[0]
    assert path == "/sub/api/7/envelope/"
    assert "sentry_key=the-key" in headers["X-Sentry-Auth"]
    event = receiver.events[0]
    assert json.loads(body.splitlines()[0])["event_id"] == event["event_id"]
    assert event["exception"]["values"][-1]["type"] == "IntegrityError"
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert all(set(frame) == {"filename", "function", "lineno", "in_app"} for frame in frames)
    assert not [frame for frame in frames if frame["filename"].startswith("/")]
    assert any(frame["filename"].startswith("portals/api/") and frame["in_app"] for frame in frames)
    assert event["transaction"] == "api/v1/patients/"
    assert len(event["tags"]["request_id"]) == 32
    for secret in (bob.email, str(bob.pk), "vars", "query_string", "INSERT"):
        assert secret not in receiver.text


def test_a_task_that_fails_is_reported_with_what_led_to_it(receiver: Receiver, reports: ErrorReports) -> None:
    failing.apply(("Zyxomma",), task_id=str(uuid.uuid4()))
    reports.outgoing.flush(10)
    assert_no_canary(receiver)
    kinds = [value["type"] for value in receiver.events[0]["exception"]["values"]]
    assert kinds == ["ValueError", "RuntimeError"]  # in the order in which they were raised


def test_an_error_without_an_exception_says_where_it_was_logged_and_not_what(
    receiver: Receiver, reports: ErrorReports
) -> None:
    logging.getLogger("files").critical("Zyxomma's file was changed: %s", "Lymphocytose.pdf")
    logging.getLogger("files").warning("no error")
    reports.outgoing.flush(10)
    assert_no_canary(receiver)
    (event,) = receiver.events
    assert event["level"] == "fatal"
    assert "tests/docshare/telemetry/test_telemetry.py:" in event["message"]


def test_a_server_that_refuses_is_left_alone_for_a_minute_and_holds_nobody_up(
    receiver: Receiver, reports: ErrorReports
) -> None:
    receiver.status = 429
    for _ in range(3):
        logging.getLogger("documents").error("fault")
        reports.outgoing.flush(10)
    assert len(receiver.posts) == 1


def test_spans_name_routes_and_tasks_and_nothing_of_a_person(
    traced: Receiver, sign_in: Callable[[User], Client], bob: User, appointment: Appointment, marie: Patient
) -> None:
    client = sign_in(bob)
    client.get(f"/pro/appointments/{appointment.pk}/?q=Lymphocytose")
    crash(client, appointment)
    failing.apply(("Zyxomma",), task_id=str(uuid.uuid4()))
    spans.flush(10)
    assert_no_canary(traced)
    for secret in (str(appointment.pk), "Durand", bob.email):
        assert secret not in traced.text
    path, headers, _body = traced.posts[0]
    assert path == "/v1/traces"
    assert (headers["X-Token"], headers["X-Other"]) == ("secret", "1")
    found = {span["name"]: span for span in traced.spans}
    page = found["GET practitioner:appointment"]
    assert (len(page["traceId"]), len(page["spanId"]), page["kind"]) == (32, 16, 2)
    assert int(page["endTimeUnixNano"]) > int(page["startTimeUnixNano"])
    assert "status" not in page
    assert found["POST api/v1/patients/"]["status"] == {"code": 2}
    assert found["tests.telemetry.failing"]["status"] == {"code": 2}


def test_both_are_off_unless_asked_for(client: Client, settings: Settings) -> None:
    assert not settings.SENTRY_DSN
    assert not settings.OTEL_EXPORTER_OTLP_ENDPOINT
    before = list(logging.getLogger().handlers)
    telemetry.begin()
    assert logging.getLogger().handlers == before
    assert spans._exporter is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SENTRY_DSN", "https://host/7"),
        ("SENTRY_DSN", "https://key@host"),
        ("SENTRY_DSN", "key@host/7"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
    ],
)
def test_a_wrong_address_gets_a_sentence(settings: Settings, name: str, value: str) -> None:
    setattr(settings, name, value)
    with pytest.raises(SystemCheckError, match=rf"{name} is .*docshare\.E007|docshare\.E007\) {name} is"):
        call_command("check")
