"""The share page's list of library documents: found without accents, and in words when nothing is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from documents.models import LibraryDocument, SharedDocument
from tests.e2e.conftest import Visitor
from tests.e2e.full_week import sick_note
from tests.e2e.steps import last_of_durand, sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_titles_are_found_without_accents_and_no_result_is_said(site: str, browser: Browser) -> None:
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    appointment = last_of_durand()
    LibraryDocument.objects.filter(
        pk=LibraryDocument.objects.filter(practice=appointment.practice).in_use().earliest("title").pk
    ).update(title="L’Élan – Œuvre")
    sick_note()  # to be filled in first: a link, not a box
    page.goto(f"{site}/pro/appointments/{appointment.pk}/share/")
    fill, choose = page.locator("text=Remplir un modèle"), page.locator("text=Choisir dans la bibliothèque")
    beside = [fill.bounding_box(), choose.bounding_box()]
    assert len({box["y"] for box in beside if box}) == 1
    choose.click()
    assert [fill.bounding_box(), choose.bounding_box()] == beside  # nothing moves under the pointer
    shown, none = page.locator("[data-library-item]:visible"), page.locator("[data-library-said]")
    for words in ("elan", "l'ÉLAN oeuvre", "oeuvre"):
        page.fill("#library-search", words)
        expect(shown).to_have_count(1)
        expect(shown).to_contain_text("L’Élan")
        expect(none).to_have_count(0)
    page.fill("#library-search", "arret")
    expect(shown).to_have_count(1)
    expect(shown.get_by_role("link")).to_have_text("Arrêt de travail")
    page.fill("#library-search", "introuvable")
    expect(shown).to_have_count(0)
    expect(none).to_have_text("Aucun document ne correspond.")
    doctor.accessible()
    page.fill("#library-search", "")
    expect(none).to_have_count(0)


def test_enter_on_a_box_shares_nothing_by_itself(site: str, browser: Browser) -> None:
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    shared = SharedDocument.objects.count()
    page.goto(f"{site}/pro/appointments/{last_of_durand().pk}/share/")
    page.click("text=Choisir dans la bibliothèque")
    page.locator("[data-library]").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    expect(page.locator("[data-cards] > *")).to_have_count(1)
    assert SharedDocument.objects.count() == shared


def test_what_was_chosen_stays_chosen_while_one_searches(site: str, browser: Browser) -> None:
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    page.goto(f"{site}/pro/appointments/{last_of_durand().pk}/share/")
    page.click("text=Choisir dans la bibliothèque")
    first, cards = page.locator("[data-library]").first, page.locator("[data-cards] > *")
    chosen = first.get_attribute("data-library")
    first.check()
    page.fill("#library-search", "introuvable")
    expect(page.locator("[data-library]")).to_have_count(0)
    expect(cards).to_have_count(1)
    page.fill("#library-search", "")
    expect(page.locator(f'[data-library="{chosen}"]')).to_be_checked()
    page.keyboard.press("Enter")  # searches, and leaves the card where it is
    page.uncheck(f'[data-library="{chosen}"]')
    expect(cards).to_have_count(0)
