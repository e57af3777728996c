"""A worker gets SIGTERM with a hundred messages queued: it ends soon, and nothing is lost or blocked."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.utils import timezone

from notifications.models import Message
from notifications.tasks import dispatch
from tests.notifications.conftest import free_port, make_email
from tests.prepared_process import database_address

pytestmark = [
    pytest.mark.servers("Other processes cannot see SQLite's test database"),
    pytest.mark.django_db(transaction=True),
]


@dataclass
class SlowMailServer:
    """Takes half a second for each message."""

    port: int
    received: list[str] = field(default_factory=list)
    at_work: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(0.5)
        self.received.append(envelope.rcpt_tos[0])
        if len(self.received) == 3:
            self.at_work.set()
        return "250 taken"


@pytest.fixture
def mail_server() -> Iterator[SlowMailServer]:
    handler = SlowMailServer(free_port())
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def worker(mail_server: SlowMailServer, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Started as in docker-compose.yml."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "docshare.settings",
        "DATA_DIR": str(settings.DATA_DIR),
        "DATABASE_URL": database_address(),
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}",
    }
    celery = [sys.executable, "-m", "celery", "--app", "docshare", "worker"]
    options = ["--pool", "threads", "--concurrency", "8", "--without-gossip", "--without-mingle"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*celery, *options], cwd=settings.BASE_DIR, env=environment, stderr=log)
    yield process
    process.kill()
    process.wait()


def test_it_ends_what_is_in_flight_and_gives_the_others_back(
    mail_server: SlowMailServer, worker: subprocess.Popen[bytes]
) -> None:
    for number in range(100):
        make_email(f"patient{number}@courriel.example")
    dispatch.delay("email")
    assert mail_server.at_work.wait(60)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0  # sending all would take fifty seconds
    sent = Message.objects.filter(state="sent")
    assert sent.count() == len(mail_server.received) == len(set(mail_server.received)) < 100
    left = Message.objects.filter(state="queued")
    assert left.count() == 100 - sent.count()
    assert not left.exclude(lease_until=None, attempts=0, due_at__lte=timezone.now()).exists()  # ready to claim
