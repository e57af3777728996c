"""The forms that book, move and reinstate show the free times of the chosen agenda and reason; choosing one loses
nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from appointments.booking import book
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, OpeningHours, VisitReason
from patients.models import Patient
from tests.appointments.conftest import at
from tests.days import QUIET_TUESDAY
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NEW = "/pro/appointments/new/"
DAY, LATER = QUIET_TUESDAY, QUIET_TUESDAY + timedelta(days=13)


@pytest.fixture
def chosen(agenda: Agenda, visit_reason: VisitReason) -> dict[str, Any]:
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(9), closes_at=time(10))
    return {"agenda": str(agenda.pk), "visit_reason": str(visit_reason.pk), "kind": "in_person"}


def offered(page: str) -> list[str]:
    return re.findall(r'name="pick" value="([^"]+)"', one_line(page))


def test_the_next_free_time_is_named_and_the_times_follow_day_by_day(
    bob: User, sign_in: SignIn, chosen: dict[str, Any]
) -> None:
    address = f"{NEW}?agenda={chosen['agenda']}&reason={chosen['visit_reason']}&start={DAY}"
    page = unescape(sign_in(bob).get(address).content.decode())
    assert f"mardi {DAY.day} septembre {DAY.year} à 09:00" in page
    times = offered(page)
    assert times[:4] == [f"{DAY}T09:00", f"{DAY}T09:20", f"{DAY}T09:40", f"{DAY + timedelta(days=1)}T09:00"]
    assert len(times) == 12
    [later] = re.findall(r'name="times_from" value="(\d[^"]+)"', one_line(page))
    assert later == str(DAY + timedelta(days=4))


@pytest.mark.parametrize("by_script", [True, False])
def test_choosing_agenda_and_reason_shows_their_times_and_books_nothing(
    bob: User, sign_in: SignIn, chosen: dict[str, Any], by_script: bool
) -> None:
    asked = chosen | {"times_from": str(DAY), "last_name": "Nouvelle", "starts_at": f"{DAY}T15:00"}
    page = sign_in(bob).post(NEW, asked, headers={"HX-Request": "true"} if by_script else {})
    text = page.content.decode()
    assert page.status_code == 200
    assert offered(text)[0] == f"{DAY}T09:00"
    assert ('value="Nouvelle"' in text) is not by_script
    assert not Appointment.objects.exists()


def test_the_day_that_was_open_in_the_agenda_stays_when_the_reason_is_chosen(
    bob: User, sign_in: SignIn, chosen: dict[str, Any]
) -> None:
    secretary = sign_in(bob)
    page = one_line(secretary.get(f"{NEW}?agenda={chosen['agenda']}&start={DAY}T09:20").content)
    [shown] = re.findall(r'name="shown_from" value="([^"]*)"', page)
    asked = chosen | {"shown_from": shown, "times_from": "", "starts_at": f"{DAY}T09:20"}
    text = one_line(secretary.post(NEW, asked, headers={"HX-Request": "true"}).content)
    assert offered(text)[0] == f"{DAY}T09:00"
    assert re.search(rf'value="{DAY}T09:20" data-pick aria-pressed="true"', text)
    today = secretary.post(NEW, asked | {"times_from": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert offered(today)[0] < f"{DAY}"


def test_a_time_is_picked_without_a_script_and_what_was_typed_stays(
    bob: User, sign_in: SignIn, marie: Patient, chosen: dict[str, Any]
) -> None:
    asked = chosen | {"patient": str(marie.pk), "email": "x@courriel.example", "shown_from": str(DAY)}
    page = one_line(sign_in(bob).post(NEW, asked | {"pick": f"{DAY}T09:20", "starts_at": ""}).content)
    assert f'name="starts_at" value="{DAY}T09:20"' in page
    assert f'value="{marie.pk}" checked' in page
    assert 'value="x@courriel.example"' in page
    assert re.search(rf'value="{DAY}T09:20" data-pick aria-pressed="true"', page)
    assert not Appointment.objects.exists()


def test_a_time_taken_between_the_page_and_the_answer_is_asked_about_and_again_if_taken_once_more(
    bob: User,
    alice: User,
    sign_in: SignIn,
    marie: Patient,
    agenda: Agenda,
    visit_reason: VisitReason,
    chosen: dict[str, Any],
) -> None:
    client, asked = sign_in(bob), chosen | {"patient": str(marie.pk), "starts_at": f"{DAY}T09:00"}
    luc = Patient.objects.create(
        practice=agenda.practice, first_name="Luc", last_name="Petit", birth_date=date(1960, 1, 1)
    )

    def somebody_books() -> None:
        book(agenda=agenda, visit_reason=visit_reason, patient=luc, starts_at=at(agenda, DAY, 9), by=alice)

    somebody_books()
    question = client.post(NEW, asked)
    assert question.status_code == 409
    answer = asked | {"accepted": [one.key for one in question.context["doubts"]]}
    somebody_books()
    again = client.post(NEW, answer)
    assert again.status_code == 409
    assert len([one for one in again.context["doubts"] if one.code == "time_taken"]) == 2
    assert not Appointment.objects.filter(patient=marie).exists()


def test_two_of_one_name_are_told_apart_by_their_birth_dates(bob: User, sign_in: SignIn, marie: Patient) -> None:
    Patient.objects.create(
        practice=marie.practice, first_name="Marie", last_name=marie.last_name, birth_date=date(1999, 2, 3)
    )
    answer = sign_in(bob).post(NEW, {"search": "1", "q": "marie"}, headers={"HX-Request": "true"})
    found = one_line(answer.content.decode())
    assert found.count("data-found") == 2
    assert "1999" in found
    assert str(marie.birth_date.year) in found


@pytest.fixture(params=["move", "reinstate"])
def changing(
    request: pytest.FixtureRequest,
    agenda: Agenda,
    visit_reason: VisitReason,
    marie: Patient,
    alice: User,
    chosen: dict[str, Any],
) -> tuple[str, Appointment]:
    """The address of a page that moves or reinstates, and its appointment."""
    found = book(agenda=agenda, visit_reason=visit_reason, patient=marie, starts_at=at(agenda, DAY, 9), by=alice)
    if request.param == "reinstate":
        cancel(appointment=found, by=alice)
        found.refresh_from_db()
    return f"/pro/appointments/{found.pk}/{request.param}/", found


def test_moving_and_reinstating_show_the_next_free_times_first(
    bob: User, sign_in: SignIn, changing: tuple[str, Appointment]
) -> None:
    client, (address, found) = sign_in(bob), changing
    page = one_line(client.get(address).content)
    assert "Prochain créneau" in page
    assert page.index('name="pick"') < page.index('id="id_starts_at"')
    later = one_line(client.get(f"{address}?start={DAY}").content)
    own_place_is_free = found.status == "cancelled"
    assert (f"{DAY}T09:00" in offered(later)) is own_place_is_free


@pytest.mark.parametrize("by_script", [True, False])
def test_moving_and_reinstating_look_at_other_times_and_change_nothing(
    bob: User, sign_in: SignIn, chosen: dict[str, Any], changing: tuple[str, Appointment], by_script: bool
) -> None:
    address, found = changing
    asked = chosen | {"times_from": str(LATER), "starts_at": f"{DAY}T15:00"}
    answer = sign_in(bob).post(address, asked, headers={"HX-Request": "true"} if by_script else {})
    text = one_line(answer.content)
    assert answer.status_code == 200
    assert offered(text)[0] == f"{LATER}T09:00"
    assert (f'name="starts_at" value="{DAY}T15:00"' in text) is not by_script
    assert f'hx-post="{address}"' in text
    left = Appointment.objects.get(pk=found.pk)
    assert (left.starts_at, left.status) == (found.starts_at, found.status)


def test_a_time_picked_while_moving_or_reinstating_is_the_time_it_gets(
    bob: User, sign_in: SignIn, chosen: dict[str, Any], changing: tuple[str, Appointment]
) -> None:
    client, (address, found) = sign_in(bob), changing
    page = one_line(client.post(address, chosen | {"pick": f"{LATER}T09:20", "starts_at": ""}).content)
    assert f'name="starts_at" value="{LATER}T09:20"' in page
    client.post(address, chosen | {"starts_at": f"{LATER}T09:20"})
    left = Appointment.objects.get(pk=found.pk)
    assert (left.starts_at, left.status) == (at(found.agenda, LATER, 9, 20), "booked")


def test_a_taken_time_is_asked_about_while_moving_or_reinstating(
    bob: User,
    alice: User,
    sign_in: SignIn,
    visit_reason: VisitReason,
    chosen: dict[str, Any],
    changing: tuple[str, Appointment],
) -> None:
    address, found = changing
    luc = Patient.objects.create(
        practice=found.practice, first_name="Luc", last_name="Petit", birth_date=date(1960, 1, 1)
    )
    book(
        agenda=found.agenda, visit_reason=visit_reason, patient=luc, starts_at=at(found.agenda, DAY, 9, 20), by=alice
    )
    answer = sign_in(bob).post(address, chosen | {"starts_at": f"{DAY}T09:20"})
    assert answer.status_code == 409
    assert [one.code for one in answer.context["doubts"]] == ["time_taken"]
    assert f"{DAY}T09:20" not in offered(one_line(sign_in(bob).get(f"{address}?start={DAY}").content))
