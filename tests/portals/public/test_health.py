from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.conf import settings as real
from django.core.files.storage import storages
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from notifications.heartbeat import beat
from notifications.models import Heartbeat
from notifications.tasks import heartbeat
from portals.public import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_worker_works() -> None:
    beat()


NOBODY_LISTENS = "redis://127.0.0.1:9/0"


def test_the_process_is_up(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_everything_answers(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "not_answering": []}


def test_a_queue_that_is_away_is_named_and_its_address_is_not(client: Client, settings: Settings) -> None:
    settings.CACHES = {**real.CACHES, "default": {**real.CACHES["default"], "LOCATION": NOBODY_LISTENS}}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["not_answering"] == ["queue"]
    assert b"127.0.0.1" not in answer.content


def test_a_database_that_is_away_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_args: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(health, "STARTED", time.monotonic() - 61)  # the worker's beats are asked for, too
    with connection.execute_wrapper(closed):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["not_answering"] == ["database"]


def test_a_storage_that_is_away_is_named(client: Client, settings: Settings) -> None:
    settings.STORAGES = {
        **real.STORAGES,
        "documents": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": "documents",
                "access_key": "key",
                "secret_key": "secret",
                "endpoint_url": "http://127.0.0.1:9",
                "region_name": "local",
            },
        },
    }
    assert storages["documents"].__class__.__name__ == "S3Storage"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["not_answering"] == ["storage"]


def test_a_worker_that_takes_no_task_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=61))
    monkeypatch.setattr(health, "STARTED", time.monotonic() - 61)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["not_answering"]) == (503, ["worker"])
    heartbeat()
    assert client.get("/readyz").status_code == 200


def test_a_worker_may_still_be_starting(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Heartbeat.objects.all().delete()
    monkeypatch.setattr(health, "STARTED", time.monotonic())
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_asking_changes_nothing(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
