"""No log line contains a name, a document, an address or a code, whatever error occurs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import shared_task
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.models import Appointment
from docshare import request_ids
from docshare.logs import JsonFormatter
from notifications.models import Channel
from notifications.tasks import dispatch
from patients.models import Patient
from tests.documents.conftest import *  # noqa: F403  # documents
from tests.documents.conftest import PDF
from tests.notifications.conftest import MailServer, mail_server, make_email  # noqa: F401

pytestmark = pytest.mark.django_db
CANARIES = ("Zyxomma", "zyxomma@canari.example", "+33655500111", "Lymphocytose", "hunter2-hunter2", "815273")


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log() -> Iterator[Lines]:
    """The log of production, at its level; including loggers with handlers of their own."""
    lines = Lines()
    loggers = [logging.getLogger(name) for name in ("", "django", "celery")]
    for logger in loggers:
        logger.addHandler(lines)
    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.INFO)
    yield lines
    logging.getLogger().setLevel(level)
    for logger in loggers:
        logger.removeHandler(lines)


@pytest.fixture
def api(bob: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    _token, secret = issue_token(user=bob, name="canary", scopes=list(Scope), by=None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def assert_no_canary(log: Lines, *more: str) -> None:
    text = "\n".join(log.lines)
    assert text, "nothing was logged: this proves nothing"
    for canary in (*CANARIES, *more):
        assert canary not in text, text


ZYXOMMA = {"first_name": "Zyxomma", "last_name": "Petiolatum", "birth_date": "1970-01-02", "email": CANARIES[1]}


def test_records_documents_and_searches_leave_no_name(api: APIClient, log: Lines, appointment: Appointment) -> None:
    made = api.post("/api/v1/patients/", {**ZYXOMMA, "mobile": "+33655500111"}, format="json")
    assert made.status_code == 201
    api.post("/api/v1/patients/", {**ZYXOMMA, "mobile": "+33655500111x"}, format="json")
    shared = api.post(
        f"/api/v1/appointments/{appointment.pk}/documents/",
        {
            "file": SimpleUploadedFile("Lymphocytose Zyxomma.pdf", PDF),
            "title": "Lymphocytose de Zyxomma",
            "category": "prescription",
        },
    )
    assert shared.status_code == 201, shared.content
    api.post(
        f"/api/v1/appointments/{appointment.pk}/documents/",
        {"file": SimpleUploadedFile("Lymphocytose.pdf", PDF[:500]), "category": "prescription"},
    )
    api.get("/api/v1/patients/?search=Zyxomma")
    Client().get("/d/815273-Zyxomma-secret-token-815273/?email=zyxomma%40canari.example")
    assert_no_canary(log)


def test_wrong_passwords_and_unknown_addresses_are_not_written(log: Lines) -> None:
    Client().post("/account/login/", {"login": CANARIES[1], "password": "hunter2-hunter2"})
    Client().get("/pro/zyxomma@canari.example/")
    assert_no_canary(log)


def test_what_the_database_says_of_a_row_is_not_written(api: APIClient, log: Lines) -> None:
    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "patients_patient"'):
            raise IntegrityError("DETAIL: Key (first_name, email)=(Zyxomma, zyxomma@canari.example) already exists.")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        answer = api.post("/api/v1/patients/", ZYXOMMA, format="json")
    assert answer.status_code == 500
    assert b"Zyxomma" not in answer.content
    assert_no_canary(log)
    failure = next(line for line in log.entries if "exception" in line)
    assert failure["exception"][0]["kind"] == "django.db.utils.IntegrityError"
    assert "test_logs_canary.py" in failure["exception"][0]["at"][-1]


@shared_task(name="tests.failing")
def failing() -> None:
    try:
        raise ValueError("Lymphocytose")
    except ValueError as error:
        raise RuntimeError("Zyxomma at +33655500111, code 815273") from error


def test_a_task_that_fails_says_where_and_not_what(log: Lines) -> None:
    result = failing.apply(task_id="0b7a6a52-5f5f-4a9e-9d3e-0f1f4f0c7a11")
    assert result.failed()
    assert_no_canary(log)
    failure = next(line for line in log.entries if "exception" in line)
    assert [error["kind"] for error in failure["exception"]] == ["builtins.RuntimeError", "builtins.ValueError"]
    assert failure["request_id"] == "0b7a6a52-5f5f-4a9e-9d3e-0f1f4f0c7a11"


def test_a_refused_address_is_not_written(log: Lines, mail_server: MailServer) -> None:  # noqa: F811
    mail_server.answers["zyxomma@canari.example"] = "550 5.1.1 <zyxomma@canari.example> Zyxomma is unknown here"
    message = make_email("zyxomma@canari.example")
    message.subject, message.body = "Lymphocytose", "Votre code : 815273"
    message.save()
    dispatch(Channel.EMAIL.value)
    assert_no_canary(log)


def test_every_line_of_a_request_has_its_id_and_so_has_the_answer(log: Lines, marie: Patient) -> None:
    answer = Client().get("/nowhere/", headers={"X-Request-ID": "chosen-by-a-stranger"})
    lines = [line for line in log.entries if line["logger"] == "django.request"]
    assert {line["request_id"] for line in lines} == {answer["X-Request-ID"]}
    assert answer["X-Request-ID"] != "chosen-by-a-stranger"


def test_a_proxys_id_is_taken_over_if_it_is_one(settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert (
        Client().get("/healthz", headers={"X-Request-ID": "0123456789abcdef"})["X-Request-ID"] == "0123456789abcdef"
    )
    forged = Client().get("/healthz", headers={"X-Request-ID": 'x" level="ERROR'})
    assert len(forged["X-Request-ID"]) == 32
    assert request_ids.current.get() == forged["X-Request-ID"]
