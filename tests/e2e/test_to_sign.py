"""From a blank in the library to a signature: author, secretary on a wide screen, doctor on a telephone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from appointments.models import Appointment
from documents.models import FillingDraft, SharedDocument, Task
from tests.e2e.conftest import Visitor
from tests.e2e.steps import last_of_durand, sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_blank_is_written_filled_in_prepared_looked_at_and_signed(site: str, browser: Browser) -> None:
    writes_a_document_with_a_blank(site, browser)
    appointment = last_of_durand()
    secretary, doctor = Visitor(browser, site, 1440, 900), Visitor(browser, site, 360, 740)
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    fills_in_and_prepares(secretary, appointment)
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    sends_back(doctor)
    corrects(secretary)
    looks_and_signs(doctor)
    secretary.page.goto(f"{site}/pro/to-sign/")
    expect(secretary.page.locator("main")).to_contain_text("Signé et partagé")
    secretary.accessible()


def writes_a_document_with_a_blank(site: str, browser: Browser) -> None:
    """By the keyboard: the dialog opens by its keys, and again on the selected blank."""
    author = Visitor(browser, site, 1440, 900)
    page = author.page
    sign_in_as_staff(author, "admin@lilas.example")
    page.goto(f"{site}/pro/library/write/")
    page.wait_for_selector("[data-writing][data-ready]")
    page.fill("[name=title]", "Arrêt de travail")
    page.click(".ProseMirror")
    page.keyboard.type("Arrêt jusqu’au ")
    page.keyboard.press("Control+Alt+b")
    page.fill("#blank-label", "Date de fin")
    author.accessible()
    page.select_option("#blank-kind", "choice")
    expect(page.locator("#blank-choices")).to_be_visible()
    page.select_option("#blank-kind", "date")
    page.press("#blank-label", "Enter")
    expect(page.locator(".blank-gap")).to_have_text("Date de fin")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator("#blank-label")).to_be_visible()
    expect(page.locator("#blank-kind")).to_have_value("date")
    page.fill("#blank-label", "Date de reprise")
    page.press("#blank-label", "Enter")
    expect(page.locator(".blank-gap")).to_have_count(1)
    expect(page.locator(".blank-gap")).to_have_text("Date de reprise")
    page.click("[data-writing-form] button[type=submit]")
    page.wait_for_url("**/library/*-*/?saved=1")


def fills_in_and_prepares(secretary: Visitor, appointment: Appointment) -> None:
    """What was typed is kept while one is away; the paper is shown, and the signature placed on it."""
    page = secretary.page
    page.goto(f"{secretary.base}/pro/appointments/{appointment.pk}/")
    page.click("text=Remplir un modèle")
    secretary.accessible()
    page.click("text=Arrêt de travail")
    secretary.accessible()
    page.click("[data-finish]")
    expect(page.locator("#id_blank_1_error")).to_contain_text("Donnez une date")
    secretary.accessible()
    page.fill("#id_blank_1", "2027-03-02")
    expect(page.locator("[data-kept]")).to_contain_text("Gardé à")
    assert "2027-03-02" in FillingDraft.objects.get().typed
    page.goto(page.url)
    expect(page.locator("#id_blank_1")).to_have_value("2027-03-02")
    page.select_option("#id_signer", label="À faire signer par Dr Anne Martin")
    page.click("[data-show]")
    expect(page.locator("[data-stamp]")).to_be_visible(timeout=30_000)
    page.focus("[data-stamp]")
    page.keyboard.press("Shift+ArrowUp")
    secretary.accessible()
    page.click("[data-finish]")
    page.wait_for_url(f"**/pro/appointments/{appointment.pk}/")
    expect(page.locator("[data-panel]")).to_contain_text("À signer par Dr Anne Martin")
    secretary.accessible()
    task = Task.objects.get()
    assert (task.page, round(task.x, 2), round(task.y, 2)) == (None, 0.8, 0.85)


def sends_back(doctor: Visitor) -> None:
    page = doctor.page
    expect(page.locator(".rail a:has-text('À signer') .count")).to_contain_text("1")
    page.goto(f"{doctor.base}/pro/to-sign/")
    doctor.accessible()
    page.click("text=Regarder le premier")
    doctor.accessible()
    page.click("text=Renvoyer sans signer")
    expect(page.locator("#id_sentence_error")).to_be_visible()
    doctor.accessible()
    page.fill("#id_sentence", "Plutôt le 9 mars.")
    page.click("text=Renvoyer sans signer")
    page.wait_for_url("**/pro/to-sign/")
    doctor.accessible()


def corrects(secretary: Visitor) -> None:
    page = secretary.page
    page.goto(f"{secretary.base}/pro/to-sign/")
    expect(page.locator("main")).to_contain_text("Plutôt le 9 mars.")
    secretary.accessible()
    page.click("main a:has-text('Corriger')")
    page.fill("#id_blank_1", "2027-03-09")
    page.click("[data-finish]")
    page.wait_for_url("**/pro/appointments/*/")
    task = Task.objects.get()
    assert (task.page, round(task.x, 2), round(task.y, 2), task.revision) == (None, 0.8, 0.85, 2)


def looks_and_signs(doctor: Visitor) -> None:
    """The last page in sight is a look; the list then offers to sign."""
    page = doctor.page
    page.goto(f"{doctor.base}/pro/to-sign/")
    page.click("text=Regarder le premier")
    expect(page.locator("[data-looked]")).to_be_hidden()
    page.locator(".paper-edge").scroll_into_view_if_needed()
    expect(page.locator("[data-looked]")).to_be_visible()
    assert Task.objects.get().looked_mark
    page.goto(f"{doctor.base}/pro/to-sign/")
    doctor.accessible()
    page.click("text=Signer et partager le document regardé")
    expect(page.locator("main")).to_contain_text("1 document signé et partagé.", timeout=30_000)
    doctor.accessible()
    assert SharedDocument.objects.get(title="Arrêt de travail").signed_by == Task.objects.get().practitioner
