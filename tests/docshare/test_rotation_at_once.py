"""Rotating a key while the site works, and killed in the middle: no text is lost, none is sent twice."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as real
from django.db import connection
from django.test.utils import override_settings
from django.utils import timezone
from pytest_django import Settings

from docshare.rotation import rotate
from docshare.wrong_keys import note_keys
from notifications.delivery import deliver_due
from notifications.models import Channel, Message, MessageState
from sealing.columns import Sealed
from sealing.key_checks import SECRET_KEY
from tests.notifications.conftest import MailServer, mail_server, make_email  # noqa: F401  # a fixture
from tests.prepared_process import run

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "the new key of this installation, and no other"


def make_rows(count: int) -> None:
    Message.objects.bulk_create(
        Message(
            channel=Channel.EMAIL,
            to=f"patient{number}@courriel.example",
            body=f"Le lien {number}",
            due_at=timezone.now(),
        )
        for number in range(count)
    )


def under_the_new_key() -> int:
    field = Message._meta.get_field("body")
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[]):
        texts = [field.sealed_text_of(one) for one in Message.objects.only("body")]
        return sum(one.is_current() for one in texts if one)


# A kill from outside would meet the end on a fast machine: the process ends itself, in the middle of a batch.
KILLED = """
import os, signal, sys
import django; django.setup()
from django.core.management import call_command
from docshare.sealed import Kind
judge, judged = Kind._judge, []
def dying(*arguments, **more):
    if len(judged) == {reached}:
        os.kill(os.getpid(), signal.SIGKILL)
    judged.append(judge(*arguments, **more))
Kind._judge = dying
call_command("rotate_keys")
"""


def rotation(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with these arguments, in a process that has the new key."""
    return run(*arguments, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=real.SECRET_KEY)


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_and_no_text_is_lost() -> None:
    count, reached = 250, 130
    note_keys()
    make_rows(count)
    killed = rotation("-c", KILLED.format(reached=reached))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert under_the_new_key() == reached
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[real.SECRET_KEY]):
        assert {one.body for one in Message.objects.all()} == {f"Le lien {number}" for number in range(count)}

    ended = rotation("manage.py", "rotate_keys")
    assert ended.returncode == 0, ended.stderr
    assert f"{count - reached} sealed again, 0 left" in ended.stdout
    assert "SECRET_KEY_FALLBACKS may be emptied" in ended.stdout
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[]):
        assert {one.body for one in Message.objects.all()} == {f"Le lien {number}" for number in range(count)}


def beside(*work: Callable[[], None]) -> list[threading.Thread]:
    def run(one: Callable[[], None]) -> None:
        try:
            one()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[one]) for one in work]
    for thread in threads:
        thread.start()
    return threads


def test_messages_queued_and_sent_while_a_key_is_turned_arrive_once_each(
    mail_server: MailServer,  # noqa: F811
    settings: Settings,
) -> None:
    """By processes with the new key, and by one that has not restarted yet."""
    note_keys()
    make_rows(120)
    of_a_former_process = [Sealed.of(f"Le lien d’avant {number}") for number in range(30)]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [settings.SECRET_KEY]
    queued = threading.Event()

    def queue() -> None:
        for number, sealed in enumerate(of_a_former_process):
            make_email(f"nouveau{number}@courriel.example")
            text: Any = sealed  # as that process would write it
            Message.objects.create(
                channel=Channel.EMAIL, to=f"avant{number}@courriel.example", body=text, due_at=timezone.now()
            )
        queued.set()

    def deliver() -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if not deliver_due(Channel.EMAIL):
                if queued.is_set() and not Message.objects.filter(state=MessageState.QUEUED).exists():
                    return
                time.sleep(0.02)

    threads = beside(queue, deliver, deliver)
    while any(thread.is_alive() for thread in threads):
        rotate(SECRET_KEY)
        time.sleep(0.1)
    for thread in threads:
        thread.join()

    assert Counter(Message.objects.values_list("state", flat=True)) == {MessageState.SENT: 120 + 2 * 30}
    arrived = Counter(envelope.rcpt_tos[0] for envelope in mail_server.received)
    assert len(arrived) == 120 + 2 * 30
    assert set(arrived.values()) == {1}
    assert not Message.objects.exclude(body="").exists()
    assert rotate(SECRET_KEY).left == 0
