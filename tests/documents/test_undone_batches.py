"""Documents for a day, undone as a whole within thirty seconds: nothing has left, or it says that it is too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment
from documents.models import LibraryDocument, ShareBatch, ShareBatchLine, SharedDocument, UndoableAct
from documents.models.batch import LineState
from documents.sharing.batch_sending import LEASE, SIZE, send_some
from documents.sharing.batches import draft
from documents.undoing.acts import close_ended_acts
from documents.undoing.batches import start_for_now, undo_start
from documents.undoing.journal import ChangedMeanwhile, TooLateToUndo
from jobs import leases
from notifications.models import Message
from notifications.wording import long_day
from patients.models import Patient
from portals.practitioner.undo_offer import LAST, LAST_BATCH
from tests.conftest import BookFixture
from tests.documents.undo_races import race
from tests.markup import page_text

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _thirty_seconds(settings: Settings) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)


@pytest.fixture
def batch(
    appointment: Appointment, book_for: BookFixture, alice: User, access_plan: LibraryDocument, marie: Patient
) -> ShareBatch:
    """The access plan for Marie, who is ready, and for Anne, who has no mobile."""
    anne = Patient.objects.create(
        practice=marie.practice, first_name="Anne", last_name="Petit", birth_date="1970-05-06", email="a@x.example"
    )
    return draft(
        practice=appointment.practice,
        day=appointment.local_start.date(),
        appointments=[appointment, book_for(anne)],
        documents=[access_plan],
        by=alice,
    )


def started(batch: ShareBatch, by: User) -> UndoableAct:
    act = start_for_now(batch=batch, by=by, session="s")
    assert act
    return act


def why_not(act: UndoableAct, by: User) -> str:
    with pytest.raises(TooLateToUndo) as refused:
        undo_start(act=act, by=by)
    return refused.value.sentence


def states(batch: ShareBatch) -> list[str]:
    return sorted(batch.lines.values_list("state", flat=True))


def let_time_pass() -> None:
    """The thirty seconds are over."""
    moment = timezone.now() - timedelta(seconds=1)
    ShareBatchLine.objects.update(due_at=moment)
    UndoableAct.objects.update(until=moment)


def test_nothing_of_a_batch_leaves_before_its_time_is_over_and_undone_it_is_a_draft_again(
    batch: ShareBatch, alice: User
) -> None:
    act = started(batch, alice)
    assert states(batch) == [LineState.NOT_READY, LineState.PLANNED]
    assert not send_some()
    for _click in range(2):
        undo_start(act=act, by=alice)
    batch.refresh_from_db()
    assert (batch.sent_at, batch.sent_by) == (None, None)
    assert states(batch) == [LineState.DRAFT, LineState.DRAFT]
    let_time_pass()
    assert not send_some()
    assert not SharedDocument.objects.exists()
    assert not Message.objects.exists()
    started(batch, alice)
    let_time_pass()
    assert send_some()
    assert SharedDocument.objects.count() == 1


def test_a_batch_that_a_worker_has_in_hand_or_has_sent_or_whose_time_is_over_is_not_undone(
    batch: ShareBatch, alice: User
) -> None:
    act = started(batch, alice)
    due = ShareBatchLine.objects.filter(state=LineState.PLANNED)
    with transaction.atomic():
        leases.claim(due, size=SIZE, lease=LEASE, now=timezone.now())
        assert "message" in why_not(act, alice)
        transaction.set_rollback(True)
    ShareBatchLine.objects.update(due_at=timezone.now())
    assert send_some()
    assert "message" in why_not(act, alice)
    assert states(batch) == [LineState.NOT_READY, LineState.SENT]
    let_time_pass()
    close_ended_acts()
    assert "délai" in why_not(act, alice)


def test_a_batch_whose_start_is_no_longer_theirs_is_not_undone(batch: ShareBatch, alice: User, bob: User) -> None:
    act = started(batch, alice)
    ShareBatch.objects.update(sent_by=bob)
    with pytest.raises(ChangedMeanwhile):
        undo_start(act=act, by=alice)


def test_its_page_offers_to_undo_it_to_who_started_it_in_that_session_alone(
    batch: ShareBatch, alice: User, bob: User, sign_in: SignIn
) -> None:
    doctor, address = sign_in(alice), f"/pro/batches/{batch.pk}/"
    for _click in range(2):
        doctor.post(f"{address}send/")
    act = UndoableAct.objects.get()
    assert "Annuler tout l’envoi" in page_text(doctor.get(address))
    assert "Annuler tout l’envoi" not in page_text(sign_in(bob).get(address))
    for other in (sign_in(bob), sign_in(alice)):
        assert other.post(f"/pro/acts/{act.pk}/undo/").status_code == 404
    answer = doctor.post(f"/pro/acts/{act.pk}/undo/")
    assert answer["Location"] == address
    page = page_text(doctor.get(address))
    assert "aucun document n’est parti" in page
    assert "Partager 1 document" in page
    doctor.post(f"{address}send/")
    let_time_pass()
    assert send_some()
    late = UndoableAct.objects.get(closed_at=None)
    assert doctor.post(f"/pro/acts/{late.pk}/undo/")["Location"] == address
    assert "Trop tard pour annuler" in page_text(doctor.get(address))
    assert SharedDocument.objects.count() == 1


def test_the_next_pages_offer_to_undo_a_batch_and_name_its_day_until_something_newer_is_done(
    batch: ShareBatch, appointment: Appointment, alice: User, sign_in: SignIn
) -> None:
    doctor, elsewhere = sign_in(alice), "/pro/deliveries/"
    doctor.post(f"/pro/batches/{batch.pk}/send/")
    shown = page_text(doctor.get(elsewhere))
    assert "Annuler tout l’envoi" in shown
    assert f"documents du {long_day(batch.day, weekday=True)} à plusieurs patients" in shown
    doctor.post(f"/pro/appointments/{appointment.pk}/cancel/")
    assert "Annuler l’annulation" in page_text(doctor.get(elsewhere))
    newest, first = UndoableAct.objects.order_by("-made_at")
    doctor.post(f"/pro/acts/{newest.pk}/undo/")
    assert "Annuler tout l’envoi" in page_text(doctor.get(elsewhere))  # still possible
    doctor.post(f"/pro/acts/{first.pk}/undo/")
    assert states(batch) == [LineState.DRAFT, LineState.DRAFT]
    assert "data-undo-bar" not in doctor.get(elsewhere).content.decode()
    assert {LAST, LAST_BATCH}.isdisjoint(doctor.session.keys())


def test_what_the_release_before_reads_in_the_session_is_never_a_batch(
    batch: ShareBatch, alice: User, sign_in: SignIn
) -> None:
    doctor = sign_in(alice)
    doctor.post(f"/pro/batches/{batch.pk}/send/")
    assert LAST_BATCH in doctor.session
    assert LAST not in doctor.session


@pytest.mark.servers("two connections, and rows that workers skip")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["worker", "undo"])
def test_a_worker_and_an_undoing_of_a_batch_at_the_same_moment_agree_on_who_was_first(
    batch: ShareBatch, alice: User, first: str
) -> None:
    act = started(batch, alice)
    ShareBatchLine.objects.update(due_at=timezone.now() - timedelta(seconds=1))  # the last instant of the thirty s

    def claim() -> list[ShareBatchLine]:
        now = timezone.now()
        return leases.claim(ShareBatchLine.objects.due(now), size=SIZE, lease=LEASE, now=now)

    claimed, too_late = race(first, claim=claim, undo=lambda: undo_start(act=act, by=alice))
    batch.refresh_from_db()
    if first == "worker":
        assert claimed
        assert too_late
        assert batch.sent_at is not None
    else:
        assert not claimed
        assert batch.sent_at is None
