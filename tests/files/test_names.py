"""File names: accepted as people and telephones write them, returned in a form for every computer."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from documents.models import LibraryDocument, SharedDocument
from documents.sharing.share import share_upload
from files.decoding import other_pictures
from files.intake import Intake, Refused
from files.limits import EXTENSIONS, HEIC, MEDIA_TYPES
from files.names import (
    DEVICE,
    clean_name,
    content_disposition,
    distinct,
    download_name,
    hides_a_program,
    portable,
    proposed_title,
    shortened,
    split,
)
from tests.documents.conftest import PDF
from tests.security.conftest import *  # noqa: F403  # Marie's account

Receive = Callable[..., Intake]
LETTERS = ["x", "é", "e\u0301\u0323", "ก็", "กำ", "한", "👍🏽", "🇫🇷", "अि", "日"]
COLOURS = ("red", "lime", "blue")
DEVICES = ["CON", "prn", "Aux", "NUL", "COM1", "lpt9", "COM¹", "CONIN$", "nul.tar", "con "]


def picture(form: str, **options: Any) -> bytes:
    drawn = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(drawn, form, **options)
    return drawn.getvalue()


CONTENTS = {
    "application/pdf": PDF,
    **{kind: picture(form) for kind, form in {
        "image/bmp": "BMP", "image/gif": "GIF", "image/jpeg": "JPEG", "image/png": "PNG", "image/tiff": "TIFF",
    }.items()},
}  # fmt: skip


@pytest.mark.parametrize("extension", [one for one, kind in MEDIA_TYPES.items() if kind != HEIC])
@pytest.mark.parametrize("written", [str.lower, str.upper, str.title])
def test_every_extension_of_a_kind_is_taken_and_a_download_has_a_usual_one(
    receive: Receive, extension: str, written: Callable[[str], str]
) -> None:
    kind = MEDIA_TYPES[extension]
    intake = receive(CONTENTS[kind], f"Compte rendu 12.03{written(extension)}")
    assert intake.media_type == kind
    name = download_name(intake.name, intake.media_type)
    assert split(name)[0] == "Compte rendu 12.03"
    assert split(name)[1].lower() in (".pdf", ".bmp", ".gif", ".jpg", ".jpeg", ".png", ".tif", ".tiff")


@pytest.mark.parametrize("name", ["scan", "scan 12.03", "Ordonnance Mme. Durand", "2026.11.28", "scan."])
@pytest.mark.parametrize("kind", sorted(CONTENTS))
def test_a_name_without_extension_is_taken_by_its_content(receive: Receive, name: str, kind: str) -> None:
    intake = receive(CONTENTS[kind], name)
    assert intake.media_type == kind
    assert download_name(intake.name, kind) == name.rstrip(".") + EXTENSIONS[kind]


@pytest.mark.parametrize("name", ["rapport.docx", "photo.webp", "archive.7z", "ordonnance.exe"])
def test_another_extension_is_refused_whatever_the_content(receive: Receive, name: str) -> None:
    with pytest.raises(Refused):
        receive(PDF, name)


@pytest.mark.parametrize("name", ["ordonnance.exe_", "facture．ｅｘｅ", "facture.exe (2)"])
def test_no_program_hides_before_the_extension_that_a_download_gets(name: str) -> None:
    assert hides_a_program(clean_name(name))


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("extension", [".pdf", ".jpeg", ""])
@pytest.mark.parametrize("first", ["", "a", "aa", "aaa"])
def test_a_long_name_is_cut_between_letters_and_keeps_its_extension(letter: str, extension: str, first: str) -> None:
    name = clean_name(first + letter * 200 + extension)
    assert len(name.encode()) <= 255
    assert name.endswith(extension)
    bare = name[len(first) : len(name) - len(extension)]
    letter = clean_name(letter)
    assert bare == letter * (len(bare) // len(letter))
    assert len(bare) > 30
    assert name in content_name(name)
    assert shortened(name) == name


def content_name(name: str) -> str:
    return unquote(content_disposition(name))


@pytest.mark.parametrize(
    "stem", [*DEVICES, 'a<b>c:d"e|f?g*h', "fin. . ", "...", "a\u202eb\u2066c", "a\x01b\x7f\x85c"]
)
def test_every_computer_takes_a_download(stem: str) -> None:
    name = download_name(f"{stem}.pdf", "application/pdf")
    bare = split(name)[0]
    assert name.endswith(".pdf")
    assert not set(name) & set('<>:"/\\|?*\u202e\u2066\x01\x7f\x85')
    assert bare == bare.rstrip(". ") != ""
    assert bare.split(".")[0].rstrip().upper() not in {one.upper().split(".")[0].strip() for one in DEVICES}


def test_names_that_a_file_system_takes_for_one_are_told_apart() -> None:
    taken: set[str] = set()
    long = "é" * 125 + ".pdf"
    given = [
        "A.pdf",
        "a.PDF",
        "ＡＢ.pdf",
        "ab.pdf",
        "straße.pdf",
        "STRASSE.pdf",
        "é.pdf",
        "e\u0301.pdf",
        *[long] * 12,
    ]
    names = [distinct(name, taken) for name in given]
    assert len({name.casefold() for name in names}) == len(given) == len(taken)
    assert all(len(name.encode()) <= 255 and name.lower().endswith(".pdf") for name in names)


def test_a_zip_holds_every_document_under_a_name_of_its_own(
    sign_in: Any, marias_account: Any, appointment: Any, receive: Receive, prescription: Any, alice: Any
) -> None:
    for name in ("NUL.pdf", 'Suite: "quoi"?.pdf', "nul.pdf", "é" * 300 + ".pdf", "é" * 300 + ".pdf", "photo.jfif"):
        content = CONTENTS["image/jpeg"] if name.endswith("jfif") else PDF
        shared = share_upload(
            appointment=appointment,
            intake=receive(content, name),
            category=prescription,
            title="",
            placement=None,
            by=alice,
        )
        SharedDocument.objects.filter(pk=shared.pk).update(shared_at=datetime(2026, 3, 2, tzinfo=UTC))
    answer = sign_in(marias_account).post("/documents/zip/")
    names = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist()
    assert len({name.casefold() for name in names}) == len(names) == 6
    for name in names:
        assert len(name.encode()) <= 255
        assert not set(name) & set('<>:"/\\|?*')
        assert name == portable(name)
    assert "2026-03-02 photo.jpg" in names


def several(sizes: list[tuple[int, int]]) -> bytes:
    first, *others = (Image.new("RGB", size, colour) for size, colour in zip(sizes, COLOURS, strict=False))
    drawn = io.BytesIO()
    first.save(drawn, "MPO", save_all=True, append_images=others)
    return drawn.getvalue()


@pytest.mark.parametrize("sizes", [[(60, 40), (60, 40)], [(60, 40), (30, 20), (60, 40)]])
def test_of_several_pictures_in_a_jpeg_the_receipt_says_that_one_is_shared(receive: Receive, sizes: Any) -> None:
    intake = receive(several(sizes), "photo.jpg")
    assert "first_picture_only" in intake.notices
    assert intake.page_count == 1
    with Image.open(intake.path) as stored:
        assert stored.convert("RGB").tobytes()[0] > 200  # red: the first


def test_a_gain_map_is_no_second_picture(receive: Receive) -> None:
    content = several([(60, 40), (30, 20)]).replace(b"\xff\xd8", b"\xff\xd8\xff\xfe\x00\x09hdrgm:x", 1)
    assert "first_picture_only" not in receive(content, "photo.jpg").notices


def test_of_several_pictures_in_a_heic_the_receipt_says_that_one_is_shared(receive: Receive) -> None:
    one = Path(__file__).with_name("photograph.heic").read_bytes()
    several = Path(__file__).with_name("two-photographs.heic").read_bytes()
    assert receive(one, "a.heic").notices == ("heic_converted",)
    assert "first_picture_only" in receive(several, "a.heif").notices
    assert receive(one, "IMG_1").name == "IMG_1.jpg"
    assert receive(one, "a.HIF").media_type == "image/jpeg"


def test_every_page_of_a_tiff_is_kept_and_shown(receive: Receive) -> None:
    pages = [Image.new("RGB", (60, 40), colour) for colour in COLOURS]
    drawn = io.BytesIO()
    pages[0].save(drawn, "TIFF", save_all=True, append_images=pages[1:])
    intake = receive(drawn.getvalue(), "scan.tif")
    assert (intake.page_count, intake.notices) == (3, ())
    with Image.open(intake.path) as stored:
        assert other_pictures(stored, str(intake.path)) == 0


KINDS = sorted(set(MEDIA_TYPES.values()) - {HEIC})
YOUNG = "\U00011de0\U00016d40"  # letters that this Python's Unicode data lack
# Titles as people write them: with characters that Windows refuses, in any script, long; with separators.
PIECES = st.one_of(
    st.text(max_size=12), st.sampled_from([*'<>:"/\\|?*.% \u202e', "CON", "exe", ".exe", ".pdf", "日本"])
)
TITLES = st.lists(PIECES, max_size=40).map("".join)


def letters(text: str) -> str:
    """The letters and digits of a title, which identify it in any spelling."""
    return "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one)[0] in "LN")


@settings(deadline=None)
@given(title=TITLES, kind=st.sampled_from(KINDS))
@example(title="Ordonnance 12/03", kind="application/pdf")
@example(title="???", kind="application/pdf")
@example(title=".pdf", kind="application/pdf")
@example(title="facture.exe", kind="application/pdf")
@example(title="facture．exe", kind="application/pdf")
@example(title="é" * 255, kind="image/jpeg")
@example(title=YOUNG, kind="application/pdf")
@example(title="100%25", kind="application/pdf")
def test_a_download_keeps_the_letters_of_any_title_under_a_name_that_every_computer_takes(
    title: str, kind: str
) -> None:
    name = download_name(title, kind)
    stem, extension = split(name)
    assert MEDIA_TYPES[extension.lower()] == kind
    assert len(name.encode()) <= 255
    assert not set(name) & set('<>:"/\\|?*')
    assert not any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in name)
    assert stem == stem.strip(". ") != ""
    assert not DEVICE.match(stem)
    assert not hides_a_program(name)
    assert download_name(name, kind) == name
    disposition = content_disposition(name)
    assert disposition.isascii()
    assert "\n" not in disposition
    header = re.fullmatch(r"attachment; filename(?:=\"([^\"]*)\"|\*=utf-8''(.*))", disposition)
    assert header
    plain, extended = header.groups()
    assert (plain or unquote(extended)) == name
    visible = "".join(one for one in unicodedata.normalize("NFC", title) if unicodedata.category(one)[0] != "C")
    written = letters(split(f"_{visible.rstrip('. ')}")[0])  # without its extension, which may change
    if len(title.encode()) < 180:  # nothing was cut
        assert letters(name).startswith(written)


@settings(deadline=None)
@given(titles=st.lists(TITLES, max_size=8))
def test_documents_of_one_zip_have_names_of_their_own_whatever_their_titles(titles: list[str]) -> None:
    taken: set[str] = set()
    names = [distinct(f"2026-03-02 {download_name(title, 'application/pdf')}", taken) for title in titles]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(titles)
    assert all(len(name.encode()) <= 255 and name.lower().endswith(".pdf") for name in names)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Ordonnance du 12/03/2026", "Ordonnance du 12-03-2026.pdf"),
        ("Bilan : suite ?", "Bilan - suite _.pdf"),
        ("???", "___.pdf"),
        (".pdf", "document.pdf"),
        ("....pdf", "document.pdf"),
        ("\u202e.pdf", "document.pdf"),
        ("...", "document.pdf"),
        ("診断書", "診断書.pdf"),
        ("ملف طبي", "ملف طبي.pdf"),
        (YOUNG, f"{YOUNG}.pdf"),
        ("con", "_con.pdf"),
        ("facture.exe", "facture_exe.pdf"),
        ("ordonnance.pdf", "ordonnance.pdf"),
    ],
)
def test_a_title_as_a_name(title: str, name: str) -> None:
    assert download_name(title, "application/pdf") == name


def name_said(answer: Any) -> str:
    """The name of the download; of the single file in a zip, without the day of its sharing."""
    if answer["Content-Type"] == "application/zip":
        (name,) = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist()
        return str(name.partition(" ")[2])
    return unquote(answer["Content-Disposition"]).partition("utf-8''")[2]


@pytest.mark.parametrize("reader", ["patient", "patient's zip", "staff", "link", "library", "older version", "API"])
def test_every_download_has_the_title_that_its_reader_sees(
    reader: str, ids: dict[str, Any], sign_in: Any, marias_account: Any, alice_signs: Any
) -> None:
    title = "Compte rendu du 3/12, à lire"
    SharedDocument.objects.update(title=title)
    LibraryDocument.objects.update(title=title)
    patient, staff = sign_in(marias_account), sign_in(alice_signs)
    client, verb, address = {
        "patient": (patient, "post", f"/documents/{ids['document']}/download/"),
        "patient's zip": (patient, "post", "/documents/zip/"),
        "staff": (staff, "post", f"/pro/documents/{ids['document']}/download/"),
        "link": (Client(), "post", f"/d/{ids['link']}/1"),
        "library": (staff, "get", f"/pro/library/{ids['library']}/content/"),
        "older version": (staff, "get", f"/pro/library/versions/{ids['version']}/content/"),
        "API": (patient, "get", f"/api/v1/me/documents/{ids['document']}/content/"),
    }[reader]
    answer = getattr(client, verb)(address)
    assert answer.status_code == 200
    more = ", version 1" if reader == "older version" else ""
    assert name_said(answer) == f"Compte rendu du 3-12, à lire{more}.pdf"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("ordo.pdf", "Ordo"), ("compte-rendu_12.pdf", "Compte rendu 12"),
        ("bilan 2026-11-28.pdf", "Bilan 2026-11-28"),
        ("2026-11-28_bilan.jpeg", "2026-11-28 bilan"), ("Ordonnance 28.11", "Ordonnance 28.11"),
        ("e\u0301cho.png", "Écho"), ("ßcan.pdf", "SScan"), ("王.pdf", "王"),
    ],
)  # fmt: skip
def test_the_title_that_a_page_proposes(name: str, title: str) -> None:
    assert proposed_title(name) == title
