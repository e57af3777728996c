"""A slot is held for ten minutes: nobody else books it online meanwhile, and no program empties an agenda."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from appointments import holds
from appointments.holds import LASTS, MOST_OF_AN_ORIGIN, TooManyHolds, forget_ended_holds, hold_slot
from appointments.models import Agenda, AppointmentKind, BookedFor, SlotHold, VisitReason
from appointments.online import SlotTaken, book_online
from appointments.slots import Slot, free_slots
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder

pytestmark = pytest.mark.django_db


@pytest.fixture
def slots(open_agenda: Agenda, visit_reason: VisitReason, next_week: Any) -> list[Slot]:
    return free_slots(agenda=open_agenda, visit_reason=visit_reason, first=next_week, last=next_week)


def held(agenda: Agenda, reason: VisitReason, slot: Slot, origin: str = "a", **more: Any) -> SlotHold:
    return hold_slot(
        agenda=agenda,
        visit_reason=reason,
        starts_at=slot.start,
        kind=AppointmentKind.IN_PERSON,
        origin=origin,
        **more,
    )


def book(agenda: Agenda, reason: VisitReason, slot: Slot, holder: User, **more: Any) -> Any:
    return book_online(
        holder=holder,
        agenda=agenda,
        visit_reason=reason,
        starts_at=slot.start,
        kind=AppointmentKind.IN_PERSON,
        booked_for=BookedFor.SELF,
        **more,
    )


def test_a_held_slot_is_nobody_elses(
    open_agenda: Agenda, visit_reason: VisitReason, slots: list[Slot], holder: User
) -> None:
    held(open_agenda, visit_reason, slots[0])
    day = slots[0].start.date()
    left = free_slots(agenda=open_agenda, visit_reason=visit_reason, first=day, last=day)
    assert [slot.start for slot in left] == [slot.start for slot in slots[1:]]
    with pytest.raises(SlotTaken):
        book(open_agenda, visit_reason, slots[0], holder)
    with pytest.raises(SlotTaken):
        held(open_agenda, visit_reason, slots[0], origin="b")


def test_its_own_visitor_books_it_and_the_hold_ends(
    open_agenda: Agenda, visit_reason: VisitReason, slots: list[Slot], holder: User
) -> None:
    one = held(open_agenda, visit_reason, slots[0])
    made = book(open_agenda, visit_reason, slots[0], holder, hold=one.pk)
    assert made.starts_at == slots[0].start
    assert not SlotHold.objects.exists()


def test_after_ten_minutes_it_is_free_again(
    open_agenda: Agenda, visit_reason: VisitReason, slots: list[Slot], holder: User
) -> None:
    one = held(open_agenda, visit_reason, slots[0])
    assert timedelta(minutes=10) == LASTS
    SlotHold.objects.filter(pk=one.pk).update(expires_at=timezone.now())
    assert book(open_agenda, visit_reason, slots[0], holder).starts_at == slots[0].start


def test_a_hold_does_not_open_another_slot(
    open_agenda: Agenda, visit_reason: VisitReason, slots: list[Slot], holder: User
) -> None:
    mine = held(open_agenda, visit_reason, slots[0])
    held(open_agenda, visit_reason, slots[1], origin="b")
    with pytest.raises(SlotTaken):
        book(open_agenda, visit_reason, slots[1], holder, hold=mine.pk)


def test_another_choice_gives_up_the_former(
    open_agenda: Agenda, visit_reason: VisitReason, slots: list[Slot]
) -> None:
    first = held(open_agenda, visit_reason, slots[0])
    second = held(open_agenda, visit_reason, slots[1], instead_of=first.pk)
    assert list(SlotHold.objects.all()) == [second]


def test_one_origin_holds_a_few_slots_an_hour(
    open_agenda: Agenda, visit_reason: VisitReason, slots: list[Slot]
) -> None:
    last = None
    for _ in range(MOST_OF_AN_ORIGIN):
        last = held(open_agenda, visit_reason, slots[0], instead_of=last.pk if last else None)
    with pytest.raises(TooManyHolds):
        held(open_agenda, visit_reason, slots[1])
    assert held(open_agenda, visit_reason, slots[1], origin="somebody else").starts_at == slots[1].start


def test_programs_do_not_empty_an_agenda(
    open_agenda: Agenda, visit_reason: VisitReason, slots: list[Slot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "MOST_OF_AN_AGENDA", 3)
    for number in range(3):
        held(open_agenda, visit_reason, slots[number], origin=str(number))
    with pytest.raises(TooManyHolds):
        held(open_agenda, visit_reason, slots[4], origin="one more")


def test_what_is_not_open_online_is_not_held(
    open_agenda: Agenda, visit_reason: VisitReason, slots: list[Slot]
) -> None:
    visit_reason.books_online = False
    visit_reason.save()
    with pytest.raises(ValidationError):
        held(open_agenda, visit_reason, slots[0])


def test_ended_holds_are_removed(open_agenda: Agenda, visit_reason: VisitReason, slots: list[Slot]) -> None:
    held(open_agenda, visit_reason, slots[0])
    SlotHold.objects.update(expires_at=timezone.now() - timedelta(hours=2))
    held(open_agenda, visit_reason, slots[1])
    assert forget_ended_holds() == 1
    assert SlotHold.objects.count() == 1
