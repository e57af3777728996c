"""A certificate imported as a PKCS#12 file: used for signing, watched, refused after expiry, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from documents.models import SharedDocument
from notifications.models import Message
from signing.imported_certificates import watch
from signing.models import SigningCredential
from signing.pdf.sign import CannotSign
from tests.pki import Pki

SignIn = Callable[..., Client]
OWN, PRACTICES = "/pro/signature/certificate/", "/pro/settings/certificate/"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pki]:
    pki = Pki(tmp_path_factory.mktemp("pki"))
    yield pki
    pki.stop()


def file_of(pki: Pki, name: str, password: str = "à l’export") -> SimpleUploadedFile:
    key: Any = pki.keys[name]
    certificate, *chain = (
        x509.load_der_x509_certificate(pki.certificate(each)) for each in (name, "root", "intermediate")
    )
    content = pkcs12.serialize_key_and_certificates(
        b"moi", key, certificate, chain, BestAvailableEncryption(password.encode())
    )
    return SimpleUploadedFile("moi.p12", content)


@pytest.mark.parametrize("kind", ["doctor", "rsa"])
def test_ones_own_certificate_signs_once_imported_and_no_more_once_removed(
    kind: str, pki: Pki, alice_signs: User, sign_in: SignIn, signed_by_alice: Callable[[], str]
) -> None:
    browser = sign_in(alice_signs)
    assert "Dr Alice Morel" in signed_by_alice()
    answer = browser.post(OWN, {"file": file_of(pki, kind), "password": "à l’export"}, follow=True)
    assert "Ailleurs intermediate" in answer.content.decode()
    said = signed_by_alice()
    assert f"Ailleurs {kind}" in said
    assert "Signature is Valid" in said
    row = SigningCredential.objects.get(key_place="pkcs12")
    assert len(row.chain) == 2  # the intermediate, then the root
    assert b"ENCRYPTED" in bytes(row.private_key)
    assert Message.objects.filter(to=alice_signs.email, subject__startswith="Votre signature a changé").count() == 1
    asked = browser.get(OWN + "remove/").content.decode()
    assert "Ailleurs intermediate" in asked
    assert "sa clé est effacée" in asked
    assert SigningCredential.objects.filter(key_place="pkcs12", retired_at=None).exists()
    assert browser.post(OWN + "remove/").status_code == 302
    assert "Dr Alice Morel" in signed_by_alice()
    assert "plus de certificat à retirer" in browser.get(OWN + "remove/", follow=True).content.decode()


def test_what_cannot_be_imported_is_told_at_its_field(pki: Pki, alice_signs: User, sign_in: SignIn) -> None:
    browser = sign_in(alice_signs)
    wrong = [
        ({"file": file_of(pki, "doctor"), "password": "autre"}, "n’est pas celui de ce fichier"),
        ({"file": SimpleUploadedFile("moi.p12", b"%PDF-1.7"), "password": "x"}, "pas un certificat PKCS#12"),
        ({"file": file_of(pki, "expired"), "password": "à l’export"}, "a expiré le"),
        ({"file": file_of(pki, "intermediate"), "password": "à l’export"}, "pas fait pour signer"),
        ({"password": "x"}, "Choisissez le fichier"),
    ]
    for body, sentence in wrong:
        answer = browser.post(OWN, body)
        assert answer.status_code == 400
        assert sentence in answer.content.decode()
    assert not SigningCredential.objects.filter(key_place="pkcs12").exists()


def test_the_practices_is_its_administrators_to_change_and_its_practitioners_sign_with_it(
    pki: Pki, alice_signs: User, bob: User, carol: User, sign_in: SignIn, signed_by_alice: Callable[[], str]
) -> None:
    def body() -> dict[str, Any]:
        return {"file": file_of(pki, "doctor"), "password": "à l’export"}

    for stranger in (bob, alice_signs):
        assert sign_in(stranger).post(PRACTICES, body()).status_code == 404
    assert sign_in(bob).post(OWN, body()).status_code == 404
    assert sign_in(carol, minutes=6).post(PRACTICES, body()).status_code == 401
    assert sign_in(carol).post(PRACTICES, body()).status_code == 302
    assert "Ailleurs doctor" in signed_by_alice()
    assert sign_in(bob).get(PRACTICES + "remove/").status_code == 404
    assert "Ailleurs intermediate" in sign_in(carol).get(PRACTICES + "remove/").content.decode()
    assert sign_in(carol).post(PRACTICES + "remove/").status_code == 302
    assert "Dr Alice Morel" in signed_by_alice()


def test_the_end_is_shown_told_once_at_60_14_and_1_days_and_then_refused(
    pki: Pki, alice_signs: User, sign_in: SignIn, signed_by_alice: Callable[[], str]
) -> None:
    browser = sign_in(alice_signs)
    browser.post(OWN, {"file": file_of(pki, "doctor"), "password": "à l’export"})

    def days_left(days: float) -> None:
        SigningCredential.objects.filter(key_place="pkcs12").update(not_after=timezone.now() + timedelta(days=days))

    told = Message.objects.filter(subject__startswith="Votre certificat de signature se termine bientôt")
    counts = []
    for days in (61, 59, 40, 13, 13, 0.5, 0.5):
        days_left(days)
        watch()
        counts.append(told.count())
    assert counts == [0, 1, 1, 2, 2, 3, 3]
    assert "moins de deux jours" in browser.get("/pro/signature/").content.decode()
    days_left(-1)
    with pytest.raises(CannotSign) as caught:
        signed_by_alice()
    assert caught.value.code == "certificate_expired"
    assert not SharedDocument.objects.exists()
    assert "a expiré" in browser.get("/pro/signature/").content.decode()
