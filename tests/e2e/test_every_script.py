"""Written documents and stamps in every script, in the browser (pdf.js) and in the server's picture: an automatic
check of letters that a patient could not see."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import cache

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image, ImageChops
from playwright.sync_api import Browser

from bench.doctors import Authority
from documents.library.catalogue import preview_body
from files import preview, storage
from files.intake import accept
from practices.models import Practice
from signing.pdf.credentials import Credential
from signing.pdf.placement import Placement
from signing.pdf.sign import sign
from signing.pdf.stamp import StampContent
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff
from tests.pdfs import pdf_with_page

pytestmark = [pytest.mark.slow]
NAMES = {
    "Latin": "Łukasz Çelik", "Vietnamese": "Nguyễn Thị Ánh", "Greek": "Γιώργος", "Cyrillic": "Ольга Їжак",
    "Arabic": "محمد علي", "Hebrew": "דוד לוי", "Thai": "สมชาย กำ", "Devanagari": "प्रिया शर्मा", "Chinese": "王小明",
    "Japanese": "さくら サクラ", "Korean": "김민준",
}  # fmt: skip
WIDTH = 900  # pixels of a page in the browser
CELL = 20  # pixels: the size of a letter
DARK = 128
LEAST_INK = 100  # pixels, at least, of a name
ALIKE = 40  # of 255: greatest difference between the two
DRAW = """async (pdf) => {
  const { openPdf } = await import("/static/js/pdf_preview.js");
  const { pdfjs } = JSON.parse(document.getElementById("writing-config").textContent);
  const bytes = Uint8Array.from(atob(pdf), (letter) => letter.charCodeAt(0));
  const opened = await openPdf(new Blob([bytes]), pdfjs);
  const canvas = document.createElement("canvas");
  await opened.draw(1, canvas);
  await opened.close();
  return canvas.toDataURL("image/png").split(",")[1];
}"""


Make = Callable[[str, Practice], bytes]


def written(name: str, practice: Practice) -> bytes:
    return preview_body(practice=practice, title="Venue", body=f"<h1>{name}</h1>")


@cache
def doctor() -> Credential:
    return Authority().doctor()


def stamped(name: str, _practice: Practice) -> bytes:
    signed = sign(
        accept(SimpleUploadedFile("page.pdf", pdf_with_page(media_box=(0, 0, 300, 200)))),
        placement=Placement(page=1, x=0.5, y=0.5, width=0.9), credential=doctor(),
        appearance=StampContent(image_png=None, signer_name=name, professional_number=""),
        signing_time=timezone.now(),
    )  # fmt: skip
    content: bytes = signed.intake.path.read_bytes()
    signed.intake.path.unlink()
    return content


def ink(picture: Image.Image) -> int:
    """The number of dark pixels."""
    return sum(picture.convert("L").histogram()[:DARK])


def greys(picture: Image.Image) -> Image.Image:
    """The darkness of each square of CELL pixels."""
    return picture.convert("L").resize((WIDTH // CELL, picture.height // CELL), Image.Resampling.BOX)


def both_pictures(visitor: Visitor, pdf: bytes) -> tuple[Image.Image, Image.Image]:
    """The first page: as the browser draws it, and as the server does."""
    drawn = visitor.page.evaluate(DRAW, base64.b64encode(pdf).decode())
    stored = storage.keep(accept(SimpleUploadedFile("page.pdf", pdf)), practice=None)
    of_server = preview.page_image(stored, page=1, width=WIDTH)
    return (
        Image.open(io.BytesIO(base64.b64decode(drawn)), formats=["PNG"]),
        Image.open(io.BytesIO(of_server), formats=["WEBP", "PNG"]),
    )


@pytest.mark.parametrize("make", [written, stamped])
def test_the_browser_and_the_servers_picture_show_every_script(site: str, browser: Browser, make: Make) -> None:
    practice = Practice.objects.earliest("pk")
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, "admin@lilas.example")
    visitor.page.goto(f"{site}/pro/library/write/")
    empty = [ink(picture) for picture in both_pictures(visitor, make(".", practice))]
    missing, apart = {}, {}
    for script, name in NAMES.items():
        in_browser, of_server = both_pictures(visitor, make(name, practice))
        drawn = [ink(picture) - none for picture, none in zip((in_browser, of_server), empty, strict=True)]
        if min(drawn) < LEAST_INK:
            missing[script] = drawn
        levels = ImageChops.difference(greys(in_browser), greys(of_server.resize(in_browser.size))).histogram()
        most = max(level for level, cells in enumerate(levels) if cells)
        if most > ALIKE:
            apart[script] = most
    assert (missing, apart) == ({}, {})
    assert visitor.faults == []
    visitor.context.close()
