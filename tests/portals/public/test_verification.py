"""`/verify/`: anybody can read who signed a PDF and whether it changed; nothing of it is stored."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from bench.doctors import Authority
from documents.models import Category, SharedDocument
from documents.sharing.share import share_upload, take_back
from files import open_work, storage
from portals.calls import VERIFICATIONS_A_MINUTE
from signing.certificates import current_authority
from signing.pdf.credentials import Credential
from signing.pdf.evidence import Evidence
from signing.pdf.keys import KeyInMemory
from signing.pdf.placement import Placement
from signing.pdf.sign import sign, sign_with, stamp_of
from signing.pdf.stamp import StampContent
from tests.documents.conftest import *  # noqa: F403  # documents, and practitioners able to sign
from tests.documents.conftest import PDF
from tests.markup import one_line

pytestmark = pytest.mark.django_db


def verify(content: bytes | None, name: str = "ordonnance.pdf") -> Any:
    return Client().post("/verify/", {"file": SimpleUploadedFile(name, content)} if content is not None else {})


@pytest.fixture
def document(appointment: Appointment, alice_signs: User, prescription: Category, receive: Any) -> SharedDocument:
    return share_upload(
        appointment=appointment,
        intake=receive(),
        category=prescription,
        title="Ordonnance de Marie",
        placement=Placement(page=1, x=0.75, y=0.9),
        by=alice_signs,
    )


def bytes_of(document: SharedDocument) -> bytes:
    with storage.open_(document.file) as file:
        return file.read()


KNOWN = "Ce fichier est exactement un document envoyé depuis ce site."


def test_a_document_of_ours_is_recognised_to_the_byte_and_tells_nothing_of_whom_it_concerns(
    document: SharedDocument,
) -> None:
    page = verify(bytes_of(document)).content.decode()
    assert KNOWN in page
    assert "Document signé et intact" in page
    assert "Dr Alice Morel" in page
    for secret in ("Marie", "Durand", "Ordonnance de", "Cabinet des Lilas", str(document.pk), document.file.key):
        assert secret not in page


def test_what_was_added_behind_is_said(document: SharedDocument) -> None:
    page = verify(bytes_of(document) + b"\n%%\n").content.decode()
    assert "Document modifié après la signature" in page
    assert KNOWN not in page


def test_stripped_of_its_signature_it_is_unsigned_and_not_ours(document: SharedDocument) -> None:
    page = verify(bytes_of(document)[: len(PDF)]).content.decode()
    assert "Aucune signature" in page
    assert KNOWN not in page


def test_one_changed_byte_is_said(document: SharedDocument) -> None:
    content = bytearray(bytes_of(document))
    content[content.index(b"Ordonnance") + 1] ^= 1
    page = verify(bytes(content)).content.decode()
    assert "Signature non valable" in page
    assert KNOWN not in page


def test_a_document_that_was_taken_back_is_not_ours_any_more(document: SharedDocument, alice_signs: User) -> None:
    content = bytes_of(document)
    take_back(document=document, by=alice_signs)
    assert KNOWN not in verify(content).content.decode()


@pytest.mark.parametrize(
    ("content", "name", "status", "said"),
    [
        (None, "", 400, "Aucun fichier n’a été choisi"),
        (b"", "vide.pdf", 400, "est vide"),
        (b"%PDF-1.7 rien", "faux.pdf", 400, "Téléchargez-le de nouveau"),
        (b"<html>", "page.pdf", 400, "« page.pdf » n’est pas un PDF"),
        (b"texte", "lettre.docx", 400, "une copie convertie perd ses signatures"),
        (b"\x89PNG\r\n\x1a\n", "photo.pdf", 400, "ne correspond pas à son contenu"),
    ],
)
def test_what_is_no_pdf_gets_a_sentence(content: bytes | None, name: str, status: int, said: str) -> None:
    answer = verify(content, name)
    page = answer.content.decode()
    assert answer.status_code == status
    assert said in page
    assert "<title>Erreur" in one_line(page)


def test_a_protected_pdf_gets_a_sentence(protected: bytes) -> None:
    assert "protégé par un mot de passe" in verify(protected).content.decode()


@pytest.fixture
def protected() -> bytes:
    import io

    import pikepdf

    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pdf.save(buffer, encryption=pikepdf.Encryption(owner="o", user="u", R=6))
    return buffer.getvalue()


def test_nothing_stays_and_no_cache_keeps_the_answer(files_in_store: Callable[[], list[Path]]) -> None:
    before = files_in_store()
    assert verify(PDF)["Cache-Control"] == "no-store, private"
    verify(b"%PDF-1.7 rien")
    assert files_in_store() == before


def test_a_name_is_text(document: SharedDocument) -> None:
    page = verify(PDF, '"><img src=x onerror=alert(1)>.pdf').content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_one_address_verifies_so_many_a_minute_through_page_and_api_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portals.public.verification.VERIFICATIONS_A_MINUTE", 2)
    upload = {"file": SimpleUploadedFile("a.pdf", PDF)}
    assert Client().post("/api/v1/verify/", upload).status_code == 200
    assert verify(PDF).status_code == 200
    answer = verify(PDF)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "Attendez un peu" in answer.content.decode()


def test_a_made_up_address_is_no_way_round_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portals.public.verification.VERIFICATIONS_A_MINUTE", 1)
    assert settings.REST_FRAMEWORK["NUM_PROXIES"] == 0
    codes = [Client(headers={"X-Forwarded-For": f"192.0.2.{n}"}).post("/verify/", {}).status_code for n in range(3)]
    assert codes == [400, 429, 429]


def judged(content: bytes) -> Any:
    """The API's answer; None for an unreadable file."""
    answer = Client().post("/api/v1/verify/", {"file": SimpleUploadedFile("copie.pdf", content)})
    return answer.json() if answer.status_code == 200 else None


@pytest.fixture
def unbounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portals.api.throttling.Verifications.allow_request", lambda *_args: True)


def test_a_byte_changed_in_any_tenth_of_the_file_is_never_whole_nor_ours(
    document: SharedDocument, unbounded: None
) -> None:
    whole = bytes_of(document)
    for tenth in range(10):
        for share in (0.2, 0.7):
            altered = bytearray(whole)
            altered[int((tenth + share) * len(whole) / 10)] ^= 0x01
            found = judged(bytes(altered))
            assert found is None or (found["verdict"] != "whole" and not found["known"]), (tenth, share)
    assert judged(whole)["verdict"] == "whole"


def test_a_signature_of_somebody_else_is_whole_and_its_signer_not_confirmed(receive: Any, unbounded: None) -> None:
    intake = receive()
    sign_as_a_stranger(intake)
    found = judged(intake.path.read_bytes())
    assert (found["verdict"], found["known"]) == ("untrusted", False)
    (signature,) = found["signatures"]
    assert (signature["signer"], signature["trust"], signature["valid"]) == ("Dr Nemo", "unknown_issuer", True)
    page = verify(intake.path.read_bytes()).content.decode()
    assert "Document intact, signataire non confirmé" in page
    assert "Dr Nemo" in page


def sign_as_a_stranger(intake: Any) -> None:
    """Sign with a certificate of another authority."""
    sign(
        intake,
        placement=Placement(page=1, x=0.5, y=0.5),
        credential=Authority().doctor("Dr Nemo"),
        appearance=StampContent(image_png=None, signer_name="Dr Nemo", professional_number=""),
        signing_time=timezone.now(),
    )


def test_paper_alone_is_said_to_prove_nothing() -> None:
    assert "Un papier ne se vérifie pas" in Client().get("/verify/").content.decode()


@pytest.mark.parametrize("door", ["/verify/", "/api/v1/verify/"])
@pytest.mark.parametrize("why", ["full", "too many"])
def test_a_refusal_for_now_is_no_error_in_the_log(
    door: str, why: str, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if why == "full":
        monkeypatch.setattr(open_work, "_admission", lambda: threading.BoundedSemaphore(0))
    else:
        for _ in range(2 * VERIFICATIONS_A_MINUTE + 1):  # the minute may end meanwhile
            client.post(door)
    caplog.clear()
    answer = client.post(door)
    assert answer.status_code == (503 if why == "full" else 429)
    assert answer["Retry-After"]
    told = [record for record in caplog.records if record.name == "django.request"]
    assert [record.levelno for record in told] == [logging.INFO]


def test_what_is_broken_is_an_error_in_the_log(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client.raise_request_exception = False
    monkeypatch.setattr("portals.public.verification.verify_upload", lambda _file: 1 / 0)
    assert client.post("/verify/").status_code == 500
    assert [record.levelno for record in caplog.records if record.name == "django.request"] == [logging.ERROR]


def test_a_signature_that_does_not_hold_proves_no_time(document: SharedDocument) -> None:
    """Its own claim is shown as a claim."""
    content = bytes_of(document)
    page = one_line(verify(content).content.decode())
    assert "La signature dit" not in page
    assert re.search(r"<dt>Signé</dt> ?<dd> ?<time", page)
    changed = content.replace(b"/MediaBox", b"/NediaBox", 1)
    assert changed != content
    page = one_line(verify(changed).content.decode())
    assert "Signature non valable" in page
    assert "La signature dit : " in page
    assert "Rien ne le prouve." in page
    assert not re.search(r"<dt>Signé</dt> ?<dd> ?<time", page)
    upload = SimpleUploadedFile("ordonnance.pdf", changed)
    (signature,) = Client().post("/api/v1/verify/", {"file": upload}).json()["signatures"]
    assert (signature["signed_at"], bool(signature["claimed_at"])) == (None, True)


def forged_seal(intake: Any, *, names_key: bool, brings_root: bool) -> bytes:
    """A seal with evidence, by a certificate that names this site's authority as its issuer."""
    ours = x509.load_der_x509_certificate(bytes(current_authority().certificate))
    fake, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = timezone.now()

    def made(subject: x509.Name, public_key: Any, *, ca: bool) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(ours.subject).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        builder = builder.not_valid_after(now + timedelta(days=365))
        return builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cabinet des Lilas")])
    certificate = made(subject, key.public_key(), ca=False)
    if names_key:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(fake.public_key())
        certificate = certificate.add_extension(identifier, critical=False)
    root = made(ours.subject, fake.public_key(), ca=True).add_extension(
        x509.SubjectKeyIdentifier.from_public_key(fake.public_key()), critical=False
    )
    chain = (root.sign(fake, SHA256()).public_bytes(Encoding.DER),) if brings_root else ()
    credential = Credential(
        certificate=certificate.sign(fake, SHA256()).public_bytes(Encoding.DER), key=KeyInMemory(key), chain=chain
    )
    content = intake.path.read_bytes()
    evidence = Evidence(
        signer="Marie Durand",
        capacity="patient",
        patient="Marie Durand",
        account="",
        email="",
        mobile="",
        means="sms",
        challenge="f3a86f0c-4f8f-4a3c-8b1e-2d7c3a1f5e77",
        at=now.isoformat(),
        read_sha256=hashlib.sha256(content).hexdigest(),
        read_size=len(content),
        pages=1,
        sentences=("Je renonce.",),
    )
    stamp = StampContent(image_png=None, signer_name="Cabinet des Lilas", professional_number="")
    sign_with(
        intake,
        placement=Placement(page=1, x=0.5, y=0.9),
        credential=credential,
        stamp=stamp_of(stamp, now),
        signer_name="Cabinet des Lilas",
        evidence=evidence.as_json(),
    )
    forged: bytes = intake.path.read_bytes()
    return forged


@pytest.mark.parametrize("brings_root", [False, True])
@pytest.mark.parametrize("names_key", [False, True])
def test_a_forged_seal_that_names_our_authority_is_not_ours_in_plain_words(
    names_key: bool, brings_root: bool, receive: Any
) -> None:
    forged = forged_seal(receive(), names_key=names_key, brings_root=brings_root)
    page = one_line(verify(forged).content.decode())
    assert "Signature qui n’est pas de ce site" in page
    assert "ce site ne l’a pas émis" in page
    for claim in (
        "signature électronique simple",
        "Je renonce.",
        "Elle n’est pas pour autant imitée",
        "intact, sign",
    ):
        assert claim not in page, claim
    upload = SimpleUploadedFile("ordonnance.pdf", forged)
    answer = Client().post("/api/v1/verify/", {"file": upload}).json()
    assert (answer["verdict"], answer["signatures"][0]["trust"]) == ("untrusted", "not_issued")
    assert answer["signatures"][0]["consent"] is None
