"""Which files are accepted, which are refused and with which code; limits to the byte."""

from __future__ import annotations

import errno
import io
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from PIL import Image

from files import storage
from files.intake import Intake, Refused, accept
from files.limits import MAX_BYTES
from files.names import clean_name, download_name
from tests.documents.conftest import PDF
from tests.pdfs import pdf_with_page

Receive = Callable[..., Intake]


def picture(kind: str, size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "kind", "media_type"),
    [
        ("a.bmp", "BMP", "image/bmp"),
        ("a.gif", "GIF", "image/gif"),
        ("a.jpg", "JPEG", "image/jpeg"),
        ("a.JPEG", "JPEG", "image/jpeg"),
        ("a.png", "PNG", "image/png"),
        ("a.tif", "TIFF", "image/tiff"),
        ("a.tiff", "TIFF", "image/tiff"),
    ],
)
def test_pictures_are_taken(name: str, kind: str, media_type: str, receive: Receive) -> None:
    intake = receive(picture(kind), name)
    assert (intake.media_type, intake.page_count) == (media_type, 1)


def test_a_pdf_is_taken_with_its_pages(receive: Receive) -> None:
    intake = receive(pdf_with_page(pages=3), "Compte rendu.PDF")
    assert (intake.media_type, intake.page_count, intake.name) == ("application/pdf", 3, "Compte rendu.PDF")


PNG = picture("PNG")
REFUSED = [
    ("empty", "a.pdf", b""),
    ("kind_refused", "a.pdf", b"<!doctype html><title>x</title>%PDF-1.4"),
    ("kind_refused", "a.pdf", b"PK\x03\x04" + PDF),
    ("kind_refused", "a.docx", b"PK\x03\x04"),
    ("kind_refused", "a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ("kind_refused", "a.exe", PDF),
    ("kind_refused", "sans-extension", b"Bonjour"),
    ("extension_mismatch", "a.pdf", PNG),
    ("extension_mismatch", "a.png", PDF),
    ("extension_mismatch", "a.pdf.png", PDF),
    ("extension_mismatch", "a.png\0.pdf", PNG),
    ("name_refused", "a.html.pdf", PDF),
    ("name_refused", "a\u202egpj.exe.PDF", PDF),
    ("kind_refused", "a.PDF", b"MZ\x90" + PDF),
    ("kind_refused", "a.pdf", b"#!/bin/sh\n" + PDF),
    ("kind_refused", "a.pdf", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + PDF),
    ("kind_refused", "a.html", b"GIF89a<script>alert(1)</script>"),
    ("unreadable", "a.gif", b"GIF89a/*<script>*/=alert(1)"),
    ("unreadable", "a.png", PNG[: len(PNG) // 2]),
    ("unreadable", "a.pdf", b"%PDF-1.4\nnothing of a document"),
    ("unreadable", "a.gif", b"GIF89a" + b"\0" * 20),
]


@pytest.mark.parametrize(("code", "name", "content"), REFUSED)
def test_what_is_not_what_it_says_is_refused_with_a_code_a_sentence_and_leaves_nothing(
    code: str, name: str, content: bytes, receive: Receive
) -> None:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    before = set(folder.iterdir())
    with pytest.raises(Refused) as caught:
        receive(content, name)
    assert caught.value.code == code
    assert caught.value.sentence.endswith(".")
    assert set(folder.iterdir()) == before


@pytest.mark.parametrize("error", [None, OSError, KeyboardInterrupt])
def test_an_intake_leaves_no_file_behind_on_any_way_out(error: type[BaseException] | None, receive: Receive) -> None:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    before = set(folder.iterdir())
    with suppress(OSError, KeyboardInterrupt), receive(PDF, "a.pdf") as intake:
        assert intake.path.exists()
        if error:
            raise error
    assert set(folder.iterdir()) == before


def test_a_store_without_room_leaves_no_file_behind(receive: Receive, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    before = set(folder.iterdir())

    def full(source: Path, target: Path, *, below: Path) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(storage, "_move", full)
    with pytest.raises(OSError, match="full"):
        storage.keep(receive(PDF, "a.pdf"), practice=None)
    assert set(folder.iterdir()) == before


def test_nothing_chosen_is_said() -> None:
    with pytest.raises(Refused) as caught:
        accept(None)
    assert caught.value.code == "nothing_chosen"


def test_a_picture_that_would_fill_the_memory_is_refused_by_its_size_alone(receive: Receive) -> None:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    with pytest.raises(Refused) as caught:
        receive(bomb, "bombe.png")
    assert caught.value.code == "too_many_pixels"


def test_a_film_is_refused(receive: Receive) -> None:
    frames = [Image.new("P", (1, 1), number % 2) for number in range(600)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], optimize=False, disposal=2)
    with pytest.raises(Refused) as caught:
        receive(buffer.getvalue(), "film.gif")
    assert caught.value.code == "too_many_pixels"


def _post(content: bytes) -> Intake:
    request = RequestFactory().post("/", {"file": SimpleUploadedFile("a.pdf", content)})
    file = request.FILES["file"]
    assert not isinstance(file, list)
    try:
        return accept(file)
    finally:
        file.close()


def padded(size: int) -> bytes:
    """A PDF of exactly this many bytes: a comment before the end, which readers skip."""
    end = PDF.rindex(b"startxref")
    return PDF[:end] + b"%" + b"x" * (size - len(PDF) - 2) + b"\n" + PDF[end:]


def test_exactly_at_the_limit_is_taken_and_one_byte_more_is_not(transactional_db: None) -> None:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    before = set(folder.iterdir())
    assert len(padded(MAX_BYTES)) == MAX_BYTES == 52_428_800
    assert _post(padded(MAX_BYTES)).size == MAX_BYTES
    with pytest.raises(Refused) as caught:
        _post(padded(MAX_BYTES + 1))
    assert caught.value.code == "too_large"
    assert "La limite est de 50 Mo" in caught.value.sentence
    assert set(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\temp\\ordonnance.pdf", "ordonnance.pdf"),
        ("ordo\u202efdp.exe.pdf", "ordofdp.exe.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("é\u0301.pdf", "é\u0301.pdf"),
        ("", "document"),
        ("\0\0", "document"),
    ],
)
def test_names_are_made_harmless(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_long_names_keep_their_extension() -> None:
    name = clean_name("x" * 300 + ".pdf")
    assert len(name) == 200
    assert name.endswith(".pdf")


def test_a_download_carries_the_extension_of_what_it_is() -> None:
    assert download_name("photo", "image/png") == "photo.png"
    assert download_name("photo.JPEG", "image/jpeg") == "photo.JPEG"
    assert download_name("scan 12.03", "application/pdf") == "scan 12.03.pdf"
    assert download_name("photo.jfif", "image/jpeg") == "photo.jpg"
