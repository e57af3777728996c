"""/readyz reports on this process alone, /healthz/system on the whole."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from celery.signals import after_task_publish
from django.conf import settings as real
from django.core.files.storage import storages
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from docshare.celery import record_scheduler_heartbeat
from docshare.health import disk, probes, running, runs, views
from docshare.health.disk import Room
from docshare.wrong_keys import note_keys
from jobs import heartbeat
from jobs.models import Heartbeat
from tests.notifications.conftest import make_email

pytestmark = pytest.mark.django_db
NOBODY_LISTENS = "redis://127.0.0.1:9/0"


@pytest.fixture(autouse=True)
def _workers_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "STARTED", time.monotonic() - 61)
    for part in (heartbeat.WORKER, heartbeat.SCHEDULER):
        heartbeat.mark(part)


@contextmanager
def no_file_may_grow() -> Iterator[None]:
    """Simulates a full disk for this process: the kernel refuses every write to a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def silent(part: str) -> None:
    Heartbeat.objects.filter(part=part).update(at=timezone.now() - timedelta(seconds=61))


def ill(client: Client) -> list[str]:
    answer = client.get("/healthz/system")
    names: list[str] = answer.json()["ill"]
    assert answer.status_code == (503 if names else 200)
    return names


def test_the_process_is_up(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_everything_answers(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "not_answering": []}


def test_each_part_is_told_once_and_a_wrong_key_says_which(client: Client, settings: Settings) -> None:
    names = [one["part"] for one in client.get("/healthz/system").json()["parts"]]
    assert len(names) == len(set(names))
    note_keys()
    settings.SIGNING_PASSPHRASE = "another one than the database was sealed under"
    (keys,) = (one for one in client.get("/healthz/system").json()["parts"] if one["part"] == "keys")
    assert keys["state"] == "ill"
    assert "SIGNING_PASSPHRASE is not the key" in keys["sentence"]


def test_a_queue_that_is_away_is_named_and_its_address_is_not(client: Client, settings: Settings) -> None:
    settings.CACHES = {**real.CACHES, "default": {**real.CACHES["default"], "LOCATION": NOBODY_LISTENS}}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["not_answering"] == ["queue"]
    assert b"127.0.0.1" not in answer.content


def test_a_database_that_is_away_is_named(client: Client) -> None:
    def closed(*_args: object) -> None:
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(closed):
        answer = client.get("/readyz")
        whole = client.get("/healthz/system")
        numbers = client.get("/metrics")
    assert answer.status_code == whole.status_code == 503
    assert answer.json()["not_answering"] == whole.json()["ill"] == ["database"]
    assert b'docshare_part_ill{part="database"} 1.0' in numbers.content


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


def test_a_disk_that_takes_no_byte_is_named(client: Client) -> None:
    with no_file_may_grow():
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["not_answering"]) == (503, ["disk"])
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("free", "is_low", "is_full"),
    [(50 << 20, True, False), ((50 << 20) - 1, True, True), (20 << 30, False, False), (9 << 30, True, False)],
)
def test_a_disk_is_full_when_no_upload_fits_and_low_before(free: int, is_low: bool, is_full: bool) -> None:
    room = Room(free=free, total=100 << 30)
    assert (room.is_low, room.is_full) == (is_low, is_full)


def test_a_large_disk_is_not_low_with_ten_gigabytes_and_a_small_one_not_with_a_tenth() -> None:
    assert not Room(free=11 << 30, total=4 << 40).is_low
    assert not Room(free=60 << 20, total=500 << 20).is_low


def test_silent_workers_take_no_web_process_out_and_are_ill(client: Client) -> None:
    silent(heartbeat.WORKER)
    assert client.get("/readyz").status_code == 200
    assert ill(client) == ["workers"]
    heartbeat.mark(heartbeat.WORKER)
    assert ill(client) == []


def test_a_silent_scheduler_is_not_taken_for_silent_workers(client: Client) -> None:
    silent(heartbeat.WORKER)
    silent(heartbeat.SCHEDULER)
    assert client.get("/readyz").status_code == 200
    assert ill(client) == ["scheduler"]


def test_workers_may_still_be_starting(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Heartbeat.objects.all().delete()
    assert ill(client) == ["scheduler"]
    monkeypatch.setattr(running, "STARTED", time.monotonic() - 10)
    assert ill(client) == []


@pytest.mark.django_db(transaction=True)  # the scheduler closes old connections
def test_what_the_scheduler_gives_to_the_queue_shows_that_it_works(client: Client) -> None:
    silent(heartbeat.SCHEDULER)
    shows = "jobs.tasks.heartbeat"
    current_app.send_task(shows)  # the name of a task of a worker or a web process
    assert ill(client) == ["scheduler"]
    receivers = list(after_task_publish.receivers)
    try:
        record_scheduler_heartbeat()
        current_app.send_task("notifications.tasks.sweep")
        assert ill(client) == ["scheduler"]
        current_app.send_task(shows)
    finally:
        after_task_publish.receivers = receivers
    assert ill(client) == []


def test_a_message_that_was_tried_again_and_again_is_ill_from_when_it_was_planned(client: Client) -> None:
    planned = timezone.now() - timedelta(minutes=6)
    message = make_email(planned_at=planned, due_at=timezone.now() + timedelta(hours=2), attempts=9)
    assert ill(client) == ["outbox"]
    message.planned_at = timezone.now() - timedelta(minutes=4)
    message.save()
    assert ill(client) == []


def test_backups_and_fsck_have_until_the_second_night_and_are_then_ill(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    now = timezone.now()
    monkeypatch.setattr(runs, "installed_at", lambda: now - timedelta(hours=35))
    assert ill(client) == []
    monkeypatch.setattr(runs, "installed_at", lambda: now - timedelta(hours=37))
    assert ill(client) == ["backup", "fsck"]
    runs.note_fsck(faults=0)
    note_backup(tmp_path, finished_at=now.isoformat())
    assert ill(client) == []


def note_backup(data_dir: Path, **changes: Any) -> None:
    (data_dir / "backups").mkdir(exist_ok=True)
    note = {"bytes": 1_000_000, "encrypted": True} | changes
    (data_dir / "backups" / "last-success.json").write_text(json.dumps(note))


@pytest.mark.parametrize(
    "said", [{"finished_at": "yesterday"}, {"finished_at": "2026-11-28T03:00:00"}, {}, {"finished_at": 5}]
)
def test_a_note_of_a_backup_that_cannot_be_read_is_ill(
    client: Client, settings: Settings, tmp_path: Path, said: dict[str, Any]
) -> None:
    settings.DATA_DIR = tmp_path
    note_backup(tmp_path, **said)
    assert ill(client) == ["backup"]
    assert client.get("/metrics").status_code == 200


def test_an_old_backup_and_a_fsck_with_faults_are_ill(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    note_backup(tmp_path, finished_at=(timezone.now() - timedelta(hours=37)).isoformat())
    runs.note_fsck(faults=0)
    runs.note_fsck(faults=2)
    assert ill(client) == ["backup", "fsck"]


def test_what_answers_is_well_what_does_not_is_ill_and_what_nobody_asks_is_unknown(
    client: Client, settings: Settings
) -> None:
    settings.CLAMD_URL = "tcp://127.0.0.1:9"

    def scanner() -> str:
        parts = client.get("/healthz/system").json()["parts"]
        return str(next(one["state"] for one in parts if one["part"] == "scanner"))

    assert scanner() == "unknown"
    probes.probe_all()
    assert scanner() == "ill"
    Heartbeat.objects.update_or_create(part="scanner", defaults={"at": timezone.now() - timedelta(seconds=60)})
    assert scanner() == "well"  # one missed round is not a fault
    Heartbeat.objects.filter(part=probes.ASKED).update(at=timezone.now() - timedelta(minutes=4))
    assert scanner() == "unknown"


def test_an_address_that_workers_do_not_reach_is_unknown_and_no_illness(client: Client, settings: Settings) -> None:
    settings.SECURE, settings.PUBLIC_URL = True, "https://127.0.0.1:9"
    probes.probe_all()
    assert ill(client) == []
    parts = client.get("/healthz/system").json()["parts"]
    assert [one["state"] for one in parts if one["part"] == "tls"] == ["unknown"]


@pytest.fixture
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_known", views._Known())


@pytest.mark.usefixtures("_nothing_known")
def test_strangers_learn_whether_and_not_why(client: Client, settings: Settings) -> None:
    silent(heartbeat.WORKER)
    answer = client.get("/healthz/system", REMOTE_ADDR="203.0.113.9")
    assert (answer.status_code, answer.json()) == (503, {"well": False})
    settings.METRICS_TOKEN = "m" * 40
    assert client.get("/healthz/system").json() == {"well": False}
    right = {"Authorization": f"Bearer {'m' * 40}"}
    assert client.get("/healthz/system", headers=right).json()["ill"] == ["workers"]


STRANGER = "203.0.113.9"


@pytest.mark.usefixtures("_nothing_known")
def test_strangers_cost_one_judgement_however_often_they_ask(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    assert client.get("/healthz/system", REMOTE_ADDR=STRANGER).json() == {"well": True}
    silent(heartbeat.WORKER)
    with django_assert_num_queries(0):
        for _ in range(20):
            assert client.get("/healthz/system", REMOTE_ADDR=STRANGER).json() == {"well": True}
    assert client.get("/healthz/system").json()["ill"] == ["workers"]  # authorised callers get the current state
    monkeypatch.setattr(views._known, "_until", time.monotonic())
    assert client.get("/healthz/system", REMOTE_ADDR=STRANGER).json() == {"well": False}


def test_a_request_without_room_is_answered_507_and_nothing_is_kept(client: Client) -> None:
    client.raise_request_exception = False
    document, uploads = Path(__file__), Path(real.FILE_UPLOAD_TEMP_DIR)
    before = set(uploads.glob("*.upload*"))  # open ones of tests before this one end with their objects
    with document.open("rb") as file, no_file_may_grow():
        answer = client.post("/verify/", {"file": file})
    assert answer.status_code == 507
    assert "plus de place" in answer.content.decode()
    assert set(uploads.glob("*.upload*")) <= before


def test_a_program_without_room_gets_the_shape_of_every_error(client: Client) -> None:
    client.raise_request_exception = False
    with Path(__file__).open("rb") as file, no_file_may_grow():
        answer = client.post("/api/v1/verify/", {"file": file})
    assert answer.status_code == 507
    assert answer.json()["errors"][0]["code"] == "no_room"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/healthz/system"])
def test_asking_changes_nothing(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


def test_the_check_leaves_no_file_behind() -> None:
    before = set(Path(real.FILE_UPLOAD_TEMP_DIR).iterdir())
    disk.check_room()
    assert set(Path(real.FILE_UPLOAD_TEMP_DIR).iterdir()) == before
