"""Free times are offered to the waiting list by rank, held meanwhile, and answered once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments import offers
from appointments.booking import book
from appointments.cancelling import cancel
from appointments.holds import hold_slot
from appointments.models import (
    Agenda,
    Appointment,
    AppointmentKind,
    Closing,
    OfferState,
    ReminderPolicy,
    SlotHold,
    SlotOffer,
    VisitReason,
    WaitingEnd,
    WaitingEntry,
)
from appointments.moving import move
from appointments.offers import (
    LASTS,
    MOST_ATTEMPTS,
    OfferOver,
    WrongBirthDateOfOffer,
    accept,
    find_offer,
    is_open,
    offer_url,
    prove,
    refuse,
    sweep,
)
from appointments.online import SlotTaken
from appointments.waiting import contacts_to_offer, put_on_list, take_off_list
from documents.merging.merge import merge_records
from notifications.models import Message, MessageState
from patients.models import Patient
from patients.records import change_patient
from practices.models import Practice
from tests.appointments.conftest import at

pytestmark = pytest.mark.django_db


class Desk:
    """An agenda that is full on one day; two patients with appointments a week later want an earlier time."""

    def __init__(self, agenda: Agenda, reason: VisitReason, staff: User) -> None:
        self.agenda, self.reason, self.staff = agenda, reason, staff
        self.day = timezone.localdate() + timedelta(days=7)
        Closing.objects.create(
            practice=agenda.practice,
            starts_at=timezone.now() - timedelta(days=1),
            ends_at=at(agenda, self.day, 0),
            reason="Congés",
        )
        self.full = Closing.objects.create(
            practice=agenda.practice,
            starts_at=at(agenda, self.day, 0),
            ends_at=at(agenda, self.day + timedelta(days=8), 0),
            reason="Complet",
        )
        self.first = self.waits("Marie", 9)
        self.second = self.waits("Luc", 10)

    @property
    def freed(self) -> datetime:
        return at(self.agenda, self.day, 9)

    def free(self, start: datetime | None = None, minutes: int = 20) -> None:
        """Free one time: the closing ends there, and another begins after it."""
        start = start or self.freed
        whole, self.full.ends_at = self.full.ends_at, start
        self.full.starts_at = min(self.full.starts_at, start - timedelta(minutes=1))
        self.full.save()
        Closing.objects.create(
            practice=self.agenda.practice, starts_at=start + timedelta(minutes=minutes), ends_at=whole, reason="Reste"
        )

    def waits(self, name: str, hour: int, **wishes: Any) -> WaitingEntry:
        patient = Patient.objects.create(
            practice=self.agenda.practice, first_name=name, last_name="Durand", birth_date=date(1980, 1, hour),
            email=f"{name.lower()}@courriel.example", mobile=f"+336123400{hour:02}",
        )  # fmt: skip
        start = at(self.agenda, self.day + timedelta(days=7), hour)
        made = book(agenda=self.agenda, visit_reason=self.reason, patient=patient, starts_at=start, by=self.staff)
        return put_on_list(
            patient=patient,
            visit_reason=self.reason,
            agendas=[self.agenda],
            appointment=made,
            by=self.staff,
            **wishes,
        )

    def offer(self) -> SlotOffer:
        found = find_offer(offer_url(SlotOffer.objects.get(state=OfferState.OPEN)).rpartition("/")[2])
        assert found
        return found


@pytest.fixture
def desk(open_agenda: Agenda, visit_reason: VisitReason, bob: User, monkeypatch: pytest.MonkeyPatch) -> Desk:
    noon = datetime.combine(timezone.localdate(), datetime.min.time(), open_agenda.practice.zone) + timedelta(
        hours=12
    )
    monkeypatch.setattr(timezone, "now", lambda: noon.astimezone(timezone.get_default_timezone()))
    return Desk(Agenda.objects.select_related("practice").get(pk=open_agenda.pk), visit_reason, bob)


def waiting_messages() -> list[Message]:
    return list(Message.objects.filter(topic="waiting", state=MessageState.QUEUED).order_by("channel"))


def test_nothing_is_offered_while_nothing_is_free(desk: Desk) -> None:
    assert sweep() == 0


def test_the_first_by_rank_is_offered_the_time_once_and_it_is_held(desk: Desk) -> None:
    desk.free()
    assert sweep() == 1
    assert sweep() == 0
    offer = desk.offer()
    assert (offer.entry, offer.starts_at) == (desk.first, desk.freed)
    email, sms = waiting_messages()
    assert {email.to, sms.to} == {"marie@courriel.example", "+33612340009"}
    for message in (email, sms):
        assert offer_url(offer) in message.body
        assert desk.reason.name not in message.body + message.html
    with pytest.raises(SlotTaken):
        hold_slot(
            agenda=desk.agenda,
            visit_reason=desk.reason,
            starts_at=desk.freed,
            kind=AppointmentKind.IN_PERSON,
            origin="x",
        )


def test_accepted_the_appointment_moves_there_and_the_wish_ends(desk: Desk) -> None:
    desk.free()
    sweep()
    offer = desk.offer()
    moved = accept(offer)
    assert (moved.pk, moved.starts_at) == (desk.first.appointment_id, desk.freed)
    desk.first.refresh_from_db()
    assert desk.first.end == WaitingEnd.ACCEPTED
    assert not SlotHold.objects.exists()
    assert not waiting_messages()
    with pytest.raises(OfferOver):
        accept(offer)
    assert Appointment.objects.count() == 2


def test_refused_or_unanswered_it_goes_to_the_next(desk: Desk) -> None:
    desk.free()
    sweep()
    refuse(desk.offer())
    assert sweep() == 1
    assert desk.offer().entry == desk.second
    assert sweep(now=timezone.now() + LASTS) == 0
    assert {one.state for one in SlotOffer.objects.all()} == {OfferState.REFUSED, OfferState.EXPIRED}
    assert WaitingEntry.objects.live().count() == 2  # for another time


def test_who_leaves_the_list_is_offered_nothing_more(desk: Desk) -> None:
    desk.free()
    sweep()
    refuse(desk.offer(), leave=True)
    desk.first.refresh_from_db()
    assert desk.first.end == WaitingEnd.DECLINED


def test_a_time_booked_over_by_staff_is_not_given_twice(desk: Desk, marie: Patient) -> None:
    desk.free()
    sweep()
    offer = desk.offer()
    book(agenda=desk.agenda, visit_reason=desk.reason, patient=marie, starts_at=desk.freed, by=desk.staff)
    with pytest.raises(OfferOver):
        accept(offer)
    assert Appointment.objects.filter(starts_at=desk.freed).count() == 1
    assert not is_open(desk_offer(offer))
    assert WaitingEntry.objects.live().count() == 2


@pytest.mark.parametrize("act", ["moved earlier", "reason changed"])
def test_what_no_longer_suits_the_appointment_is_withdrawn_at_once(desk: Desk, act: str) -> None:
    desk.free()
    sweep()
    longer = VisitReason.objects.create(practice=desk.agenda.practice, name="Bilan", duration_minutes=60)
    longer.agendas.add(desk.agenda)
    appointment = desk.first.appointment
    assert appointment
    changes: dict[str, Any] = (
        {"visit_reason": longer} if act == "reason changed" else {"starts_at": desk.freed - timedelta(days=1)}
    )
    offer = desk.offer()
    move(appointment=appointment, by=desk.staff, **changes)
    assert not SlotOffer.objects.exists()
    assert not SlotHold.objects.exists()
    assert not waiting_messages()
    with pytest.raises(OfferOver):
        accept(offer)
    with pytest.raises(OfferOver):
        refuse(offer)
    assert WaitingEntry.objects.live().count() == 2


@pytest.mark.parametrize("closed", ["agenda", "reason", "offering", "practice"])
def test_what_the_practice_has_closed_since_is_not_to_be_had(desk: Desk, closed: str, client: Client) -> None:
    desk.free()
    sweep()
    match closed:
        case "agenda":
            Agenda.objects.update(is_active=False)
        case "reason":
            VisitReason.objects.update(is_active=False)
        case "offering":
            desk.reason.agendas.clear()
        case "practice":
            Practice.objects.update(suspended_at=timezone.now())
    offer, born = desk.offer(), desk.first.patient.birth_date
    with pytest.raises(OfferOver):
        accept(offer)
    address = "/o/" + offer_url(offer).rpartition("/o/")[2]
    said = {"answer": "accept", "birth_date_0": born.day, "birth_date_1": born.month, "birth_date_2": born.year}
    page = client.post(address, said)
    assert page.status_code == 410
    assert "plus valable" in page.content.decode()
    assert not Appointment.objects.filter(starts_at=desk.freed).exists()


def test_an_error_in_one_practice_holds_up_no_other(
    desk: Desk, other_practice: Practice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk.free()
    elsewhere = Patient.objects.create(
        practice=other_practice, first_name="Zoé", last_name="Ailleurs", birth_date=date(1980, 1, 1)
    )
    reason = VisitReason.objects.create(practice=other_practice, name="Suivi", duration_minutes=20)
    WaitingEntry.objects.create(practice=other_practice, patient=elsewhere, visit_reason=reason)
    real = contacts_to_offer

    def fails(entry: WaitingEntry) -> Any:
        return 1 / 0 if entry.practice_id == other_practice.pk else real(entry)

    monkeypatch.setattr(offers, "contacts_to_offer", fails)
    assert sweep() == 1
    assert f"Offers of practice {other_practice.pk}: ZeroDivisionError" in caplog.text


def desk_offer(offer: SlotOffer) -> SlotOffer:
    found = find_offer(offer_url(offer).rpartition("/")[2])
    assert found
    return found


@pytest.mark.parametrize(
    "wishes", [{"weekdays": "another"}, {"halves": ["afternoon"]}, {"until": "before"}], ids=["day", "half", "until"]
)
def test_a_time_that_does_not_suit_is_not_offered(desk: Desk, wishes: dict[str, Any]) -> None:
    told = {
        "another": [(desk.day.weekday() + 1) % 7],
        "before": desk.day - timedelta(days=1),
    }
    changed = {name: told.get(value, value) if isinstance(value, str) else value for name, value in wishes.items()}
    WaitingEntry.objects.filter(pk=desk.first.pk).update(**changed)
    desk.free()
    assert sweep() == 1
    assert desk.offer().entry == desk.second


def test_nothing_is_offered_at_night_or_so_late_that_the_answer_would_fall_into_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.free()
    policy = ReminderPolicy(practice=desk.agenda.practice)
    monkeypatch.setattr(ReminderPolicy, "of", lambda _practice: policy)
    midnight = datetime.combine(desk.day - timedelta(days=2), datetime.min.time(), desk.agenda.practice.zone)
    evening = datetime.combine(midnight.date(), policy.quiet_from, midnight.tzinfo) - timedelta(minutes=30)
    assert sweep(now=midnight + timedelta(hours=3)) == 0
    assert sweep(now=evening) == 0
    assert sweep(now=midnight + timedelta(hours=12)) == 1


def test_a_time_too_near_is_not_offered(desk: Desk) -> None:
    desk.free()
    assert sweep(now=desk.freed - timedelta(hours=2)) == 0


def test_whoever_cannot_be_reached_is_passed_over(desk: Desk) -> None:
    Patient.objects.filter(first_name="Marie").update(email=None, mobile=None)
    desk.free()
    sweep()
    assert desk.offer().entry == desk.second


def test_a_cancelled_time_is_offered_and_without_an_appointment_one_is_booked(
    desk: Desk, marie: Patient, book_for: Callable[..., Appointment]
) -> None:
    for one in (desk.first, desk.second):
        take_off_list(entry=one, by=desk.staff)
    put_on_list(patient=marie, visit_reason=desk.reason, agendas=[desk.agenda], by=desk.staff, until=desk.day)
    desk.free()
    taken = book_for(desk.first.patient, starts_at=desk.freed)
    assert sweep() == 0
    cancel(appointment=taken, by=desk.staff)
    assert sweep() == 1
    made = accept(desk.offer())
    assert (made.patient, made.starts_at, made.visit_reason) == (marie, desk.freed, desk.reason)


def test_the_fifth_wrong_birth_date_closes_the_offer_and_the_right_one_opens_it(desk: Desk) -> None:
    desk.free()
    sweep()
    offer = desk.offer()
    prove(offer, birth_date=offer.entry.patient.birth_date)
    for _try in range(MOST_ATTEMPTS):
        with pytest.raises(WrongBirthDateOfOffer):
            prove(offer, birth_date=date(1970, 1, 1))
    with pytest.raises(OfferOver):
        prove(offer, birth_date=offer.entry.patient.birth_date)
    assert not SlotHold.objects.exists()


def test_a_link_sent_to_former_contacts_opens_nothing(desk: Desk) -> None:
    desk.free()
    sweep()
    Patient.objects.filter(first_name="Marie").update(email="neuf@courriel.example")
    assert not is_open(desk.offer())


def test_what_was_offered_to_a_record_that_became_part_of_another_is_offered_anew(desk: Desk, carol: User) -> None:
    desk.free()
    sweep()
    marie = desk.first.patient
    kept = Patient.objects.create(
        practice=marie.practice, first_name="Marie", last_name="Durand", birth_date=marie.birth_date,
        email="garde@courriel.example", mobile="+33612349999",
    )  # fmt: skip
    merge_records(kept=kept, other=marie, by=carol)
    assert waiting_messages() == []
    assert not SlotHold.objects.exists()
    assert sweep() == 1
    assert (desk.offer().entry, desk.offer().starts_at) == (desk.first, desk.freed)
    assert {message.to for message in waiting_messages()} == {"garde@courriel.example", "+33612349999"}
    assert is_open(desk.offer())


def test_what_was_offered_to_a_contact_that_staff_corrected_is_withdrawn_and_offered_anew(desk: Desk) -> None:
    desk.free()
    sweep()
    former, marie = desk.offer(), desk.first.patient
    change_patient(patient=marie, email="neuf@courriel.example", by=desk.staff)
    assert waiting_messages() == []
    assert not SlotHold.objects.exists()
    assert find_offer(offer_url(former).rpartition("/")[2]) is None
    assert sweep() == 1
    assert (desk.offer().entry, desk.offer().starts_at) == (desk.first, desk.freed)
    assert {message.to for message in waiting_messages()} == {"neuf@courriel.example", "+33612340009"}
