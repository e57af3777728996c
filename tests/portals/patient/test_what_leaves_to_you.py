"""After booking, moving and cancelling online, patients read what leaves to them and what does not, by the rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from html import unescape
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Agenda, Appointment, BookedFor, OpeningHours, ReminderPolicy, VisitReason
from appointments.online import cancel_online
from appointments.slots import next_free
from notifications.models import Channel, Message, MessageState
from notifications.outbox import plan_sms
from notifications.wording import zone_of_no_practice
from patients.models import Patient
from portals.patient.notice_words import (
    booked_sentence,
    cancelled_sentence,
    future_notices_to_you,
    moved_sentence,
    sent_notices_to_you,
)
from practices.models import Practice
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def booked(
    book_for: BookFixture, marie: Patient, hugo: User, agenda: Agenda, visit_reason: VisitReason
) -> Appointment:
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(8), closes_at=time(20))
    VisitReason.objects.update(books_online=True)
    visit_reason.refresh_from_db()
    return book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)


WORDS = {"book": booked_sentence, "move": moved_sentence, "cancel": cancelled_sentence}


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("act", ["book", "move", "cancel"])
def test_what_is_said_is_what_is_queued(
    booked: Appointment, hugo: User, sign_in: SignIn, settings: Settings, act: str, limited: bool
) -> None:
    if limited:
        settings.SMS_PER_NUMBER = (1, 1)
        plan_sms(to=str(hugo.mobile), text="x", language="fr")
    Message.objects.all().delete()
    after = booked.starts_at + timedelta(days=1)
    start = next_free(agenda=booked.agenda, visit_reason=booked.visit_reason, after=after)[0].start.isoformat()
    client = sign_in(hugo)
    address, data = f"/my-appointments/{booked.pk}/{act}/", {"start": start, "from": booked.starts_at.isoformat()}
    asked = {"start": start} if act == "move" else {}
    if act == "book":
        User.objects.filter(pk=hugo.pk).update(birth_date=date(1980, 5, 17), mobile_verified_at=timezone.now())
        EmailAddress.objects.create(user=hugo, email=hugo.email, verified=True, primary=True)
        query = urlencode({"start": start, "who": "self"})
        address = f"/book/{booked.agenda_id}/{booked.visit_reason_id}/in_person/confirm/?{query}"
    before = unescape(client.get(address, asked).content.decode())
    answer = client.post(address, data if act == "move" else {}, follow=True)
    [said] = [str(one) for one in answer.context["messages"]]
    assert said in unescape(answer.content.decode())
    own = Message.objects.filter(to__in=[hugo.email, hugo.mobile])
    leaving = set(own.filter(state=MessageState.QUEUED).values_list("channel", flat=True))
    assert leaving == ({Channel.EMAIL} if limited else set(Channel))
    words = "par e-mail." if limited else "par e-mail et par SMS."
    assert f"Une confirmation part {words}" in said
    assert ("Aucun SMS ne part au" in said) is limited
    assert str(booked.patient.mobile) not in said
    if act == "book":
        assert said.startswith("Votre rendez-vous est pris")
        [made] = Appointment.objects.exclude(pk=booked.pk)
    else:
        assert said.startswith("Le rendez-vous de Marie Durand est")
        made = Appointment.objects.get()
        assert f"Une confirmation partira {words}" in before
        assert ("Aucun SMS ne part au" in before) is limited
    for fact in (f"{made.local_start:%H:%M}", str(made.local_start.year), made.agenda.name, made.visit_reason.name):
        assert fact in said


@pytest.mark.parametrize("act", ["book", "move", "cancel"])
def test_a_time_is_the_practices_and_needs_no_offset(
    booked: Appointment, hugo: User, sign_in: SignIn, act: str
) -> None:
    """At night, when an SMS waits for the morning and the sentence says until when."""
    here = timezone.now().astimezone(ZoneInfo("Pacific/Noumea")).replace(second=0, microsecond=0)
    night = {"quiet_from": (here - timedelta(hours=1)).time(), "quiet_until": (here + timedelta(hours=2)).time()}
    ReminderPolicy.objects.update_or_create(practice=booked.practice, defaults=night)
    Practice.objects.update(time_zone="Pacific/Noumea")
    booked.practice.refresh_from_db()
    found = Appointment.objects.select_related("practice", "agenda", "visit_reason", "patient", "holder").get()
    with timezone.override(zone_of_no_practice()):
        since = timezone.now()
        cancel_online(appointment=found, by=hugo)
        before = future_notices_to_you(booked, user=hugo)
        after = sent_notices_to_you(found, user=hugo, since=since)
        done = WORDS[act](found)
    for said in (before, after):
        assert f"à {night['quiet_until']:%H:%M}." in said
        assert "UTC" not in said
    assert f"à {found.local_start:%H:%M}, " in done
    assert "UTC" not in done
