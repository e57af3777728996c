"""A secretary asks for a document; the patient photographs it on a telephone, sorts the pages and sends them; the
secretary opens them, refuses, and accepts what comes next."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from accounts.models import User
from appointments.models import Appointment
from docshare.demo.cast import PASSWORD
from documents.models import ReceivedDocument
from patients.models import Patient
from tests.documents.receiving.test_sending import photograph
from tests.documents.ways import account, claim
from tests.e2e.conftest import Visitor
from tests.e2e.steps import next_with_own_contacts, sign_in_as_staff, sign_in_on_a_new_device

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_document_is_asked_for_photographed_sorted_refused_and_accepted(site: str, browser: Browser) -> None:
    appointment = next_with_own_contacts()
    secretary, patient = Visitor(browser, site, 1440, 900), Visitor(browser, site, 360, 740)
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    asks(secretary, appointment)
    own = owner_of(appointment.patient)
    sign_in_on_a_new_device(patient, own.email, own.mobile or "")
    sends_pages_in_another_order(patient)
    refuses(secretary)
    sends_again(patient)
    accepts(secretary)
    patient.page.goto(f"{site}/requests/")
    expect(patient.page.locator("main")).to_contain_text("Accepté par le cabinet")
    patient.accessible()


def owner_of(patient: Patient) -> User:
    assert patient.email
    assert patient.mobile
    user = account(patient.email, patient.mobile)
    user.set_password(PASSWORD)
    user.save()
    claim(patient, user)
    return user


def picture(name: str, colour: str) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": photograph(colour)}


def shot(visitor: Visitor, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        visitor.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def asks(secretary: Visitor, appointment: Appointment) -> None:
    page = secretary.page
    page.goto(f"{secretary.base}/pro/appointments/{appointment.pk}/")
    page.click("text=Demander un document")
    page.fill("[name=details]", "Recto et verso, à plat, avec de la lumière.")
    page.click("main button[type=submit]:has-text('Demander')")
    expect(page.locator(".error-summary")).to_contain_text("Dites en quelques mots")
    secretary.accessible()
    shot(secretary, "ask-errors")
    page.fill("[name=label]", "Ordonnance de votre médecin traitant")
    page.click("main button[type=submit]:has-text('Demander')")
    expect(page.locator(".panel")).to_contain_text("Attendu")
    secretary.accessible()
    shot(secretary, "panel-asked")
    page.goto(f"{secretary.base}/pro/received/")
    secretary.accessible()


def sends_pages_in_another_order(patient: Visitor) -> None:
    page = patient.page
    page.goto(f"{patient.base}/requests/")
    patient.accessible()
    shot(patient, "patient-list")
    page.click("text=Ordonnance de votre médecin traitant")
    patient.accessible()
    shot(patient, "patient-request")
    page.click("main button[type=submit]:has-text('Envoyer')")
    expect(page.locator(".error-summary")).to_contain_text("Aucun fichier")
    patient.accessible()
    page.set_input_files("#id_file", [picture("verso.jpg", "blue"), picture("rate.jpg", "green")])
    page.set_input_files("#id_camera", [picture("recto.jpg", "red")])
    rows = page.locator("[data-pages] > li")
    expect(rows).to_have_count(3)
    patient.accessible()
    shot(patient, "patient-pages")
    rows.nth(1).locator("[data-remove]").click()
    rows.nth(1).locator("[data-up]").press("Enter")
    expect(rows.nth(0)).to_contain_text("recto.jpg")
    expect(rows.nth(0).locator("[data-remove]")).to_be_focused()
    page.click("main button[type=submit]:has-text('Envoyer')")
    expect(page.locator("main")).to_contain_text("Envoyé, pas encore vu")
    patient.accessible()
    shot(patient, "patient-sent")
    assert ReceivedDocument.objects.get().page_count == 2


def refuses(secretary: Visitor) -> None:
    page = secretary.page
    page.goto(f"{secretary.base}/pro/received/")
    secretary.accessible()
    shot(secretary, "received-list")
    page.click("main a:has-text('Ordonnance de votre médecin traitant')")
    secretary.accessible()
    page.click("text=Ouvrir le document")
    expect(page.locator(".opened-page img")).to_have_count(2)
    secretary.accessible()
    shot(secretary, "received-opened")
    page.click("text=Refuser et demander de nouveau")
    expect(page.locator(".error-summary")).to_be_visible()
    secretary.accessible()
    page.fill("[name=detail]", "La deuxième page est floue.")
    page.click("text=Refuser et demander de nouveau")
    expect(page.locator("main")).to_contain_text("La deuxième page est floue.")
    secretary.accessible()


def sends_again(patient: Visitor) -> None:
    page = patient.page
    page.reload()
    expect(page.locator("main")).to_contain_text("À envoyer de nouveau")
    patient.accessible()
    shot(patient, "patient-refused")
    page.set_input_files("#id_camera", [picture("nette.jpg", "red")])
    page.click("main button[type=submit]:has-text('Envoyer')")
    expect(page.locator("main")).to_contain_text("Envoyé, pas encore vu")


def accepts(secretary: Visitor) -> None:
    page = secretary.page
    page.goto(f"{secretary.base}/pro/received/")
    page.locator("main a:has-text('Ordonnance de votre médecin traitant')").first.click()
    page.click("text=Ouvrir le document")
    page.click("main button:has-text('Accepter')")
    expect(page.locator("main")).to_contain_text("Accepté par")
    secretary.accessible()
    shot(secretary, "received-accepted")
