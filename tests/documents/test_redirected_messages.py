"""Correcting a contact redirects the patient's own messages, and nobody else's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from appointments.authorisation import authorise_holder
from appointments.booking import place
from appointments.messages import plan_booking_messages
from appointments.models import Appointment, AppointmentKind, BookedFor, Reminder
from appointments.reminders import send_due
from documents.models import SharedDocument
from documents.sharing.accesses import accesses_to, end_access, restore_holder_access
from notifications.models import Channel, Message, MessageState
from patients.models import Patient
from patients.records import change_patient
from tests.personal_data.house import House, furnish

pytestmark = pytest.mark.django_db
FAMILY = "family@example.org"


@pytest.fixture
def house() -> House:
    return furnish("lilas", mobile="+33612345678")


def waiting(to: str) -> list[str]:
    found = Message.objects.filter(to=to, state=MessageState.QUEUED, subject__startswith="Rappel")
    return [message.body for message in found]


@pytest.fixture
def couple(house: House) -> list[Patient]:
    """Two patients with one mailbox, and one reminder of both appointments, at 9 and at 11."""
    people = [
        Patient.objects.create(
            practice=house.practice, first_name=name, last_name="X", birth_date=date(1960, 1, 1),
            email=FAMILY, mobile=mobile,
        )
        for name, mobile in (("Ada", "+33688888801"), ("Bob", "+33688888802"))
    ]  # fmt: skip
    nine = timezone.localtime() + timedelta(days=3)
    nine = nine.replace(hour=9, minute=0, second=0, microsecond=0)
    for patient, hours in zip(people, (0, 2), strict=True):
        place(
            agenda=house.agenda, visit_reason=house.reason, patient=patient, by=house.doctor,
            starts_at=nine + timedelta(hours=hours), kind=AppointmentKind.IN_PERSON,
        )  # fmt: skip
    theirs = Appointment.objects.filter(patient__in=people)
    Reminder.objects.filter(appointment__in=theirs, channel=Channel.EMAIL).update(due_at=timezone.now())
    assert send_due()
    (body,) = waiting(FAMILY)
    assert "09:00 et 11:00" in body
    return people


@pytest.mark.parametrize("who", [0, 1])
def test_a_reminder_of_two_people_is_parted(house: House, couple: list[Patient], who: int) -> None:
    change_patient(patient=couple[who], by=house.doctor, email="new@example.org")
    assert not waiting(FAMILY)
    assert not waiting("new@example.org")
    assert send_due()
    times = ["09:00", "11:00"]
    (moved,), (stayed,) = waiting("new@example.org"), waiting(FAMILY)
    assert times[who] in moved
    assert times[1 - who] not in moved
    assert times[1 - who] in stayed
    assert times[who] not in stayed


def test_what_waits_for_the_holder_stays_the_holders(house: House) -> None:
    patient = Patient.objects.create(
        practice=house.practice, first_name="Ada", last_name="X", birth_date=date(1960, 1, 1),
        email=house.own.email, mobile="+33688888801",
    )  # fmt: skip
    appointment = house.book(patient, 4, holder=house.own, booked_for=BookedFor.ADULT_RELATIVE)
    plan_booking_messages(appointment)
    authorise_holder(appointment=appointment, by=house.doctor)
    assert house.share(appointment).audience == "holder"
    queued = Message.objects.filter(about=appointment.pk, channel=Channel.EMAIL, state=MessageState.QUEUED)
    before = set(queued.values_list("pk", "to"))
    assert len(before) == 2
    change_patient(patient=patient, by=house.doctor, email="ada@example.org")
    assert set(queued.values_list("pk", "to")) == before


@pytest.fixture
def of_a_child(house: House) -> SharedDocument:
    """A child's document, not yet announced to its holder."""
    born = timezone.localdate() - timedelta(days=3000)
    child = Patient.objects.create(practice=house.practice, first_name="Zoé", last_name="X", birth_date=born)
    document = house.share(house.book(child, 4, holder=house.own, booked_for=BookedFor.MINOR_RELATIVE))
    assert document.audience == "holder"
    return document


def told(document: SharedDocument) -> list[str]:
    return sorted(document.messages.filter(state=MessageState.QUEUED).values_list("channel", flat=True))


def test_a_slip_in_a_birth_date_does_not_lose_the_message(house: House, of_a_child: SharedDocument) -> None:
    child = of_a_child.patient
    born = child.birth_date
    change_patient(patient=child, by=house.doctor, birth_date=date(1980, 1, 1))
    assert told(of_a_child) == []
    change_patient(patient=child, by=house.doctor, birth_date=born)
    assert told(of_a_child) == ["email", "sms"]


def test_an_access_that_is_given_back_is_told_of(house: House, of_a_child: SharedDocument) -> None:
    child = of_a_child.patient
    (access,) = [one for one in accesses_to(child) if one.account == house.own]
    assert end_access(patient=child, access_id=access.id, by=house.doctor)
    assert told(of_a_child) == []
    assert restore_holder_access(patient=child, holder=house.own, by=house.doctor)
    assert told(of_a_child) == ["email", "sms"]
