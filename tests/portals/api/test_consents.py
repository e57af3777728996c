"""The patient's signature through the API: asked for, given by a code, refused, withdrawn, verified by anybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.models import Appointment
from documents.models import Category, ConsentChallenge, SharedDocument
from documents.sharing.share import share_upload
from files import storage
from files.intake import Intake
from notifications.models import Message
from tests.documents.consents.conftest import *  # noqa: F403  # a document that asks for a signature
from tests.documents.consents.conftest import SENTENCES, AskOf, code_sent, sign_as

pytestmark = pytest.mark.django_db


def client_of(user: User, *scopes: Scope) -> APIClient:
    client = APIClient()
    _token, secret = issue_token(user=user, name="t", scopes=scopes or [Scope.READ, Scope.WRITE, Scope.SIGN], by=None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_patient_signs_by_two_calls_and_anybody_verifies_what_it_is(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    consent = ask_of(appointment)
    client, where = client_of(maries_account), f"/api/v1/me/documents/{consent.document_id}/sign/"
    shown = client.get(where).json()
    assert (shown["state"], shown["to_tick"]) == ("asked", list(SENTENCES))
    given = {"pages": [1], "sentences": list(SENTENCES), "name": "Marie Durand"}
    unread = client.post(where, given, format="json")
    assert (unread.status_code, unread.json()["errors"][0]["code"]) == (409, "pages_unread")
    asked = client.post(where, given | {"pages": [1, 2]}, format="json")
    assert (asked.status_code, asked.json()["state"], bool(asked.json()["code_sent_until"])) == (200, "asked", True)
    wrong = client.post(where, given | {"code": "000000"}, format="json")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, "wrong_code")
    digits = code_sent(maries_account.mobile or "")
    signed = client.post(where, given | {"code": digits}, format="json").json()
    assert (signed["state"], signed["signed_by"], signed["means"]) == ("signed", "Marie Durand", "sms")
    replayed = client.post(where, given | {"code": digits}, format="json")
    assert (replayed.status_code, replayed.json()["errors"][0]["code"]) == (409, "consent_over")
    document = SharedDocument.objects.select_related("file").get()
    with storage.open_(document.file) as file:
        upload = SimpleUploadedFile("signe.pdf", file.read(), "application/pdf")
    verified = APIClient().post("/api/v1/verify/", {"file": upload}, format="multipart").json()
    assert (verified["verdict"], verified["known"]) == ("whole", True)
    attested = verified["signatures"][-1]["consent"]
    assert (attested["signer"], attested["challenge"]) == ("Marie Durand", signed["challenge"])
    assert "signature électronique simple" in attested["detail"]
    assert maries_account.email not in str(verified)


def test_a_token_that_may_not_sign_signs_nothing(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    where = f"/api/v1/me/documents/{ask_of(appointment).document_id}/sign/"
    client = client_of(maries_account, Scope.READ, Scope.WRITE)
    given = {"pages": [1, 2], "sentences": list(SENTENCES), "name": "Marie Durand"}
    assert client.post(where, given, format="json").status_code == 403
    assert not ConsentChallenge.objects.exists()


def test_staff_ask_for_a_signature_under_an_upload_and_once_more_after_a_refusal(
    appointment: Appointment, alice: User, hugo: User, receive: Callable[..., Intake], maries_account: User
) -> None:
    document = share_upload(
        appointment=Appointment.objects.select_related("practice", "patient__practice").get(pk=appointment.pk),
        intake=receive(), category=Category.objects.get(code="information"), title="", placement=None, by=alice,
    )  # fmt: skip
    where = f"/api/v1/documents/{document.pk}/consent/"
    staff, patient = client_of(alice), client_of(maries_account)
    assert staff.get(where).status_code == 404
    empty = staff.post(where, {"sentences": [" "]}, format="json")
    assert empty.status_code == 400
    assert client_of(hugo).post(where, {"sentences": ["Oui."]}, format="json").status_code in (403, 404)
    made = staff.post(where, {"sentences": ["Oui."]}, format="json")
    assert (made.status_code, made.json()["state"]) == (201, "asked")
    assert Message.objects.filter(topic="consent", to="marie.durand@courriel.example").count() == 1
    assert staff.post(where, {"sentences": ["Autre."]}, format="json").json()["sentences"] == ["Oui."]
    mine = f"/api/v1/me/documents/{document.pk}/sign/"
    assert patient.post(f"{mine}refuse/", {"detail": "Non."}, format="json").json()["state"] == "refused"
    assert not Message.objects.filter(topic="consent", state="queued").exists()
    assert staff.post(where, {"sentences": ["Encore."]}, format="json").json()["state"] == "asked"


def test_a_repeated_asking_gets_its_first_answer(
    appointment: Appointment, alice: User, bob: User, receive: Callable[..., Intake]
) -> None:
    """Whoever lost the answer repeats the call with its key; also of two who ask at once."""
    document = share_upload(
        appointment=Appointment.objects.select_related("practice", "patient__practice").get(pk=appointment.pk),
        intake=receive(), category=Category.objects.get(code="information"), title="", placement=None, by=alice,
    )  # fmt: skip
    where, asked = f"/api/v1/documents/{document.pk}/consent/", {"sentences": ["Oui."]}
    answers = [
        client_of(user).post(where, asked, format="json", headers={"Idempotency-Key": "one"})
        for user in (alice, alice, bob, bob)
    ]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_a_signed_document_is_not_taken_back_and_its_consent_is_withdrawn(
    appointment: Appointment, ask_of: AskOf, maries_account: User, alice: User
) -> None:
    consent = ask_of(appointment)
    sign_as(consent, maries_account, "Marie Durand")
    refused = client_of(alice).delete(f"/api/v1/documents/{consent.document_id}/")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "signed_by_patient")
    where = f"/api/v1/me/documents/{consent.document_id}/sign/withdraw/"
    assert client_of(maries_account).post(where, {}, format="json").json()["state"] == "withdrawn"
    assert client_of(maries_account).post(where, {}, format="json").status_code == 409
    again = client_of(alice).post(
        f"/api/v1/documents/{consent.document_id}/consent/", {"sentences": ["Oui."]}, format="json"
    )
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "not_to_be_signed")
