"""A booking, a share, a correction and another merge at the same moment as a merge."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from accounts.models import User
from appointments.booking import book
from appointments.models import Agenda, Appointment, VisitReason
from documents.merging.merge import merge_records
from documents.models import SharedDocument
from documents.sharing.share import take_back
from patients.models import Patient, RecordMerge
from patients.records import change_patient
from tests.at_once import at_once
from tests.documents.merging.conftest import Share

Book = Callable[..., Appointment]
pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def while_merging(marie: Patient, double: Patient, by: User, do: Callable[[], object]) -> list[object]:
    """What `do` returns, begun while the merge holds its locks."""
    done: list[object] = []

    def other() -> None:
        try:
            done.append(do())
        except Exception as error:
            done.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    with transaction.atomic():
        merge_records(kept=marie, other=double, by=by)
        thread.start()
        time.sleep(1)
        assert not done, "it did not wait"
    thread.join(30)
    return done


def test_a_share_lands_on_the_record_that_stays(
    marie: Patient, double: Patient, book_for: Book, share: Share, bob: User
) -> None:
    appointment = book_for(double)
    [shared] = while_merging(marie, double, bob, lambda: share(Appointment.objects.get(pk=appointment.pk)))
    assert isinstance(shared, SharedDocument), shared
    assert shared.patient == marie
    assert SharedDocument.objects.get().patient == marie


def test_a_booking_lands_on_the_record_that_stays(
    marie: Patient, double: Patient, agenda: Agenda, visit_reason: VisitReason, book_for: Book, bob: User
) -> None:
    at = book_for(marie).starts_at
    [made] = while_merging(
        marie, double, bob,
        lambda: book(agenda=agenda, visit_reason=visit_reason, patient=double, starts_at=at, by=bob),
    )  # fmt: skip
    assert isinstance(made, Appointment), made
    assert made.patient == marie


def test_a_correction_of_the_other_record_finds_it_gone(marie: Patient, double: Patient, bob: User) -> None:
    [refused] = while_merging(
        marie, double, bob, lambda: change_patient(patient=double, by=bob, email="neuf@x.example")
    )
    assert isinstance(refused, Patient.DoesNotExist)


def test_the_document_is_taken_back_meanwhile(
    marie: Patient, double: Patient, book_for: Book, share: Share, bob: User
) -> None:
    shared = share(book_for(double))
    [result] = while_merging(marie, double, bob, lambda: take_back(document=shared, by=bob))
    assert result is None
    assert not SharedDocument.objects.exists()


def test_two_merges_of_the_same_pair_in_both_directions_make_one(marie: Patient, double: Patient, bob: User) -> None:
    def one(number: int) -> str:
        kept, other = (marie, double) if number % 2 else (double, marie)
        try:
            return str(merge_records(kept=kept, other=other, by=bob).pk)
        except Patient.DoesNotExist:
            return ""

    results = at_once(one, 8)
    assert RecordMerge.objects.count() == 1
    assert set(results) == {"", str(RecordMerge.objects.get().kept_id)}
