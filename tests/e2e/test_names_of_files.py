"""File names of real computers: a PDF without extension is signed, a .jfif is shared."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from docshare.demo.letters import letter
from documents.models import SharedDocument
from tests.e2e.conftest import Visitor
from tests.e2e.steps import last_of_durand, sign_in_as_staff
from tests.files.test_names import picture

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_pdf_without_extension_is_signed_and_a_picture_by_another_name_shared(
    site: str, browser: Browser, tmp_path: Path
) -> None:
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    appointment = last_of_durand()
    (tmp_path / "Ordonnance 28.11").write_bytes(letter("Ordonnance", ["x"], heading="y"))
    (tmp_path / "photo.jfif").write_bytes(picture("JPEG"))
    page.goto(f"{site}/pro/appointments/{appointment.pk}/share/")
    page.set_input_files("#files", [str(tmp_path / "Ordonnance 28.11"), str(tmp_path / "photo.jfif")])
    first, second = (page.locator("[data-card]").nth(number) for number in range(2))
    expect(first.locator("[data-stamp]")).to_be_visible(timeout=20_000)
    for card in (first, second):
        card.locator("[data-validate]").click()
        expect(card.locator("[data-receipt], [data-error]:visible").first).to_be_visible(timeout=30_000)
    expect(page.locator("[data-receipt]")).to_have_count(2)
    assert SharedDocument.objects.get(signed_at__isnull=False).name == "Ordonnance 28.11"
    assert SharedDocument.objects.get(signed_at=None).file.media_type == "image/jpeg"
    doctor.accessible()


def test_each_card_proposes_the_category_that_its_file_says_and_staff_may_change_it(
    site: str, browser: Browser, tmp_path: Path
) -> None:
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    appointment = last_of_durand()
    files = {
        "scan_12.pdf": (
            letter("Compte rendu opératoire", ["Tout va bien."], heading="Hôpital"),
            "report",
            "le texte",
        ),
        "Re\u0301sultats : 12_03 ?.pdf": (letter("Bonjour", ["x"], heading="y"), "results", "le nom"),
        "ordonnance.jpg": (picture("JPEG"), "other", "Choisissez-la"),
        "scan_13.pdf": (letter("Bonjour", ["x"], heading="y"), "other", "Choisissez-la"),
    }
    for name, (content, _category, _said) in files.items():
        (tmp_path / name).write_bytes(content)
    page.goto(f"{site}/pro/appointments/{appointment.pk}/share/")
    page.set_input_files("#files", [str(tmp_path / name) for name in files])
    cards = [page.locator("[data-card]").nth(number) for number in range(len(files))]
    for card, (_content, category, said) in zip(cards, files.values(), strict=True):
        expect(card.locator("[data-category-said]")).to_contain_text(said, timeout=20_000)
        expect(card.locator("[data-category]")).to_have_value(category)
    doctor.accessible()
    cards[0].locator("[data-category]").select_option("letter")
    expect(cards[0].locator("[data-category-said]")).to_have_text("")
    for card in cards[:2]:
        if card.locator("[data-sign]").is_visible():
            card.locator("[data-sign]").click()
        card.locator("[data-validate]").click()
        expect(card.locator("[data-receipt]")).to_be_visible(timeout=30_000)
    shared = SharedDocument.objects.filter(name__in=["scan_12.pdf", "Résultats : 12_03 ?.pdf"])
    assert set(shared.values_list("category", "title")) == {("letter", "Scan 12"), ("results", "Résultats : 12_03 ?")}


def test_without_the_servers_proposal_it_decides_when_the_file_is_sent(
    site: str, browser: Browser, tmp_path: Path
) -> None:
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    appointment = last_of_durand()
    (tmp_path / "devis.jpg").write_bytes(picture("JPEG"))
    page.route("**/share/category/", lambda route: route.abort())
    page.goto(f"{site}/pro/appointments/{appointment.pk}/share/")
    page.set_input_files("#files", str(tmp_path / "devis.jpg"))
    card = page.locator("[data-card]")
    expect(card.locator("[data-thumbnail]")).to_be_visible()
    expect(card.locator("[data-category]")).to_have_value("")
    card.locator("[data-validate]").click()
    expect(card).to_contain_text("Catégorie\u00a0: Facture, devis.", timeout=30_000)
    assert SharedDocument.objects.get(name="devis.jpg").category_id == "invoice"
