"""The stamp of a preview and the stamp of the signed page are one drawing, for its owner alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2 as pdfium
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image, ImageChops, ImageFilter, ImageStat

from accounts.models import User
from appointments.models import Appointment
from docshare.demo.letters import signature
from files.decoding import draw_fields
from practices.models import Practice
from signing.models import SignatureImage
from signing.pdf.geometry import A4
from signing.pdf.placement import Placement
from signing.pdf.sign import stamp_of
from signing.pdf.stamp import StampContent
from signing.pdf.stamp_drawing import stamp_page
from signing.pdf.stamp_picture import PIXELS
from signing.signatures import sign_for
from signing.stamp_preview import own_stamp
from tests.pdfs import pdf_with_page
from tests.signing.conftest import Receive

pytestmark = pytest.mark.django_db
ALIKE = 6.0  # of 255: greatest mean difference between two renderings of one drawing, at a quarter of their size
SMOOTH = ImageFilter.GaussianBlur(1)  # a pixel is not always the same part of the drawing
SignIn = Callable[..., Client]


def on_white(png: bytes) -> Image.Image:
    drawn = Image.open(io.BytesIO(png))
    paper = Image.new("RGB", drawn.size, "white")
    paper.paste(drawn, mask=drawn.getchannel("A"))
    return paper


def lines_of(pdf: bytes) -> list[str]:
    return str(pdfium.PdfDocument(pdf)[0].get_textpage().get_text_bounded()).split("\n")


def appearance_alone(path: Path) -> bytes:
    """The newest signature's appearance, as the only content of a page."""
    with pikepdf.open(path) as signed, pikepdf.Pdf.new() as alone:
        form = alone.copy_foreign(signed.Root.AcroForm.Fields[-1].AP.N)
        page = alone.add_blank_page(page_size=(float(form.BBox[2]), float(form.BBox[3])))
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Stamp=form))
        page.Contents = alone.make_stream(b"/Stamp Do")
        written = io.BytesIO()
        alone.save(written)
        return written.getvalue()


@pytest.mark.parametrize("width", [0.07, 0.15, 0.25, 0.5, 0.9])
def test_the_stamp_shown_before_is_the_stamp_of_the_signed_page(
    width: float, alice_signs: User, practice: Practice, receive: Receive
) -> None:
    at, points = timezone.now(), width * A4[2]
    shown = on_white(own_stamp(by=alice_signs, zone=practice.zone, width=points))
    placement = Placement(page=1, x=0.5, y=0.5, width=width)
    with receive(pdf_with_page(media_box=A4)) as intake:
        sign_for(user=alice_signs, practice=practice, intake=intake, placement=placement, at=at)
        signed = pdfium.PdfDocument(str(intake.path))
        draw_fields(signed)
        page = signed[0].render(scale=PIXELS / 2 / points, may_draw_forms=True).to_pil().convert("RGB")
        lines = lines_of(appearance_alone(intake.path))
    tall = width * A4[2] * 0.4 / A4[3]
    box = [(0.5 - width / 2) * page.width, (0.5 - tall / 2) * page.height]
    stamped = page.crop((round(box[0]), round(box[1]), round(box[0]) + PIXELS // 2, round(box[1]) + PIXELS // 5))
    shown, stamped = (one.resize((PIXELS // 4, PIXELS // 10)).filter(SMOOTH) for one in (shown, stamped))
    differing = ImageChops.difference(shown, stamped).convert("L")
    assert ImageStat.Stat(differing).mean[0] < ALIKE
    content = StampContent(
        image_png=bytes(SignatureImage.objects.get(user=alice_signs).png),
        signer_name=alice_signs.get_full_name(),
        professional_number=alice_signs.professional_number,
        zone=practice.zone,
    )
    assert lines_of(stamp_page(stamp_of(content, at), points, PIXELS)) == lines
    assert any("Morel" in line for line in lines)


def test_only_who_signs_sees_a_stamp_and_only_their_own(
    appointment: Appointment, alice_signs: User, bob: User, charlie: User, sign_in: SignIn
) -> None:
    address = f"/pro/appointments/{appointment.pk}/share/stamp/?width=148"
    own = sign_in(alice_signs).get(address)
    assert (own.status_code, own["Content-Type"], own["Cache-Control"]) == (200, "image/png", "no-store, private")
    assert Image.open(io.BytesIO(own.content)).size == (PIXELS, PIXELS * 2 // 5)
    assert [sign_in(other).get(address).status_code for other in (bob, charlie)] == [404, 404]
    assert Client().get(address)["Location"].startswith("/account/login/")
    for width in ("", "nan", "-1", "inf", "0", "wide"):
        assert sign_in(alice_signs).get(f"{address[:-3]}{width}").status_code == 404
    SignatureImage.objects.all().delete()
    assert sign_in(alice_signs).get(address).status_code == 404


def test_an_image_is_tried_on_the_stamp_without_being_stored(alice_signs: User, bob: User, sign_in: SignIn) -> None:
    browser = sign_in(alice_signs, minutes=60)  # trying changes nothing, so it asks for no recent sign-in
    before = bytes(SignatureImage.objects.get(user=alice_signs).png)

    def tried(**fields: Any) -> Any:
        return browser.post("/pro/signature/stamp/tried/", fields, headers={"X-Requested-With": "card"})

    present = browser.get("/pro/signature/stamp/").content
    other = tried(file=SimpleUploadedFile("autre.png", signature(7)))
    assert other.content.startswith(b"\x89PNG")
    assert ImageStat.Stat(ImageChops.difference(on_white(other.content), on_white(present))).mean[0] > 0.1
    refused = tried(file=SimpleUploadedFile("autre.pdf", pdf_with_page()))
    assert (refused.status_code, "Une signature est une image" in refused.content.decode()) == (400, True)
    assert bytes(SignatureImage.objects.get(user=alice_signs).png) == before
    assert sign_in(bob).get("/pro/signature/stamp/").status_code == 403
    assert sign_in(bob).post("/pro/signature/stamp/tried/").status_code == 403
