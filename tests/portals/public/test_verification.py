"""`/verify/`: anybody can read who signed a PDF and whether it changed; nothing of it is stored."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
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
from signing.pdf.placement import Placement
from signing.pdf.sign import sign
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
