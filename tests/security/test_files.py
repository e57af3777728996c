"""Files through the doors: served with their real type, with safe names, and from keys that we generate.

Signatures and stamps contain only a picture and plain text.
"""

from __future__ import annotations

import io
import logging
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.models import Appointment
from docshare.demo.letters import signature
from documents.models import DocumentReading, SharedDocument
from files import storage
from notifications.models import Message
from signing.models import SignatureImage
from signing.pdf.stamp import MAX_LINE, plain
from signing.signatures import set_signature_image
from tests.documents.conftest import PDF
from tests.files.test_pictures import jpeg

SignIn = Callable[[User], Client]
EVIL = '"><img src=x onerror=alert(1)>.pdf'
PICTURE = jpeg()


def share(client: Client, appointment: Appointment, content: bytes = PDF, name: str = "o.pdf", **fields: Any) -> Any:
    body = {"category": "prescription", "file": SimpleUploadedFile(name, content), **fields}
    return client.post(f"/pro/appointments/{appointment.pk}/share/", body, headers={"X-Requested-With": "card"})


@pytest.fixture
def signed_in(sign_in: SignIn, alice_signs: User) -> Client:
    return sign_in(alice_signs)


NAMES = [
    'a "quoted" name',
    "deux\r\nSet-Cookie: x=1",
    "compte rendu é",
    "🩺 bilan",
    "x" * 300,
    "../../etc/passwd",
    "a;b=c",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("content", "extension"), [(PDF, ".pdf"), (PICTURE, ".jpg")])
def test_a_file_is_served_as_what_it_is_as_an_attachment_under_a_harmless_name(
    name: str, content: bytes, extension: str, signed_in: Client, appointment: Appointment
) -> None:
    assert share(signed_in, appointment, content, "o" + extension).status_code == 201
    SharedDocument.objects.update(title=(name + extension)[-255:])  # the column holds no more
    answer = signed_in.post(f"/pro/documents/{SharedDocument.objects.get().pk}/download/")
    assert answer["Content-Type"] == {".pdf": "application/pdf", ".jpg": "image/jpeg"}[extension]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    said = answer["Content-Disposition"]
    assert re.fullmatch(r"attachment; filename(=\"[^\r\n]+\"|\*=utf-8''[\w.%~!#$&+^`|-]+)", said), said  # RFC 6266
    assert said.rstrip('"').endswith(extension)
    assert "etc" not in said or "/" not in said
    assert len(said) < 1000


def test_a_name_is_text_wherever_it_is_shown(
    signed_in: Client, sign_in: SignIn, appointment: Appointment, marias_account: User, alice_signs: User
) -> None:
    receipt = share(signed_in, appointment, PDF, EVIL, title=EVIL)
    refused = share(signed_in, appointment, b"<html>", EVIL)
    document = SharedDocument.objects.get()
    alice_signs.is_staff = alice_signs.is_superuser = True
    alice_signs.save()
    staff, patient = sign_in(alice_signs), sign_in(marias_account)
    patient.post(f"/documents/{document.pk}/open/")
    pages = [
        receipt,
        refused,
        staff.get(f"/pro/appointments/{appointment.pk}/"),
        staff.get(f"/pro/appointments/{appointment.pk}/history/"),
        patient.get("/documents/"),
        patient.get(f"/documents/{document.pk}/"),
        Client().post("/verify/", {"file": SimpleUploadedFile(EVIL, PDF)}),
    ]
    for page in pages:
        assert b"<img src=x" not in page.content
    assert sum(b"&lt;img src=x" in page.content for page in pages) >= 5
    for message in Message.objects.all():
        assert "img src" not in message.subject + message.body


@pytest.mark.parametrize("name", ["../../../tmp/ecrit.pdf", "/etc/cron.d/x.pdf", "..\\..\\x.pdf", "%2e%2e%2fx.pdf"])
def test_keys_are_ours_alone_and_no_name_leads_anywhere(
    name: str, signed_in: Client, appointment: Appointment, files_in_store: Callable[[], list[Path]]
) -> None:
    before = set(files_in_store())
    assert share(signed_in, appointment, PDF, name).status_code == 201
    stored = SharedDocument.objects.get().file
    assert re.fullmatch(rf"{appointment.practice_id.hex}/[0-9a-f]{{2}}/[0-9a-f]{{32}}", stored.key)
    assert set(files_in_store()) - before == {settings.DOCUMENTS_DIR / stored.key}
    assert not Path("/tmp/ecrit.pdf").exists()


def page_tree_that_loops() -> bytes:
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pages = pdf.Root.Pages
        pages.Kids.append(pages)
        pages.Count = 2_000_000_000
        buffer = io.BytesIO()
        pdf.save(buffer)
    return buffer.getvalue()


def nested_flate() -> bytes:
    """A page whose drawing is a gigabyte, compressed three times."""
    inner = zlib.compress(b"0 " * (1 << 20), 9)
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        many = zlib.compress(zlib.compress(inner * 500, 9), 9)
        stream = pdf.make_stream(b"")
        stream.write(many, filter=pikepdf.Array([pikepdf.Name.FlateDecode] * 3))
        pdf.pages[0].obj.Contents = stream
        buffer = io.BytesIO()
        pdf.save(buffer, compress_streams=False)
    return buffer.getvalue()


def hundred_thousand_pages() -> bytes:
    kids = b"3 0 R " * 100_000
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 100000/Kids["
    return (
        body
        + kids
        + b"]>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )


BOMBS = [
    (page_tree_that_loops, "boucle.pdf"),
    (nested_flate, "bombe.pdf"),
    (hundred_thousand_pages, "annuaire.pdf"),
]


@pytest.mark.parametrize(("bomb", "name"), BOMBS)
def test_a_bomb_is_refused_or_taken_within_bounds_and_never_an_error_of_ours(
    bomb: Callable[[], bytes], name: str, signed_in: Client, appointment: Appointment
) -> None:
    answer = share(signed_in, appointment, bomb(), name, sign="on", page="1", x="0.5", y="0.5")
    assert answer.status_code in (201, 400), answer.content
    if answer.status_code == 400:
        assert name in answer.content.decode()
        assert not SharedDocument.objects.exists()


@pytest.mark.parametrize("size", [300, 3_000_000])
def test_bytes_changed_on_disk_are_served_by_no_door_and_the_alarm_is_raised(
    size: int,
    signed_in: Client,
    sign_in: SignIn,
    appointment: Appointment,
    marias_account: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    end = PDF.rindex(b"startxref")
    share(signed_in, appointment, PDF[:end] + b"%" + b"x" * size + b"\n" + PDF[end:])
    document = SharedDocument.objects.get()
    patient = sign_in(marias_account)
    patient.post(f"/documents/{document.pk}/open/")
    readings = DocumentReading.objects.count()
    with storage.local_copy(document.file) as path:
        content = bytearray(path.read_bytes())
        content[-200] ^= 1
        path.write_bytes(content)
    _token, secret = issue_token(user=marias_account, name="t", scopes=[Scope.READ], by=None)
    bearer = {"Authorization": f"Bearer {secret}"}
    with caplog.at_level(logging.CRITICAL):
        answers = [
            patient.post(f"/documents/{document.pk}/download/"),
            patient.get(f"/documents/{document.pk}/pages/1/"),
            patient.get(f"/documents/{document.pk}/"),
            patient.post("/documents/zip/"),
            signed_in.post(f"/pro/documents/{document.pk}/download/"),
            signed_in.get(f"/pro/documents/{document.pk}/pages/1/"),
            Client().get(f"/api/v1/me/documents/{document.pk}/content/", headers=bearer),
        ]
    assert [answer.status_code for answer in answers] == [409] * len(answers)
    assert all(b"Parac" not in answer.content for answer in answers)
    assert DocumentReading.objects.count() == readings
    alarms = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert len(alarms) == len(answers)
    assert str(document.file.pk) in alarms[0].getMessage()


def test_a_signature_image_is_encoded_anew_as_png(alice: User) -> None:
    drawn = Image.open(io.BytesIO(signature(1))).convert("RGB")
    buffer = io.BytesIO()
    drawn.save(buffer, "JPEG", comment=b"<script>alert(1)</script>")
    upload = SimpleUploadedFile("moi.jpg", buffer.getvalue() + b"<?php evil", "image/jpeg")
    set_signature_image(user=alice, upload=upload, by=alice)
    kept = bytes(SignatureImage.objects.get(user=alice).png)
    assert kept.startswith(b"\x89PNG\r\n\x1a\n")
    assert kept.endswith(b"IEND\xaeB`\x82")
    assert b"script" not in kept
    assert b"evil" not in kept


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("moi.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("moi.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("moi.html", b"<!doctype html>"),
        ("moi.pdf", PDF),
    ],
)
def test_what_is_no_picture_is_no_signature(name: str, content: bytes, signed_in: Client) -> None:
    before = bytes(SignatureImage.objects.get().png)
    answer = signed_in.post("/pro/signature/", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 400
    assert bytes(SignatureImage.objects.get().png) == before


def test_the_text_of_a_stamp_is_plain_and_its_length_capped() -> None:
    assert plain("Dr \u202eMorel\n\0) Tj ET (") == "Dr Morel) Tj ET ("
    assert plain("x" * 5_000) == "x" * MAX_LINE
