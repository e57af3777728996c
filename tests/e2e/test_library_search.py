"""The share page's list of library documents: found without accents, and in words when nothing is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from documents.models import LibraryDocument
from tests.e2e.conftest import Visitor
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
    page.goto(f"{site}/pro/appointments/{appointment.pk}/share/")
    fill, choose = page.locator("text=Remplir un modèle"), page.locator("text=Choisir dans la bibliothèque")
    beside = [fill.bounding_box(), choose.bounding_box()]
    assert len({box["y"] for box in beside if box}) == 1
    choose.click()
    assert [fill.bounding_box(), choose.bounding_box()] == beside  # nothing moves under the pointer
    shown, none = page.locator("[data-library-item]:visible"), page.locator("[data-library-none]")
    for words in ("elan", "l'ÉLAN oeuvre", "oeuvre"):
        page.fill("#library-search", words)
        expect(shown).to_have_count(1)
        expect(shown).to_contain_text("L’Élan")
        expect(none).to_have_text("")
    page.fill("#library-search", "introuvable")
    expect(shown).to_have_count(0)
    expect(none).to_have_text("Aucun document ne correspond.")
    doctor.accessible()
    page.fill("#library-search", "")
    expect(none).to_have_text("")
