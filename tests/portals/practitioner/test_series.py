"""Several appointments, on pages: dates first, a decision for each, then all at once; nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from appointments.booking import book
from appointments.models import Agenda, Appointment, VisitReason
from patients.models import Patient
from tests.appointments.conftest import *  # noqa: F403  # an open agenda
from tests.appointments.conftest import at
from tests.days import QUIET_TUESDAY
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
SERIES = "/pro/appointments/new/series/"
DAYS = [QUIET_TUESDAY + timedelta(weeks=week) for week in range(3)]


@pytest.fixture
def asked(open_agenda: Agenda, visit_reason: VisitReason, marie: Patient) -> dict[str, Any]:
    return {
        "agenda": str(open_agenda.pk),
        "visit_reason": str(visit_reason.pk),
        "starts_at": f"{DAYS[0]}T09:00",
        "kind": "in_person",
        "patient": str(marie.pk),
        "times": "3",
        "every": "1",
    }


@pytest.fixture
def taken(open_agenda: Agenda, visit_reason: VisitReason, marie: Patient, alice: User) -> Appointment:
    """The second date is somebody else's."""
    luc = Patient.objects.create(
        practice=marie.practice, first_name="Luc", last_name="Petit", birth_date=date(1960, 1, 1)
    )
    return book(
        agenda=open_agenda, visit_reason=visit_reason, patient=luc, starts_at=at(open_agenda, DAYS[1], 9), by=alice
    )


def hidden(page: str) -> dict[str, Any]:
    """What the page sends back by itself."""
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', one_line(page)):
        found.setdefault(name, []).append(unescape(value))
    return found


def test_dates_are_shown_and_nothing_is_booked_until_each_is_decided(
    bob: User, marie: Patient, taken: Appointment, asked: dict[str, Any], sign_in: SignIn
) -> None:
    client = sign_in(bob)
    page = client.post(SERIES, asked)
    text = unescape(page.content.decode())
    assert page.status_code == 200
    assert "Luc Petit" in text
    assert not Appointment.objects.filter(patient=marie).exists()
    undecided = client.post(SERIES, hidden(text) | {"confirm": "1"})
    assert undecided.status_code == 400
    assert unescape(undecided.content.decode()).count("Dites quoi faire de cette date.") == 2
    assert not Appointment.objects.filter(patient=marie).exists()


@pytest.mark.parametrize(
    ("decided", "expected"),
    [
        ({f"choice-{DAYS[1]}T09:00": "leave"}, [f"{DAYS[0]} 09:00", f"{DAYS[2]} 09:00"]),
        (
            {f"choice-{DAYS[1]}T09:00": "take"},
            [f"{DAYS[0]} 09:00", f"{DAYS[1]} 09:00", f"{DAYS[2]} 09:00"],
        ),
        (
            {f"choice-{DAYS[1]}T09:00": "other", f"other-{DAYS[1]}T09:00": f"{DAYS[1]}T10:20"},
            [f"{DAYS[0]} 09:00", f"{DAYS[1]} 10:20", f"{DAYS[2]} 09:00"],
        ),
    ],
    ids=["left out", "all the same", "another time"],
)
def test_what_was_decided_is_booked_once(
    bob: User,
    marie: Patient,
    taken: Appointment,
    asked: dict[str, Any],
    sign_in: SignIn,
    decided: dict[str, str],
    expected: list[str],
) -> None:
    client = sign_in(bob)
    sent = hidden(client.post(SERIES, asked).content.decode()) | decided | {"confirm": "1"}
    answer = client.post(SERIES, sent, follow=True)
    made = list(Appointment.objects.filter(patient=marie).order_by("starts_at"))
    assert [f"{one.local_start:%Y-%m-%d %H:%M}" for one in made] == expected
    assert f"{len(expected)} rendez-vous de Marie Durand sont pris" in unescape(answer.content.decode())
    client.post(SERIES, sent)
    assert Appointment.objects.filter(patient=marie).count() == len(expected)


def test_another_time_with_a_doubt_of_its_own_is_asked_about_once(
    bob: User, alice: User, marie: Patient, taken: Appointment, asked: dict[str, Any], sign_in: SignIn
) -> None:
    second = Agenda.objects.create(practice=marie.practice, name="Second")
    taken.visit_reason.agendas.add(second)
    start = at(second, DAYS[1], 11)
    book(agenda=second, visit_reason=taken.visit_reason, patient=marie, starts_at=start, by=alice)
    client = sign_in(bob)
    other = {f"choice-{DAYS[1]}T09:00": "other", f"other-{DAYS[1]}T09:00": f"{DAYS[1]}T10:20", "confirm": "1"}
    page = client.post(SERIES, hidden(client.post(SERIES, asked).content.decode()) | other)
    text = unescape(page.content.decode())
    assert page.status_code == 400
    assert "Quelque chose s’oppose aussi à l’autre heure" in text
    assert text.count("a déjà un rendez-vous ce jour-là") == 2  # of nine o'clock, and of the other time
    assert Appointment.objects.filter(patient=marie).count() == 1
    assert client.post(SERIES, hidden(text) | other).status_code == 302
    assert Appointment.objects.filter(patient=marie, starts_at=at(second, DAYS[1], 10, 20)).exists()


def test_all_left_out_books_nothing_and_keeps_the_decisions(
    bob: User, asked: dict[str, Any], sign_in: SignIn
) -> None:
    client = sign_in(bob)
    left = {f"choice-{day}T09:00": "leave" for day in DAYS}
    page = client.post(SERIES, hidden(client.post(SERIES, asked).content.decode()) | left | {"confirm": "1"})
    assert page.status_code == 400
    assert "Gardez au moins une date" in page.content.decode()
    assert len(re.findall(r'value="leave" checked', one_line(page.content))) == 3
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("start", ["9999-12-30T09:00", "0001-01-02T09:00"])
def test_a_year_that_no_appointment_has_is_refused_beside_its_field(
    bob: User, asked: dict[str, Any], sign_in: SignIn, start: str
) -> None:
    page = sign_in(bob).post(SERIES, asked | {"starts_at": start, "every": "12", "times": "30"})
    assert page.status_code == 400
    assert "Ce n’est pas une date de rendez-vous" in page.content.decode()


def test_a_date_taken_since_the_page_was_made_is_asked_about(
    bob: User,
    alice: User,
    marie: Patient,
    taken: Appointment,
    asked: dict[str, Any],
    open_agenda: Agenda,
    visit_reason: VisitReason,
    sign_in: SignIn,
) -> None:
    client = sign_in(bob)
    sent = hidden(client.post(SERIES, asked).content.decode())
    sent |= {f"choice-{DAYS[1]}T09:00": "leave", f"choice-{DAYS[2]}T09:00": "take", "confirm": "1"}
    third = at(open_agenda, DAYS[2], 9)
    book(agenda=open_agenda, visit_reason=visit_reason, patient=taken.patient, starts_at=third, by=alice)
    page = client.post(SERIES, sent)
    assert page.status_code == 409
    assert not Appointment.objects.filter(patient=marie).exists()


def test_a_new_patient_gets_one_record_and_what_was_typed_survives_going_back(
    bob: User, asked: dict[str, Any], sign_in: SignIn
) -> None:
    client = sign_in(bob)
    new = {"patient": "", "first_name": "Zoé", "last_name": "Nouvelle", "birth_date": "1980-02-03"}
    sent = hidden(client.post(SERIES, asked | new).content.decode())
    back = one_line(client.post("/pro/appointments/new/", sent | {"change": "1"}).content)
    for kept in ("Zoé", "Nouvelle", f"{DAYS[0]}T09:00"):
        assert f'value="{kept}"' in back
    assert re.search(r'name="times" value="3"', back)
    for _press in range(2):
        assert client.post(SERIES, sent | {"confirm": "1"}).status_code == 302
    assert Patient.objects.filter(last_name="Nouvelle").count() == 1
    assert Appointment.objects.count() == 3


def test_faults_of_the_repetition_lead_back_to_the_form(bob: User, asked: dict[str, Any], sign_in: SignIn) -> None:
    page = sign_in(bob).post(SERIES, asked | {"times": "99"})
    assert page.status_code == 400
    text = page.content.decode()
    assert "trente rendez-vous au plus" in text
    assert f'value="{DAYS[0]}T09:00"' in text


def test_the_panel_says_which_of_how_many_and_this_and_the_following_are_cancelled(
    bob: User, asked: dict[str, Any], marie: Patient, sign_in: SignIn
) -> None:
    client = sign_in(bob)
    client.post(SERIES, hidden(client.post(SERIES, asked).content.decode()) | {"confirm": "1"})
    _first, second, third = Appointment.objects.filter(patient=marie).order_by("starts_at")
    panel = one_line(unescape(client.get(f"/pro/appointments/{second.pk}/").content.decode()))
    assert "2e de 3" in panel
    assert f'href="/pro/appointments/{third.pk}/"' in panel
    history = unescape(client.get(f"/pro/appointments/{second.pk}/history/").content.decode())
    assert "2e de 3" in history
    question = client.get(f"/pro/appointments/{second.pk}/cancel/").content.decode()
    [shown] = re.findall(r'name="following"\s+value="([0-9a-f]{64})"', question)
    later = timedelta(hours=1)
    Appointment.objects.filter(pk=third.pk).update(starts_at=third.starts_at + later, ends_at=third.ends_at + later)
    stale = client.post(f"/pro/appointments/{second.pk}/cancel/", {"following": shown, "note": "Vacances"})
    asked_again = unescape(stale.content.decode())
    assert stale.status_code == 400
    assert "cette série a changé depuis" in asked_again
    assert 'value="Vacances"' in asked_again
    assert not Appointment.objects.filter(status="cancelled").exists()
    [now] = re.findall(r'name="following"\s+value="([0-9a-f]{64})"', asked_again)
    said = client.post(f"/pro/appointments/{second.pk}/cancel/", {"following": now}, follow=True)
    assert "2 rendez-vous de Marie Durand sont annulés" in unescape(said.content.decode())
    assert [one.status for one in Appointment.objects.order_by("starts_at")] == ["booked", "cancelled", "cancelled"]
