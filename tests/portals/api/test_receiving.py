"""What a practice asks for and patients send, by the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models import ReceivedDocument
from tests.conftest import PDF
from tests.documents.bookings import maries_account  # noqa: F401
from tests.documents.receiving.test_sending import photograph
from tests.portals.api.conftest import Api, errors

pytestmark = pytest.mark.django_db


def files(*contents: bytes) -> dict[str, Any]:
    return {"file": [SimpleUploadedFile(f"page{number}.jpg", one) for number, one in enumerate(contents)]}


def test_from_the_request_to_acceptance(
    appointment: Appointment,
    bob: User,
    rita: User,
    charlie: User,
    hugo: User,
    maries_account: User,  # noqa: F811
    api: Api,
) -> None:
    staff, patient = api(bob), api(maries_account)
    around = f"/api/v1/appointments/{appointment.pk}/"
    due = (timezone.now() + timedelta(days=1)).isoformat()
    body = {"label": "Carnet de santé", "details": "Les vaccins", "due_at": due}
    assert [api(one).post(f"{around}requests/", body).status_code for one in (rita, charlie)] == [403, 404]
    asked = staff.post(f"{around}requests/", body, HTTP_IDEMPOTENCY_KEY="one").json()
    assert staff.post(f"{around}requests/", body, HTTP_IDEMPOTENCY_KEY="one").json() == asked
    assert (asked["state"], asked["label"]) == ("asked", "Carnet de santé")
    address = f"/api/v1/requests/{asked['id']}/"
    assert staff.patch(address, {"label": "Carnet de vaccination"}).json()["details"] == "Les vaccins"
    assert api(charlie).get(address).status_code == 404
    (mine,) = patient.get("/api/v1/me/requests/").json()["results"]
    assert (mine["label"], mine["can_send"], mine["files"]) == ("Carnet de vaccination", True, [])
    send = f"/api/v1/me/requests/{asked['id']}/files/"
    assert api(hugo).post(send, files(PDF), format="multipart").status_code == 404
    refused = patient.post(send, files(b"no picture", photograph("red")), format="multipart")
    assert (refused.status_code, errors(refused)) == (400, ["kind_refused"])
    pages = photograph("red"), photograph("blue")
    for _ in range(2):
        sent = patient.post(send, files(*pages), format="multipart", HTTP_IDEMPOTENCY_KEY="two")
        assert sent.status_code == 201, sent.json()
    (received,) = sent.json()["results"]
    assert (received["page_count"], received["state"], received["on_behalf_of"]) == (2, "received", None)
    assert [one["id"] for one in patient.get("/api/v1/me/received/").json()["results"]] == [received["id"]]
    assert api(hugo).get("/api/v1/me/received/").json()["results"] == []
    there = f"/api/v1/received/{received['id']}/"
    assert staff.get(f"{there}content/").status_code == 200
    own = f"/api/v1/me/received/{received['id']}/"
    gone = patient.delete(own)
    assert (gone.status_code, errors(gone)) == (409, ["already_seen"])
    bytes_: Any = patient.get(f"{own}content/")
    assert b"".join(bytes_.streaming_content)[:5] == b"%PDF-"
    assert staff.post(f"{there}refuse/", {"detail": "Floue"}).json()["sentence"] == "Floue"
    assert patient.get("/api/v1/me/requests/").json()["results"][0]["sentence"] == "Floue"
    again = patient.post(send, files(photograph("green")), format="multipart").json()["results"][0]
    assert patient.delete(f"/api/v1/me/received/{again['id']}/").status_code == 204
    last = patient.post(send, files(photograph("white")), format="multipart").json()["results"][0]
    accepted = staff.post(f"/api/v1/received/{last['id']}/accept/").json()
    assert (accepted["state"], accepted["seen_at"] is None) == ("accepted", False)
    assert errors(patient.delete(f"/api/v1/me/received/{last['id']}/")) == ["already_seen"]
    assert [one["state"] for one in staff.get(f"{around}requests/").json()["results"]] == ["accepted"]
    assert [one["state"] for one in staff.get(f"{around}received/").json()["results"]] == ["accepted", "refused"]
    assert errors(staff.delete(address)) == ["request_over"]
    closed = patient.post(send, files(photograph("red")), format="multipart")
    assert (closed.status_code, errors(closed)) == (409, ["request_over"])
    assert ReceivedDocument.objects.count() == 2
