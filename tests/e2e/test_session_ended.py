"""Pressing a button after the session ended: signing in leads to the page with it, and no unsaved work is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core.cache import cache
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from appointments.models import Appointment, BookedFor
from docshare.demo import cast
from docshare.demo.letters import letter
from documents.models import LibraryDocument, SharedDocument
from documents.sharing.share import share_library_document
from patients.models import Patient
from tests.e2e.conftest import Visitor
from tests.e2e.steps import last_of_durand, sign_in_as_staff, sign_in_on_a_new_device, type_sign_in
from tests.settings import STACK

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(STACK), reason="ends sessions in this process"),
]
DOCTOR = "dr.martin@lilas.example"


def end_sessions() -> None:
    Session.objects.all().delete()
    cache.clear()


@pytest.fixture
def patient(site: str, browser: Browser) -> Visitor:
    """The holder of the demo practice, on the page of their documents; one document is shared with them."""
    user = User.objects.get(email=cast.HOLDER.email)
    appointment = Appointment.objects.filter(holder=user, booked_for=BookedFor.SELF).latest("starts_at")
    leaflet = LibraryDocument.objects.filter(practice=appointment.practice).earliest("title")
    share_library_document(appointment=appointment, library_document=leaflet, by=User.objects.get(email=DOCTOR))
    visitor = Visitor(browser, site, 360, 740)
    visitor.page.set_default_timeout(12_000)
    sign_in_on_a_new_device(visitor, user.email, user.mobile or "")
    return visitor


def sign_in_from_here(visitor: Visitor, user: User) -> None:
    page = visitor.page
    page.wait_for_url("**/account/login/**")
    visitor.accessible()
    type_sign_in(visitor, user.email)  # the device is known by now


@pytest.mark.parametrize(
    ("path", "button"),
    [
        ("/documents/", ".document-card .link-button"),
        ("/documents/", ".document-card .btn:has-text('Télécharger')"),
        ("/documents/", "button:has-text('Tout télécharger')"),
        ("/documents/{document}/", "main form[action$='/open/'] button"),
        ("/documents/{document}/", "main form[action$='/download/'] button"),
    ],
)
def test_a_patient_lands_on_the_page_of_the_button(path: str, button: str, patient: Visitor) -> None:
    user = User.objects.get(email=cast.HOLDER.email)
    page = patient.page
    document = page.locator(".document-card form").first.get_attribute("action") or ""
    address = path.replace("{document}", document.split("/")[2])
    page.goto(patient.base + address)
    end_sessions()
    page.locator(button).first.click()
    expect(page.locator("main")).to_contain_text("ce que vous avez demandé n’a pas été fait")
    sign_in_from_here(patient, user)
    page.wait_for_url(f"{patient.base}{address}")
    assert page.locator(button).first.is_visible()
    assert patient.faults == []


@pytest.mark.parametrize(
    ("path", "button"),
    [
        ("/pro/patients/{patient}/", "main form[method=post] button[type=submit]"),
        ("/pro/appointments/{appointment}/cancel/", "main form button[type=submit]"),
        ("/pro/settings/limits/", "main form button[type=submit]"),
    ],
)
def test_staff_land_on_the_page_of_the_button(path: str, button: str, site: str, browser: Browser) -> None:
    doctor = User.objects.get(email=cast.STAFF[3].email)
    appointment = Appointment.objects.filter(practice__memberships__user=doctor).latest("starts_at")
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, doctor.email)
    address = path.format(patient=appointment.patient_id, appointment=appointment.pk)
    visitor.page.goto(site + address)
    end_sessions()
    visitor.page.locator(button).first.click()
    sign_in_from_here(visitor, doctor)
    visitor.page.wait_for_url(site + address)
    assert visitor.faults == []


def test_a_booking_half_filled_survives_signing_in(patient: Visitor) -> None:
    user = User.objects.get(email=cast.HOLDER.email)
    page = patient.page
    to_the_form_for_an_adult(patient)
    typed = {"first_name": "Jeanne", "last_name": "Martin", "day": "3", "month": "2", "year": "1941"}
    for name, value in typed.items():
        page.fill(f"[name={name}]", value)
    address = page.url
    end_sessions()
    page.click("button:has-text('Confirmer le rendez-vous')")
    sign_in_from_here(patient, user)
    page.wait_for_url(address)
    expect(page.locator("[data-restored-notice]")).to_contain_text("de nouveau dans le formulaire")
    assert {name: page.input_value(f"[name={name}]") for name in typed} == typed
    patient.accessible()
    page.reload()
    assert page.input_value("[name=first_name]") == ""  # restored only once


def test_what_somebody_typed_is_given_to_nobody_else(patient: Visitor) -> None:
    page = patient.page
    to_the_form_for_an_adult(patient)
    address = page.url
    page.fill("[name=first_name]", "Jeanne")
    end_sessions()
    page.click("button:has-text('Confirmer le rendez-vous')")
    other = User.objects.create_user(
        "autre@courriel.example", cast.PASSWORD, first_name="Autre", last_name="Personne"
    )
    EmailAddress.objects.create(user=other, email=other.email, verified=True, primary=True)
    page.wait_for_url("**/account/login/**")
    type_sign_in(patient, other.email)
    page.wait_for_url(address)
    assert page.input_value("[name=first_name]") == ""
    assert page.evaluate("sessionStorage.length") == 0


def to_the_form_for_an_adult(visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"{visitor.base}/book/")
    page.click("main h2 a >> nth=0")
    page.click("main a:has-text('au cabinet') >> nth=0")
    page.click("text=Jours suivants")
    page.click(".slots a >> nth=0")
    page.click("text=Pour un autre adulte")


def covered(page: Page) -> None:
    """Only the dialog is visible, reachable by keyboard, and in the accessibility tree."""
    over = page.locator("[data-session-over]")
    expect(over).to_be_visible(timeout=20_000)
    assert page.title() == "Session terminée – docshare"
    assert page.locator("main").is_hidden()
    for _press in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    for _press in range(3):
        page.keyboard.press("Escape")
    expect(over).to_be_visible()
    tree = page.locator("body").aria_snapshot()
    assert "Votre session est terminée" in tree
    assert "navigation" not in tree


def test_a_page_left_alone_is_covered_and_comes_back(patient: Visitor, settings: Any) -> None:
    user = User.objects.get(email=cast.HOLDER.email)
    page = patient.page
    to_the_form_for_an_adult(patient)
    settings.SESSION_IDLE_SECONDS = 6
    page.reload()
    page.fill("[name=first_name]", "Jeanne")
    address = page.url
    expect(page.locator("[data-session-dialog]")).to_be_visible()
    covered(page)
    assert "Jeanne" not in page.locator("body").inner_text()
    patient.accessible()
    end_sessions()
    settings.SESSION_IDLE_SECONDS = 3600
    page.click("[data-session-sign-in]")
    sign_in_from_here(patient, user)
    page.wait_for_url(address)
    assert page.input_value("[name=first_name]") == "Jeanne"
    assert patient.faults == []


def test_signing_out_in_another_tab_covers_the_page(patient: Visitor) -> None:
    page = patient.page
    second = patient.context.new_page()
    second.goto(f"{patient.base}/account/logout/")
    second.click("main button[type=submit]")
    second.wait_for_url("**/account/login/**")
    covered(page)


def test_an_upload_after_the_end_says_so_and_loses_nothing(site: str, browser: Browser, tmp_path: Path) -> None:
    appointment = last_of_durand()
    path = tmp_path / "ordonnance.pdf"
    path.write_bytes(letter("Ordonnance", [f"Pour {appointment.patient.full_name}."], heading="Cabinet"))
    staff = User.objects.get(email=DOCTOR)
    visitor = Visitor(browser, site, 1440, 900)
    page = visitor.page
    sign_in_as_staff(visitor, staff.email)
    page.goto(f"{site}/pro/appointments/{appointment.pk}/share/")
    page.set_input_files("#files", str(path))
    card = page.locator("[data-card]").first
    expect(card.locator("[data-preview-side]")).to_be_visible(timeout=60_000)
    card.locator("[data-title]").fill("Ordonnance du matin")
    if card.locator("[data-stamp]").is_visible():
        card.locator("[data-place]").select_option("0.2,0.1")
    end_sessions()
    card.locator("[data-validate]").click()
    covered(page)
    assert SharedDocument.objects.filter(title="Ordonnance du matin").count() == 0

    with visitor.context.expect_page() as opened:
        page.click("[data-session-new-tab]")
    second = opened.value
    page.click("[data-session-resume]")
    expect(page.locator("[data-session-still]")).to_be_visible()  # not yet
    second.fill("[name=login]", staff.email)
    second.fill("[name=password]", cast.PASSWORD)
    second.click("text=Se connecter")
    second.wait_for_url("**/account/signed-in-again/")
    expect(page.locator("[data-session-over]")).to_be_hidden()
    expect(page.locator("main")).to_be_visible()
    expect(card.locator("[data-receipt]")).to_be_visible(timeout=60_000)
    shared = SharedDocument.objects.get(title="Ordonnance du matin")
    assert shared.appointment_id == appointment.pk
    assert visitor.faults == []


def test_somebody_else_who_signs_in_does_not_uncover_the_page(site: str, browser: Browser) -> None:
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, DOCTOR)
    record = Patient.objects.filter(practice__memberships__user__email=DOCTOR).first()
    assert record
    page = visitor.page
    page.goto(f"{site}/pro/patients/{record.pk}/")
    second = visitor.context.new_page()
    end_sessions()
    second.goto(f"{site}/account/login/")
    covered(page)
    second.fill("[name=login]", cast.STAFF[3].email)
    second.fill("[name=password]", cast.PASSWORD)
    second.click("text=Se connecter")
    second.wait_for_url("**/pro/")
    expect(page.locator("[data-session-other]")).to_be_visible()
    assert page.locator("main").is_hidden()
