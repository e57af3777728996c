"""The share page shows what will be signed: the page at reading size, its text, the true stamp, and after that the
signed page. A practitioner without a signature makes one there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from documents.models import SharedDocument
from signing.models import SignatureImage
from tests.e2e.conftest import Visitor
from tests.e2e.steps import last_of_durand, sign_in_as_staff
from tests.pdf_samples import locked, with_a_hole, with_object_streams
from tests.pdfs import pdf_with_page

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_what_will_be_signed_is_read_and_the_signature_is_made_on_the_spot(
    site: str, browser: Browser, tmp_path: Path
) -> None:
    SignatureImage.objects.all().delete()
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    appointment = last_of_durand()
    page.goto(f"{site}/pro/appointments/{appointment.pk}/share/")
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/share/") else None)
    page.set_input_files("#files", files(tmp_path))
    first, second, password, hole = (page.locator("[data-card]").nth(rank) for rank in range(4))
    expect(password.locator("[data-error]")).to_contain_text("protégé par un mot de passe")
    expect(hole.locator("[data-error]")).to_contain_text("est endommagé ou incomplet : il ne s’ouvre pas")
    assert sent == []
    one_card_is_in_focus(first, second)
    expect(page.locator("[data-share-all]")).to_have_text("Partager 2 documents avec Marie Durand")
    first.locator("[data-title]").fill("Ordonnance de sortie")
    makes_a_signature(doctor, first)
    expect(first.locator("[data-title]")).to_have_value("Ordonnance de sortie")
    expect(first.locator("[data-stamp][data-drawn] img")).to_be_visible()
    reads_and_zooms(doctor, first)
    expect(page.locator("[data-share-all]")).to_be_in_viewport()
    doctor.accessible()
    page.locator("[data-share-all]").click()
    expect(page.locator("[data-receipt]")).to_have_count(2, timeout=60_000)
    signed_page_comes_first(page)
    doctor.accessible()


def files(tmp_path: Path) -> list[str]:
    own = {
        "ordonnance.pdf": with_object_streams(),
        "scan.pdf": pdf_with_page(),
        "releve.pdf": locked(user="lilas", revision=3),
        "casse.pdf": with_a_hole(),
    }
    for name, content in own.items():
        (tmp_path / name).write_bytes(content)
    return [str(tmp_path / name) for name in own]


def one_card_is_in_focus(first: Locator, second: Locator) -> None:
    expect(first.locator("[data-preview-side]")).to_be_visible()
    expect(second.locator("[data-body]")).to_be_hidden()
    expect(second.locator("[data-summary]")).to_have_text("Autre, sans signature")
    second.locator("[data-fold]").press("Enter")
    expect(second.locator("[data-preview-side]")).to_be_visible()
    expect(first.locator("[data-body]")).to_be_hidden()
    second.locator("summary").click()
    expect(second.locator("[data-page-words]")).to_have_text(re.compile("La page 1 n’a pas de texte"))
    first.locator("[data-fold]").press("Enter")
    expect(first.locator("[data-prescription]")).to_contain_text("n’est pas une « ordonnance numérique »")


def makes_a_signature(doctor: Visitor, card: Locator) -> None:
    page = doctor.page
    card.locator("[data-make-signature-here]").click()
    dialog = page.locator("[data-signature-dialog]")
    canvas = dialog.locator("[data-canvas]")
    expect(canvas).to_be_visible()
    doctor.accessible()
    dialog.locator("[type=submit]").click()
    expect(dialog.locator("[data-error]")).to_contain_text("Dessinez d’abord")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(box["x"] + 40 + step * 25, box["y"] + 60 + (step % 3) * 30)
    page.mouse.up()
    expect(dialog.locator("[data-sample-stamp]")).to_have_attribute("src", re.compile("^blob:"))
    assert not SignatureImage.objects.exists()
    dialog.locator("[type=submit]").click()
    expect(dialog).to_be_hidden()
    expect(card.locator("[data-sign]")).to_be_focused()
    assert SignatureImage.objects.count() == 1


def reads_and_zooms(doctor: Visitor, card: Locator) -> None:
    """The page fills the card; keys of the page change its zoom and turn it; its text can be read."""
    viewer, sheet = card.locator("[data-viewer]"), card.locator("[data-preview]")
    width = sheet.evaluate("(one) => one.clientWidth")
    assert width >= 0.95 * card.evaluate("(one) => one.clientWidth - 32")
    viewer.press("1")
    expect(card.locator("[data-zoom-said]")).to_have_text("100 %")
    assert abs(sheet.evaluate("(one) => one.clientWidth") - 595.28 * 96 / 72) < 2
    viewer.press("+")
    expect(card.locator("[data-zoom-said]")).to_have_text("120 %")
    viewer.press("0")
    expect(card.locator("[data-zoom-fit]")).to_have_attribute("aria-pressed", "true")
    card.locator("[data-page-before]").click()
    expect(card.locator("[data-page]")).to_have_value("3")
    expect(card.locator("[data-stamp]")).to_be_hidden()
    card.locator("[data-place]").select_option("0.2,0.1")
    expect(card.locator("[data-said]")).to_contain_text("Page 3, à 20 % de la gauche, 10 % du haut")
    expect(card.locator("[data-stamp]")).to_be_visible()
    card.locator("summary").click()
    expect(card.locator("[data-page-words]")).to_contain_text("Paracétamol 1 g")


def signed_page_comes_first(page: Page) -> None:
    signed = SharedDocument.objects.get(title="Ordonnance de sortie")
    assert signed.is_signed
    pictures = page.locator("[data-card]").first.locator(".receipt-page img")
    expect(pictures.first).to_have_attribute("src", f"/pro/documents/{signed.pk}/pages/3/")
    expect(pictures.first).to_have_js_property("complete", True)
    assert pictures.first.evaluate("(image) => image.naturalWidth") > 500
    expect(page.locator("[data-card]").first.locator(".receipt-page").first).to_contain_text("Page 3, signée")
