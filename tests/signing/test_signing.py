"""Signing in place: valid for independent readers, at the clicked place, and nothing left after a failure."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import NotRequired, TypedDict

import pikepdf
import pypdfium2 as pdfium
import pytest
from django.conf import settings
from django.utils import timezone

from bench.doctors import Authority
from docshare.demo.letters import signature
from files import sandbox
from files.intake import Refused
from signing.pdf.credentials import Credential
from signing.pdf.placement import InvalidPlacement, Placement
from signing.pdf.sign import CannotSign, sign
from signing.pdf.stamp import StampContent
from signing.pdf.verify import verify
from tests.documents.conftest import PDF
from tests.pdf_samples import SAMPLES, Sample
from tests.pdfs import pdf_with_page
from tests.sample_folder import over_the_folder, viewer_opens
from tests.signing.conftest import Receive, Sign, pdfsig

TAKEN = [sample for sample in SAMPLES if not sample.refused]


@pytest.mark.parametrize("sample", TAKEN, ids=lambda sample: sample.name)
def test_documents_of_other_software_come_out_signed_and_valid(
    sample: Sample, receive: Receive, sign_it: Sign
) -> None:
    comes_out_signed_and_valid(sample.content(), receive, sign_it)


@over_the_folder(".pdf")
def test_documents_of_a_folder_come_out_signed_and_valid(path: Path, receive: Receive, sign_it: Sign) -> None:
    content = path.read_bytes()
    if viewer_opens(content):
        comes_out_signed_and_valid(content, receive, sign_it)
        return
    with pytest.raises(Refused) as caught:
        receive(content, path.name)
    assert caught.value.code in ("password", "unreadable")


def comes_out_signed_and_valid(content: bytes, receive: Receive, sign_it: Sign) -> None:
    intake = receive(content, "lettre.pdf")
    pages = intake.page_count
    signed = sign_it(intake, Placement(page=pages, x=0.75, y=0.9))
    report = pdfsig(intake.path)
    assert "Signature is Valid" in report
    assert "Total document signed" in report
    assert signed.signatures[-1].valid
    assert signed.signatures[-1].covers_whole_document
    assert intake.path.read_bytes().startswith(content) is not signed.repaired
    assert len(pdfium.PdfDocument(str(intake.path))) == pages


def test_an_earlier_signature_stays_valid(receive: Receive, sign_it: Sign, authority: Authority) -> None:
    intake = receive(PDF)
    sign_it(intake, Placement(page=1, x=0.2, y=0.9))
    again = sign_it(intake, Placement(page=1, x=0.8, y=0.9))
    reports = verify(intake.path, roots=[authority.certificate])
    assert [report.valid for report in reports] == [True, True]
    assert [report.trusted for report in reports] == [True, True]
    assert pdfsig(intake.path).count("Signature is Valid") == 2
    assert len(again.signatures) == 2


def test_one_changed_byte_is_found(receive: Receive, sign_it: Sign, authority: Authority) -> None:
    intake = receive(PDF)
    sign_it(intake, Placement(page=1, x=0.5, y=0.5))
    content = bytearray(intake.path.read_bytes())
    content[content.index(b"Ordonnance") + 1] ^= 1
    intake.path.write_bytes(content)
    assert [report.valid for report in verify(intake.path, roots=[authority.certificate])] == [False]


BOXES = [
    ((0, 0, 595, 842), None, None),
    ((0, 0, 595, 842), (100, 150, 500, 700), None),
    ((-200, -100, 395, 742), (-150, -50, 300, 600), None),
    ((0, 0, 200, 280), None, 3.0),
    ((0, 0, 0, 0), None, None),  # useless: viewers show US Letter
]


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize(("media_box", "crop_box", "user_unit"), BOXES)
def test_the_stamp_is_where_the_click_was(
    rotate: int,
    media_box: tuple[float, float, float, float],
    crop_box: tuple[float, float, float, float] | None,
    user_unit: float | None,
    receive: Receive,
    sign_it: Sign,
) -> None:
    blank = pdf_with_page(rotate=rotate, media_box=media_box, crop_box=crop_box, user_unit=user_unit)
    intake = receive(blank)
    sign_it(intake, Placement(page=1, x=0.3, y=0.7, width=0.3))

    document = pdfium.PdfDocument(str(intake.path))
    document.init_forms()
    page = document[0]
    image = page.render(scale=1000 / max(page.get_size()), may_draw_forms=True).to_pil().convert("L")
    left, top, right, bottom = image.point([255 if level < 245 else 0 for level in range(256)]).getbbox() or (0,) * 4
    assert (left + right) / 2 / image.width == pytest.approx(0.3, abs=0.01)
    assert (top + bottom) / 2 / image.height == pytest.approx(0.7, abs=0.01)
    assert (right - left) / image.width == pytest.approx(0.3, abs=0.02)
    text = page.get_textpage().get_text_bounded()
    assert text == "" or "Morel" in text  # the stamp is an annotation, not part of the page's text


def test_the_stamp_is_upright_on_a_turned_page(receive: Receive, credential: Credential) -> None:
    """The image is above the text, as displayed, with any /Rotate of the page."""
    picture = io.BytesIO()
    from PIL import Image

    Image.new("RGBA", (300, 100), (255, 0, 0, 255)).save(picture, "PNG")
    for rotate in (0, 90, 180, 270):
        intake = receive(pdf_with_page(rotate=rotate))
        sign(
            intake,
            placement=Placement(page=1, x=0.5, y=0.5, width=0.5),
            credential=credential,
            appearance=StampContent(image_png=picture.getvalue(), signer_name="Dr Morel", professional_number=""),
            signing_time=timezone.now(),
        )
        document = pdfium.PdfDocument(str(intake.path))
        document.init_forms()
        shown = document[0].render(scale=1, may_draw_forms=True).to_pil().convert("RGB")
        red = [
            (x, y)
            for x in range(shown.width)
            for y in range(shown.height)
            if (lambda p: p[0] > 200 and p[1] < 80 and p[2] < 80)(shown.getpixel((x, y)))
        ]
        assert sum(y for _x, y in red) / len(red) < shown.height / 2, f"/Rotate {rotate}"


@pytest.mark.parametrize("name", ["Dr Łukasz Œuf-Çelik", "د. ليلى", "()\\ <<>>", "x" * 500, "a\u202eb\n\0"])
def test_any_name_can_stand_in_the_stamp(name: str, receive: Receive, sign_it: Sign) -> None:
    intake = receive(PDF)
    assert sign_it(intake, Placement(page=1, x=0.5, y=0.5), name=name).signatures[-1].valid


def test_encrypted_with_an_empty_password_is_signed(receive: Receive, sign_it: Sign) -> None:
    buffer = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pdf.save(buffer, encryption=pikepdf.Encryption(owner="owner", user="", R=6))
    intake = receive(buffer.getvalue())
    assert sign_it(intake, Placement(page=1, x=0.5, y=0.5)).signatures[-1].valid
    assert "Signature is Valid" in pdfsig(intake.path)


class Coordinates(TypedDict):
    page: int
    x: float
    y: float
    width: NotRequired[float]


@pytest.mark.parametrize(
    "values",
    [
        {"page": 0, "x": 0.5, "y": 0.5},
        {"page": 1, "x": float("nan"), "y": 0.5},
        {"page": 1, "x": 0.5, "y": float("inf")},
        {"page": 1, "x": -0.1, "y": 0.5},
        {"page": 1, "x": 0.5, "y": 1.1},
        {"page": 1, "x": 0.5, "y": 0.5, "width": 0},
        {"page": 1, "x": 0.5, "y": 0.5, "width": 2},
    ],
)
def test_coordinates_off_the_page_are_refused(values: Coordinates) -> None:
    with pytest.raises(InvalidPlacement):
        Placement(**values)


def test_a_page_that_is_not_there_is_refused(receive: Receive, sign_it: Sign) -> None:
    with pytest.raises(InvalidPlacement, match="page"):
        sign_it(receive(PDF), Placement(page=999, x=0.5, y=0.5))


def test_a_picture_is_not_signed(receive: Receive, sign_it: Sign) -> None:
    with pytest.raises(CannotSign):
        sign_it(receive(signature(1), "photo.png"), Placement(page=1, x=0.5, y=0.5))


def test_the_key_is_in_no_text_of_the_credential(credential: Credential) -> None:
    assert repr(credential) == "Credential(…)"


def test_the_fonts_of_the_stamp_are_installed() -> None:
    assert [font for font in settings.STAMP_FONTS if not Path(font).is_file()] == []


def test_a_child_is_stopped_when_it_takes_too_long_or_too_much(tmp_path: Path) -> None:
    with pytest.raises(sandbox.SandboxTimeout):
        sandbox.run(time.sleep, 60, wall_seconds=0.1)
    with pytest.raises(sandbox.SandboxError):
        sandbox.run(bytearray, 3 << 30, memory_bytes=64 * sandbox.MIB)
