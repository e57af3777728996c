"""Signatures after their certificate was revoked or expired: with a trusted time they stay valid, without one the
answer says so. And the level, at each door."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from bench.doctors import PASSPHRASE, Authority
from documents.models import SharedDocument
from files import storage
from files.intake import Intake
from signing.certificates import current_credential, revoke_certificate
from signing.key_places import credential_of
from signing.models import SigningCredential
from signing.pdf.credentials import Credential
from signing.pdf.keys import KeyInMemory
from signing.pdf.levels import level_wanted
from signing.pdf.placement import Placement
from signing.pdf.sign import sign
from signing.pdf.stamp import StampContent
from tests.documents.conftest import *  # noqa: F403  # documents, and practitioners able to sign
from tests.documents.conftest import PDF
from tests.markup import one_line

if TYPE_CHECKING:
    from tests.pki import Pki

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
PLACED = {"category": "prescription", "sign": "1", "page": "1", "x": "0.8", "y": "0.9", "width": "0.25"}


@pytest.fixture
def at_level(settings: Any, pki: Pki) -> Callable[[str], None]:
    """Sets the installation's signing level, and trusts the time-stamp authority."""

    def _at_level(level: str) -> None:
        settings.PKI_HOSTS_INSIDE = ["127.0.0.1"]
        settings.SIGNATURE_LEVEL, settings.TSA_URL, settings.TSA_ROOTS = level, pki.tsa_url, pki.root_pem

    return _at_level


@pytest.fixture
def shared(appointment: Appointment, alice_signs: User, sign_in: SignIn) -> Callable[[], SharedDocument]:
    """Signed and shared by Alice, on her card."""

    def _shared() -> SharedDocument:
        body = {**PLACED, "file": SimpleUploadedFile("ordonnance.pdf", PDF)}
        answer = sign_in(alice_signs).post(f"/pro/appointments/{appointment.pk}/share/", body)
        assert answer.status_code == 302
        return SharedDocument.objects.latest("shared_at")

    return _shared


def bytes_of(document: SharedDocument) -> bytes:
    with storage.open_(document.file) as file:
        return file.read()


def page_and_api(content: bytes) -> tuple[str, dict[str, Any]]:
    upload = {"file": SimpleUploadedFile("ordonnance.pdf", content)}
    page = Client().post("/verify/", upload).content.decode()
    upload = {"file": SimpleUploadedFile("ordonnance.pdf", content)}
    answer = Client().post("/api/v1/verify/", upload)
    assert answer.status_code == 200
    return page, answer.json()


def sign_as(credential: Credential, intake: Intake) -> bytes:
    sign(
        intake,
        placement=Placement(page=1, x=0.5, y=0.5),
        credential=credential,
        appearance=StampContent(image_png=None, signer_name="Dr Alice Morel", professional_number=""),
        signing_time=timezone.now(),
        wanted=level_wanted(),
    )
    return intake.path.read_bytes()


def test_signed_before_its_certificate_was_revoked_and_no_time_proves_it(
    alice_signs: User, shared: Callable[[], SharedDocument]
) -> None:
    content = bytes_of(shared())
    assert page_and_api(content)[1]["verdict"] == "whole"
    revoke_certificate(user=alice_signs, by=alice_signs)
    shown, told = page_and_api(content)
    page = one_line(shown)
    (signature,) = told["signatures"]
    assert (told["verdict"], told["known"]) == ("revoked", True)
    assert (signature["valid"], signature["trusted"], signature["trust"]) == (True, False, "revoked")
    since = SigningCredential.objects.get(revoked_at__isnull=False).revoked_at
    assert datetime.fromisoformat(signature["revoked_at"]) == since
    for said in (
        "<title>Signé avec un certificat révoqué",
        "La signature se dit plus ancienne, mais aucun horodatage de confiance ne le prouve.",
    ):
        assert said in page
    assert "Signataire confirmé" not in page
    assert "horodaté le" not in page


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_signed_before_its_certificate_was_revoked_as_a_trusted_time_proves(
    level: str, at_level: Callable[[str], None], alice_signs: User, shared: Callable[[], SharedDocument]
) -> None:
    at_level(level)
    content = bytes_of(shared())
    revoke_certificate(user=alice_signs, by=alice_signs)
    page, told = page_and_api(content)
    (signature,) = told["signatures"]
    assert (told["verdict"], signature["trust"], signature["level"]) == ("whole", "trusted", level)
    assert signature["time_trusted"]
    assert signature["revoked_at"]
    assert "Document signé et intact" in page
    assert "L’horodatage prouve que la signature est plus ancienne : elle reste valable." in page


def test_a_time_of_an_authority_that_is_not_known_proves_nothing(
    at_level: Callable[[str], None], alice_signs: User, shared: Callable[[], SharedDocument], settings: Any
) -> None:
    at_level("B-T")
    settings.TSA_ROOTS = ""
    content = bytes_of(shared())
    page, told = page_and_api(content)
    assert (told["verdict"], told["signatures"][0]["time_trusted"]) == ("whole", False)
    assert "par une autorité que ce site ne connaît pas" in page
    revoke_certificate(user=alice_signs, by=alice_signs)
    page, told = page_and_api(content)
    assert told["verdict"] == "revoked"
    assert "aucun horodatage de confiance ne le prouve" in page


@pytest.mark.parametrize("level", ["B-B", "B-T"])
def test_signed_after_its_certificate_was_revoked(
    level: str, at_level: Callable[[str], None], alice_signs: User, receive: Any
) -> None:
    at_level(level)
    stolen = current_credential(user=alice_signs)
    revoke_certificate(user=alice_signs, by=alice_signs)
    time.sleep(1)  # time-stamps have whole seconds
    page, told = page_and_api(sign_as(credential_of(stolen), receive()))
    (signature,) = told["signatures"]
    assert (told["verdict"], signature["trust"], signature["level"]) == ("revoked", "revoked", level)
    assert "Le certificat du signataire avait été révoqué avant cette signature" in page


def test_the_next_certificate_of_a_practitioner_who_revoked_one_is_trusted(
    alice_signs: User, shared: Callable[[], SharedDocument]
) -> None:
    shared()
    revoke_certificate(user=alice_signs, by=alice_signs)
    _page, told = page_and_api(bytes_of(shared()))
    assert (told["verdict"], told["signatures"][0]["revoked_at"]) == ("whole", None)


def brief(authority: Authority, seconds: float) -> Credential:
    """A doctor's certificate that expires in a moment."""
    issuer = x509.load_der_x509_certificate(authority.certificate)
    issuer_key = KeyInMemory.decrypted(authority.private_key, PASSPHRASE)._key
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    like = x509.load_der_x509_certificate(authority.issue().certificate)
    builder = x509.CertificateBuilder(
        issuer.subject, like.subject, key.public_key(), x509.random_serial_number(),
        now - timedelta(hours=1), now + timedelta(seconds=seconds),
    )  # fmt: skip
    for extension in like.extensions:
        if not isinstance(extension.value, x509.SubjectKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    certificate = builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER)
    return Credential(certificate=certificate, key=KeyInMemory(key), chain=(authority.certificate,))


def test_a_certificate_that_has_ended_since_stays_trusted_where_a_trusted_time_proves_when_it_signed(
    at_level: Callable[[str], None], receive: Any, settings: Any
) -> None:
    authority, lasts = Authority(), 12.0
    settings.SIGNING_ROOTS = pem(authority.certificate)
    credential, start = brief(authority, lasts), time.monotonic()
    at_level("B-B")
    plain = sign_as(credential, receive())
    at_level("B-T")
    stamped = sign_as(credential, receive())
    _page, told = page_and_api(plain)
    assert (told["verdict"], time.monotonic() - start < lasts) == ("whole", True)
    time.sleep(max(0, lasts + 2 - (time.monotonic() - start)))
    _page, told = page_and_api(plain)
    assert (told["verdict"], told["signatures"][0]["trust"]) == ("untrusted", "expired")
    page, told = page_and_api(stamped)
    assert (told["verdict"], told["signatures"][0]["trust"]) == ("whole", "trusted")
    assert "Le certificat vient d’un émetteur connu de ce site" in page


def pem(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize("level", ["B-B", "B-T"])
def test_every_door_shows_the_level_that_was_reached(
    level: str,
    at_level: Callable[[str], None],
    appointment: Appointment,
    alice_signs: User,
    sign_in: SignIn,
    shared: Callable[[], SharedDocument],
) -> None:
    at_level(level)
    document, sentence = (
        shared(),
        {"B-B": "Signature simple (PAdES B-B)", "B-T": "Avec horodatage (PAdES B-T)"}[level],
    )
    browser = sign_in(alice_signs)
    told = browser.get(f"/api/v1/documents/{document.pk}/").json()
    assert [one["level"] for one in told["signatures"]] == [level]
    listed = browser.get(f"/pro/appointments/{appointment.pk}/").content.decode()
    assert f'<abbr title="{sentence}' in listed
    assert f">PAdES {level}</abbr>" in one_line(listed)  # as in every sentence about it
    assert sentence in browser.get("/pro/signature/").content.decode()
    page, verified = page_and_api(bytes_of(document))
    assert sentence in page
    assert [one["level"] for one in verified["signatures"]] == [level]
