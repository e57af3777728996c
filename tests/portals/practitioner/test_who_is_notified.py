"""What pages promise before an appointment is moved, cancelled or deleted is what is queued, and what they say
afterwards; over contacts, times, limits and bookers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.booking import delete
from appointments.cancelling import cancel
from appointments.models import Appointment, BookedFor
from appointments.moving import move
from appointments.quiet_hours import TOPIC
from notifications.models import Channel, Message, MessageState
from notifications.outbox import plan_sms
from notifications.sms_limits import refusal
from patients.models import Patient
from portals.practitioner.notice_words import sent_notices, who_is_notified
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
CONTACTS = {
    "both": ("marie@courriel.example", "+33612345678"),
    "email": ("marie@courriel.example", None),
    "mobile": (None, "+33612345678"),
    "none": (None, None),
    "abroad": ("marie@courriel.example", "+14155552671"),
    "abroad alone": (None, "+14155552671"),
}
BOOKED = {
    "by the practice": None,
    "for oneself": BookedFor.SELF,
    "for a child": BookedFor.MINOR_RELATIVE,
    "for a parent": BookedFor.ADULT_RELATIVE,
}


def promised(told: str) -> set[str]:
    """The channels that the sentence promises."""
    said = re.sub(r"Aucun SMS ne part[^.]*\.", "", told)
    if "personne n’en est averti" in said.lower():
        return set()
    return {channel for channel, word in (("email", "e-mail"), ("sms", "SMS")) if word in said}


@pytest.mark.parametrize("limited", [False, True], ids=["within the limit", "beyond it"])
@pytest.mark.parametrize("past", [False, True], ids=["to come", "over"])
@pytest.mark.parametrize("booked", BOOKED)
@pytest.mark.parametrize("contacts", CONTACTS)
def test_what_is_promised_is_what_is_queued(
    book_for: BookFixture, marie: Patient, hugo: User, alice: User, settings: Settings,
    contacts: str, booked: str, past: bool, limited: bool,
) -> None:  # fmt: skip
    Patient.objects.update(email=CONTACTS[contacts][0], mobile=CONTACTS[contacts][1])
    if booked == "for a child":
        Patient.objects.update(birth_date=timezone.localdate() - timedelta(days=900))
    marie.refresh_from_db()
    holder = None if BOOKED[booked] is None else hugo
    found = book_for(marie, holder=holder, booked_for=BOOKED[booked] or BookedFor.SELF)
    if past:
        Appointment.objects.update(starts_at=timezone.now() - timedelta(hours=1), ends_at=timezone.now())
        found.refresh_from_db()
    if limited:
        settings.SMS_PER_NUMBER = (1, 1)
        for to in ("+33612345678", hugo.mobile):
            plan_sms(to=str(to), text="x", language="fr")
    Message.objects.all().delete()
    told, since = who_is_notified(found, by=alice), timezone.now()
    cancel(appointment=found, by=alice)
    queued = Message.objects.filter(about=found.pk, topic=TOPIC, state=MessageState.QUEUED)
    assert promised(told) == set(queued.values_list("channel", flat=True)), told
    failed = Message.objects.filter(about=found.pk, state=MessageState.FAILED)
    assert ("Aucun SMS ne part au" in told) == (failed.exists() and not past), told
    if not queued.exists() and not past:
        assert "prévenez vous-même le patient" in told
    after, lacks = sent_notices(found, since=since)
    assert lacks == (failed.exists() or not (queued.exists() or past))
    if not queued.exists() and not past:
        assert "prévenez vous-même le patient" in after
    if holder and booked != "for oneself" and queued.filter(to__in=[hugo.email, hugo.mobile]).exists():
        assert "Hugo Martin, qui l’a pris" in after
    assert bool(after)
    assert promised(after) == promised(told), after
    assert all(str(one.to) not in told + after for one in failed)


@pytest.mark.parametrize("past", [False, True], ids=["to come", "over"])
@pytest.mark.parametrize("contacts", CONTACTS)
def test_moving_promises_what_moving_ahead_queues(
    book_for: BookFixture, marie: Patient, alice: User, contacts: str, past: bool
) -> None:
    Patient.objects.update(email=CONTACTS[contacts][0], mobile=CONTACTS[contacts][1])
    marie.refresh_from_db()
    found = book_for(marie)
    if past:
        Appointment.objects.update(starts_at=timezone.now() - timedelta(hours=1), ends_at=timezone.now())
        found.refresh_from_db()
    told = who_is_notified(found, by=alice, moving=True)
    move(appointment=found, by=alice, starts_at=timezone.now() + timedelta(days=5))
    queued = set(Message.objects.filter(topic=TOPIC, state="queued").values_list("channel", flat=True))
    if past:
        assert ("sauf si la nouvelle date est à venir" in told) == bool(queued), told
    else:
        assert promised(told) == queued, told


def test_whoever_booked_for_somebody_else_is_named(book_for: BookFixture, marie: Patient, hugo: User,
                                                   alice: User) -> None:  # fmt: skip
    Patient.objects.update(birth_date=timezone.localdate() - timedelta(days=900))
    marie.refresh_from_db()
    found = book_for(marie, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE)
    told = who_is_notified(found, by=alice)
    assert told == "Un e-mail et un SMS en avertissent Hugo Martin, qui l’a pris."


@pytest.mark.parametrize("act", ["move", "cancel", "delete"])
def test_an_sms_that_a_limit_stops_is_said_before_and_after(
    appointment: Appointment, alice: User, sign_in: SignIn, settings: Settings, act: str
) -> None:
    settings.SMS_PER_NUMBER = (1, 1)
    plan_sms(to="+33612345678", text="x", language="fr")
    browser, address = sign_in(alice), f"/pro/appointments/{appointment.pk}/{act}/"
    sentence = "Aucun SMS ne part au 06\u00a0••\u00a0••\u00a0••\u00a078\u00a0: trop de SMS"
    assert sentence in browser.get(address).content.decode()
    starts = appointment.local_start + timedelta(days=1)
    data = {
        "starts_at": f"{starts:%Y-%m-%dT%H:%M}",
        "agenda": appointment.agenda_id, "visit_reason": appointment.visit_reason_id,
    }  # fmt: skip
    answer = browser.post(address, data if act == "move" else {}, follow=True)
    assert sentence in answer.content.decode()
    assert "Le patient en est averti par e-mail." in answer.content.decode()
    assert Message.objects.filter(channel=Channel.SMS, state="failed", cause="too_many").count() == 1


def test_asking_counts_nothing(settings: Settings) -> None:
    settings.SMS_PER_NUMBER = (2, 2)
    ask = partial(refusal, to="+33612345678", account=None, practice=None, by_staff=False)
    for _ in range(5):
        assert ask() is None
    plan_sms(to="+33612345678", text="x", language="fr")
    assert ask() is None
    plan_sms(to="+33612345678", text="x", language="fr")
    assert ask() == "too_many"


def test_deleting_says_it_too(appointment: Appointment, alice: User) -> None:
    since = timezone.now()
    delete(appointment=appointment, by=alice)
    assert sent_notices(appointment, since=since) == (
        "Le patient en est averti par e-mail et par SMS.",
        False,
    )
