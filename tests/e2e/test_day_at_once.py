"""Documents to several patients of a day, on a screen and on a telephone; and a shared document read in its row."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentReading, LibraryDocument, SharedDocument
from documents.sharing.batch_sending import send_some
from documents.sharing.share import share_library_document
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SECRETARY = "secretariat@lilas.example"


def a_day() -> str:
    """A day of the demo practice with several appointments."""
    secretary = User.objects.get(email=SECRETARY)
    days = [one.local_start.date() for one in Appointment.objects.of_staff(secretary).select_related("practice")]
    return max(set(days), key=days.count).isoformat()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 740)])
def test_a_secretary_sends_documents_to_a_day(site: str, browser: Browser, width: int, height: int) -> None:
    secretary, day = Visitor(browser, site, width, height), a_day()
    page = secretary.page
    sign_in_as_staff(secretary, SECRETARY)
    page.goto(f"{site}/pro/?date={day}&view=week")
    secretary.accessible()
    page.goto(f"{site}/pro/?date={day}")
    page.click("text=Envoyer des documents à plusieurs patients")
    expect(page.locator("h1")).to_contain_text("plusieurs patients")
    secretary.accessible()
    page.click("text=Vérifier qui recevra quoi")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    secretary.accessible()
    page.check("[name=documents] >> nth=0")
    page.check("[name=documents] >> nth=1")
    page.check("[name=everyone]")
    page.click("text=Vérifier qui recevra quoi")
    expect(page.locator("h1")).to_contain_text("Vérifiez avant d’envoyer")
    secretary.accessible()
    row = page.locator(".batch-row").filter(has=page.locator("details")).first
    row.locator("summary").click()
    secretary.accessible()
    row.locator("[name=document] >> nth=0").uncheck()
    row.get_by_role("button", name="Garder ce choix").click()
    expect(page.locator(".batch-row").filter(has_text="laissé de côté")).to_have_count(1)
    page.click("main button:has-text('Partager')")
    expect(page.locator("#batch-state")).to_contain_text("Vous pouvez quitter cette page")
    secretary.accessible()
    before = SharedDocument.objects.count()
    while send_some():
        continue
    assert SharedDocument.objects.count() > before
    expect(page.locator("#batch-state")).to_contain_text("L’envoi est terminé.", timeout=20_000)  # by polling
    secretary.accessible()


def test_a_document_is_read_in_its_row_and_its_menu_closes_by_esc(site: str, browser: Browser) -> None:
    doctor = User.objects.get(email="dr.martin@lilas.example")
    appointment = Appointment.objects.of_staff(doctor).filter(patient__last_name="Durand").latest("starts_at")
    leaflet = LibraryDocument.objects.filter(practice=appointment.practice).earliest("title")
    shared = share_library_document(appointment=appointment, library_document=leaflet, by=doctor)
    for width, height in ((1440, 900), (360, 740)):
        visitor = Visitor(browser, site, width, height)
        page = visitor.page
        sign_in_as_staff(visitor, doctor.email)
        page.goto(f"{site}/pro/appointments/{appointment.pk}/")
        row = page.locator(f"[data-document='{shared.pk}']")
        row.locator("summary").first.focus()
        page.keyboard.press("Enter")
        expect(row.locator(".menu-list")).to_be_visible()
        visitor.accessible()
        page.keyboard.press("Escape")
        expect(row.locator(".menu-list")).to_be_hidden()
        expect(row.locator("summary").first).to_be_focused()
        expect(page.locator("[data-panel]")).to_be_visible()  # Esc closed the menu alone
        row.get_by_role("button", name="Ouvrir").click()
        drawn = row.locator(".opened-page img").first
        expect(drawn).to_have_js_property("complete", True, timeout=30_000)
        assert drawn.evaluate("(image) => image.naturalWidth") > 500
        visitor.accessible()
        row.get_by_role("link", name="Voir en grand").click()
        expect(page.locator("h1")).to_contain_text(shared.title)
        visitor.accessible()
    shared.refresh_from_db()
    assert shared.first_read_at is None
    assert DocumentReading.objects.filter(document=shared, as_staff=True, at__lte=timezone.now()).count() == 2
