"""The stamp as a reader sees it: rendered by poppler, with its code read as by a telephone."""

from __future__ import annotations

import io
import re
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import zxingcpp
from django.utils import timezone
from PIL import Image

from docshare.demo.letters import signature
from signing.pdf.credentials import Credential
from signing.pdf.geometry import A4
from signing.pdf.placement import DEFAULT_WIDTH, Placement
from signing.pdf.sign import CannotSign, sign
from signing.pdf.stamp import StampContent
from signing.pdf.stamp_layout import MIN_MODULE, MIN_TEXT, MM, QUIET, StampLayout, lay_out
from tests.pdfs import pdf_with_page
from tests.signing.conftest import Receive

PUBLIC_URL = "https://documents.cabinet-des-lilas.fr"
VERIFY = f"{PUBLIC_URL}/verify/"
MODULES = 33  # of the code for VERIFY


@pytest.fixture
def stamped(receive: Receive, credential: Credential, settings: Any) -> Any:
    """Signs a blank page in its middle; returns the path."""
    settings.PUBLIC_URL = PUBLIC_URL

    def _stamped(
        *,
        name: str = "Alice Morel",
        number: str = "10101010101",
        image: bytes | None = None,
        width: float = DEFAULT_WIDTH,
        **page: Any,
    ) -> Path:
        intake = receive(pdf_with_page(**({"media_box": A4} | page)))
        appearance = StampContent(image_png=image, signer_name=name, professional_number=number)
        placement = Placement(page=1, x=0.5, y=0.5, width=width)
        signed = sign(
            intake, placement=placement, credential=credential, appearance=appearance, signing_time=timezone.now()
        )
        path: Path = signed.intake.path
        return path

    return _stamped


def drawn_signature() -> bytes:
    """As "Ma signature" stores it: ink on transparent paper."""
    grey = Image.open(io.BytesIO(signature(1))).convert("L")
    ink = Image.new("RGBA", grey.size, (20, 40, 120, 255))
    ink.putalpha(grey.point([255 - level for level in range(256)]))
    buffer = io.BytesIO()
    ink.save(buffer, "PNG")
    return buffer.getvalue()


def printed(path: Path, *, dpi: int = 150) -> Image.Image:
    command = ["pdftoppm", "-r", str(dpi), "-png", "-singlefile", str(path), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    with Image.open(f"{path}.png") as image:
        image.load()
    Path(f"{path}.png").unlink()
    return image


def codes(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image)]


def text_of(path: Path) -> str:
    """The stamp's text, as extracted by a reader."""
    return subprocess.run(["pdftotext", str(path), "-"], check=True, capture_output=True, text=True).stdout


def layout(width_mm: float, *, name: str = "Alice Morel", has_image: bool = True) -> StampLayout:
    paragraphs = ["Signé électroniquement", f"par {name}", "RPPS 10101010101", "le 24/11/2026 à 10:15"]
    width = width_mm * MM
    return lay_out(
        width,
        width * 0.4,
        paragraphs=paragraphs,
        measure=lambda text: 0.55 * len(text),
        has_image=has_image,
        modules=MODULES,
    )


A5, A0 = (0.0, 0.0, 419.53, 595.28), (0.0, 0.0, 2383.94, 3370.39)


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("page", [{}, {"crop_box": (30, 40, 565, 800)}, {"media_box": A0}, {"media_box": A5}])
def test_the_code_on_paper_leads_to_the_verification_page_and_carries_nothing_else(
    page: dict[str, Any], rotate: int, stamped: Any
) -> None:
    image = drawn_signature() if rotate < 180 else None
    width = 0.35 if page.get("media_box") == A5 else DEFAULT_WIDTH
    path = stamped(image=image, width=width, rotate=rotate, **page)
    assert codes(printed(path, dpi=40 if page.get("media_box") == A0 else 150)) == [VERIFY]


def test_units_of_user_space_are_paper_too(stamped: Any) -> None:
    small, large = (stamped(media_box=(0, 0, 59.5, 84.2), user_unit=unit) for unit in (1, 10))
    assert codes(printed(small, dpi=1500)) == []  # 5 mm wide: too small to read
    assert codes(printed(large, dpi=1500)) == [VERIFY]


def test_a_stamp_too_narrow_for_the_code_goes_without(stamped: Any) -> None:
    path = stamped(width=0.15, image=drawn_signature())
    assert codes(printed(path, dpi=600)) == []
    assert "Alice Morel" in text_of(path)


@pytest.mark.parametrize("has_image", [True, False])
@pytest.mark.parametrize("name", ["Alice Morel", "Marie-Christine de La Rochefoucauld-Lefèvre", "X" * 70])
def test_at_the_usual_width_on_a4_text_and_code_are_readable(name: str, has_image: bool) -> None:
    laid = layout(DEFAULT_WIDTH * 210, name=name, has_image=has_image)
    assert laid.size >= MIN_TEXT
    if len(name) > 60:
        return  # the text has priority
    assert laid.code is not None
    assert laid.code.width / (MODULES + 2 * QUIET) >= MIN_MODULE


@pytest.mark.parametrize("width_mm", [4, 7, 12, 20, 30, 40, 45, 60, 105, 210, 800])
@pytest.mark.parametrize("name", ["Alice Morel", "Marie-Christine Alexandra de La Rochefoucauld-Montmorency-Lefèvre"])
def test_whatever_the_size_nothing_overlaps_and_nothing_sticks_out(width_mm: float, name: str) -> None:
    laid = layout(width_mm, name=name)
    width, height = width_mm * MM, width_mm * MM * 0.4
    right = laid.code.x if laid.code else width
    for line in laid.lines:
        assert line.x >= -0.01
        assert line.x + 0.55 * len(line.text) * laid.size <= right + 0.01
        assert 0 <= line.y <= line.y + 0.8 * laid.size <= height
    assert laid.image is not None
    assert laid.image.y >= max(line.y for line in laid.lines) + 0.8 * laid.size
    assert laid.image.y + laid.image.height <= height
    assert laid.image.height > 0.1 * height
    if laid.code:
        assert laid.code.width / (MODULES + 2 * QUIET) >= MIN_MODULE - 0.001
        assert laid.code.x + laid.code.width <= width
        assert laid.size >= MIN_TEXT
    if width_mm >= 31 and name == "Alice Morel":
        assert laid.size >= MIN_TEXT


@pytest.mark.parametrize(
    "name",
    [
        "Łukasz Œuf-Çelik",
        "Nguyễn Thị Ánh Ngọc",
        "Nguye\u0302\u0303n",  # as some keyboards enter it
        "Αλέξης Παπαδόπουλος",
        "Ольга Іваненко",
        "דוד כהן",
        "محمد",
        "王小明",
        "さくら サクラ",
        "김민준",
    ],
)
def test_names_of_other_scripts_are_letters_not_boxes(name: str, stamped: Any) -> None:
    path = stamped(name=name)
    text = unicodedata.normalize("NFKC", re.sub("[\u2066-\u2069\u202a-\u202e]", "", text_of(path)))
    text = " ".join(text.split())
    assert f"par {unicodedata.normalize('NFC', name)}" in text
    assert not _draws_missing_glyphs(path)


def test_a_letter_that_no_font_has_is_named_and_nothing_is_stamped(stamped: Any) -> None:
    with pytest.raises(CannotSign, match="letters_missing") as refused:
        stamped(name="ꦲ Morel")
    assert "U+A9B2" in refused.value.sentence


def test_arabic_letters_are_joined(stamped: Any) -> None:
    """The letters of the name have forms that depend on their neighbours: three joined forms, not isolated ones."""
    with pikepdf.open(stamped(name="ببب", number="")) as pdf:
        maps = [font.ToUnicode.read_bytes() for font in _form(pdf).Resources.Font.values()]
    assert max(content.count("ب".encode("utf-16-be").hex().encode()) for content in maps) == 3


def test_without_a_number_nothing_is_said_of_one(stamped: Any) -> None:
    assert "RPPS" not in text_of(stamped(number=""))
    assert "RPPS 10101010101" in text_of(stamped())


def test_those_who_cannot_see_the_stamp_are_told(stamped: Any) -> None:
    with pikepdf.open(stamped()) as pdf:
        tooltip = str(pdf.Root.AcroForm.Fields[-1].TU)
    assert tooltip.startswith("Signature électronique : Alice Morel, RPPS 10101010101, le ")
    assert tooltip.endswith(f"Elle se vérifie sur {VERIFY}")


def _form(pdf: pikepdf.Pdf) -> Any:
    return pdf.Root.AcroForm.Fields[-1].AP.N


def _draws_missing_glyphs(path: Path) -> bool:
    with pikepdf.open(path) as pdf:
        return b"<0000> Tj" in _form(pdf).read_bytes()
