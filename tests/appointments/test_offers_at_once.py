"""Answers to an offer and acts of staff, at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from appointments import offers, waiting
from appointments.booking import book
from appointments.cancelling import cancel
from appointments.doubts import Doubtful
from appointments.models import Appointment, OfferState, SlotOffer, WaitingEntry
from appointments.offers import OfferOver, accept, refuse, sweep
from appointments.waiting import take_off_list
from patients.models import Patient
from refusals import Refusal
from tests.appointments.test_offers import Desk
from tests.appointments.test_offers import desk as desk
from tests.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ACCEPTING = 5


def refused(act: Callable[[], object]) -> type[Refusal] | None:
    try:
        act()
    except Refusal as refusal:
        return type(refusal)
    return None


def test_one_time_is_given_once_whoever_accepts_or_books_it(desk: Desk, marie: Patient) -> None:
    desk.free()
    sweep()
    found = [desk.offer() for _each in range(ACCEPTING)]

    def act(number: int) -> type[Refusal] | None:
        if number < ACCEPTING:
            return refused(lambda: accept(found[number]))
        return refused(
            lambda: book(
                agenda=desk.agenda,
                visit_reason=desk.reason,
                patient=marie,
                starts_at=desk.freed,
                by=desk.staff,
                accepted=(),
            )
        )

    told = at_once(act, ACCEPTING + 1)
    assert Appointment.objects.filter(starts_at=desk.freed).count() == 1
    assert told[:ACCEPTING].count(OfferOver) >= ACCEPTING - 1
    assert told[-1] is Doubtful  # its time was held, then taken


@pytest.mark.parametrize("answer", ["accept", "leave"])
def test_whoever_answers_and_staff_who_end_the_wish_do_not_wait_for_each_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    desk.free()
    sweep()
    offer, closing, real = desk.offer(), threading.Event(), waiting.close

    def close(found: SlotOffer, state: OfferState) -> None:
        closing.set()  # the other one begins while this one holds the offer
        threading.Event().wait(0.3)
        real(found, state)

    for module in (offers, waiting):
        monkeypatch.setattr(module, "close", close)
    appointment = desk.first.appointment
    assert appointment

    def act(number: int) -> type[Refusal] | None:
        if number == 0:
            return refused(lambda: accept(offer) if answer == "accept" else refuse(offer, leave=True))
        closing.wait(10)
        if answer == "accept":
            return refused(lambda: take_off_list(entry=desk.first, by=desk.staff))
        return refused(lambda: cancel(appointment=appointment, by=desk.staff))

    assert at_once(act, 2) == [None, None]
    assert not WaitingEntry.objects.live().filter(pk=desk.first.pk).exists()
