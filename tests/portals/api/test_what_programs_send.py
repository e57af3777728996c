"""What a program may get wrong, or send on purpose: it is told what to mend, never that the fault was ours."""

from __future__ import annotations

import base64

import pytest

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.portals.api.conftest import Api, errors
from tests.portals.api.test_api import V1, body_of, share

OVER_JSON_LIMIT = 3_000_000


def cursor(position: str) -> str:
    return base64.b64encode(f"p={position}".encode()).decode()


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2101-01-01", "9999-12-31", "2026-02-30", "hier"])
def test_days_that_no_appointment_can_have(
    api: Api, bob: User, open_agenda: Agenda, visit_reason: VisitReason, day: str
) -> None:
    for address, attr in (
        (f"{V1}/appointments/?date={day}", "date"),
        (f"{V1}/agendas/{open_agenda.pk}/slots/?visit_reason={visit_reason.pk}&from={day}&to={day}", "from"),
    ):
        answer = api(bob).get(address)
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, attr)


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"])
def test_a_booking_in_a_year_that_is_a_slip_of_the_keyboard(
    api: Api, holder: User, open_agenda: Agenda, visit_reason: VisitReason, start: str
) -> None:
    body = {"agenda": str(open_agenda.pk), "visit_reason": str(visit_reason.pk), "start": start}
    answer = api(holder).post(f"{V1}/bookings/", body, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "start")


@pytest.mark.parametrize("asked", ["x", cursor("abc"), cursor("1.5"), cursor("%00")])
def test_a_cursor_that_we_never_gave(api: Api, bob: User, appointment: Appointment, asked: str) -> None:
    for address in ("patients", "appointments", "library", f"appointments/{appointment.pk}/history"):
        answer = api(bob).get(f"{V1}/{address}/", {"cursor": asked})
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "cursor")


def test_json_nested_too_deep_and_json_too_large(api: Api, bob: User, carol: User) -> None:
    deep = '{"a":' + "[" * 100_000 + "]" * 100_000 + "}"
    for caller, address in ((bob, "patients"), (carol, "library"), (carol, "auto-send-rules")):
        answer = api(caller).post(f"{V1}/{address}/", deep, content_type="application/json")
        assert (answer.status_code, errors(answer)) == (400, ["parse_error"])
    large = '{"first_name": "' + "a" * OVER_JSON_LIMIT + '"}'
    answer = api(bob).post(f"{V1}/patients/", large, content_type="application/json")
    assert (answer.status_code, errors(answer)) == (413, ["too_large"])


@pytest.mark.parametrize("accept", ["application/pdf", "image/png", "text/html", "*/*", "nonsense"])
def test_whatever_a_caller_accepts_a_document_is_what_it_is_and_the_rest_json(
    api: Api, bob: User, appointment: Appointment, accept: str
) -> None:
    shared = share(api(bob), appointment).json()
    content = api(bob).get(f"{V1}/documents/{shared['id']}/content/", HTTP_ACCEPT=accept)
    assert (content.status_code, content["Content-Type"]) == (200, "application/pdf")
    missing = api(bob).get(f"{V1}/documents/{appointment.pk}/content/", HTTP_ACCEPT=accept)
    assert (missing.status_code, errors(missing)) == (404, ["not_found"])
    assert api(bob).get(f"{V1}/patients/", HTTP_ACCEPT=accept)["Content-Type"] == "application/json"


@pytest.mark.parametrize("asked", ["bytes=" + "9" * 5000 + "-", "bytes=0-" + "9" * 5000, "bytes=-" + "9" * 5000])
def test_a_range_of_no_size(api: Api, bob: User, appointment: Appointment, asked: str) -> None:
    shared = share(api(bob), appointment).json()
    answer = api(bob).get(f"{V1}/documents/{shared['id']}/content/", HTTP_RANGE=asked)
    assert (answer.status_code, len(body_of(answer))) == (200, shared["size"])
