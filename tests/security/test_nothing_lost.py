"""Nothing is lost and no message is sent twice: workers killed or stopped, a poisonous document, concurrent changes
of an appointment.

Workers are real processes. `make faults` does the same to whole installations, at random times.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.management import call_command
from django.db import connections
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.models import Appointment, AppointmentStatus
from documents.models import SharedDocument
from documents.sharing.share import share_upload
from files import sandbox, sweeping
from notifications.models import Message, MessageState
from tests.notifications.conftest import free_port, make_email
from tests.prepared_process import Process, start

pytestmark = [
    pytest.mark.servers("Other processes cannot see SQLite's test database"),
    pytest.mark.django_db(transaction=True),
]
WORKER = """
import django
django.setup()
from datetime import timedelta
from notifications import delivery
from notifications.models import Channel
delivery.LEASE, delivery.LONGEST_SEND = timedelta(seconds=3), timedelta(seconds=1)  # of a minute, otherwise
while delivery.deliver_due(Channel.EMAIL):
    pass
"""
HELD = 3  # the message that the server accepts without answering at once


@dataclass
class MailServer:
    received: list[str] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(str(message_from_bytes(content)["Message-ID"]).split("@")[0].lstrip("<"))
        if len(self.received) == HELD:
            self.held.set()
            await asyncio.to_thread(self.go_on.wait, 60)
        return "250 taken"


@pytest.fixture(scope="module")
def mail_port() -> int:
    """The same for all tests of the module: one prepared process does for their workers."""
    return free_port()


@pytest.fixture
def mail_server(mail_port: int) -> Iterator[MailServer]:
    handler = MailServer(port=mail_port)
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    handler.go_on.set()
    controller.stop()


Worker = Callable[[], Process]


@pytest.fixture
def start_worker(mail_server: MailServer) -> Iterator[Worker]:
    started: list[Process] = []

    def start_one() -> Process:
        started.append(start("-c", WORKER, EMAIL_URL=f"smtp://127.0.0.1:{mail_server.port}"))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait()


def others_end_it(start_worker: Worker, known: list[Message]) -> None:
    """Starts further workers, one after the other, until nothing waits: the first one's lease must expire."""
    deadline = time.monotonic() + 60
    while Message.objects.filter(state=MessageState.QUEUED).exists():
        assert time.monotonic() < deadline, Message.objects.values_list("state", "attempts")
        assert start_worker().wait(30) == 0
    assert set(Message.objects.filter(pk__in=[one.pk for one in known]).values_list("state", flat=True)) == {"sent"}


def only_the_one_in_flight_twice(mail_server: MailServer, known: list[Message]) -> None:
    in_flight = mail_server.received[HELD - 1]
    expected = Counter(str(message.pk) for message in known)
    expected[in_flight] += 1
    assert Counter(mail_server.received) == expected


def test_after_kill_9_each_message_is_sent_and_only_the_one_in_flight_twice(
    mail_server: MailServer, start_worker: Worker
) -> None:
    messages = [make_email(f"patient{number}@courriel.example") for number in range(6)]
    first = start_worker()
    assert mail_server.held.wait(30)
    first.kill()
    first.wait()
    mail_server.go_on.set()
    others_end_it(start_worker, messages)
    only_the_one_in_flight_twice(mail_server, messages)


def test_a_worker_stopped_beyond_its_lease_sends_and_marks_nothing_when_it_resumes(
    mail_server: MailServer, start_worker: Worker
) -> None:
    messages = [make_email(f"patient{number}@courriel.example") for number in range(6)]
    first = start_worker()
    assert mail_server.held.wait(30)
    first.send_signal(signal.SIGSTOP)
    others_end_it(start_worker, messages)
    ended = dict(Message.objects.values_list("pk", "sent_at"))
    mail_server.go_on.set()
    first.send_signal(signal.SIGCONT)
    assert first.wait(30) == 0
    only_the_one_in_flight_twice(mail_server, messages)
    assert dict(Message.objects.values_list("pk", "sent_at")) == ended


def test_a_document_that_eats_the_memory_stops_nobody_elses() -> None:
    """Its own limit ends the child that reads it; other children are answered."""
    with ThreadPoolExecutor(3) as pool:
        poisonous = pool.submit(sandbox.run, bytearray, 4 << 30)
        beside = [pool.submit(sandbox.run, sum, [1, 2, 3]) for _ in range(4)]
        assert [one.result(60) for one in beside] == [6] * 4
        with pytest.raises(sandbox.SandboxMemoryExceeded):
            poisonous.result(60)
    assert sandbox.run(sum, [1, 2]) == 3


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    start = threading.Barrier(len(deeds))

    def do(deed: Callable[[], Any]) -> Any:
        try:
            start.wait(30)
            return deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))


def faults() -> list[str]:
    """The output of fsck, without files of earlier tests."""
    told = io.StringIO()
    with contextlib.suppress(SystemExit):
        call_command("fsck", stdout=told, stderr=io.StringIO())
    return [line for line in told.getvalue().splitlines() if not line.startswith("orphan ")]


def program_of(user: User) -> APIClient:
    client = APIClient(raise_request_exception=False)
    _token, secret = issue_token(user=user, name="test", scopes=tuple(Scope), by=None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_double_click_shares_once(
    appointment: Appointment, access_plan: Any, bob: User, sign_in: Callable[[User], Client]
) -> None:
    address = f"/api/v1/appointments/{appointment.pk}/documents/"
    body = {"library_document": str(access_plan.pk)}
    tabs = [program_of(bob) for _ in range(4)]
    answers = at_once(
        *(lambda tab=tab: tab.post(address, body, format="json", HTTP_IDEMPOTENCY_KEY="click") for tab in tabs)
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert SharedDocument.objects.count() == 1
    assert Message.objects.count() == 2  # one email, one SMS


def test_two_secretaries_who_move_and_cancel_one_appointment_leave_one_end(
    appointment: Appointment, bob: User, carol: User
) -> None:
    address = f"/api/v1/appointments/{appointment.pk}/"
    one, two = program_of(bob), program_of(carol)
    sooner, later = appointment.starts_at + timedelta(days=1), appointment.starts_at + timedelta(days=2)
    moved = at_once(
        lambda: one.patch(address, {"start": sooner.isoformat()}, format="json"),
        lambda: two.patch(address, {"start": later.isoformat()}, format="json"),
    )
    assert [answer.status_code for answer in moved] == [200, 200]
    appointment.refresh_from_db()
    assert appointment.starts_at in (sooner, later)
    assert appointment.revision == 2  # both were done, one after the other
    ended = at_once(
        lambda: one.post(f"{address}cancel/"),
        lambda: two.post(f"{address}cancel/"),
        lambda: two.patch(address, {"start": sooner.isoformat()}, format="json"),
    )
    assert {answer.status_code for answer in ended[:2]} == {200}
    assert ended[2].status_code in (200, 409)
    appointment.refresh_from_db()
    assert appointment.status == AppointmentStatus.CANCELLED
    assert faults() == []


def test_deleted_while_the_patient_downloads_and_the_worker_sends(
    appointment: Appointment,
    marias_account: User,
    receive: Any,
    prescription: Any,
    alice: User,
    bob: User,
    sign_in: Callable[[User], Client],
    mail_server: MailServer,
    start_worker: Worker,
) -> None:
    document = share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=alice
    )
    orphans = set(sweeping.orphans(older_than=timedelta()))  # of earlier tests
    others = [make_email(f"patient{number}@courriel.example") for number in range(6)]
    worker = start_worker()
    assert mail_server.held.wait(30)
    download = sign_in(marias_account).post(f"/documents/{document.pk}/download/")
    assert download.status_code == 200
    parts = iter(download)
    beginning = next(parts)
    assert program_of(bob).delete(f"/api/v1/appointments/{appointment.pk}/").status_code == 204
    assert len(beginning + b"".join(parts)) == document.file.size  # a started download is completed
    download.close()
    mail_server.go_on.set()
    assert worker.wait(30) == 0
    assert sign_in(marias_account).post(f"/documents/{document.pk}/download/").status_code == 404
    assert not SharedDocument.objects.exists()
    assert set(sweeping.orphans(older_than=timedelta())) <= orphans
    assert set(Message.objects.filter(pk__in=[one.pk for one in others]).values_list("state", flat=True)) == {"sent"}
    assert max(Counter(mail_server.received).values()) == 1
    assert faults() == []
