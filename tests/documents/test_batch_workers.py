"""Two workers and two batches of the same documents at once: each recipient gets each document once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.library.catalogue import import_document
from documents.models import LibraryDocument, ShareBatchLine, SharedDocument
from documents.models.batch import LineState
from documents.sharing import batch_sending
from documents.sharing.batch_sending import send_some
from documents.sharing.batches import draft, start
from notifications.models import Message
from patients.models import Patient
from tests.conftest import BookFixture

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("announced_together"),
]
APPOINTMENTS = 12


@pytest.fixture
def three_documents(access_plan: LibraryDocument, receive: Any, carol: User) -> list[LibraryDocument]:
    others = [
        import_document(
            intake=receive(name=f"{title}.pdf"),
            title=title,
            practice=access_plan.practice,
            category=access_plan.category,
            by=carol,
        )
        for title in ("Questionnaire", "Préparation")
    ]
    return [access_plan, *others]


@pytest.fixture
def day(marie: Patient, book_for: BookFixture) -> list[Appointment]:
    def one(number: int) -> Appointment:
        contacts = {"email": f"anne{number}@courriel.example", "mobile": f"+3361200{number:04d}"}
        patient = Patient.objects.create(
            practice=marie.practice,
            first_name=f"Anne{number}",
            last_name="Petit",
            birth_date=date(1970, 5, 6),
            **contacts,
        )
        first = book_for(patient)
        return book_for(patient, starts_at=first.starts_at + timedelta(minutes=20 * number))

    return [one(number) for number in range(APPOINTMENTS)]


def side_by_side(*work: Callable[[], object]) -> list[BaseException]:
    """Runs them at once; returns what they raised."""
    ready, raised = threading.Barrier(len(work)), []

    def run(one: Callable[[], object]) -> None:
        try:
            ready.wait(30)
            one()
        except BaseException as error:  # for the test to see
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[one]) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return raised


def test_two_workers_send_each_line_once(
    day: list[Appointment],
    three_documents: list[LibraryDocument],
    alice: User,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Claims end in the middle of an appointment, so that both workers come to it; two colleagues, each with a batch,
    and each clicks twice."""
    monkeypatch.setattr(batch_sending, "SIZE", 4)
    practice, on = day[0].practice, day[0].local_start.date()
    Message.objects.all().delete()
    batches = [
        draft(practice=practice, day=on, appointments=day, documents=three_documents, by=by) for by in (alice, bob)
    ]
    clicks = [partial(start, batch=batch, by=batch.made_by) for batch in batches * 2]
    assert side_by_side(*clicks) == []
    ShareBatchLine.objects.update(due_at=timezone.now())  # both batches in turn, not one after the other
    worked: Counter[int] = Counter()

    def work() -> None:
        while send_some():
            worked[threading.get_ident()] += 1

    assert side_by_side(work, work) == []
    if connection.vendor == "postgresql":  # SQLite lets a writer starve while another writes without a pause
        assert len(worked) == 2
    states = Counter(ShareBatchLine.objects.values_list("state", flat=True))
    assert states == {LineState.SENT: 3 * APPOINTMENTS, LineState.ALREADY: 3 * APPOINTMENTS}
    assert not ShareBatchLine.objects.exclude(lease_until=None).exists()
    shared = SharedDocument.objects.values_list("appointment", "library_version")
    assert len(shared) == len(set(shared)) == 3 * APPOINTMENTS
    assert AuditEvent.objects.filter(action="document.shared").count() == 3 * APPOINTMENTS
    told = Counter(Message.objects.values_list("about", "channel"))
    assert set(told.values()) == {1}
    assert len(told) == 2 * APPOINTMENTS
