"""Sole control of the signer: a sign-in within the last five minutes before the first signature of a session, and
before any change of a signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from docshare.demo.letters import signature
from documents.models import SharedDocument
from notifications.models import Message
from tests.conftest import PASSWORD
from tests.documents.conftest import PDF

SignIn = Callable[..., Client]
PLACED: dict[str, Any] = {"sign": "1", "page": "1", "x": "0.8", "y": "0.9", "width": "0.25"}


def share(browser: Client, appointment: Appointment, *, card: bool = True, **fields: Any) -> Any:
    body = {"category": "prescription", "file": SimpleUploadedFile("ordonnance.pdf", PDF), **fields}
    headers = {"X-Requested-With": "card"} if card else {}
    return browser.post(f"/pro/appointments/{appointment.pk}/share/", body, headers=headers)


def test_the_first_signature_of_a_session_asks_for_a_sign_in_of_five_minutes_ago_at_most(
    appointment: Appointment, alice_signs: User, sign_in: SignIn
) -> None:
    late = sign_in(alice_signs, minutes=6)
    refused = share(late, appointment, **PLACED)
    assert refused.status_code == 401
    assert "Confirmez que c’est bien vous" in refused.content.decode()
    assert not SharedDocument.objects.exists()
    assert share(late, appointment).status_code == 201  # unsigned: needs no confirmation
    assert share(sign_in(alice_signs, minutes=4), appointment, **PLACED).status_code == 201


@pytest.mark.parametrize(("given", "status"), [("wrong", 400), ("", 400), (PASSWORD, 204)])
def test_the_password_is_enough_and_the_card_then_goes_through(
    given: str, status: int, appointment: Appointment, alice_signs: User, sign_in: SignIn
) -> None:
    browser = sign_in(alice_signs, minutes=6)
    answer = browser.post("/pro/sign-in-again/", {"password": given})
    assert answer.status_code == status
    assert share(browser, appointment, **PLACED).status_code == (201 if status == 204 else 401)


def test_a_session_that_has_signed_goes_on_signing(
    appointment: Appointment, alice_signs: User, sign_in: SignIn
) -> None:
    browser = sign_in(alice_signs)
    assert share(browser, appointment, **PLACED).status_code == 201
    session = browser.session
    session["account_authentication_methods"][-1]["at"] -= 3600
    session.save()
    assert share(browser, appointment, **PLACED).status_code == 201
    page = browser.get(f"/pro/appointments/{appointment.pk}/share/").content.decode()
    assert '"maySignUntil": null' in page
    assert share(sign_in(alice_signs, minutes=6), appointment, **PLACED).status_code == 401  # another session


def test_without_javascript_a_page_leads_to_the_sign_in_and_back(
    appointment: Appointment, alice_signs: User, sign_in: SignIn
) -> None:
    answer = share(sign_in(alice_signs, minutes=6), appointment, card=False, **PLACED)
    assert answer.status_code == 401
    assert f"/account/reauthenticate/?next=/pro/appointments/{appointment.pk}/share/" in answer.content.decode()


def test_the_api_with_a_browsers_session_asks_too_and_with_a_token_does_not(
    appointment: Appointment, alice_signs: User, sign_in: SignIn
) -> None:
    body = {"category": "prescription", "file": SimpleUploadedFile("o.pdf", PDF), **PLACED}
    address = f"/api/v1/appointments/{appointment.pk}/documents/"
    refused = sign_in(alice_signs, minutes=6).post(address, body)
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["code"] == "reauthentication_required"
    body["file"] = SimpleUploadedFile("o.pdf", PDF)
    assert sign_in(alice_signs).post(address, body).status_code == 201


def test_changing_a_signature_asks_each_time_and_is_told_by_email(alice_signs: User, sign_in: SignIn) -> None:
    def change(browser: Client) -> int:
        file = SimpleUploadedFile("s.png", signature(2), "image/png")
        return browser.post("/pro/signature/", {"file": file}).status_code

    late = sign_in(alice_signs, minutes=6)
    assert (change(late), late.post("/pro/signature/revoke/").status_code) == (401, 401)
    assert not Message.objects.exists()
    browser = sign_in(alice_signs)
    assert change(browser) == 302
    told = Message.objects.get()
    assert (told.to, told.subject) == (alice_signs.email, "Votre signature a changé – docshare")
    assert browser.post("/pro/signature/revoke/").status_code == 302
    assert Message.objects.count() == 2
