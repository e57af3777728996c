"""Workers that send what is due: several at once, with any number of rows, and with failures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import resolve_each
from audit.models import AuditEvent
from documents.library.catalogue import import_document
from documents.models import AutoSend, LibraryDocument, SharedDocument
from documents.sending import autosend, send
from documents.sending.autosend import send_batch, send_due
from documents.sending.rules import RuleContent, save_rule
from jobs.leases import MAX_ATTEMPTS
from notifications.models import Message
from patients.models import Patient
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db


def make_rule(*documents: LibraryDocument, by: User) -> None:
    save_rule(practice=documents[0].practice, content=RuleContent(name="Avant de venir", documents=documents), by=by)


@pytest.fixture
def three_documents(access_plan: LibraryDocument, receive: Any, carol: User) -> list[LibraryDocument]:
    others = [
        import_document(
            practice=access_plan.practice,
            intake=receive(name=f"{title}.pdf"),
            title=title,
            category=access_plan.category,
            by=carol,
        )
        for title in ("Questionnaire", "Préparation")
    ]
    return [access_plan, *others]


@pytest.fixture
def poisonous(monkeypatch: pytest.MonkeyPatch) -> Callable[[Appointment], None]:
    """A function after which sending for an appointment raises an unexpected error."""

    def _poison(appointment: Appointment) -> None:
        plain = resolve_each

        def resolve_or_fail(asked: Sequence[Appointment]) -> Any:
            if appointment in asked:
                raise ZeroDivisionError
            return plain(asked)

        monkeypatch.setattr(send, "resolve_each", resolve_or_fail)

    return _poison


def test_one_that_fails_holds_up_no_other_and_is_given_up_for_staff_to_see(
    access_plan: LibraryDocument,
    carol: User,
    book_for: BookFixture,
    marie: Patient,
    poisonous: Callable[[Appointment], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_rule(access_plan, by=carol)
    first, second = book_for(marie), book_for(marie)
    poisonous(first)
    assert send_due() == 1
    assert second.auto_sends.get().state == "sent"
    assert f"due for appointment {first.pk}: ZeroDivisionError" in caplog.text
    waits = []
    while (one := first.auto_sends.get()).state == "planned":
        assert one.retry_at
        waits.append(one.retry_at - timezone.now())
        assert send_due() == 0  # not yet due
        AutoSend.objects.update(retry_at=None)
        send_due()
        assert len(waits) <= MAX_ATTEMPTS
    assert len(waits) == MAX_ATTEMPTS
    assert waits[8] > 4 * waits[3]
    assert one.state == "failed"
    assert AuditEvent.objects.about(first.pk).filter(action="auto_send.failed").count() == 1


def test_what_killed_its_worker_comes_behind_the_others(
    access_plan: LibraryDocument, carol: User, book_for: BookFixture, marie: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_rule(access_plan, by=carol)
    deadly, other = book_for(marie), book_for(marie)

    def die(pk: Any, now: Any) -> bool:
        raise SystemExit

    monkeypatch.setattr(autosend, "BATCH", 1)
    with monkeypatch.context() as patch:
        patch.setattr(autosend, "_try", die)
        with pytest.raises(SystemExit):
            send_batch()
    assert send_due() == 1
    assert (deadly.auto_sends.get().state, other.auto_sends.get().state) == ("planned", "sent")
    assert send_due(now=timezone.now() + autosend.LEASE + timedelta(seconds=1)) == 1


def test_many_documents_cost_hardly_more_queries_than_one(
    three_documents: list[LibraryDocument], carol: User, book_for: BookFixture, marie: Patient
) -> None:
    def queries() -> int:
        book_for(marie)
        with CaptureQueriesContext(connection) as asked:
            assert send_batch()
        return len(asked)

    make_rule(three_documents[0], by=carol)
    one = queries()
    make_rule(*three_documents, by=carol)
    make_rule(*three_documents, by=carol)
    assert queries() == one
    assert SharedDocument.objects.count() == 1 + 7
    assert Message.objects.count() == 4


def test_many_bookings_make_few_tasks(
    access_plan: LibraryDocument,
    carol: User,
    book_for: BookFixture,
    marie: Patient,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    make_rule(access_plan, by=carol)
    current_app.control.purge()
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(20):
            book_for(marie)
    assert 1 <= current_app.control.purge() <= 4


@pytest.mark.servers("SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_share_the_work_and_send_each_once(
    three_documents: list[LibraryDocument], carol: User, book_for: BookFixture, marie: Patient
) -> None:
    make_rule(*three_documents, by=carol)
    for _ in range(120):
        book_for(marie)
    batches: dict[int, int] = {}
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        while send_batch():
            batches[threading.get_ident()] = batches.get(threading.get_ident(), 0) + 1
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(batches) == 3
    # Two workers claimed rows of one appointment while one was sending: it is retried within the lease.
    send_due(now=timezone.now() + autosend.LEASE + timedelta(seconds=1))
    assert set(AutoSend.objects.values_list("state", flat=True)) == {"sent"}
    assert SharedDocument.objects.count() == 360
    assert Message.objects.count() == 240
