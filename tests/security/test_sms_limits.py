"""SMS cost money and disturb people: limits for each account, practice and number."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import phonenumbers
import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as site
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.codes import TooManyCodes
from accounts.mobile import ask_for_mobile
from accounts.models import OneTimeCode, User
from appointments.limits import set_sms_limits
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, OpeningHours, Reminder, VisitReason
from appointments.moving import move
from appointments.online import book_online
from appointments.reminders import send_due
from audit.models import AuditEvent
from docshare.environment import Environment
from docshare.sms_settings import countries, hour_and_day
from notifications import sms_limits
from notifications.causes import Cause
from notifications.models import Channel, Message, MessageState, SmsPolicy
from notifications.outbox import Together, plan_sms, send_elsewhere
from notifications.sms_limits import SmsRefused
from notifications.sms_numbers import COUNTRIES, unfit
from patients.codes import send_invitation_code
from patients.invitations import invitation_for
from patients.models import Patient
from patients.relatives import Person
from portals.activity_words import activity_page
from portals.api.errors import exception_handler
from practices.activity import activity_in
from practices.models import Practice
from tests.conftest import PASSWORD

SignIn = Callable[[User], Client]
TERRITORIES = {
    "Réunion": "+262692123456",
    "Mayotte": "+262639012345",
    "Guadeloupe": "+590690001234",
    "Saint-Martin": "+590690381234",
    "Guyane": "+594694201234",
    "Martinique": "+596696201234",
    "Nouvelle-Calédonie": "+687751234",
    "Polynésie": "+68987123456",
    "Wallis-et-Futuna": "+681821234",
    "Saint-Pierre-et-Miquelon": "+508551234",
}
NEVER = {
    "Inmarsat": "+870773111632",
    "Iridium": "+881612345678",
    "Thuraya": "+88216123456",
    "network +882": "+882161234567",
    "network +883": "+883510012345",
    "relief": "+888123456789",
    "premium, worldwide": "+979123456789",
    "freephone, worldwide": "+80012345678",
    "shared cost, worldwide": "+80812345678",
    "personal, worldwide": "+878101234567890",
    "premium": "+33899701234",
    "shared cost": "+33820712345",
    "freephone": "+33801234567",
    "landline": "+33123456789",
    "short": "+3336300",
    "premium of Switzerland": "+41900123456",
    "no number": "+330",
    "nothing": "",
}


def number(which: int) -> str:
    return f"+3361200{which:04d}"


def sms(**facts: Any) -> Message:
    return plan_sms(text="x", language="fr", **({"to": number(1)} | facts))


def sent() -> int:
    return Message.objects.filter(channel=Channel.SMS, state=MessageState.QUEUED).count()


@pytest.fixture
def holder(hugo: User) -> User:
    EmailAddress.objects.create(user=hugo, email=hugo.email, verified=True, primary=True)
    hugo.birth_date = date(1979, 6, 17)
    hugo.save()
    return hugo


# --- Where an SMS goes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", TERRITORIES)
def test_the_territories_of_france_get_sms(place: str) -> None:
    assert unfit(TERRITORIES[place], countries=site.SMS_COUNTRIES) is None


@pytest.mark.parametrize("what", NEVER)
def test_no_sms_goes_to_what_is_not_a_mobile_of_a_country_whoever_allows_it(what: str) -> None:
    assert unfit(NEVER[what], countries=[*COUNTRIES, "001"]) == Cause.NOT_A_MOBILE


@pytest.mark.parametrize("region", sorted(COUNTRIES))
def test_a_mobile_of_every_country_gets_sms_if_the_country_is_allowed(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return
    written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    allowed = phonenumbers.region_code_for_number(example) in site.SMS_COUNTRIES
    assert unfit(written, countries=site.SMS_COUNTRIES) == (None if allowed else Cause.COUNTRY)


def test_the_countries_that_are_allowed_without_a_word() -> None:
    assert {"FR", "RE", "DE", "CH", "MC", "GB", "PL"} <= set(site.SMS_COUNTRIES)
    assert not {"US", "RU", "GG", "IM", "JE", "MA", "NO", "001"} & set(site.SMS_COUNTRIES)
    assert len(site.SMS_COUNTRIES) == 12 + 27 + 3


@pytest.mark.django_db
def test_a_practice_allows_its_own_countries(practice: Practice, other_practice: Practice, carol: User) -> None:
    abroad = "+12015550123"
    assert sms(to=abroad, practice=practice.pk).cause == Cause.COUNTRY
    policy = SmsPolicy(an_hour=5, a_day=5, countries=["US"])
    set_sms_limits(practice=practice, policy=policy, by=carol)
    assert sms(to=abroad, practice=practice.pk).state == MessageState.QUEUED
    assert sms(practice=practice.pk).cause == Cause.COUNTRY
    assert sms(to=abroad, practice=other_practice.pk).cause == Cause.COUNTRY
    assert sms(to=abroad).state == MessageState.QUEUED  # the code of an account outside any practice
    line = AuditEvent.objects.get(action="practice.sms_limits_changed")
    assert line.detail["countries_added"] == ["US"]
    assert set(line.detail["countries_removed"]) == set(site.SMS_COUNTRIES)
    assert {name: line.detail[name] for name in ("an_hour", "a_day", "a_day_before")} == {
        "an_hour": 5, "a_day": 5, "a_day_before": site.SMS_PER_PRACTICE[1],
    }  # fmt: skip


# --- How many ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_one_account_causes_few_sms_whatever_numbers_it_gives(hugo: User, settings: Settings) -> None:
    settings.CODES_AN_HOUR = 100  # codes have a lower limit of their own
    for which in range(10):
        ask_for_mobile(user=hugo, mobile=number(which))
    for which in range(10, 106):
        with pytest.raises(SmsRefused) as refused:
            ask_for_mobile(user=hugo, mobile=number(which))
    assert sent() == 10
    assert 0 < (refused.value.retry_after or 0) <= 3600
    assert "Réessayez dans" in refused.value.sentence
    assert OneTimeCode.objects.count() == 10  # a code that was not sent does not count


@pytest.mark.django_db
@pytest.mark.parametrize("asked", ["+12015550123", "+870773111632"])
def test_a_code_to_a_number_abroad_is_refused_with_a_sentence(asked: str, hugo: User, sign_in: SignIn) -> None:
    browser = sign_in(hugo)
    browser.post("/account/reauthenticate/", {"password": PASSWORD})
    answer = browser.post(reverse("patient:mobile"), {"mobile": asked})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "n’envoyons pas de SMS" in page or "ne peut pas recevoir de SMS" in page
    assert not Message.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "setting"),
    [
        ({"account": uuid.uuid4()}, "SMS_PER_ACCOUNT"),
        ({"account": uuid.uuid4(), "by_staff": True}, "SMS_PER_STAFF"),
        ({"practice": uuid.uuid4()}, "SMS_PER_PRACTICE"),
        ({}, "SMS_PER_NUMBER"),
    ],
)
@pytest.mark.parametrize("window", [(3, 100), (100, 3)])
def test_each_limit_holds_for_an_hour_and_for_a_day(
    facts: dict[str, Any], setting: str, window: tuple[int, int], settings: Settings
) -> None:
    setattr(settings, setting, window)
    one_number = setting == "SMS_PER_NUMBER"
    planned = [sms(to=number(1 if one_number else which), **facts) for which in range(5)]
    assert [one.state for one in planned] == ["queued"] * 3 + ["failed"] * 2
    assert {(one.cause, one.body) for one in planned[3:]} == {(Cause.TOO_MANY, "")}
    others = {name: uuid.uuid4() if name != "by_staff" else True for name in facts}
    assert sms(to=number(9), **others).state == MessageState.QUEUED  # somebody else's


@pytest.mark.django_db
def test_an_sms_that_is_refused_counts_nowhere(settings: Settings) -> None:
    settings.SMS_PER_NUMBER = (1, 1)
    settings.SMS_PER_ACCOUNT = (2, 2)
    account = uuid.uuid4()
    assert sms(account=account).state == MessageState.QUEUED
    for _again in range(5):
        assert sms(account=account).state == MessageState.FAILED
    assert sms(to=number(2), account=account).state == MessageState.QUEUED
    assert sms(to=number(3), account=account).state == MessageState.FAILED


@pytest.mark.django_db
def test_there_is_room_again_after_the_hour(settings: Settings) -> None:
    settings.SMS_PER_NUMBER = (1, 9)
    sms()
    store = sms_limits._store()
    hourly = list(store.keys("sms:*:3600"))
    assert len(hourly) == 1
    assert 3590 < store.ttl(hourly[0]) <= 3600
    assert all(number(1).encode() not in key for key in store.keys("*"))
    store.pexpire(hourly[0], 1)
    threading.Event().wait(0.05)
    assert sms().state == MessageState.QUEUED


@pytest.mark.django_db
def test_without_the_shared_store_the_database_counts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SMS_PER_NUMBER = (3, 9)
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    sms_limits._store.cache_clear()
    try:
        planned = [sms() for _time in range(5)]
    finally:
        sms_limits._store.cache_clear()
    assert [one.state for one in planned] == ["queued"] * 3 + ["failed"] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("store", ["redis://127.0.0.1:1/0", None])
def test_sms_planned_together_are_counted_one_after_the_other(store: str | None, settings: Settings) -> None:
    settings.SMS_PER_NUMBER = (3, 9)
    settings.CACHE_URL = store or settings.CACHE_URL
    sms_limits._store.cache_clear()
    sms()
    together = Together()
    try:
        planned = [sms(together=together) for _time in range(4)]
        assert sent() == 1
        together.write()
    finally:
        sms_limits._store.cache_clear()
    assert [one.state for one in planned] == ["queued"] * 2 + ["failed"] * 2
    assert sent() == 3
    assert sms().state == MessageState.FAILED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scope", ["account", "practice", "number"])
def test_forty_at_once_keep_to_the_limit(scope: str, settings: Settings) -> None:
    settings.SMS_PER_ACCOUNT = settings.SMS_PER_PRACTICE = (5, 50)
    settings.SMS_PER_NUMBER = (5, 50)
    key = uuid.uuid4()
    begin = threading.Barrier(40)
    faults: list[BaseException] = []

    def one(which: int) -> None:
        try:
            begin.wait(30)
            plan_sms(
                to=number(1 if scope == "number" else which),
                text="x",
                language="fr",
                account=key if scope == "account" else None,
                practice=key if scope == "practice" else None,
            )
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(which,)) for which in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert Message.objects.filter(state=MessageState.QUEUED).count() == 5
    assert Message.objects.filter(state=MessageState.FAILED, cause=Cause.TOO_MANY).count() == 35


def test_sms_are_planned_and_sent_elsewhere_in_one_place() -> None:
    rooms = ("docshare", *site.ROOMS)
    files = [
        file for room in rooms for file in (site.BASE_DIR / room).rglob("*.py") if "migrations" not in file.parts
    ]
    makes = re.compile(r"\bMessage\(\s*channel=|\bMessage\.objects\.(create|bulk_create)\(|message\.to = ")
    found = {str(file.relative_to(site.BASE_DIR)) for file in files if makes.search(file.read_text())}
    by_the_operator = "docshare/management/commands/sendtest.py"  # one at a time, to test a setting
    assert found == {"notifications/outbox.py", by_the_operator}


# --- What causes SMS -----------------------------------------------------------------------------------------


@pytest.fixture
def booked(agenda: Agenda, visit_reason: VisitReason, holder: User) -> Callable[[int], Appointment]:
    """Hugo books for a stranger with unproved contacts, another one each time."""
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(9), closes_at=time(12))
    day = timezone.localdate(timezone=agenda.practice.zone) + timedelta(days=7)

    def _book(which: int) -> Appointment:
        stranger = Person("Paul", f"Nº{which}", date(1950, 1, 1), f"p{which}@courriel.example", number(which))
        moment = datetime.combine(
            day + timedelta(days=which // 9), time(9 + which % 9 // 3, which % 3 * 20), agenda.practice.zone
        )
        return book_online(
            holder=holder,
            agenda=agenda,
            visit_reason=visit_reason,
            starts_at=moment,
            kind=AppointmentKind.IN_PERSON,
            booked_for=BookedFor.ADULT_RELATIVE,
            person=stranger,
        )

    return _book


@pytest.mark.django_db
def test_bookings_for_strangers_are_no_cannon(
    booked: Callable[[int], Appointment], holder: User, alice: User
) -> None:
    made = [booked(which) for which in range(20)]
    to_strangers = Message.objects.filter(channel=Channel.SMS, to__startswith="+3361200")
    assert sent() <= 10
    assert to_strangers.filter(state=MessageState.QUEUED).count() <= 10
    assert Message.objects.filter(channel=Channel.EMAIL, to__startswith="p").count() == 20  # emails still leave
    before = sent()
    for one in made[:5]:  # an unproved contact's SMS count for its giver, whoever moves the appointment
        move(appointment=one, starts_at=one.starts_at + timedelta(days=40), by=alice)
    assert to_strangers.filter(state=MessageState.QUEUED).count() + 0 <= 10
    assert Message.objects.filter(to=holder.mobile, state=MessageState.QUEUED).count() <= 10
    assert sent() - before <= 5  # to the holder, on behalf of the staff who moved them


@pytest.mark.django_db
def test_reminders_to_strangers_count_for_who_gave_the_numbers(
    booked: Callable[[int], Appointment], settings: Settings
) -> None:
    settings.SMS_PER_ACCOUNT = (1000, 1000)
    made = [booked(which) for which in range(9)]
    Message.objects.all().delete()
    settings.SMS_PER_ACCOUNT = (22, 22)  # 18 are counted already
    Reminder.objects.filter(appointment__in=made, channel=Channel.SMS).update(due_at=timezone.now())
    noon = timezone.localtime().replace(hour=12)
    send_due(now=max(noon, timezone.now()))
    to_strangers = Message.objects.filter(channel=Channel.SMS, to__startswith="+3361200")
    assert to_strangers.filter(state=MessageState.QUEUED).count() <= 4
    assert to_strangers.filter(cause=Cause.TOO_MANY).count() >= to_strangers.count() - 4


@pytest.mark.django_db
def test_an_sms_that_waits_is_sent_elsewhere_within_the_limits(practice: Practice) -> None:
    """Staff correct the record's mobile while a message about its appointment waits."""
    here = sms(practice=practice.pk)
    send_elsewhere(here, to=number(2))
    assert (here.to, here.state) == (number(2), MessageState.QUEUED)
    send_elsewhere(here, to="+12015550123")
    here.refresh_from_db()
    assert (here.state, here.cause, here.body) == (MessageState.FAILED, Cause.COUNTRY, "")


@pytest.mark.django_db
def test_codes_of_invitations_count_for_the_practice(marie: Patient, alice: User, settings: Settings) -> None:
    settings.SMS_PER_PRACTICE = (2, 2)
    invitation = invitation_for(patient=marie, by=alice)
    for _time in range(2):
        send_invitation_code(invitation=invitation)
    with pytest.raises((SmsRefused, TooManyCodes)) as refused:
        send_invitation_code(invitation=invitation)
    assert isinstance(refused.value, SmsRefused)
    assert set(Message.objects.filter(channel=Channel.SMS).values_list("practice", flat=True)) == {marie.practice_id}


# --- What people see -----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_staff_see_which_sms_did_not_leave_and_why(
    booked: Callable[[int], Appointment], bob: User, charlie: User, sign_in: SignIn, settings: Settings
) -> None:
    settings.SMS_PER_ACCOUNT = (1, 1)
    appointment = booked(1)
    page = sign_in(bob).get("/pro/deliveries/").content.decode()
    assert "Messages de rendez-vous non remis" in page
    assert f"/pro/appointments/{appointment.pk}/" in page
    assert "Trop de SMS étaient déjà partis" in page
    assert "Messages de rendez-vous non remis" not in sign_in(charlie).get("/pro/deliveries/").content.decode()


@pytest.mark.django_db
def test_an_administrator_sets_the_limits_on_a_page(practice: Practice, carol: User, sign_in: SignIn) -> None:
    browser = sign_in(carol)
    assert "Pays où partent des SMS" in browser.get("/pro/settings/limits/").content.decode()
    good = {"an_hour": "7", "a_day": "9", "countries": "fr, be ; ch", "sms": "1"}
    assert browser.post("/pro/settings/limits/", good).status_code == 302
    policy = SmsPolicy.of(practice.pk)
    assert (policy.limits, policy.countries) == ((7, 9), ["FR", "BE", "CH"])
    for countries_or_number in ({"countries": "FR, XX, 001"}, {"countries": ""}, {"an_hour": "0"}, {"a_day": "many"}):
        answer = browser.post("/pro/settings/limits/", good | countries_or_number)
        assert answer.status_code == 400, countries_or_number
    for wrong in ("", "0", "-1", "many", "1.5", "10001", "9" * 30):
        page = browser.post("/pro/settings/limits/", good | {"an_hour": wrong}).content.decode()
        assert "Donnez un nombre entier de 1 à 10000." in page, wrong
    assert SmsPolicy.of(practice.pk).countries == ["FR", "BE", "CH"]
    booking = {"most_upcoming": "9", "most_per_person": "2", "most_a_day": "0"}
    assert browser.post("/pro/settings/limits/", booking).status_code == 400
    assert browser.post("/pro/settings/limits/", booking | {"most_a_day": "5"}).status_code == 302
    practice.refresh_from_db()
    assert practice.booking_policy.most_upcoming == 9
    line = AuditEvent.objects.get(action="practice.booking_limits_changed")
    assert line.detail == {
        "most_upcoming": 9, "most_upcoming_before": 20, "most_per_person": 2, "most_per_person_before": 3,
        "most_a_day": 5, "most_a_day_before": 20,
    }  # fmt: skip
    words = [note for one in activity_page(activity_in(practice), None).lines for note in one.notes]
    assert f"SMS au plus en une heure\u00a0: 7 au lieu de {site.SMS_PER_PRACTICE[0]}" in words
    assert "Rendez-vous à venir au plus, par compte\u00a0: 9 au lieu de 20" in words
    assert any(one.startswith("Pays retirés\u00a0: ") and "DE" in one for one in words)


@pytest.mark.django_db
def test_only_administrators_set_them(bob: User, sign_in: SignIn) -> None:
    assert sign_in(bob).get("/pro/settings/limits/").status_code in (403, 404)


def test_the_api_says_when_to_try_again() -> None:
    answer = exception_handler(SmsRefused(Cause.TOO_MANY, 90), {})
    assert answer is not None
    assert (answer.status_code, answer["Retry-After"]) == (429, "90")
    assert answer.data["errors"][0]["code"] == "too_many"
    never = exception_handler(SmsRefused(Cause.COUNTRY), {})
    assert never is not None
    assert never.status_code == 400


@pytest.mark.parametrize("written", ["10", "10,5", "a,b", "0,5", "1,2,3", "-1,5"])
def test_a_limit_that_is_none_stops_the_start(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_PER_ACCOUNT", written)
    with pytest.raises(ImproperlyConfigured, match="SMS in an hour and in a day"):
        hour_and_day(Environment(), "SMS_PER_ACCOUNT", (10, 30))


def test_limits_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_PER_ACCOUNT", "5, 6")
    monkeypatch.setenv("SMS_COUNTRIES", "fr,BE")
    assert hour_and_day(Environment(), "SMS_PER_ACCOUNT", (10, 30)) == (5, 6)
    assert countries(Environment(), "SMS_COUNTRIES") == ["FR", "BE"]
    monkeypatch.setenv("SMS_COUNTRIES", "France")
    with pytest.raises(ImproperlyConfigured):
        countries(Environment(), "SMS_COUNTRIES")
