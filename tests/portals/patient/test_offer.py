"""The page of an offered time: opening it does nothing; an answer needs the birth date, and counts once."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, OfferState, SlotOffer, WaitingEntry
from appointments.offers import offer_url, sweep
from appointments.waiting import put_on_list
from patients.models import Patient
from tests.appointments.conftest import *  # noqa: F403  # an open agenda
from tests.appointments.conftest import at
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def offered(
    open_agenda: Agenda, marie: Patient, bob: User, book_for: BookFixture, monkeypatch: pytest.MonkeyPatch
) -> SlotOffer:
    noon = at(open_agenda, timezone.localdate(), 12)
    monkeypatch.setattr(timezone, "now", lambda: noon.astimezone(timezone.get_default_timezone()))
    booked = book_for(marie, starts_at=at(open_agenda, timezone.localdate() + timedelta(days=20), 9))
    put_on_list(patient=marie, visit_reason=booked.visit_reason, agendas=[booked.agenda], appointment=booked, by=bob)
    assert sweep() == 1
    return SlotOffer.objects.get()


def born(patient: Patient) -> dict[str, str]:
    day = patient.birth_date
    return {"day": str(day.day), "month": str(day.month), "year": str(day.year)}


def address(offer: SlotOffer) -> str:
    return "/o/" + offer_url(offer).rpartition("/")[2]


def starts(offer: SlotOffer) -> datetime:
    assert offer.entry.appointment_id
    return Appointment.objects.get(pk=offer.entry.appointment_id).starts_at


def test_opening_it_does_nothing_and_names_nobody(offered: SlotOffer, marie: Patient) -> None:
    before = starts(offered)
    page = Client().get(address(offered))
    text = unescape(page.content.decode())
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Accepter ce créneau" in text
    assert marie.last_name not in text
    offered.refresh_from_db()
    assert (offered.state, starts(offered)) == (OfferState.OPEN, before)


def test_accepted_the_appointment_is_there_and_a_second_press_changes_nothing(
    offered: SlotOffer, marie: Patient
) -> None:
    for _press in range(2):
        Client().post(address(offered), born(marie) | {"answer": "accept"})
    assert starts(offered) == offered.starts_at
    page = Client().get(address(offered))
    assert page.status_code == 200
    assert "C’est noté" in unescape(page.content.decode())


@pytest.mark.parametrize(("answer", "stays"), [("refuse", True), ("leave", False)])
def test_refused_it_ends_and_the_appointment_stays(
    offered: SlotOffer, marie: Patient, answer: str, stays: bool
) -> None:
    before = starts(offered)
    Client().post(address(offered), born(marie) | {"answer": answer})
    assert starts(offered) == before
    assert WaitingEntry.objects.live().exists() is stays
    page = Client().get(address(offered))
    assert page.status_code == 410
    assert "ne vous est plus réservé" in unescape(page.content.decode())


def test_somebody_else_answers_nothing(offered: SlotOffer) -> None:
    wrong = {"day": "1", "month": "1", "year": "1970", "answer": "accept"}
    page = Client().post(address(offered), wrong)
    assert page.status_code == 400
    assert "date de naissance que connaît le cabinet" in unescape(page.content.decode())
    for _try in range(4):
        page = Client().post(address(offered), wrong)
    assert page.status_code == 410
    assert SlotOffer.objects.get().state == OfferState.WITHDRAWN


def test_a_forged_link_leads_nowhere(offered: SlotOffer) -> None:
    token = address(offered)
    assert Client().get(token[:-1] + ("A" if token[-1] != "A" else "B")).status_code == 404
