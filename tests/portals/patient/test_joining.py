"""A new patient books without an account: slot, identity, two codes, password; each page without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.booking import book
from appointments.models import Agenda, Appointment, BookedFor, SlotHold, VisitReason
from notifications.models import Channel, Message
from patients.models import Patient, RecordTie, SignUp
from patients.sign_up import forget_old_sign_ups
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.conftest import PASSWORD
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
EMAIL, MOBILE = "nadia.benali@courriel.example", "+33639980099"
NADIA = {
    "who": "self", "first_name": "Nadia", "last_name": "Benali", "day": "3", "month": "2", "year": "1984",
    "mobile": "06 39 98 00 99", "email": EMAIL,
}  # fmt: skip
JOIN, CODES, LAST = "/book/join/", "/book/join/codes/", "/book/join/password/"


@pytest.fixture
def hold_url(open_agenda: Agenda, visit_reason: VisitReason) -> str:
    return f"/book/{open_agenda.pk}/{visit_reason.pk}/in_person/hold/"


@pytest.fixture
def start(open_agenda: Agenda, visit_reason: VisitReason, next_week: date) -> str:
    page = Client().get(f"/book/{open_agenda.pk}/{visit_reason.pk}/in_person/?from={next_week}").content.decode()
    return str(re.findall(r'name="start"[^>]*value="([^"]+)"', one_line(page))[0])


@pytest.fixture
def visitor(hold_url: str, start: str) -> Client:
    """Has chosen a slot."""
    client = Client()
    assert client.post(hold_url, {"start": start})["Location"] == JOIN
    return client


def codes() -> dict[str, str]:
    """The newest code of each kind, as sent."""
    sms = Message.objects.filter(channel=Channel.SMS, to=MOBILE).latest("created_at")
    email = Message.objects.filter(channel=Channel.EMAIL, to=EMAIL).latest("created_at")
    found = {"mobile_code": re.search(r"\b\d{6}\b", sms.body), "email_code": re.search(r"\b\d{6}\b", email.body)}
    return {name: match[0] for name, match in found.items() if match}


def joined(visitor: Client, **changed: str) -> Client:
    """The visitor once both codes were given."""
    assert visitor.post(JOIN, NADIA | changed)["Location"] == CODES
    assert visitor.post(CODES, codes())["Location"] == LAST
    return visitor


def test_from_slot_to_appointment(visitor: Client) -> None:
    assert SlotHold.objects.count() == 1
    assert not User.objects.filter(email=EMAIL).exists()
    answer = joined(visitor).post(LAST, {"password": PASSWORD}, follow=True)
    assert "Votre rendez-vous est pris" in answer.content.decode()
    made = Appointment.objects.get()
    user = User.objects.get(email=EMAIL)
    assert (made.holder, made.booked_for, made.patient.last_name) == (user, BookedFor.SELF, "Benali")
    assert (user.mobile, user.birth_date, user.mobile_verified_at is not None) == (MOBILE, date(1984, 2, 3), True)
    assert not SlotHold.objects.exists()
    assert not SignUp.objects.exists()


def test_every_page_shows_the_slot_and_until_when_it_is_held(visitor: Client) -> None:
    for address, send in ((JOIN, NADIA), (CODES, None), (LAST, None)):
        if address == LAST:
            visitor.post(CODES, codes())
        page = one_line(visitor.get(address).content.decode())
        assert "Ce créneau vous est réservé jusqu’à" in page, address
        assert "Changer de créneau" in page
        if send:
            visitor.post(address, send)


def test_a_wrong_code_says_which_and_a_right_one_is_not_asked_again(visitor: Client) -> None:
    visitor.post(JOIN, NADIA)
    right = codes()
    page = visitor.post(CODES, right | {"email_code": "000000"}, follow=True).content.decode()
    assert page.count("Ce code n’est pas le bon") == 2  # in the summary and beside the field
    assert 'name="mobile_code"' not in page
    assert visitor.post(CODES, {"email_code": right["email_code"]})["Location"] == LAST


def test_new_codes_void_the_former(visitor: Client) -> None:
    visitor.post(JOIN, NADIA)
    former = codes()
    visitor.post(CODES, {"resend": "1"})
    assert codes() != former
    assert "Ce code n’est pas le bon" in visitor.post(CODES, former, follow=True).content.decode()
    assert visitor.post(CODES, codes())["Location"] == LAST


def test_nobody_learns_that_an_account_exists(visitor: Client, hugo: User, hold_url: str, start: str) -> None:
    assert visitor.post(JOIN, NADIA | {"email": hugo.email})["Location"] == CODES
    known = one_line(visitor.get(CODES).content.decode())
    letter = Message.objects.get(channel=Channel.EMAIL, to=hugo.email)
    assert "Vous avez déjà un compte" in letter.subject
    assert not re.search(r"\b\d{6}\b", letter.body)
    link = re.search(r"http\S+/account/login/\?\S+", letter.body)
    assert link
    [back] = parse_qs(urlsplit(link[0]).query)["next"]
    assert back.startswith("/book/")
    visitor.force_login(hugo)
    assert visitor.get(back).status_code == 200  # the slot that was chosen, with its time and offset
    other = Client()
    other.post(hold_url, {"start": start})
    SlotHold.objects.all().delete()
    other.post(hold_url, {"start": start})
    other.post(JOIN, NADIA)
    unknown = one_line(other.get(CODES).content.decode())

    def without_particulars(page: str) -> str:
        page = re.sub(r'(value|content|href)="[^"]*"|<strong[^>]*>[^<]*</strong>', "", page)
        page = re.sub(r'"[A-Za-z0-9]{64}"', "", page)
        return re.sub(r"\d\d:\d\d", "", page)

    assert without_particulars(known) == without_particulars(unknown)


def over_it(agenda: Agenda, reason: VisitReason, start: str, staff: User) -> None:
    """Staff agree to the doubt, and book over the held slot."""
    patient = Patient.objects.create(
        practice=agenda.practice, first_name="Luc", last_name="Petit", birth_date=date(1960, 1, 1)
    )
    book(agenda=agenda, visit_reason=reason, patient=patient, starts_at=datetime.fromisoformat(start), by=staff)


@pytest.mark.parametrize("at", ["join", "codes", "password"])
def test_staff_who_take_a_held_slot_take_nothing_that_was_typed(
    visitor: Client, at: str, open_agenda: Agenda, visit_reason: VisitReason, start: str, bob: User
) -> None:
    if at == "codes":
        visitor.post(JOIN, NADIA)
    elif at == "password":
        joined(visitor)
    over_it(open_agenda, visit_reason, start, bob)
    address, typed = {
        "join": (JOIN, NADIA), "codes": (CODES, codes() if at == "codes" else {}),
        "password": (LAST, {"password": PASSWORD}),
    }[at]  # fmt: skip
    page = visitor.post(address, typed, follow=True)
    text = one_line(page.content.decode())
    assert page.status_code == 409
    assert "Ce créneau n’est plus libre" in text
    assert "Ce que vous avez saisi est gardé" in text
    if at == "password":  # the account is open
        offered = re.findall(r'href="(/book/[^"]+whom/\?start=[^"]+)"', text)
        assert visitor.get(offered[0]).status_code == 200
        assert User.objects.filter(email=EMAIL).exists()
        return
    assert visitor.get(JOIN).status_code == 409
    [hold_at] = set(re.findall(r'action="(/book/[^"]+/hold/)"', text))
    [other, *_more] = re.findall(r'name="start" value="([^"]+)"', text)
    next_page = visitor.post(hold_at, {"start": other}, follow=True)
    assert next_page.status_code == 200
    if at == "join":
        visitor.post(CODES, codes())
    visitor.post(LAST, {"password": PASSWORD})
    made = Appointment.objects.get(patient__last_name="Benali")
    assert made.starts_at == datetime.fromisoformat(other)


@pytest.mark.parametrize("who", ["minor_relative", "adult_relative"])
def test_for_somebody_else_the_account_comes_first_and_the_slot_stays(visitor: Client, who: str) -> None:
    answer = joined(visitor, who=who).post(LAST, {"password": PASSWORD})
    assert "/confirm/?start=" in answer["Location"]
    assert not Appointment.objects.exists()
    child = {"first_name": "Zoé", "last_name": "Benali", "day": "1", "month": "5", "year": "2018"}
    person = child if who == "minor_relative" else child | {"year": "1950"}
    page = visitor.post(answer["Location"], person, follow=True).content.decode()
    assert "est pris" in page
    assert Appointment.objects.get().booked_for == who
    assert not SlotHold.objects.exists()


def test_a_record_with_the_same_identity_and_contacts_is_theirs(visitor: Client, open_agenda: Agenda) -> None:
    known = Patient.objects.create(
        practice=open_agenda.practice, first_name="Nadia", last_name="Benali", birth_date=date(1984, 2, 3),
        email=EMAIL, mobile=MOBILE,
    )  # fmt: skip
    joined(visitor).post(LAST, {"password": PASSWORD})
    assert Appointment.objects.get().patient == known
    assert RecordTie.objects.get().patient == known


def test_a_record_with_another_birth_date_stays_closed(visitor: Client, open_agenda: Agenda) -> None:
    other = Patient.objects.create(
        practice=open_agenda.practice, first_name="Nadia", last_name="Benali", birth_date=date(1990, 2, 3),
        email=EMAIL, mobile=MOBILE,
    )  # fmt: skip
    joined(visitor).post(LAST, {"password": PASSWORD})
    assert Appointment.objects.get().patient != other
    assert not RecordTie.objects.filter(patient=other).exists()


def test_after_ten_minutes_the_way_goes_on_where_the_slot_is_still_free(
    visitor: Client, hold_url: str, start: str
) -> None:
    visitor.post(JOIN, NADIA)
    SlotHold.objects.update(expires_at=timezone.now())
    over = visitor.get(CODES)
    assert over.status_code == 410
    assert "Reprendre ce créneau" in over.content.decode()
    assert visitor.post(hold_url, {"start": start})["Location"] == CODES
    visitor.post(CODES, codes())
    assert "est pris" in visitor.post(LAST, {"password": PASSWORD}, follow=True).content.decode()


def test_a_slot_taken_meanwhile_offers_the_next(visitor: Client, hold_url: str, start: str) -> None:
    other = Client()
    page = other.post(hold_url, {"start": start})
    assert page.status_code == 409
    assert "Les prochains créneaux libres" in page.content.decode()


def test_everything_wrong_is_said_at_once_and_kept(visitor: Client) -> None:
    page = visitor.post(JOIN, {"who": "self", "first_name": "Nadia"}, follow=True).content.decode()
    for sentence in ("Saisissez votre nom.", "Saisissez votre numéro de mobile.", "Saisissez votre adresse e-mail."):
        assert sentence in page
    assert 'value="Nadia"' in page
    assert not Message.objects.exists()


def test_a_page_without_a_slot_says_where_to_begin(client: Client) -> None:
    for address in (JOIN, CODES, LAST):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "Choisissez d’abord un créneau" in answer.content.decode()


def test_no_step_is_skipped(visitor: Client) -> None:
    assert visitor.get(CODES)["Location"] == JOIN
    assert visitor.post(LAST, {"password": PASSWORD})["Location"] == CODES
    visitor.post(JOIN, NADIA)
    assert visitor.post(LAST, {"password": PASSWORD})["Location"] == CODES
    assert not User.objects.filter(email=EMAIL).exists()


def test_a_get_holds_and_sends_nothing(client: Client, hold_url: str, start: str) -> None:
    assert client.get(hold_url, {"start": start}).status_code == 405
    assert not SlotHold.objects.exists()


def test_whoever_is_signed_in_books_as_before(sign_in: SignIn, holder: User, hold_url: str, start: str) -> None:
    client = sign_in(holder)
    assert "/whom/?start=" in client.post(hold_url, {"start": start})["Location"]
    assert not SlotHold.objects.exists()


def test_one_address_asks_for_few_accounts(hold_url: str, start: str) -> None:
    client, answer = Client(), None
    client.post(hold_url, {"start": start})
    for number in range(6):
        answer = client.post(JOIN, NADIA | {"email": f"n{number}@courriel.example"}, follow=True)
    assert answer is not None
    assert "Trop de comptes ont été demandés" in answer.content.decode()
    assert SignUp.objects.count() == 5


def test_what_was_never_finished_is_removed(visitor: Client) -> None:
    visitor.post(JOIN, NADIA)
    SignUp.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert visitor.get(CODES)["Location"] == JOIN
    assert forget_old_sign_ups() == 1


def test_a_form_of_another_hold_does_nothing(visitor: Client, hold_url: str, start: str) -> None:
    other: dict[str, Any] = NADIA | {"hold": "00000000-0000-0000-0000-000000000000"}
    assert "rien n’a été fait" in visitor.post(JOIN, other, follow=True).content.decode()
    assert not SignUp.objects.exists()
