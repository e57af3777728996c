from __future__ import annotations

import socket
import time
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from notifications.invariants import texts_are_forgotten
from notifications.models import Channel, Message
from notifications.outbox import nudge_channel, plan_email, plan_sms
from notifications.tasks import sweep
from tests.notifications.conftest import make_email

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_queue() -> None:
    current_app.control.purge()


def waiting_tasks() -> int:
    with current_app.connection_for_read() as broker:
        channel: Any = broker.default_channel
        return int(channel.queue_declare("celery", passive=False, durable=True).message_count)


def plan(text: str = "Votre code est 123456") -> Message:
    return plan_sms(to="+33612345678", text=text, language="fr")


def test_a_message_exists_only_if_what_it_announces_does() -> None:
    def share() -> None:
        plan()
        raise RuntimeError("share failed")

    with pytest.raises(RuntimeError, match="share failed"), transaction.atomic():
        share()
    assert not Message.objects.exists()


def test_nobody_is_nudged_before_the_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        plan()
        assert waiting_tasks() == 0
    assert waiting_tasks() == 1


def test_many_messages_make_few_tasks(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(40):
            plan()
    assert 1 <= waiting_tasks() <= 4


def test_a_process_asks_the_shared_cache_once_in_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(cache, "add", lambda *given, **_named: asked.append(given))
    at = timezone.now() + timedelta(seconds=5)
    for _ in range(40):
        nudge_channel(Channel.SMS, at)
    nudge_channel(Channel.EMAIL, at)
    nudge_channel(Channel.SMS, at + timedelta(seconds=1))
    assert len(asked) == 3


def test_a_message_of_tomorrow_is_left_to_the_sweep() -> None:
    nudge_channel(Channel.SMS, timezone.now() + timedelta(days=1))
    assert waiting_tasks() == 0


def test_the_sweep_finds_what_no_nudge_announced() -> None:
    plan()
    sweep()
    assert waiting_tasks() == 1


def test_the_sweep_leaves_a_worker_its_lease() -> None:
    plan()
    Message.objects.update(lease_until=timezone.now() + timedelta(seconds=30))
    sweep()
    assert waiting_tasks() == 0


def test_planning_succeeds_while_the_queue_is_away(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    }
    with django_capture_on_commit_callbacks(execute=True):
        plan_email(to="marie@courriel.example", subject="Bonjour", body="Bonjour", language="fr")
    assert Message.objects.due().count() == 1
    assert "the sweep will send" in caplog.text


def test_planning_succeeds_while_the_queue_hangs(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The queue accepts the connection and never answers: stopped, or behind a network that drops packets."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": address}}
        began = time.monotonic()
        with django_capture_on_commit_callbacks(execute=True):
            plan()
    assert time.monotonic() - began < 30  # the queue never answers
    assert Message.objects.due().count() == 1
    assert "the sweep will send" in caplog.text


def test_text_is_sealed_in_the_database() -> None:
    plan("Votre code est 987654")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM notifications_message")
        (stored,) = cursor.fetchone()
    assert "987654" not in stored
    assert Message.objects.get().body == "Votre code est 987654"
    cache.clear()


def test_what_workers_of_the_version_before_left_of_a_letter_is_forgotten() -> None:
    """They delete the text and do not know the letter, which contains the same link."""
    over, waiting = make_email(), make_email()
    Message.objects.update(html="<a href='https://documents.example/d/x'>Voir</a>")
    Message.objects.filter(pk=over.pk).update(state="sent", sent_at=timezone.now(), body="", calendar="")
    assert list(texts_are_forgotten()) == [f"message {over.pk}: over, and its text was kept"]
    sweep()
    assert list(texts_are_forgotten()) == []
    waiting.refresh_from_db()
    assert "Voir" in waiting.html
