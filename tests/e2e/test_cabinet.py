"""An administrator sets a practice up: at a desk with a mouse, on a telephone by keyboard alone, without scripts."""

from __future__ import annotations

from datetime import time

import pytest
from playwright.sync_api import Browser, expect

from appointments.models import Agenda, VisitReason
from appointments.models.opening import MIDNIGHT
from practices.models import Practice
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff
from tests.e2e.test_by_keyboard import Keyboard
from tests.files.test_logos import SVG, drawn

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ADMIN = "admin@lilas.example"
GOOD = ".notice[role=status]"


def week(name: str) -> list[tuple[int, time, time]]:
    return list(Agenda.objects.get(name=name).opening_hours.values_list("weekday", "opens_at", "closes_at"))


def test_a_practice_is_set_up_at_a_desk(site: str, browser: Browser) -> None:
    admin = Visitor(browser, site, 1440, 900)
    page = admin.page
    sign_in_as_staff(admin, ADMIN)
    page.click(".rail >> text=Cabinet >> nth=-1")
    page.wait_for_url("**/pro/settings/")
    admin.accessible()
    set_identity(admin)
    create_an_agenda(admin)
    refuse_an_overlap(admin)
    page.goto(f"{site}/pro/settings/activity/")
    expect(page.locator("main")).to_contain_text("Horaires d’ouverture changés")
    admin.accessible()
    admin.context.close()


def set_identity(admin: Visitor) -> None:
    """With a telephone number and a logo that are refused first."""
    page = admin.page
    page.click("main >> text=Identité")
    page.fill("[name=telephone]", "12")
    page.click("text=Enregistrer >> nth=0")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.locator("[name=telephone]")).to_have_value("12")
    admin.accessible()
    page.fill("[name=telephone]", "01 41 00 00 00")
    page.click("text=Enregistrer >> nth=0")
    expect(page.locator(GOOD)).to_contain_text("sont enregistrées")
    page.set_input_files("[name=logo]", {"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": SVG})
    page.click("text=Enregistrer ce logo")
    expect(page.locator("[data-error-summary]")).to_contain_text("en PNG ou en JPEG")
    admin.accessible()
    page.set_input_files("[name=logo]", {"name": "logo.png", "mimeType": "image/png", "buffer": drawn()})
    page.click("text=Enregistrer ce logo")
    expect(page.locator(".practice-logo")).to_be_visible()
    admin.accessible()
    practice = Practice.objects.get()
    assert practice.telephone == "+33141000000"
    assert practice.logo_version


def create_an_agenda(admin: Visitor) -> None:
    """With the hours of its week."""
    page = admin.page
    page.goto(f"{admin.base}/pro/settings/agendas/")
    admin.accessible()
    page.click("text=Nouvel agenda")
    page.fill("[name=name]", "Salle de radiographie")
    admin.accessible()
    page.click("text=Créer cet agenda")
    page.wait_for_url("**/week/")
    admin.accessible()
    monday = page.locator("[data-day-rows='0']")
    for start, end in (("9h", "12h30"), ("14:00", "24:00")):
        monday.locator("[data-add-range]").click()
        expect(monday.locator("[name$=-start]").last).to_be_focused()
        monday.locator("[name$=-start]").last.fill(start)
        monday.locator("[name$=-end]").last.fill(end)
    expect(monday.locator("[data-closed]")).to_be_hidden()
    admin.accessible()
    page.click("text=Copier lundi vers mardi–vendredi")
    expect(page.locator("main [role=status] >> text=Rien n’est encore enregistré")).to_be_visible()
    assert week("Salle de radiographie") == []
    page.locator("[data-day-rows='4'] [data-remove-range]").last.click()
    expect(page.locator("[data-day-rows='4'] [data-add-range]")).to_be_focused()
    admin.accessible()
    page.click("text=Enregistrer la semaine >> nth=0")
    expect(page.locator(GOOD)).to_contain_text("sont enregistrés")
    both = [(time(9), time(12, 30)), (time(14), MIDNIGHT)]
    assert week("Salle de radiographie") == [
        *((day, *one) for day in range(4) for one in both),
        (4, time(9), time(12, 30)),
    ]


def refuse_an_overlap(admin: Visitor) -> None:
    page = admin.page
    page.locator("[data-day-rows='0'] [name$=-end]").first.fill("15:00")
    page.click("text=Enregistrer la semaine >> nth=0")
    summary = page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("se chevauchent")
    expect(page.locator("[data-day-rows='0'] [name$=-end]").first).to_have_value("15:00")
    admin.accessible()


def test_reasons_and_opening_by_keyboard_on_a_telephone(site: str, browser: Browser) -> None:
    admin = Visitor(browser, site, 360, 740)
    page, keyboard = admin.page, Keyboard(admin.page)
    sign_in_as_staff(admin, ADMIN)
    page.goto(f"{site}/pro/settings/")
    admin.accessible()
    keyboard.tab_to("main a:has-text('Motifs de consultation')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/visit-reasons/")
    admin.accessible()
    keyboard.tab_to("a:has-text('Motifs d’une spécialité')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ready-made/")
    admin.accessible()
    keyboard.tab_to("#key-den-first")
    page.keyboard.press("Space")
    keyboard.tab_to("button:has-text('Ajouter les motifs cochés')")
    page.keyboard.press("Enter")
    expect(page.locator(GOOD)).to_contain_text("1 motif ajouté")
    made = VisitReason.objects.get(name="Première consultation dentaire")
    assert made.duration_minutes == 30
    page.goto(f"{site}/pro/settings/visit-reasons/{made.pk}/")
    keyboard.tab_to("[name=duration]")
    page.keyboard.press("Control+a")
    page.keyboard.type("900")
    page.keyboard.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    admin.accessible()
    page.goto(f"{site}/pro/settings/online/")
    keyboard.tab_to("[name=open_to]")
    page.keyboard.press("ArrowDown")
    keyboard.tab_to("main button:has-text('Enregistrer')")
    page.keyboard.press("Enter")
    expect(page.locator(GOOD)).to_contain_text("est enregistré")
    admin.accessible()
    assert Practice.objects.get().booking_open_to == "known"

    agenda = Agenda.objects.get(name="Dr Anne Martin")
    agenda.opening_hours.filter(weekday=6).delete()  # a demo that is loaded on a Sunday opens on Sundays
    page.goto(f"{site}/pro/settings/agendas/{agenda.pk}/week/")
    keyboard.tab_to("[data-day-rows='6'] [data-add-range]", at_most=150)
    page.keyboard.press("Enter")
    page.keyboard.type("10")
    page.keyboard.press("Tab")
    page.keyboard.type("12h")
    page.keyboard.press("Enter")  # as in any form: the first button saves
    expect(page.locator(GOOD).first).to_contain_text("sont enregistrés")
    assert (6, time(10), time(12)) in week("Dr Anne Martin")
    admin.accessible()
    admin.context.close()


def test_a_week_is_painted_without_scripts(site: str, browser: Browser) -> None:
    admin = Visitor(browser, site, 768, 1024)
    sign_in_as_staff(admin, ADMIN)
    plain = browser.new_context(java_script_enabled=False, storage_state=admin.context.storage_state())
    page = plain.new_page()
    agenda = Agenda.objects.create(practice=Practice.objects.get(), name="Salle 2")
    page.goto(f"{site}/pro/settings/agendas/{agenda.pk}/week/")
    page.click("[data-day-rows='0'] button:has-text('Ajouter une plage')")
    page.fill("[name=row-0-start]", "9")
    page.fill("[name=row-0-end]", "12")
    page.click("text=Copier lundi vers mardi–vendredi")
    page.click("summary:has-text('Remplir plusieurs jours')")
    page.check("#fill-5")
    page.select_option("[name=preset]", "morning")
    page.click("text=Mettre sur les jours cochés")
    page.click("text=Enregistrer la semaine >> nth=0")
    page.wait_for_selector("text=sont enregistrés")
    assert week("Salle 2") == [(day, time(9), time(12)) for day in range(6)]
    plain.close()
    admin.context.close()
