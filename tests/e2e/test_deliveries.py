"""The page of deliveries in Chromium: empty, full, with an error; accessible, and by keyboard alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from appointments.cancelling import cancel
from docshare.demo.letters import letter
from documents.models import Category, SharedDocument
from documents.sharing.share import share_upload
from files.intake import accept
from notifications.causes import Cause
from notifications.models import Message, MessageState
from patients.models import Patient
from tests.e2e.conftest import Visitor
from tests.e2e.steps import last_of_durand, sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def share(title: str) -> SharedDocument:
    appointment = last_of_durand()
    return share_upload(
        appointment=appointment,
        intake=accept(SimpleUploadedFile("x.pdf", letter(title, ["x"], heading="y"))),
        category=Category.objects.get(code="prescription"),
        title=title,
        placement=None,
        by=User.objects.get(email="secretariat@lilas.example"),
    )


def bounce(document: SharedDocument) -> None:
    now = timezone.now()
    document.messages.filter(channel="email").update(
        state=MessageState.FAILED, sent_at=now, cause=Cause.ADDRESS_UNKNOWN, last_error="SMTP 550 5.1.1"
    )
    document.messages.filter(channel="sms").update(state=MessageState.DELIVERED, sent_at=now, delivered_at=now)
    Message.objects.update(created_at=F("created_at") - timedelta(hours=2))


def tab_to(page: Page, text: str) -> None:
    """Press Tab until the element with this text has the focus."""
    for _press in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || ''").strip().startswith(text):
            return
    raise AssertionError(f"no Tab leads to {text}")


def test_what_did_not_arrive_is_mended_by_the_keyboard_alone(site: str, browser: Browser) -> None:
    secretary = Visitor(browser, site, 1440, 900)
    page = secretary.page
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    Message.objects.filter(state=MessageState.FAILED).delete()
    page.goto(f"{site}/pro/deliveries/")
    expect(page.locator("text=Rien à traiter")).to_be_visible()
    secretary.accessible()

    bounce(share("Ordonnance"))
    cache.clear()  # which keeps the count for some seconds
    page.goto(f"{site}/pro/")
    expect(page.locator(".rail .count")).to_have_text("1 à traiter")
    tab_to(page, "Suivi des envois")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pro/deliveries/")
    expect(page.locator("[data-delivery]")).to_contain_text("Cette adresse n’existe pas (SMTP 550 5.1.1).")
    secretary.accessible()

    tab_to(page, "Corriger les coordonnées")
    page.keyboard.press("Enter")
    page.wait_for_url("**/correct/**")
    secretary.accessible()
    page.focus("[name=email]")
    page.keyboard.press("Control+A")
    page.keyboard.type("marie")
    page.keyboard.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.locator("[name=email]")).to_have_value("marie")
    secretary.accessible()
    page.focus("[name=email]")
    page.keyboard.press("Control+A")
    page.keyboard.type("marie@durand.example")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pro/deliveries/")
    expect(page.locator(".notice[role=status]")).to_contain_text("Le message attend son envoi")
    expect(page.locator("text=Rien à traiter")).to_be_visible()
    assert Patient.objects.filter(email="marie@durand.example").count() == 1
    secretary.accessible()

    page.goto(f"{site}/pro/deliveries/?show=all")
    expect(page.locator("[data-delivery]").first).to_contain_text("en attente d’envoi")
    secretary.accessible()


def test_a_new_version_is_chosen_placed_and_takes_the_place_of_the_old(site: str, browser: Browser) -> None:
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    document = share("Ordonnance")
    page.goto(f"{site}/pro/appointments/{document.appointment_id}/")
    doctor.accessible()
    page.click("[data-panel] [data-menu] summary >> nth=0")
    page.click("[data-panel] a:has-text('Remplacer')")
    expect(page.locator("h1")).to_contain_text("Remplacer")
    doctor.accessible()
    for name in ("un.pdf", "deux.pdf"):  # the second choice replaces the first
        content = letter(name, ["y"], heading="z")
        page.set_input_files("#files", {"name": name, "mimeType": "application/pdf", "buffer": content})
    card = page.locator("[data-card]")
    expect(card).to_have_count(1)
    expect(card.locator("[data-stamp]")).to_be_visible(timeout=20_000)
    doctor.accessible()
    card.locator("[data-validate]").click()
    expect(page.locator("[data-receipt]")).to_contain_text("est remplacé", timeout=30_000)
    doctor.accessible()
    replaced = SharedDocument.objects.get(pk=document.pk)
    assert replaced.name == "deux.pdf"
    assert replaced.is_signed
    assert replaced.file_id != document.file_id


def test_a_message_about_an_appointment_that_did_not_leave_is_seen_to_on_a_telephone(
    site: str, browser: Browser
) -> None:
    secretary = Visitor(browser, site, 360, 740)
    page = secretary.page
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    Message.objects.filter(state=MessageState.FAILED).delete()
    appointment = last_of_durand()
    cancel(appointment=appointment, by=User.objects.get(email="secretariat@lilas.example"))
    Message.objects.filter(about=appointment.pk).update(state=MessageState.FAILED, cause=Cause.TOO_MANY)
    page.goto(f"{site}/pro/deliveries/")
    notice = page.locator("[data-notice]").first
    expect(notice).to_contain_text("Durand")
    expect(notice).to_contain_text("Trop de SMS étaient déjà partis")
    secretary.accessible()
    while page.locator("[data-notice]").count():
        page.locator("[data-notice] button").first.click()
        expect(page.locator("text=C’est noté").first).to_be_visible()
    expect(page.locator("text=Rien à traiter")).to_be_visible()
