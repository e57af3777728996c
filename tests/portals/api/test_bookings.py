"""Booking in the API: slots for everybody, bookings for account holders, one for each slot."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.models import User
from appointments.models import Agenda, Appointment, BookingPolicy, VisitReason
from portals.api import throttling
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.portals.api.conftest import Api, errors
from tests.portals.api.test_api import upload

ODETTE = {
    "first_name": "Odette",
    "last_name": "Martin",
    "birth_date": "1948-02-11",
    "email": "odette@courriel.example",
    "mobile": "+33612000001",
}
PAUL = {"first_name": "Paul", "last_name": "Martin", "birth_date": "1946-08-25"}


def slots_url(agenda: Agenda, reason: VisitReason, first: date, last: date) -> str:
    return f"/api/v1/agendas/{agenda.pk}/slots/?visit_reason={reason.pk}&from={first}&to={last}"


@pytest.fixture
def body(api: Api, open_agenda: Agenda, visit_reason: VisitReason, next_week: date) -> dict[str, Any]:
    """A booking of the first free slot of next week."""
    slots = api(None).get(slots_url(open_agenda, visit_reason, next_week, next_week)).json()["results"]
    return {
        "agenda": str(open_agenda.pk),
        "visit_reason": str(visit_reason.pk),
        "start": slots[0]["start"],
        "kind": "in_person",
    }


def test_slots_are_public_in_time_order_and_shrink(
    api: Api, body: dict[str, Any], holder: User, open_agenda: Agenda, visit_reason: VisitReason, next_week: date
) -> None:
    address = slots_url(open_agenda, visit_reason, next_week, next_week + timedelta(days=2))
    before = api(None).get(address).json()["results"]
    assert len(before) == 27
    assert before == sorted(before, key=lambda slot: slot["start"])
    assert set(before[0]) == {"start", "end"}
    assert api(holder).post("/api/v1/bookings/", body | {"booked_for": "self"}, format="json").status_code == 201
    after = api(None).get(address).json()["results"]
    assert [slot for slot in before if slot not in after] == [before[0]]


@pytest.mark.parametrize(
    ("query", "attr"),
    [("from=2026-01-01", "to"), ("from=x&to=2026-01-02", "from"), ("from=2026-02-01&to=2026-01-01", "to"),
     ("from=2026-01-01&to=2026-03-03", "to")],
)  # fmt: skip
def test_a_period_that_cannot_be_is_said(
    api: Api, open_agenda: Agenda, visit_reason: VisitReason, query: str, attr: str
) -> None:
    answer = api(None).get(f"/api/v1/agendas/{open_agenda.pk}/slots/?visit_reason={visit_reason.pk}&{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr


def test_a_valid_token_has_the_bound_of_its_account_on_open_addresses_too(
    api: Api, alice: User, open_agenda: Agenda, visit_reason: VisitReason, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling.ManyPerAddress, "calls_a_minute", 0)
    monkeypatch.setattr(throttling.Verifications, "calls_a_minute", 0)
    slots = slots_url(open_agenda, visit_reason, date(2026, 12, 1), date(2026, 12, 2))
    wrong = api(None)
    wrong.credentials(HTTP_AUTHORIZATION="Bearer wrong")
    for caller, status in ((api(alice), 200), (api(None), 429), (wrong, 429)):
        assert caller.get(slots).status_code == status
        assert caller.post("/api/v1/verify/", {"file": upload()}, format="multipart").status_code == status


def test_what_is_not_open_online_has_no_slots(
    api: Api, open_agenda: Agenda, visit_reason: VisitReason, next_week: date
) -> None:
    address = slots_url(open_agenda, visit_reason, next_week, next_week)
    VisitReason.objects.update(books_online=False)
    assert api(None).get(address).status_code == 404


def test_booking_for_each_kind_of_person(
    api: Api, body: dict[str, Any], holder: User, alice: User, open_agenda: Agenda, visit_reason: VisitReason,
    next_week: date,
) -> None:  # fmt: skip
    free = api(None).get(slots_url(open_agenda, visit_reason, next_week, next_week)).json()["results"]
    born = str(date.today().replace(month=1, day=1, year=date.today().year - 8))
    leo = {"first_name": "Léo", "last_name": "Martin", "birth_date": born}
    wanted: list[tuple[str, Any, str, str | None]] = [
        ("self", None, "ready", "patient"),
        ("adult_relative", ODETTE, "ready", "patient"),
        ("adult_relative", PAUL, "needs_authorisation", None),
        ("minor_relative", leo, "ready", "holder"),
    ]
    for slot, (booked_for, patient, state, audience) in zip(free, wanted, strict=False):
        asked = body | {"start": slot["start"], "booked_for": booked_for}
        answer = api(holder).post(
            "/api/v1/bookings/", asked | ({"patient": patient} if patient else {}), format="json"
        )
        assert answer.status_code == 201, answer.content
        made = answer.json()
        assert (made["booked_by"], made["booked_for"], made["status"]) == ("holder", booked_for, "booked")
        recipient = api(alice).get(f"/api/v1/appointments/{made['id']}/recipient/").json()
        assert (recipient["state"], recipient["audience"]) == (state, audience)
    relatives = api(holder).get("/api/v1/me/").json()["relatives"]
    assert [one["first_name"] for one in relatives] == ["Léo", "Odette", "Paul"]


def test_a_slot_is_booked_once(api: Api, body: dict[str, Any], holder: User) -> None:
    assert api(holder).post("/api/v1/bookings/", body | {"booked_for": "self"}, format="json").status_code == 201
    again = api(holder).post(
        "/api/v1/bookings/", body | {"booked_for": "adult_relative", "patient": PAUL}, format="json"
    )
    assert again.status_code == 409
    assert errors(again) == ["slot_taken"]
    assert Appointment.objects.count() == 1


def test_the_same_key_books_once_and_tells_the_same(api: Api, body: dict[str, Any], holder: User) -> None:
    answers = [
        api(holder).post(
            "/api/v1/bookings/", body | {"booked_for": "self"}, format="json", HTTP_IDEMPOTENCY_KEY="one"
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"booked_for": "adult_relative"}, "patient"),
        ({"booked_for": "adult_relative", "patient": PAUL | {"email": "a@b.example"}}, "mobile"),
        ({"booked_for": "minor_relative", "patient": PAUL}, "birth_date"),
        ({"booked_for": "cousin"}, "booked_for"),
        ({"kind": "telepathy"}, "kind"),
        ({"start": "tomorrow"}, "start"),
        ({"agenda": "00000000-0000-4000-8000-000000000000"}, "agenda"),
    ],
)
def test_a_booking_that_cannot_be_is_said_and_makes_nothing(
    api: Api, body: dict[str, Any], holder: User, change: dict[str, Any], attr: str
) -> None:
    answer = api(holder).post("/api/v1/bookings/", body | {"booked_for": "self"} | change, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == attr
    assert not Appointment.objects.exists()


def test_subject_and_holder_in_the_body_are_ignored(
    api: Api, body: dict[str, Any], holder: User, charlie: User
) -> None:
    asked = body | {"booked_for": "self", "holder": str(charlie.pk), "status": "cancelled", "practice": "x"}
    made = api(holder).post("/api/v1/bookings/", asked, format="json").json()
    appointment = Appointment.objects.get(pk=made["id"])
    assert (appointment.holder, appointment.status) == (holder, "booked")


def test_cancelling_ones_own_until_the_limit_and_nobody_elses(
    api: Api, body: dict[str, Any], holder: User, charlie: User, alice: User
) -> None:
    made = api(holder).post("/api/v1/bookings/", body | {"booked_for": "self"}, format="json").json()
    address = f"/api/v1/bookings/{made['id']}/"
    for other in (charlie, alice):
        assert api(other).delete(address).status_code == 404
    policy = BookingPolicy.objects.create(practice=Appointment.objects.get().practice, cancel_minutes=60 * 24 * 60)
    late = api(holder).delete(address)
    assert (late.status_code, errors(late)) == (409, ["too_late"])
    policy.delete()
    assert api(holder).delete(address).status_code == 204
    assert Appointment.objects.get().status == "cancelled"


def test_an_account_that_is_not_proved_books_for_nobody_as_itself(
    api: Api, body: dict[str, Any], charlie: User
) -> None:
    answer = api(charlie).post("/api/v1/bookings/", body | {"booked_for": "self"}, format="json")
    assert (answer.status_code, errors(answer)) == (409, ["identity_incomplete"])


def test_booking_needs_an_account(api: Api, body: dict[str, Any]) -> None:
    assert api(None).post("/api/v1/bookings/", body, format="json").status_code == 401
