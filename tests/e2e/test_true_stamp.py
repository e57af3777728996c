"""The stamp that the share page lays over a page is where the signed page has it, on pages of every kind: both are
measured, the one by pdf.js in Chromium, the other by pdfium."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from itertools import cycle, product
from typing import Any

import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page

from files.decoding import draw_fields
from files.intake import Intake
from portals.practitioner.script_configs import pdfjs_addresses
from signing.pdf.credentials import Credential
from signing.pdf.placement import Placement
from tests.e2e.conftest import Visitor
from tests.pdf_samples import SAMPLES
from tests.pdfs import pdf_with_page
from tests.signing.conftest import Receive, Sign, authority, credential, sign_it, signed_elsewhere  # noqa: F401
from tests.signing.test_signing import BOXES

pytestmark = [pytest.mark.slow]
PLACES = [(0.3, 0.7, 0.3), (0.98, 0.02, 0.8), (0.03, 0.97, 0.1), (0.8, 0.9, 0.25)]  # x, y, width
TOLERANCE = 0.01  # of the page
COMPUTED = """async ({ pdf, pdfjs, place }) => {
  const { openPdf } = await import("/static/js/pdf_preview.js");
  const { stampOn } = await import("/static/js/stamp_geometry.js");
  const opened = await openPdf(new Blob([Uint8Array.from(atob(pdf), (letter) => letter.charCodeAt(0))]), pdfjs);
  const box = stampOn(await opened.geometry(place.page), place);
  await opened.close();
  return [box.left, box.top, box.left + box.width, box.top + box.height];
}"""


def documents(credential: Credential) -> Iterator[tuple[str, bytes]]:  # noqa: F811
    for sample in SAMPLES:
        if not sample.refused:
            yield sample.name, sample.content()
    for rotate, (media_box, crop_box, user_unit) in product((0, 90, 180, 270), BOXES):
        page = pdf_with_page(rotate=rotate, media_box=media_box, crop_box=crop_box, user_unit=user_unit)
        yield f"{rotate}° {media_box} {crop_box} {user_unit}", page
        if media_box == (0, 0, 595, 842):  # a stamp over others' signed pages has a largest size
            yield f"{rotate}° {crop_box}, signed before", signed_elsewhere(page, credential)


def test_the_stamp_of_the_preview_is_in_place_and_size_the_stamp_of_the_signed_page(
    bare_site: str,
    browser: Browser,
    receive: Receive,
    sign_it: Sign,  # noqa: F811
    credential: Credential,  # noqa: F811
) -> None:
    page = Visitor(browser, bare_site, 1440, 900).page
    page.goto(f"{bare_site}/account/login/")
    places, wrong = cycle(PLACES), []
    for name, content in documents(credential):
        intake = receive(content)
        place = Placement(intake.page_count, *next(places))
        shown, signed = computed(page, content, place), measured(intake, place, sign_it)
        if max(abs(one - other) for one, other in zip(shown, signed, strict=True)) >= TOLERANCE:
            wrong.append((name, shown, signed))
    assert wrong == []


def computed(page: Page, content: bytes, place: Placement) -> Any:
    """Left, top, right and bottom, as shares of the page, as the share page lays the stamp."""
    pdf = base64.b64encode(content).decode()
    return page.evaluate(COMPUTED, {"pdf": pdf, "pdfjs": pdfjs_addresses(), "place": dataclasses.asdict(place)})


def measured(intake: Intake, place: Placement, sign_it: Sign) -> tuple[float, ...]:  # noqa: F811
    """The same of what the signature has changed on the page."""
    before = rendered(intake, place.page)
    sign_it(intake, place)
    changed = ImageChops.difference(before, rendered(intake, place.page)).convert("L")
    box = changed.point([255 if level > 24 else 0 for level in range(256)]).getbbox() or (0, 0, 0, 0)
    return tuple(edge / whole for edge, whole in zip(box, before.size * 2, strict=True))


def rendered(intake: Intake, number: int) -> Image.Image:
    document = pdfium.PdfDocument(str(intake.path))
    draw_fields(document)
    page = document[number - 1]
    picture: Image.Image = page.render(scale=1000 / max(page.get_size()), may_draw_forms=True).to_pil()
    return picture.convert("RGB")
