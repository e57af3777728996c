"""Only its practitioner uses a signature, and each signing happens once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from docshare.demo.letters import signature
from documents.models import SharedDocument
from documents.sharing.share import take_back
from files import storage
from notifications.models import Message
from practices.models import Membership
from practices.roles import NotAllowed
from signing.certificates import current_credential, revoke_certificate
from signing.imported_certificates import import_pkcs12, remove_imported
from signing.models import SignatureImage, SigningCredential
from signing.signatures import set_signature_image
from tests.documents.conftest import PDF

SignIn = Callable[..., Client]
PLACED = {"category": "prescription", "sign": "1", "page": "1", "x": "0.8", "y": "0.9", "width": "0.25"}


def card(browser: Client, appointment: Appointment, key: str = "") -> int:
    headers = {"X-Requested-With": "card"} | ({"Idempotency-Key": key} if key else {})
    body = {**PLACED, "file": SimpleUploadedFile("ordonnance.pdf", PDF)}
    return browser.post(f"/pro/appointments/{appointment.pk}/share/", body, headers=headers).status_code


def by_api(browser: Client, appointment: Appointment) -> int:
    body = {**PLACED, "file": SimpleUploadedFile("ordonnance.pdf", PDF)}
    return browser.post(f"/api/v1/appointments/{appointment.pk}/documents/", body).status_code


@pytest.fixture
def colleague(alice: User, charlie: User) -> User:
    """Charlie, now also a practitioner of Les Lilas, without a signature."""
    Membership.objects.create(user=charlie, practice=alice.memberships.get().practice, is_practitioner=True)
    return charlie


def test_nobody_else_fetches_overwrites_or_revokes_a_practitioners_signature(
    alice_signs: User, bob: User, carol: User, hugo: User, colleague: User, sign_in: SignIn
) -> None:
    image = bytes(SignatureImage.objects.get().png)
    credential = current_credential(user=alice_signs)
    for other in (bob, carol, hugo, colleague):
        browser = sign_in(other)
        assert browser.get("/pro/signature/image/").status_code == 404
        file = SimpleUploadedFile("s.png", signature(2), "image/png")
        browser.post("/pro/signature/", {"file": file, "user": str(alice_signs.pk)})
        browser.post("/pro/signature/revoke/", {"user": str(alice_signs.pk)})
        browser.post("/pro/signature/certificate/remove/", {"user": str(alice_signs.pk)})
        upload = SimpleUploadedFile("s.png", signature(2), "image/png")
        refused: list[Callable[[], Any]] = [
            partial(set_signature_image, user=alice_signs, upload=upload, by=other),
            partial(revoke_certificate, user=alice_signs, by=other),
            partial(import_pkcs12, owner=alice_signs, upload=None, password="", by=other),
            partial(remove_imported, owner=alice_signs, by=other),
        ]
        for deed in refused:
            with pytest.raises(NotAllowed):
                deed()
    assert bytes(SignatureImage.objects.get(user=alice_signs).png) == image
    assert current_credential(user=alice_signs) == credential


def test_nobody_else_signs_with_it(
    appointment: Appointment, alice_signs: User, bob: User, carol: User, colleague: User, hugo: User, sign_in: SignIn
) -> None:
    assert [card(sign_in(other), appointment) for other in (bob, carol, hugo)] == [403, 403, 404]
    assert card(sign_in(colleague), appointment) == 400  # has no signature, and gets nobody else's
    assert [by_api(sign_in(other), appointment) for other in (bob, carol, colleague)] == [403, 403, 409]
    assert not SharedDocument.objects.exists()


def test_signed_twice_by_one_card_it_is_one_document_and_one_notice(
    appointment: Appointment, alice_signs: User, sign_in: SignIn
) -> None:
    browser = sign_in(alice_signs)
    assert [card(browser, appointment, "a-card") for _ in range(2)] == [201, 201]
    document = SharedDocument.objects.get()
    assert len(document.signatures) == 1
    assert Message.objects.count() == 2  # one email, one SMS


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_signed_in_parallel_by_one_card_it_is_one_document(
    appointment: Appointment, alice_signs: User, sign_in: SignIn
) -> None:
    browsers = [sign_in(alice_signs) for _ in range(3)]

    def send(browser: Client) -> int:
        try:
            return card(browser, appointment, "a-card")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        answers = sorted(pool.map(send, browsers))
    assert set(answers) <= {201, 409}
    assert 201 in answers
    document = SharedDocument.objects.get()
    assert storage.verify(document.file) is None
    assert Message.objects.count() == 2
    assert SigningCredential.objects.filter(user=alice_signs, retired_at=None).count() == 1


def test_out_of_order_nothing_is_signed(appointment: Appointment, alice_signs: User, sign_in: SignIn) -> None:
    """The record loses a contact between the page and the card."""
    appointment.patient.mobile = None
    appointment.patient.save()
    browser = sign_in(alice_signs)
    assert by_api(browser, appointment) == 409
    assert card(browser, appointment) == 400
    assert not SharedDocument.objects.exists()
    assert not Message.objects.exists()


def test_after_the_certificate_was_revoked_another_one_signs(
    appointment: Appointment, alice_signs: User, sign_in: SignIn
) -> None:
    browser = sign_in(alice_signs)
    assert card(browser, appointment) == 201
    before = current_credential(user=alice_signs)
    revoke_certificate(user=alice_signs, by=alice_signs)
    assert card(browser, appointment) == 201
    assert current_credential(user=alice_signs) != before
    document = SharedDocument.objects.first()
    assert document
    take_back(document=document, by=alice_signs)
    take_back(document=document, by=alice_signs)  # the second call changes nothing
    assert SharedDocument.objects.count() == 1
