"""The contract with other programs: paths, names, codes, and access."""

from __future__ import annotations

import shutil
import threading
import uuid
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Scope, User
from appointments.models import Agenda, Appointment, BookedFor, VisitReason
from docshare.demo.letters import letter
from documents.models import LibraryDocument, SharedDocument
from documents.sharing.share import share_upload
from files.limits import MAX_BYTES
from notifications.models import Message
from notifications.outbox import plan_sms
from patients.models import Patient, RecordTie, Relationship
from tests.appointments.conftest import at
from tests.conftest import BookFixture
from tests.days import coming
from tests.documents.conftest import PDF
from tests.portals.api.conftest import Api, errors

V1 = "/api/v1"


def upload(content: bytes = PDF, name: str = "ordonnance.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/pdf")


def body_of(answer: Any) -> bytes:
    """The bytes of a file."""
    return b"".join(answer.streaming_content)


def share(client: Any, appointment: Appointment, **fields: Any) -> Any:
    body = {"file": upload(), "category": "prescription", "title": "Ordonnance", **fields}
    headers = {"HTTP_IDEMPOTENCY_KEY": body.pop("key")} if "key" in body else {}
    return client.post(f"{V1}/appointments/{appointment.pk}/documents/", body, format="multipart", **headers)


def test_a_practitioner_shares_a_signed_document(api: Api, alice_signs: User, appointment: Appointment) -> None:
    answer = share(api(alice_signs), appointment, sign="true", page=1, x=0.8, y=0.9)
    assert answer.status_code == 201
    document = answer.json()
    assert {"id", "title", "category", "media_type", "size", "sha256", "signed", "signatures", "page_count",
            "shared_at", "shared_by", "audience", "read_at", "notifications"} <= set(document)  # fmt: skip
    assert document["signed"] is True
    assert document["signatures"][0] | {"signed_at": None} == {
        "signer": "Dr Alice Morel", "signed_at": None, "valid": True, "judgement": "valid",
        "covers_whole_document": True, "level": "B-B",
    }  # fmt: skip
    assert {notice["channel"]: notice["state"] for notice in document["notifications"]} == {
        "email": "queued",
        "sms": "queued",
    }
    content = api(alice_signs).get(f"{V1}/documents/{document['id']}/content/")
    stored = body_of(content)
    assert stored.startswith(PDF)
    assert len(stored) == document["size"]
    assert content["Content-Disposition"].startswith("attachment")
    part = api(alice_signs).get(f"{V1}/documents/{document['id']}/content/", HTTP_RANGE="bytes=5-9")
    assert (part.status_code, body_of(part)) == (206, stored[5:10])
    beyond = api(alice_signs).get(f"{V1}/documents/{document['id']}/content/", HTTP_RANGE="bytes=99999999-")
    assert (beyond.status_code, errors(beyond)) == (416, ["range_not_satisfiable"])
    assert beyond["Content-Range"] == f"bytes */{len(stored)}"


def test_only_a_token_that_may_sign_and_a_practitioner_sign(
    api: Api, alice_signs: User, bob: User, appointment: Appointment
) -> None:
    fields = {"sign": "true", "page": 1, "x": 0.5, "y": 0.5}
    assert share(api(alice_signs, Scope.READ, Scope.WRITE), appointment, **fields).status_code == 403
    assert share(api(bob), appointment, **fields).status_code == 403
    assert not SharedDocument.objects.exists()


def test_missing_mobile_is_409_and_the_recipient_says_so(
    api: Api, bob: User, appointment: Appointment, marie: Patient
) -> None:
    Patient.objects.update(mobile=None)
    recipient = api(bob).get(f"{V1}/appointments/{appointment.pk}/recipient/").json()
    assert recipient == {"state": "missing_contact", "audience": None, "missing": ["mobile"]}
    answer = share(api(bob), appointment)
    assert (answer.status_code, errors(answer)) == (409, ["recipient_not_ready"])
    completed = api(bob).patch(f"{V1}/patients/{marie.pk}/", {"mobile": "06 12 34 56 78"}, format="json")
    assert completed.json()["mobile"] == "+33612345678"
    assert share(api(bob), appointment).status_code == 201


def test_authorise_holder(api: Api, bob: User, hugo: User, book_for: BookFixture, marie: Patient) -> None:
    Patient.objects.update(mobile=None, email=None)
    marie.refresh_from_db()
    appointment = book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    address = f"{V1}/appointments/{appointment.pk}"
    assert api(bob).get(f"{address}/recipient/").json()["state"] == "needs_authorisation"
    answer = api(bob).post(f"{address}/authorise-holder/")
    assert (answer.status_code, answer.json()["audience"]) == (200, "holder")
    assert share(api(bob), appointment).json()["audience"] == "holder"
    assert len(api(hugo).get(f"{V1}/me/documents/").json()["results"]) == 1


def test_too_large_is_413_and_everything_else_wrong_with_a_file_400(
    api: Api, bob: User, appointment: Appointment
) -> None:
    answer = share(api(bob), appointment, file=upload(PDF + b"\n" * (MAX_BYTES + 1 - len(PDF))))
    assert (answer.status_code, errors(answer)) == (413, ["too_large"])
    for name, content, code in [
        ("page.pdf", b"<html></html>", "kind_refused"),
        ("vide.pdf", b"", "empty"),
        ("x.docx", b"PK\x03\x04", "kind_refused"),
    ]:
        answer = share(api(bob), appointment, file=upload(content, name))
        assert (answer.status_code, errors(answer)) == (400, [code])
    assert not SharedDocument.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"page": 999, "x": 0.5, "y": 0.5},
        {"page": 1, "x": "nan", "y": 0.5},
        {"page": 1, "x": -1, "y": 0.5},
        {"page": 1, "x": 0.5, "y": 7},
        {"page": 1, "x": 0.5},
        {"x": 0.5, "y": 0.5},
    ],
)
def test_places_off_the_page_are_400(
    fields: dict[str, Any], api: Api, alice_signs: User, appointment: Appointment
) -> None:
    answer = share(api(alice_signs), appointment, sign="true", **fields)
    assert answer.status_code == 400
    errors(answer)
    assert not SharedDocument.objects.exists()


def test_a_library_document_is_shared_and_never_signed(
    api: Api, alice_signs: User, appointment: Appointment, access_plan: LibraryDocument
) -> None:
    client, address = api(alice_signs), f"{V1}/appointments/{appointment.pk}/documents/"
    signed = client.post(address, {"library_document": access_plan.pk, "sign": True, "page": 1, "x": 0.5, "y": 0.5})
    assert signed.status_code == 400
    answer = client.post(address, {"library_document": str(access_plan.pk)}, format="json")
    assert (answer.status_code, answer.json()["signed"]) == (201, False)


def test_the_same_key_gives_the_first_answer_and_one_document(api: Api, bob: User, appointment: Appointment) -> None:
    client = api(bob)
    first, second = (share(client, appointment, key="k1") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert SharedDocument.objects.count() == 1
    assert Message.objects.count() == 2
    other = share(client, appointment, key="k1", title="Autre")
    assert (other.status_code, errors(other)) == (409, ["idempotency_key_reused"])


def test_a_retry_after_a_crash_between_commit_and_answer_finds_the_document(
    api: Api, bob: User, appointment: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api(bob)
    with monkeypatch.context() as patch:
        patch.setattr("portals.api.idempotency.store_answer", _crash)
        assert share(client, appointment, key="k2").status_code == 500
    assert SharedDocument.objects.count() == 1
    from portals.models import IdempotentCall

    IdempotentCall.objects.update(lease_until="2020-01-01T00:00:00Z")
    again = share(client, appointment, key="k2")
    assert again.status_code == 201
    assert again.json()["id"] == str(SharedDocument.objects.get().pk)


def _crash(*_args: object) -> None:
    raise RuntimeError("The process died here.")


def test_a_call_that_its_retry_overtook_makes_no_second_document_and_says_try_again(
    api: Api, bob: User, appointment: Appointment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call stops beyond its lease, and continues after the retry has created the document but before it is
    answered."""

    def overtaken(**asked: Any) -> SharedDocument:
        path = asked["intake"].path
        same = Path(shutil.copyfile(path, path.with_suffix(".same")))
        share_upload(**{**asked, "intake": replace(asked["intake"], path=same)})
        return share_upload(**asked)

    client = api(bob)
    with monkeypatch.context() as patch:
        patch.setattr("portals.api.views.documents.share_upload", overtaken)
        late = share(client, appointment, key="k4")
    assert (late.status_code, errors(late)) == (409, ["still_running"])
    again = share(client, appointment, key="k4")
    assert again.status_code == 201
    assert again.json()["id"] == str(SharedDocument.objects.get().pk)
    assert Message.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_key_in_parallel_is_one_document(api: Api, bob: User, appointment: Appointment) -> None:
    answers: list[Any] = []

    def call() -> None:
        answers.append(share(clients.pop(), appointment, key="k3"))
        connection.close()

    first = api(bob)
    clients = [first] * 4
    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert SharedDocument.objects.count() == 1


def test_patients_and_appointments(api: Api, bob: User, agenda: Agenda, visit_reason: VisitReason) -> None:
    client = api(bob)
    start = at(agenda, coming(1, agenda.practice), 9)
    Agenda.objects.filter(pk=agenda.pk).update(video_url="https://video.example/salle/1")
    answer = client.post(
        f"{V1}/appointments/",
        {
            "agenda": str(agenda.pk),
            "visit_reason": str(visit_reason.pk),
            "start": start.isoformat(),
            "kind": "video",
            "patient": {"first_name": "Léa", "last_name": "Petit", "birth_date": "1990-05-06", "email": None},
        },
        format="json",
    )
    assert answer.status_code == 201
    made = answer.json()
    assert made["start"] == start.isoformat()
    assert made["end"] == (start + timedelta(minutes=20)).isoformat()
    assert (made["status"], made["booked_by"], made["booked_for"]) == ("booked", "practice", "self")
    listed = client.get(f"{V1}/appointments/?agenda={agenda.pk}&date={start.date()}&patient={made['patient']}").json()
    assert [one["id"] for one in listed["results"]] == [made["id"]]
    assert set(listed) == {"results", "next", "previous"}
    later = at(agenda, coming(2, agenda.practice), 10)
    moved = client.patch(f"{V1}/appointments/{made['id']}/", {"start": later.isoformat()}, format="json")
    assert moved.json()["end"] == (later + timedelta(minutes=20)).isoformat()
    assert client.post(f"{V1}/appointments/{made['id']}/cancel/").json()["status"] == "cancelled"
    actions = [line["action"] for line in client.get(f"{V1}/appointments/{made['id']}/history/").json()["results"]]
    assert actions == ["appointment.cancelled", "appointment.moved", "appointment.booked"]
    assert client.delete(f"{V1}/appointments/{made['id']}/").status_code == 204
    assert client.get(f"{V1}/appointments/{made['id']}/").status_code == 404


@pytest.mark.parametrize(
    "start",
    ["0989-05-09T08:57:00-17:11", "0001-01-01T00:00:00+00:09", "9999-12-31T23:50:00Z", "2206-12-01T10:00:00Z"],
)
def test_a_year_that_is_a_slip_of_the_keyboard(api: Api, bob: User, appointment: Appointment, start: str) -> None:
    """Before 1911, the offset of Paris had seconds, which RFC 3339 cannot express."""
    client = api(bob)
    body = {
        "agenda": str(appointment.agenda_id),
        "visit_reason": str(appointment.visit_reason_id),
        "patient": str(appointment.patient_id),
        "start": start,
    }
    address = f"{V1}/appointments/"
    for answer in (
        client.post(address, body, format="json"),
        client.patch(f"{address}{appointment.pk}/", {"start": start}, format="json"),
    ):
        assert answer.status_code == 400
        assert [error["attr"] for error in answer.json()["errors"]] == ["start"]
    assert Appointment.objects.get().starts_at == appointment.starts_at


def test_whole_lists(api: Api, bob: User, agenda: Agenda, visit_reason: VisitReason) -> None:
    for name in ("agendas", "visit-reasons", "categories"):
        body = api(bob).get(f"{V1}/{name}/").json()
        assert list(body) == ["results"]
        assert body["results"]


def test_the_library(api: Api, bob: User, carol: User, charlie: User) -> None:
    answer = api(carol).post(f"{V1}/library/", {"file": upload(name="plan.pdf"), "title": "Plan"}, format="multipart")
    assert answer.status_code == 201
    document = answer.json()
    assert document | {"id": None} == {
        "id": None, "title": "Plan", "category": "information", "version": 1,
        "media_type": "application/pdf", "size": len(PDF), "used_by_rules": 0, "body": None,
    }  # fmt: skip
    address = f"{V1}/library/{document['id']}/"
    assert api(bob).post(f"{V1}/library/", {"file": upload()}, format="multipart").status_code == 403
    assert api(bob).get(address).status_code == 200
    assert api(charlie).get(address).status_code == 404
    assert body_of(api(bob).get(f"{address}content/")) == PDF
    second = api(carol).patch(address, {"file": upload(PDF + b"\n")}, format="multipart")
    assert second.json()["version"] == 2
    assert api(carol).delete(address).status_code == 204
    assert api(carol).get(address).status_code == 404


def test_the_library_takes_a_text_and_lays_it_out(api: Api, carol: User) -> None:
    body = {"title": "Venue", "category": "information", "body": "<h1>Venue</h1><p>Bonjour {{ patient_name }}</p>"}
    made = api(carol).post(f"{V1}/library/", body, format="json")
    assert made.status_code == 201
    assert made.json()["media_type"] == "application/pdf"
    assert '<span data-field="patient_name">' in made.json()["body"]
    address = f"{V1}/library/{made.json()['id']}/"
    assert api(carol).patch(address, {"body": "<p>Autre</p>"}, format="json").json()["version"] == 2
    for wrong, attr in (({"body": "<p>{{ nom }}</p>"}, "body"), ({"title": ""}, "title"), ({"body": None}, "body")):
        answer = api(carol).post(f"{V1}/library/", body | wrong, format="json")
        assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, attr)
    both = api(carol).post(f"{V1}/library/", {"title": "x"}, format="json")
    assert both.json()["errors"][0]["attr"] == "file"


@pytest.fixture
def shared(api: Api, bob: User, appointment: Appointment) -> dict[str, Any]:
    return dict(share(api(bob), appointment).json())


def test_programs_read_that_a_limit_stopped_the_sms_of_a_document(
    api: Api, bob: User, appointment: Appointment, settings: Settings
) -> None:
    settings.SMS_PER_NUMBER = (1, 1)
    plan_sms(to=str(appointment.patient.mobile), text="x", language="fr")
    document = share(api(bob), appointment).json()
    now = api(bob).get(f"{V1}/documents/{document['id']}/").json()["notifications"]
    assert {one["channel"]: one["state"] for one in now} == {"email": "queued", "sms": "failed"}
    [told] = [one["last_error"] for one in now if one["channel"] == "sms"]
    assert "SMS" in told


def addresses(document: dict[str, Any], appointment: Appointment) -> list[tuple[str, str]]:
    """Every address of the document, its parent and related objects: (verb, address)."""
    one, parent = f"{V1}/documents/{document['id']}/", f"{V1}/appointments/{appointment.pk}/"
    return [
        ("get", one),
        ("get", f"{one}content/"),
        ("delete", one),
        ("get", parent),
        ("patch", parent),
        ("delete", parent),
        ("get", f"{parent}documents/"),
        ("post", f"{parent}documents/"),
        ("get", f"{parent}history/"),
        ("get", f"{parent}recipient/"),
        ("post", f"{parent}authorise-holder/"),
        ("post", f"{parent}cancel/"),
        ("get", f"{V1}/patients/{appointment.patient_id}/"),
        ("patch", f"{V1}/patients/{appointment.patient_id}/"),
        ("get", f"{V1}/me/documents/{document['id']}/"),
        ("get", f"{V1}/me/documents/{document['id']}/content/"),
    ]


def test_strangers_and_other_patients_find_nothing_by_any_way(
    api: Api, shared: dict[str, Any], appointment: Appointment, charlie: User, hugo: User
) -> None:
    """Another practice's practitioner, and somebody else's account: 404 everywhere, as for a missing object."""
    for user in (charlie, hugo):
        for verb, address in addresses(shared, appointment):
            answer = getattr(api(user), verb)(address)
            assert answer.status_code == 404, (user, verb, address)
            missing = getattr(api(user), verb)(address.replace(shared["id"], str(uuid.uuid4())))
            assert missing.json() == answer.json()
    assert SharedDocument.objects.count() == 1
    assert api(charlie).get(f"{V1}/patients/").json()["results"] == []
    assert api(charlie).get(f"{V1}/appointments/").json()["results"] == []


def test_guesses_are_bounded_and_a_valid_token_behind_the_same_address_is_served(api: Api, alice: User) -> None:
    stranger, codes = api(None), []
    for _ in range(250):  # the limit is for a minute, which may change meanwhile
        stranger.credentials(HTTP_AUTHORIZATION="Bearer wrong")
        codes.append(stranger.get(f"{V1}/patients/").status_code)
    assert {*codes} == {401, 429}
    assert api(alice).get(f"{V1}/patients/").status_code == 200


def test_without_a_token_everything_is_401(api: Api, shared: dict[str, Any], appointment: Appointment) -> None:
    for verb, address in addresses(shared, appointment):
        answer = getattr(api(None), verb)(address)
        assert answer.status_code == 401, address
        assert answer["WWW-Authenticate"].startswith("Bearer")
    wrong = api(None)
    wrong.credentials(HTTP_AUTHORIZATION="Bearer wrong")
    assert wrong.get(f"{V1}/me/").status_code == 401


def test_a_reader_reads_and_changes_nothing(
    api: Api, shared: dict[str, Any], appointment: Appointment, rita: User
) -> None:
    for verb, address in addresses(shared, appointment)[:-2]:
        expected = {200} if verb == "get" else {403}
        assert getattr(api(rita), verb)(address, {}).status_code in expected | {400 if verb == "post" else 403}, (
            verb,
            address,
        )
    assert SharedDocument.objects.count() == 1


def test_the_patient_reads_it_and_staff_see_that(api: Api, shared: dict[str, Any], marie: Patient, bob: User) -> None:
    marie_herself = User.objects.create_user("marie@courriel.example", "une-phrase-de-passe")
    RecordTie.objects.create(
        user=marie_herself, patient=marie, relationship=Relationship.SELF, proved_email="x@y.fr", proved_mobile="+33"
    )
    mine = api(marie_herself).get(f"{V1}/me/documents/?category=prescription&patient={marie.pk}").json()["results"]
    assert [document["id"] for document in mine] == [shared["id"]]
    assert "notifications" not in mine[0]
    assert body_of(api(marie_herself).get(f"{V1}/me/documents/{shared['id']}/content/")) == PDF
    assert api(marie_herself).get(f"{V1}/documents/{shared['id']}/").status_code == 404
    assert api(bob).get(f"{V1}/documents/{shared['id']}/").json()["read_at"] is not None
    assert api(marie_herself).get(f"{V1}/me/").json()["email"] == "marie@courriel.example"


def test_taking_back(api: Api, shared: dict[str, Any], bob: User) -> None:
    assert api(bob).delete(f"{V1}/documents/{shared['id']}/").status_code == 204
    assert api(bob).get(f"{V1}/documents/{shared['id']}/").status_code == 404
    assert not Message.objects.exists()


def test_subject_owner_and_practice_in_a_body_are_ignored(
    api: Api, bob: User, appointment: Appointment, stranger: Patient, other_practice: Any
) -> None:
    answer = share(
        api(bob), appointment, patient=str(stranger.pk), practice=str(other_practice.pk), shared_by="x", signed="true"
    )
    document = SharedDocument.objects.get(pk=answer.json()["id"])
    assert (document.patient_id, document.practice_id) == (appointment.patient_id, appointment.practice_id)
    assert not document.is_signed


def test_lists_do_not_ask_once_for_each_row(api: Api, bob: User, appointment: Appointment) -> None:
    client, address = api(bob), f"{V1}/appointments/{appointment.pk}/documents/"

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    share(client, appointment)
    client.get(address)
    one = queries()
    for _ in range(4):
        share(client, appointment)
    assert queries() == one


def test_unknown_addresses_below_the_api_answer_in_its_shape(api: Api, bob: User) -> None:
    for address in (f"{V1}/nothing/", f"{V1}/appointments/not-an-id/", f"{V1}/slots/"):
        answer = api(bob).get(address)
        assert (answer.status_code, errors(answer)) == (404, ["not_found"])
    strict = Client(enforce_csrf_checks=True)
    for verb in (strict.post, strict.patch, strict.delete):
        there = verb(f"{V1}/patients")  # without the trailing slash
        assert (there.status_code, errors(there)) == (404, ["not_found"])
    assert api(bob).put(f"{V1}/patients/", {}).status_code == 405
    broken = api(bob).post(f"{V1}/patients/", "{", content_type="application/json")
    assert (broken.status_code, errors(broken)) == (400, ["parse_error"])


def test_anyone_verifies_a_pdf(api: Api, alice_signs: User, appointment: Appointment) -> None:
    document = share(api(alice_signs), appointment, sign="true", page=1, x=0.5, y=0.5).json()
    signed = body_of(api(alice_signs).get(f"{V1}/documents/{document['id']}/content/"))
    answer = api(None).post(f"{V1}/verify/", {"file": upload(signed)}, format="multipart").json()
    assert (answer["known"], answer["verdict"]) == (True, "whole")
    assert (answer["signatures"][0]["integrity"], answer["signatures"][0]["trust"]) == ("whole", "trusted")
    added = api(None).post(f"{V1}/verify/", {"file": upload(signed + b"%")}, format="multipart").json()
    assert (added["known"], added["verdict"]) == (False, "altered")
    assert [(s["signer"], s["valid"], s["trusted"]) for s in answer["signatures"]] == [("Dr Alice Morel", True, True)]
    unsigned = api(None).post(f"{V1}/verify/", {"file": upload()}, format="multipart").json()
    assert (unsigned["known"], unsigned["verdict"], unsigned["signatures"]) == (False, "unsigned", [])


def test_the_schema_names_every_path(api: Api) -> None:
    schema = api(None).get(f"{V1}/schema/?format=json").json()
    assert schema["openapi"].startswith("3.1")
    for path in ("appointments/{id}/documents/", "me/documents/", "library/{id}/content/", "verify/"):
        assert f"{V1}/{path}" in schema["paths"] or f"{V1}/{path.replace('{id}', '{pk}')}" in schema["paths"]


def test_a_document_that_names_another_patient_is_409_where_the_caller_asks(
    api: Api, bob: User, appointment: Appointment, marie: Patient
) -> None:
    Patient.objects.create(
        practice=marie.practice, first_name="Paul", last_name="Martin", birth_date=date(1975, 8, 1)
    )
    content = letter("Ordonnance", ["Paul Martin"], heading="Cabinet des Lilas")
    doubt = share(api(bob), appointment, file=upload(content), key="k", confirm_patient="false")
    assert (doubt.status_code, errors(doubt)) == (409, ["wrong_patient_suspected"])
    answer = share(api(bob), appointment, file=upload(content), key="k")
    assert answer.status_code == 201
    assert answer.json()["notices"] == []


def test_while_the_virus_scanner_is_away_uploads_are_503_and_the_same_key_works_later(
    api: Api, bob: User, appointment: Appointment, settings: Any
) -> None:
    settings.CLAMD_URL = "unix:///nowhere/clamd.ctl"
    away = share(api(bob), appointment, key="k")
    assert (away.status_code, errors(away), away["Retry-After"]) == (503, ["scanner_unavailable"], "10")
    assert away.json()["type"] == "server_error"
    settings.CLAMD_URL = ""
    assert share(api(bob), appointment, key="k").status_code == 201
    assert SharedDocument.objects.count() == 1
