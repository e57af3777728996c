"""Answering a reminder by its link: what it shows, what it does, and what ends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from appointments import reminders
from appointments.cancelling import cancel
from appointments.messages import ANSWERABLE_SMS, CONFIRMABLE_SMS
from appointments.models import AnswerLink, Appointment, AppointmentStatus, BookingPolicy
from appointments.moving import move
from appointments.parties import parties_of
from appointments.sms import sms_of
from audit.models import AuditEvent
from notifications.gsm import ONE_SEGMENT, septets
from notifications.models import Channel, Message
from patients.models import Patient
from patients.records import change_patient
from practices.models import Practice
from tests.documents.ways import on_day

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
TOKEN = re.compile(r"/r/([\w-]+)")


@pytest.fixture
def reminded(appointment: Appointment) -> Appointment:
    """Two days before, by email and SMS."""
    Practice.objects.update(address="3 rue des Lilas\n75011 Paris")
    Appointment.objects.update(
        starts_at=appointment.starts_at + timedelta(days=2), ends_at=appointment.ends_at + timedelta(days=2)
    )
    found = Appointment.objects.select_related("practice", "patient__practice", "agenda").get()
    reminders.follow(found)
    reminders.send_due(now=found.starts_at - timedelta(hours=23))
    return found


def token_in(channel: Channel) -> str:
    found = TOKEN.search(Message.objects.get(channel=channel, kind="reminder").body)
    assert found
    return found[1]


def press(token: str, appointment: Appointment, answer: str) -> str:
    said = {"appointment": str(appointment.pk), "answer": answer}
    return Client().post(f"/r/{token}", said, follow=True).content.decode()


@pytest.mark.parametrize("channel", Channel)
def test_the_link_shows_when_and_with_whom_and_opening_it_does_nothing(
    reminded: Appointment, channel: Channel
) -> None:
    lines = AuditEvent.objects.count()
    answer = Client().get(f"/r/{token_in(channel)}")
    page = answer.content.decode()
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    for shown in (
        reminded.practice.name_in_messages,
        f"{reminded.local_start:%H:%M}",
        "Alice Morel",
        *reminded.practice.address.splitlines(),
        f'href="tel:{reminded.practice.telephone}"',
        "Je confirme",
        "J’annule",
    ):
        assert shown in page
    for hidden in ("Marie", "Durand", reminded.visit_reason.name, "courriel.example"):
        assert hidden not in page
    reminded.refresh_from_db()
    assert (reminded.confirmed_at, reminded.status) == (None, AppointmentStatus.BOOKED)
    assert AuditEvent.objects.count() == lines


def test_the_sms_with_its_link_is_one_segment(reminded: Appointment) -> None:
    sms = Message.objects.get(channel=Channel.SMS, kind="reminder")
    assert (septets(sms.body) or ONE_SEGMENT + 1) <= ONE_SEGMENT
    assert token_in(Channel.SMS) not in AnswerLink.objects.values_list("digest", flat=True)


def test_the_sms_keeps_the_telephone_where_it_fits_and_before_names_where_only_a_call_cancels(
    reminded: Appointment,
) -> None:
    """Beside the link, in one segment."""
    party = parties_of(reminded)[0]
    link = f"https://docshare.example/r/{'x' * 16}"

    def sms(words: str, **first: bool) -> str:
        text = sms_of([reminded], party, words, link=link, **first)
        length = septets(text)
        assert length is not None
        assert length <= ONE_SEGMENT
        return text

    number = "01 40 00 00 00"
    doctor = reminded.agenda.practitioner
    assert doctor
    assert doctor.last_name in sms(ANSWERABLE_SMS)
    assert number not in sms(ANSWERABLE_SMS)
    assert number in sms(CONFIRMABLE_SMS, telephone_first=True)
    reminded.practice.name = "Cabinet médical pluridisciplinaire des Lilas et de la Roseraie"
    assert number in sms(CONFIRMABLE_SMS, telephone_first=True)
    reminded.agenda.practitioner, reminded.practice.name = None, "Cabinet"
    assert number in sms(ANSWERABLE_SMS)


def test_confirming_twice_is_recorded_once_and_staff_and_programs_see_it(
    reminded: Appointment, sign_in: SignIn, bob: User
) -> None:
    for _click in range(2):
        assert "Confirmé" in press(token_in(Channel.SMS), reminded, "confirm")
    assert AuditEvent.objects.filter(action="appointment.confirmed").count() == 1
    browser = sign_in(bob)
    day = f"{reminded.local_start:%Y-%m-%d}"
    for address in (f"/pro/?date={day}", f"/pro/appointments/{reminded.pk}/"):
        assert "confirmé" in browser.get(address).content.decode().lower()
    assert "Rendez-vous confirmé" in browser.get(f"/pro/appointments/{reminded.pk}/history/").content.decode()
    api = APIClient()
    api.force_authenticate(bob)
    assert api.get(f"/api/v1/appointments/{reminded.pk}/").json()["confirmed_at"]


def test_cancelling_asks_once_and_withdraws_a_confirmation(reminded: Appointment) -> None:
    token = token_in(Channel.EMAIL)
    press(token, reminded, "confirm")
    assert "Oui, annuler" in press(token, reminded, "cancel")
    reminded.refresh_from_db()
    assert reminded.status == AppointmentStatus.BOOKED
    for _click in range(2):
        assert "Annulé" in press(token, reminded, "cancel_for_sure")
    reminded.refresh_from_db()
    assert (reminded.status, reminded.confirmed_at) == (AppointmentStatus.CANCELLED, None)
    assert AuditEvent.objects.filter(action="appointment.cancelled").count() == 1


def test_after_the_practices_limit_it_sends_to_the_telephone(reminded: Appointment) -> None:
    BookingPolicy.objects.create(practice=reminded.practice, cancel_minutes=60 * 24 * 30)
    page = press(token_in(Channel.SMS), reminded, "cancel_for_sure")
    assert "appelez" in page
    assert f'href="tel:{reminded.practice.telephone}"' in page
    assert "J’annule" not in page
    reminded.refresh_from_db()
    assert reminded.status == AppointmentStatus.BOOKED


def _moved(appointment: Appointment, by: User) -> datetime:
    move(appointment=appointment, by=by, starts_at=appointment.starts_at + timedelta(hours=1))
    return timezone.now()


def _corrected(appointment: Appointment, by: User) -> datetime:
    change_patient(patient=appointment.patient, by=by, email="vraie@courriel.example", mobile="+33612000077")
    return timezone.now()


def _begun(appointment: Appointment, by: User) -> datetime:
    return appointment.starts_at


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("end", [_moved, _corrected, _begun])
def test_a_move_a_correction_and_the_start_end_it(
    reminded: Appointment, bob: User, end: Callable[[Appointment, User], datetime], channel: Channel
) -> None:
    token = token_in(channel)
    Message.objects.update(state="sent", sent_at=timezone.now())  # it is out there
    with on_day(end(reminded, bob)):
        page = Client().get(f"/r/{token}")
        assert page.status_code == 410
        press(token, reminded, "confirm")
        press(token, reminded, "cancel_for_sure")
    reminded.refresh_from_db()
    assert (reminded.confirmed_at, reminded.status) == (None, AppointmentStatus.BOOKED)


def test_a_waiting_reminder_that_goes_to_a_corrected_contact_has_a_link_of_its_own(
    reminded: Appointment, bob: User, marie: Patient
) -> None:
    former = token_in(Channel.EMAIL)
    change_patient(patient=marie, by=bob, email="vraie@courriel.example")
    assert Message.objects.get(channel=Channel.EMAIL, kind="reminder").to == "vraie@courriel.example"
    assert token_in(Channel.EMAIL) != former
    assert Client().get(f"/r/{token_in(Channel.EMAIL)}").status_code == 200
    assert Client().get(f"/r/{former}").status_code == 410


def test_a_move_forgets_that_the_former_time_was_confirmed(reminded: Appointment, bob: User) -> None:
    press(token_in(Channel.SMS), reminded, "confirm")
    reminded.refresh_from_db()
    assert reminded.confirmed_at
    _moved(reminded, bob)
    reminded.refresh_from_db()
    assert reminded.confirmed_at is None


def test_a_link_is_of_its_own_appointments_alone_and_a_guess_finds_nothing(
    reminded: Appointment, book_for: Callable[..., Appointment], marie: Patient, bob: User
) -> None:
    other = book_for(marie)
    press(token_in(Channel.SMS), other, "confirm")
    other.refresh_from_db()
    assert other.confirmed_at is None
    assert Client().get("/r/AAAAAAAAAAAAAAAA").status_code == 404
    token = token_in(Channel.SMS)
    cancel(appointment=reminded, by=bob)
    assert "Je confirme" not in Client().get(f"/r/{token}").content.decode()
