"""Closings, public holidays and opening hours in the API: for administrators of the practice."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from accounts.models import User
from appointments.models import Agenda, Appointment, Closing, OpeningHours, VisitReason
from audit.models import AuditEvent
from practices.models import Membership, Practice
from tests.appointments.conftest import *  # noqa: F403  # an open agenda
from tests.days import YEAR
from tests.portals.api.conftest import Api, errors

pytestmark = pytest.mark.django_db
V1 = "/api/v1"


def closing_of(agenda: Agenda, day: date, **changed: Any) -> dict[str, Any]:
    start = datetime.combine(day, time(0), agenda.practice.zone)
    end = datetime.combine(day + timedelta(days=1), time(0), agenda.practice.zone)
    return {"start": start.isoformat(), "end": end.isoformat(), "agendas": [], "reason": "Pont"} | changed


@pytest.mark.parametrize("zone", ["Europe/Paris", "Indian/Reunion", "Pacific/Noumea"])
def test_a_closing_is_made_listed_and_taken_back(
    api: Api, carol: User, open_agenda: Agenda, visit_reason: VisitReason, next_week: date, zone: str
) -> None:
    Practice.objects.filter(pk=open_agenda.practice_id).update(time_zone=zone)
    open_agenda.practice.refresh_from_db()
    asked = closing_of(open_agenda, next_week)
    made = api(carol).post(f"{V1}/closings/", asked, format="json")
    assert made.status_code == 201
    body = made.json()
    assert {name: body[name] for name in ("start", "end", "agendas", "reason", "appointments")} == asked | {
        "appointments": []
    }
    assert api(carol).get(f"{V1}/closings/").json()["results"] == [body]
    slots = f"{V1}/agendas/{open_agenda.pk}/slots/?visit_reason={visit_reason.pk}&from={next_week}&to={next_week}"
    assert api(None).get(slots).json()["results"] == []
    assert api(carol).delete(f"{V1}/closings/{body['id']}/").status_code == 204
    assert api(carol).delete(f"{V1}/closings/{body['id']}/").status_code == 404
    assert len(api(None).get(slots).json()["results"]) == 9
    assert AuditEvent.objects.filter(action__in=["practice.closed", "practice.opened_again"]).count() == 2


def test_the_answer_names_who_is_booked_inside(
    api: Api, carol: User, open_agenda: Agenda, appointment: Appointment
) -> None:
    """So the appointments are not forgotten."""
    day = appointment.local_start.date()
    made = api(carol).post(f"{V1}/closings/", closing_of(open_agenda, day), format="json")
    assert made.json()["appointments"] == [str(appointment.pk)]
    appointment.refresh_from_db()
    assert appointment.status == "booked"


@pytest.mark.parametrize(
    ("changed", "attr"),
    [
        ({"start": "2027-01-01T00:00:00"}, "start"),
        ({"end": "2027-01-01"}, "end"),
        ({"end": "2020-01-01T00:00:00Z"}, "end"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"agendas": ["11111111-1111-4111-8111-111111111111"]}, "agendas"),
        ({"end": "9999-12-31T23:59:59Z"}, "end"),
    ],
)
def test_what_a_closing_lacks_is_said_by_field(
    api: Api, carol: User, open_agenda: Agenda, next_week: date, changed: dict[str, Any], attr: str
) -> None:
    answer = api(carol).post(f"{V1}/closings/", closing_of(open_agenda, next_week, **changed), format="json")
    assert answer.status_code == 400
    assert {error["attr"] for error in answer.json()["errors"]} == {attr}
    assert not Closing.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("alice", 403), ("rita", 403), ("hugo", 404)])
def test_the_ladder_of_readers(
    api: Api, open_agenda: Agenda, next_week: date, carol: User, request: pytest.FixtureRequest, who: str, status: int
) -> None:
    made = api(carol).post(f"{V1}/closings/", closing_of(open_agenda, next_week), format="json").json()
    somebody = api(request.getfixturevalue(who))
    asked = closing_of(open_agenda, next_week + timedelta(days=1))
    assert somebody.get(f"{V1}/closings/").status_code == status
    assert somebody.get(f"{V1}/closings/holidays/?year={YEAR}").status_code == status
    assert somebody.post(f"{V1}/closings/", asked, format="json").status_code == status
    assert somebody.delete(f"{V1}/closings/{made['id']}/").status_code == status
    week = somebody.put(f"{V1}/agendas/{open_agenda.pk}/opening-hours/", {"hours": []}, format="json")
    assert week.status_code == status
    assert Closing.objects.count() == 1
    assert open_agenda.opening_hours.count() == 7


def test_a_stranger_finds_no_closing_and_no_agenda(
    api: Api, open_agenda: Agenda, next_week: date, carol: User, charlie: User
) -> None:
    made = api(carol).post(f"{V1}/closings/", closing_of(open_agenda, next_week), format="json").json()
    assert api(charlie).delete(f"{V1}/closings/{made['id']}/").status_code == 404
    assert api(charlie).get(f"{V1}/agendas/{open_agenda.pk}/opening-hours/").status_code == 404
    assert api(charlie).get(f"{V1}/closings/?practice={open_agenda.practice_id}").status_code == 404


def test_an_administrator_of_several_says_which(
    api: Api, carol: User, open_agenda: Agenda, other_practice: Practice, next_week: date
) -> None:
    Membership.objects.create(user=carol, practice=other_practice, is_admin=True)
    asked = closing_of(open_agenda, next_week)
    for call in (api(carol).get(f"{V1}/closings/"), api(carol).post(f"{V1}/closings/", asked, format="json")):
        assert (call.status_code, call.json()["errors"][0]["attr"]) == (400, "practice")
    said = api(carol).post(f"{V1}/closings/?practice={open_agenda.practice_id}", asked, format="json")
    assert said.status_code == 201
    assert api(carol).get(f"{V1}/closings/?practice={other_practice.pk}").json()["results"] == []
    elsewhere = api(carol).post(
        f"{V1}/closings/?practice={other_practice.pk}", asked | {"agendas": [str(open_agenda.pk)]}, format="json"
    )
    assert (elsewhere.status_code, elsewhere.json()["errors"][0]["attr"]) == (400, "agendas")


def test_the_same_key_closes_once(api: Api, carol: User, open_agenda: Agenda, next_week: date) -> None:
    asked, client = closing_of(open_agenda, next_week), api(carol)
    answers = [client.post(f"{V1}/closings/", asked, format="json", HTTP_IDEMPOTENCY_KEY="pont") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert Closing.objects.count() == 1


@pytest.mark.parametrize(
    ("zone", "address", "day"),
    [
        ("Europe/Paris", "75020 Paris", f"{YEAR}-07-14"),
        ("Europe/Paris", "67000 Strasbourg", f"{YEAR}-12-26"),
        ("America/Guadeloupe", "97110 Pointe-à-Pitre", f"{YEAR}-05-27"),
        ("Indian/Reunion", "97400 Saint-Denis", f"{YEAR}-12-20"),
    ],
)
def test_holidays_of_the_place_are_proposed_and_close_nothing(
    api: Api, carol: User, practice: Practice, zone: str, address: str, day: str
) -> None:
    Practice.objects.filter(pk=practice.pk).update(time_zone=zone, address=address)
    found = api(carol).get(f"{V1}/closings/holidays/?year={YEAR}").json()["results"]
    assert [one["date"] for one in found] == sorted(one["date"] for one in found)
    one = next(one for one in found if one["date"] == day)
    assert not one["closed"]
    assert not Closing.objects.exists()
    made = {"start": one["start"], "end": one["end"], "reason": one["name"]}
    assert api(carol).post(f"{V1}/closings/", made, format="json").status_code == 201
    again = api(carol).get(f"{V1}/closings/holidays/?year={YEAR}").json()["results"]
    assert [one["date"] for one in again if one["closed"]] == [day]


@pytest.mark.parametrize("year", ["", "x", "1969", "2101", "-2027", "2027.5", "9" * 5000, "２０２７"])
def test_a_year_that_is_none(api: Api, carol: User, year: str) -> None:
    answer = api(carol).get(f"{V1}/closings/holidays/", {"year": year})
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "year")


def test_the_week_is_set_to_midnight_and_read_again(
    api: Api, carol: User, open_agenda: Agenda, visit_reason: VisitReason
) -> None:
    hours = [
        {"weekday": 1, "start": "09:00", "end": "12:30", "visit_reasons": []},
        {"weekday": 5, "start": "20:00", "end": "24:00", "visit_reasons": [str(visit_reason.pk)]},
        {"weekday": 6, "start": "00:00", "end": "02:00", "visit_reasons": []},
    ]
    address = f"{V1}/agendas/{open_agenda.pk}/opening-hours/"
    set_ = api(carol).put(address, {"hours": hours}, format="json")
    assert (set_.status_code, set_.json()) == (200, {"hours": hours})
    assert api(carol).get(address).json() == {"hours": hours}
    twice = [hours[1] | {"visit_reasons": [str(visit_reason.pk)] * 2}]
    assert api(carol).put(address, {"hours": twice}, format="json").json() == {"hours": [hours[1]]}


@pytest.mark.parametrize(
    "hours",
    [
        [{"weekday": 1, "start": "09:00", "end": "12:30"}, {"weekday": 1, "start": "12:00", "end": "14:00"}],
        [{"weekday": 1, "start": "09:00", "end": "12:30"}, {"weekday": 1, "start": "09:00", "end": "12:30"}],
        [{"weekday": 1, "start": "22:00", "end": "02:00"}],
        [{"weekday": 1, "start": "09:00", "end": "09:00"}],
        [{"weekday": 0, "start": "09:00", "end": "12:00"}],
        [{"weekday": 1, "start": "9h", "end": "12:00"}],
        [{"weekday": 1, "start": "24:00", "end": "24:00"}],
        [{"weekday": 1, "start": "09:00", "end": "25:00"}],
        [{"weekday": 1, "start": "09:00", "end": None}],
        [{"weekday": 1, "start": "09:00", "end": "12:00", "visit_reasons": ["11111111-1111-4111-8111-111111111111"]}],
        [{"weekday": 1, "start": "09:00", "end": "12:00"}] * 101,
    ],
)
def test_a_week_that_cannot_be_is_refused_and_the_former_one_stays(
    api: Api, carol: User, open_agenda: Agenda, hours: list[dict[str, Any]]
) -> None:
    answer = api(carol).put(f"{V1}/agendas/{open_agenda.pk}/opening-hours/", {"hours": hours}, format="json")
    assert answer.status_code == 400
    assert errors(answer)
    assert "opening_hours" not in answer.content.decode()
    assert OpeningHours.objects.filter(agenda=open_agenda).count() == 7


@pytest.mark.parametrize("address", ["appointments", "bookings"])
def test_a_time_without_an_offset_is_refused_wherever_one_books(
    api: Api, holder: User, bob: User, open_agenda: Agenda, visit_reason: VisitReason, address: str, next_week: date
) -> None:
    asked = {
        "agenda": str(open_agenda.pk),
        "visit_reason": str(visit_reason.pk),
        "start": f"{next_week}T09:00:00",
        "patient": {"first_name": "Marie", "last_name": "Durand", "birth_date": "1950-01-01"},
    }
    answer = api(bob if address == "appointments" else holder).post(f"{V1}/{address}/", asked, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "start")
    assert not Appointment.objects.exists()


def test_a_key_is_of_one_address_with_its_query(api: Api, carol: User, open_agenda: Agenda, next_week: date) -> None:
    asked, key = closing_of(open_agenda, next_week), {"Idempotency-Key": "one"}
    first = api(carol).post(f"{V1}/closings/", asked, format="json", headers=key)
    again = api(carol).post(f"{V1}/closings/", asked, format="json", headers=key)
    other = api(carol).post(f"{V1}/closings/?practice={open_agenda.practice_id}", asked, format="json", headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    assert (other.status_code, other.json()["errors"][0]["code"]) == (409, "idempotency_key_reused")
