"""/metrics: for whoever runs the installation, numbers only."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment, Reminder
from documents.files.intake import Intake
from documents.models import Category
from documents.sharing import share_upload
from documents.signing.placement import Placement
from notifications.heartbeat import beat
from notifications.models import MessageState
from portals.public import metrics
from tests.documents.conftest import *  # noqa: F403  # documents to sign
from tests.notifications.conftest import make_email, make_sms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counted", None)


def values(client: Client) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    lines = re.findall(r"^(docshare_\S+) (\S+)$", answer.content.decode(), re.MULTILINE)
    return {name: float(value) for name, value in lines}


def test_the_outbox_tells_how_many_wait_and_for_how_long(client: Client) -> None:
    make_email(due_at=timezone.now() - timedelta(minutes=10))
    make_email(due_at=timezone.now() + timedelta(minutes=10))
    make_sms(state=MessageState.FAILED)
    found = values(client)
    assert found['docshare_outbox_due{channel="email"}'] == 1
    assert 600 <= found['docshare_outbox_oldest_seconds{channel="email"}'] < 630
    assert found['docshare_outbox_oldest_seconds{channel="sms"}'] == 0
    assert found['docshare_messages_last_day{channel="sms",state="failed"}'] == 1
    assert found['docshare_messages_last_day{channel="email",state="queued"}'] == 2


def test_signing_storage_and_refusals_are_counted(
    client: Client,
    appointment: Appointment,
    alice_signs: User,
    prescription: Category,
    receive: Callable[..., Intake],
) -> None:
    before = values(client)
    document = share_upload(
        appointment=appointment,
        intake=receive(),
        category=prescription,
        title="",
        placement=Placement(page=1, x=0.5, y=0.5, width=0.25),
        by=alice_signs,
    )
    client.get("/pro/nowhere/")
    metrics._counted = None
    after = values(client)
    assert after["docshare_signing_seconds_count"] == before["docshare_signing_seconds_count"] + 1
    assert after["docshare_stored_bytes"] == document.file.size
    refused = 'docshare_refused_total{door="practitioner",status="404"}'
    assert after[refused] == before.get(refused, 0) + 1


def test_reminders_that_nobody_sends_show(client: Client, appointment: Appointment) -> None:
    now = timezone.now()
    for channel, due_at in (("email", now - timedelta(minutes=5)), ("sms", now + timedelta(minutes=5))):
        Reminder.objects.create(appointment=appointment, channel=channel, offset_hours=700, due_at=due_at)
    assert values(client)["docshare_reminders_due"] == 1


def test_a_silent_worker_shows(client: Client) -> None:
    assert values(client)["docshare_worker_silence_seconds"] == float("inf")
    beat()
    assert values(client)["docshare_worker_silence_seconds"] < 5


def test_without_a_token_this_machine_alone_may_ask(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404


def test_with_a_token_whoever_has_it_may_ask(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "m" * 40
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": f"Bearer {'n' * 40}"}).status_code == 404
    right = {"Authorization": f"Bearer {'m' * 40}"}
    assert client.get("/metrics", headers=right, REMOTE_ADDR="10.0.0.9").status_code == 200


def test_no_number_is_of_a_person_or_a_practice(client: Client, appointment: Appointment) -> None:
    text = client.get("/metrics").content.decode()
    for name in ("Durand", "Lilas", "courriel.example", str(appointment.pk), str(appointment.practice_id)):
        assert name not in text
