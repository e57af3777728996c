"""/metrics: for the installation's operator, numbers only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment, Reminder
from docshare.health import metrics, runs
from documents.models import AutoSend, AutoSendRule, Category, LibraryDocument
from documents.sharing.share import share_upload
from files.intake import Intake
from jobs.heartbeat import mark
from notifications.delivery import deliver_due
from notifications.models import Channel, MessageState
from notifications.outbox import plan_email
from practices.models import Practice
from signing.models import KeyPlace, SigningCredential
from signing.pdf.placement import Placement
from tests.documents.conftest import *  # noqa: F403  # documents to sign
from tests.notifications.conftest import make_email, make_sms
from webhooks.models import WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_counted", None)


def values(client: Client) -> dict[str, float]:
    """Sample -> value; without the label of the web server."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    text = re.sub(rf',?replica="{settings.REPLICA_NAME}"', "", answer.content.decode()).replace("{}", "")
    return {name: float(value) for name, value in re.findall(r"^(docshare_\S+) (\S+)$", text, re.MULTILINE)}


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


def test_a_retry_does_not_make_a_message_younger(client: Client) -> None:
    now = timezone.now()
    for planned in (now - timedelta(hours=20), now - timedelta(hours=1), now + timedelta(hours=1)):
        make_email(planned_at=planned, due_at=now + timedelta(hours=2), attempts=12)
    make_sms(
        planned_at=None, created_at=now - timedelta(hours=3), due_at=now + timedelta(hours=1), attempts=4
    )  # of an older version
    found = values(client)
    assert found['docshare_outbox_due{channel="email"}'] == 2
    assert found['docshare_outbox_oldest_seconds{channel="email"}'] == pytest.approx(20 * 3600, abs=30)
    assert found['docshare_outbox_oldest_seconds{channel="sms"}'] == pytest.approx(3 * 3600, abs=30)


def test_a_dead_mail_server_shows_from_the_first_minutes(client: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens
    message = plan_email(to="marie.durand@courriel.example", subject="x", body="y", language="fr")
    deliver_due(Channel.EMAIL)
    message.refresh_from_db()
    assert message.due_at > timezone.now()
    assert values(client)['docshare_outbox_due{channel="email"}'] == 1


def test_two_replicas_are_told_apart(client: Client, settings: Settings) -> None:
    texts = []
    for name in ("web-1:8000", "web-2:8000"):
        settings.REPLICA_NAME = name
        texts.append(client.get("/metrics").content.decode())
        assert f'replica="{name}"' in texts[-1]
    counted = [set(re.findall(r"^(docshare_requests_total\S+) ", text, re.MULTILINE)) for text in texts]
    assert counted[0]
    assert not counted[0] & counted[1]


def test_what_the_database_says_has_no_replica(client: Client) -> None:
    text = client.get("/metrics").content.decode()
    own = ("docshare_requests_", "docshare_request_", "docshare_refused_", "docshare_signing_", "docshare_build_")
    for line in text.splitlines():
        if line.startswith("docshare_"):
            assert ("replica=" in line) == line.startswith(own), line


def test_requests_are_counted_by_the_name_of_their_route_and_never_by_path(
    client: Client, sign_in: Callable[[User], Client], bob: User, appointment: Appointment
) -> None:
    sign_in(bob).get(f"/pro/appointments/{appointment.pk}/")
    client.get("/d/a-token-that-opens-a-document")
    client.get("/nowhere/marie.durand@courriel.example/")
    client.generic("DURAND", "/")
    client.get("/static/css/none.css")
    text = client.get("/metrics").content.decode()
    assert str(appointment.pk) not in text
    assert "a-token" not in text
    assert "urand" not in text.lower().replace("duration", "")
    for route in ("practitioner:appointment", "link", "unknown", "static"):
        assert f'docshare_requests_total{{method="GET",replica="{settings.REPLICA_NAME}",route="{route}",' in text
        assert f'docshare_request_seconds_count{{replica="{settings.REPLICA_NAME}",route="{route}"}}' in text
    assert 'method="other"' in text


def test_sendings_that_fail_again_and_again_show_and_those_that_wait_for_contacts_do_not(
    client: Client, appointment: Appointment, access_plan: LibraryDocument
) -> None:
    now = timezone.now()
    rule = AutoSendRule.objects.create(practice=appointment.practice, name="Plan", moment="before")
    sending = AutoSend.objects.create(appointment=appointment, rule=rule, document=access_plan, due_at=now)
    waits = {"retry_at": now + timedelta(minutes=1), "attempts": 0}
    for fields, shown in ((waits, 0), (waits | {"attempts": 5}, 1), ({"retry_at": None, "attempts": 0}, 1)):
        AutoSend.objects.filter(pk=sending.pk).update(**fields)
        assert values(client)["docshare_auto_sends_due"] == shown


def test_webhooks_certificates_backups_and_versions_are_told(
    client: Client, practice: Practice, alice: User, tmp_path: Path, settings: Settings
) -> None:
    settings.DATA_DIR = tmp_path
    now = timezone.now()
    endpoint = WebhookEndpoint.objects.create(practice=practice, url="https://hook.example/", secret="s")
    WebhookDelivery.objects.create(
        endpoint=endpoint,
        event="document.shared",
        body="{}",
        created_at=now - timedelta(hours=1),
        due_at=now + timedelta(hours=4),
    )
    SigningCredential.objects.create(
        user=alice, key_place=KeyPlace.PKCS12, certificate=b"", private_key=b"", not_after=now + timedelta(days=3)
    )
    found = values(client)
    assert found["docshare_backup_age_seconds"] == float("inf")
    (tmp_path / "backups").mkdir()
    note = {"finished_at": now.isoformat(), "bytes": 12, "encrypted": True}
    (tmp_path / "backups" / "last-success.json").write_text(json.dumps(note))
    runs.note_fsck(faults=1)
    found = values(client)
    assert found["docshare_webhooks_waiting"] == 1
    assert found["docshare_webhooks_oldest_seconds"] == pytest.approx(3600, abs=30)
    assert found['docshare_webhooks_last_day{state="queued"}'] == 1
    left = found['docshare_certificate_left_seconds{kind="practitioner"}']
    assert left == pytest.approx(3 * 24 * 3600, abs=30)
    assert found["docshare_backup_age_seconds"] < 30
    assert found["docshare_backup_bytes"] == 12
    assert found["docshare_fsck_age_seconds"] < 30
    assert found["docshare_fsck_whole_age_seconds"] == float("inf")
    assert re.search(r"docshare_build_info\{django=", client.get("/metrics").content.decode())


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


@pytest.mark.parametrize("part", ["worker", "scheduler"])
def test_a_silent_part_shows(client: Client, part: str) -> None:
    assert values(client)[f"docshare_{part}_silence_seconds"] == float("inf")
    mark(part)
    assert values(client)[f"docshare_{part}_silence_seconds"] < 5


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


def test_no_series_is_told_twice() -> None:
    """Prometheus drops the duplicate, and its alarm."""
    lines = metrics.exposition().decode().splitlines()
    series = [line.rpartition(" ")[0] for line in lines if not line.startswith("#")]
    assert len(series) == len(set(series))
