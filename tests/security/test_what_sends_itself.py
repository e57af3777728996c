"""Links without account, and automatic sendings: mail scanners, stopped schedulers, a lost queue."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from celery import Celery, current_app
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.booking import delete
from appointments.models import Appointment, Reminder
from appointments.reminders import send_due as send_reminders
from appointments.tasks import send_reminders as reminders_task
from documents.models import AutoSend, DocumentLink, DocumentReading, LibraryDocument, SharedDocument
from documents.models.autosend import Moment
from documents.sending.autosend import send_due
from documents.sending.links import link_url, revoke_link
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import take_back
from documents.tasks import send_auto_sends
from jobs import nudges
from notifications.models import Message
from patients.models import Patient
from tests.conftest import BookFixture
from tests.days import last_sunday
from tests.documents.conftest import *  # noqa: F403  # a document of the library
from tests.markup import one_line
from tests.security.addresses import address
from tests.security.test_addresses import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(access_plan: LibraryDocument, carol: User) -> None:
    content = RuleContent(name="Plan", documents=[access_plan])
    save_rule(practice=access_plan.practice, content=content, by=carol)


@pytest.fixture
def path(rule: None, book_for: BookFixture, marie: Patient) -> str:
    """The address of one sending, from its email."""
    book_for(marie)
    send_due()
    found = re.search(r"/d/\S+", Message.objects.get(channel="email").body)
    assert found
    return found[0]


def test_a_scanner_that_opens_all_there_is_reads_nothing(path: str) -> None:
    for _ in range(3):
        for method in ("get", "head", "options"):
            getattr(Client(), method)(path)
            getattr(Client(), method)(f"{path}/1")
    page = Client().get(path).content.decode()
    for link in re.findall(r'(?:href|src)="(/[^"]+)"', page):
        Client().get(link)
    assert not DocumentReading.objects.exists()
    assert SharedDocument.objects.get().first_read_at is None
    assert re.findall(r'<form method="(\w+)" action="([^"]+)"', one_line(page)) == [("post", f"{path}/1")]


def test_no_answer_of_a_links_address_tells_it_to_anybody(path: str, alice: User) -> None:
    answers = [Client().get(path), Client().post(f"{path}/1"), Client().post(f"{path}/9"), Client().get(f"{path}x")]
    revoke_link(link=DocumentLink.objects.get(), by=alice)
    answers += [Client().get(path), Client().post(f"{path}/1")]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 404, 410, 410]
    for answer in answers:
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]
        if "html" in answer["Content-Type"]:
            assert re.findall(r'(?:href|src|action)="(?:https?:)?//[^"]*"', answer.content.decode()) == []


def test_a_link_that_was_closed_while_its_page_was_open_says_what_to_do(path: str, alice: User) -> None:
    revoke_link(link=DocumentLink.objects.get(), by=alice)
    for answer in (Client().get(path), Client().post(f"{path}/1")):
        assert answer.status_code == 410
        assert "Si vous attendez un document, appelez" in answer.content.decode()
        assert "tel:+33140000000" in answer.content.decode()
    assert not DocumentReading.objects.exists()


def test_a_document_taken_back_and_an_appointment_deleted_are_gone_at_once(path: str, alice: User) -> None:
    take_back(document=SharedDocument.objects.get(), by=alice)
    for answer in (Client().get(path), Client().post(f"{path}/1")):
        assert answer.status_code == 410
        assert "Appelez le cabinet" in answer.content.decode()
    delete(appointment=Appointment.objects.get(), by=alice)
    for answer in (Client().get(path), Client().post(f"{path}/1")):
        assert answer.status_code == 404
        assert "Ce lien ne mène plus à aucun document" in answer.content.decode()


def test_a_token_of_one_purpose_is_useless_for_another(ids: dict[str, Any]) -> None:
    invitation = address("invitation/<str:token>/", ids).strip("/").rpartition("/")[2]
    assert Client().get(f"/d/{invitation}").status_code == 404
    assert Client().get(f"/invitation/{ids['link']}/").status_code in (404, 410)


# --- Nothing lost ------------------------------------------------------------------------------------------------


def told() -> list[str]:
    return sorted(Message.objects.values_list("channel", flat=True))


def test_a_queue_that_was_flushed_or_is_down_loses_no_sending(
    rule: None, book_for: BookFixture, marie: Patient, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        book_for(marie)  # nudges the real queue
    with current_app.connection_for_write() as queue:
        channel: Any = queue.default_channel
        channel.client.flushall()
    cache.clear()
    away = Celery("away", broker="redis://127.0.0.1:9/0", set_as_current=False)
    away.conf.task_publish_retry = False
    monkeypatch.setattr(nudges, "current_app", away)
    with django_capture_on_commit_callbacks(execute=True):
        second = book_for(marie, starts_at=timezone.now() + timedelta(days=4))
    assert second.auto_sends.get().state == "planned"
    send_auto_sends()  # the scheduler's next round
    assert set(AutoSend.objects.values_list("state", flat=True)) == {"sent"}
    assert told() == ["email", "email", "sms", "sms"]


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_rule_fired_twice_at_once_tells_once(rule: None, book_for: BookFixture, marie: Patient) -> None:
    """Two schedulers and two workers in the same second."""
    appointments = [book_for(marie, starts_at=timezone.now() + timedelta(days=day)) for day in range(2, 6)]
    start, faults = threading.Barrier(4), []

    def fire() -> None:
        try:
            start.wait(10)
            send_due()
        except Exception as fault:  # reported to the test, which fails
            faults.append(fault)
        finally:
            connection.close()

    workers = [threading.Thread(target=fire) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    send_due()  # in case one had skipped a locked row
    assert faults == []
    assert told() == ["email"] * len(appointments) + ["sms"] * len(appointments)
    assert SharedDocument.objects.count() == DocumentLink.objects.count() == len(appointments)


def test_after_three_hours_without_a_scheduler_everything_due_goes_once(
    access_plan: LibraryDocument, carol: User, book_for: BookFixture, marie: Patient
) -> None:
    for moment, hours in ((Moment.BOOKING, 0), (Moment.BEFORE, 24), (Moment.AFTER, 1)):
        content = RuleContent(name="Plan", documents=[access_plan], moment=moment, offset_hours=hours)
        save_rule(practice=access_plan.practice, content=content, by=carol)
    zone = access_plan.practice.zone
    noon = (timezone.localtime(timezone=zone) + timedelta(days=5)).replace(hour=12, minute=0, second=0, microsecond=0)
    appointment = book_for(marie, starts_at=noon)
    send_due()
    Message.objects.all().delete()
    back = noon - timedelta(hours=21)  # due at noon the day before; the scheduler is back at three
    assert (send_due(now=back), send_reminders(now=back)) == (1, 2)
    assert (send_due(now=back), send_reminders(now=back)) == (0, 0)
    assert told() == ["email", "email", "sms", "sms"]
    after = appointment.ends_at + timedelta(hours=4)
    assert (send_due(now=after), send_due(now=after)) == (1, 0)
    assert set(appointment.auto_sends.values_list("state", flat=True)) == {"sent"}


def test_every_task_run_twice_by_hand_ends_in_the_same_state(
    ids: dict[str, Any], book_for: BookFixture, marie: Patient
) -> None:
    """Each task has something due: a sending, a reminder, messages, webhooks, seals, files to sweep."""
    Reminder.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    book_for(marie)
    arguments = {"notifications.tasks.dispatch": [("email",), ("sms",)]}
    current_app.loader.import_default_modules()
    ours = sorted(name for name in current_app.tasks if not name.startswith(("celery.", "tests.")))
    assert {send_auto_sends.name, reminders_task.name} <= set(ours)

    def run_all() -> dict[str, str]:
        for name in ours:
            for given in arguments.get(name, [()]):
                current_app.tasks[name](*given)
        return rows()

    for _ in range(3):  # later tasks finish what earlier ones started
        run_all()
    settled = run_all()
    again = run_all()
    heartbeats = {table for table in again if "heartbeat" in table}
    assert {table for table in again if again[table] != settled[table]} <= heartbeats
    assert AutoSend.objects.filter(state="planned").count() == 0
    assert link_url(DocumentLink.objects.latest("created_at"))


@pytest.mark.parametrize("fold", [0, 1])
def test_the_clock_that_goes_back_sends_nothing_twice(
    fold: int, access_plan: LibraryDocument, carol: User, book_for: BookFixture, marie: Patient
) -> None:
    """02:30 occurs twice on the last Sunday of October: a scheduler that runs every minute sends once."""
    content = RuleContent(name="Après", documents=[access_plan], moment=Moment.AFTER, offset_hours=0)
    save_rule(practice=access_plan.practice, content=content, by=carol)
    zone = access_plan.practice.zone
    day = last_sunday(10)
    appointment = book_for(marie, starts_at=datetime(day.year, 10, day.day, 2, 30, fold=fold, tzinfo=zone))
    first = datetime(day.year, 10, day.day, 1, 59, tzinfo=zone).timestamp()
    asked = [datetime.fromtimestamp(first + 60 * minute, zone) for minute in range(0, 185, 5)]
    sent = [now for now in asked if send_due(now=now)]
    assert len(sent) == 1
    assert timedelta() <= sent[0].astimezone(appointment.ends_at.tzinfo) - appointment.ends_at < timedelta(minutes=5)
