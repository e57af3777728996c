"""Invalid or hostile requests of programs: the answer says what to correct, and is never a server error."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from documents.models import DocumentReading, SharedDocument
from documents.sharing.share import take_back
from files.serving import respond
from portals.api.views import appointments, documents
from portals.api.views.appointments import appointment_of
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.portals.api.conftest import Api, errors
from tests.portals.api.test_api import V1, body_of, share, upload

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


@pytest.mark.parametrize(
    ("verb", "deed"),
    [("delete", ""), ("patch", ""), ("post", "cancel/"), ("post", "authorise-holder/"), ("post", "documents/")],
)
def test_what_is_deleted_while_a_call_waits_for_it_is_not_found(
    api: Api, bob: User, appointment: Appointment, monkeypatch: pytest.MonkeyPatch, verb: str, deed: str
) -> None:
    """Somebody else deletes the appointment between finding and locking it."""

    def find_and_lose(user: User, pk: uuid.UUID) -> Appointment:
        found = appointment_of(user, pk)
        Appointment.objects.filter(pk=pk).delete()
        return found

    monkeypatch.setattr(appointments, "appointment_of", find_and_lose)
    body = {"file": upload()} if deed == "documents/" else {"start": "2026-12-01T09:00:00Z"}
    answers = [
        getattr(api(bob), verb)(f"{V1}/appointments/{appointment.pk}/{deed}", body, format="multipart")
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert SharedDocument.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("late", [False, True])
def test_a_document_taken_back_while_it_is_downloaded_is_not_found_and_no_alarm(
    api: Api,
    bob: User,
    appointment: Appointment,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    late: bool,
) -> None:
    """Between finding it and opening its bytes; or before the reading is recorded."""
    document = SharedDocument.objects.get(pk=share(api(bob), appointment).json()["id"])

    def lose_and_respond(*args: Any, **kwargs: Any) -> Any:
        if not late:
            take_back(document=document, by=bob)
        answer = respond(*args, **kwargs)
        if late:
            take_back(document=document, by=bob)
        return answer

    monkeypatch.setattr(documents, "respond", lose_and_respond)
    answers = [api(bob).get(f"{V1}/documents/{document.pk}/content/") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert not [line for line in caplog.records if line.levelname in ("CRITICAL", "ERROR")]


@pytest.mark.parametrize("asked", ["items=0-", "bytes=00-", "bytes=1-", "bytes=-50", "nonsense"])
def test_no_range_reads_a_document_without_a_trace_and_the_parts_of_one_download_are_one_reading(
    api: Api, bob: User, appointment: Appointment, asked: str
) -> None:
    shared = share(api(bob), appointment).json()
    for further in (asked, "bytes=2-9", "bytes=10-"):
        answer = api(bob).get(f"{V1}/documents/{shared['id']}/content/", HTTP_RANGE=further)
        assert answer.status_code in (200, 206)
    assert DocumentReading.objects.get().reader == bob


def test_of_two_files_in_one_call_none_is_lost_in_silence(
    api: Api, bob: User, carol: User, appointment: Appointment
) -> None:
    for caller, address in ((bob, f"appointments/{appointment.pk}/documents"), (carol, "library"), (bob, "verify")):
        two = {"file": [upload(), upload(name="compte-rendu.pdf")]}
        answer = api(caller).post(f"{V1}/{address}/", two, format="multipart")
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "file"), address
    assert SharedDocument.objects.count() == 0


@pytest.mark.parametrize("field", ["agenda", "visit_reason", "start", "patient", "kind", "booked_for"])
def test_half_a_character_in_any_field(api: Api, bob: User, holder: User, field: str) -> None:
    """JSON can contain lone surrogates (RFC 8259, 8.2), UTF-8 cannot; nor can an answer that repeats them."""
    for caller, address in ((bob, "appointments"), (holder, "bookings")):
        answer = api(caller).post(f"{V1}/{address}/", f'{{"{field}": "\\ud800"}}', content_type="application/json")
        assert answer.status_code == 400
        assert errors(answer)
