"""Every page of both portals that a link leads to, with the data of the demo practice: no check finds a fault."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from appointments.closings import close
from appointments.instructions import save_instruction
from appointments.models import Agenda, Appointment, BookedFor
from docshare.demo import cast
from documents.models import LibraryDocument
from documents.sharing.share import share_library_document
from patients.models import Patient
from tests.e2e.conftest import Visitor
from tests.e2e.steps import deliver, sign_in_as_staff, sign_in_on_a_new_device
from tests.pdfs import pdf_with_page

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
LONG_ADDRESS = "marie-christine.de-la-rochefoucauld-montbel@messagerie-professionnelle.example"
OPEN = ("/account/login/", "/account/signup/", "/account/password/reset/", "/verify/", "/no/such/page/", "/legal/",
        "/privacy/", "/accessibility/", "/help/", "/site-map/")  # fmt: skip
PATIENTS = (
    "/documents/", "/my-appointments/", "/my-account/", "/my-account/mobile/", "/my-account/activity/",
    "/my-account/data/", "/my-account/close/", "/cabinets/", "/cabinets/?q=zzz",
    "/book/{practice}/", "/book/{choice}/", "/documents/{document}/", "/my-appointments/{mine}/",
    "/my-appointments/{mine}/move/", "/my-appointments/{mine}/cancel/", "/account/sessions/",
    "/account/password/change/", "/account/email/", "/account/2fa/", "/account/logout/",
)  # fmt: skip
STAFF = (
    "/pro/", "/pro/?view=week", "/pro/patients/", "/pro/patients/?q=03/1941",
    "/pro/patients/{patient}/", "/pro/rules/",
    "/pro/library/", "/pro/library/write/", "/pro/library/{leaflet}/", "/pro/library/{leaflet}/archive/",
    "/pro/rules/new/", "/pro/deliveries/", "/pro/settings/", "/pro/settings/limits/", "/pro/settings/certificate/",
    "/pro/settings/instructions/new/", "/pro/settings/activity/", "/pro/tokens/", "/pro/tokens/new/",
    "/pro/webhooks/", "/pro/webhooks/new/", "/pro/devices/", "/pro/activity/", "/pro/language/",
    "/pro/appointments/new/", "/pro/appointments/{appointment}/", "/pro/appointments/{appointment}/share/",
    "/pro/appointments/{appointment}/move/", "/pro/appointments/{appointment}/cancel/",
    "/pro/appointments/{appointment}/delete/", "/pro/appointments/{appointment}/history/",
    "/pro/documents/{document}/take-back/", "/account/2fa/", "/account/sessions/", "/account/signed-in-again/",
    "/pro/patients/{patient}/identity/", "/pro/settings/closings/", "/pro/settings/closings/new/",
    "/pro/settings/closings/holidays/", "/pro/settings/instructions/{instruction}/",
    "/pro/settings/instructions/{instruction}/delete/", "/pro/settings/instructions/", "/pro/settings/identity/",
    "/pro/settings/messages/", "/pro/settings/online/", "/pro/settings/agendas/", "/pro/settings/agendas/new/",
    "/pro/settings/agendas/{agenda}/", "/pro/settings/agendas/{agenda}/week/",
    "/pro/settings/agendas/{agenda}/close/", "/pro/settings/visit-reasons/", "/pro/settings/visit-reasons/new/",
    "/pro/settings/visit-reasons/ready-made/", "/pro/settings/visit-reasons/{visit_reason}/",
    "/pro/settings/visit-reasons/{visit_reason}/delete/", "/pro/settings/calendars/",
    "/pro/settings/calendars/new/", "/pro/settings/archive/", "/pro/day/", "/pro/documents/{document}/",
    "/pro/deliveries/?show=read&first=2020-01-01",
)  # fmt: skip
DOCTORS = ("/pro/signature/", "/pro/signature/certificate/", "/pro/appointments/{appointment}/share/")


def objects() -> dict[str, object]:
    """Objects of the demo practice, with one document shared with the holder."""
    doctor = User.objects.get(email="dr.martin@lilas.example")
    mine = Appointment.objects.filter(holder__email=cast.HOLDER.email, booked_for=BookedFor.SELF).latest("starts_at")
    Patient.objects.filter(pk=mine.patient_id).update(email=LONG_ADDRESS)
    leaflet = LibraryDocument.objects.filter(practice=mine.practice).earliest("title")
    document = share_library_document(appointment=mine, library_document=leaflet, by=doctor)
    admin = User.objects.get(email=cast.STAFF[3].email)
    text = "Venez à jeun, et apportez vos ordonnances des trois derniers mois. " * 3
    save_instruction(practice=mine.practice, text=text, visit_reasons=[], agendas=[], in_messages=True, by=admin)
    start = timezone.now() + timedelta(days=2)
    close(practice=mine.practice, starts_at=start, ends_at=start + timedelta(days=9), reason="Congés", by=admin)
    agenda = Agenda.objects.filter(practice=mine.practice, opening_hours__isnull=False).first()
    assert agenda
    reason = agenda.visit_reasons.filter(books_online=True).first()
    assert reason
    return {
        "mine": mine.pk,
        "appointment": mine.pk,
        "patient": mine.patient_id,
        "practice": mine.practice_id,
        "leaflet": leaflet.pk,
        "instruction": mine.practice.instructions.latest("pk").pk,
        "document": document.pk,
        "agenda": agenda.pk,
        "visit_reason": reason.pk,
        "choice": f"{agenda.pk}/{reason.pk}/in_person",
    }


def walk(visitor: Visitor, paths: tuple[str, ...], names: dict[str, object]) -> None:
    for path in paths:
        visitor.page.goto(visitor.base + path.format(**names))
        visitor.accessible()


def test_pages_open_to_all(site: str, browser: Browser) -> None:
    walk(Visitor(browser, site, 1280, 900), OPEN, {})


def test_pages_of_patients(site: str, browser: Browser) -> None:
    visitor, user = Visitor(browser, site, 360, 740), User.objects.get(email=cast.HOLDER.email)
    names = objects()
    sign_in_on_a_new_device(visitor, user.email, user.mobile or "")
    walk(visitor, PATIENTS, names)
    visitor.page.goto(f"{site}/documents/{names['document']}/")
    visitor.page.click("main form[action$='/open/'] button")
    visitor.accessible()


def test_pages_of_an_administrator(site: str, browser: Browser) -> None:
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, cast.STAFF[3].email)
    walk(visitor, STAFF, objects())


def test_pages_of_a_practitioner(site: str, browser: Browser) -> None:
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, "dr.martin@lilas.example")
    walk(visitor, DOCTORS, objects())


@pytest.mark.parametrize("who", ["anybody", "patient", "administrator", "practitioner"])
def test_pages_in_dark_colours_and_with_large_text(site: str, browser: Browser, who: str) -> None:
    visitor, names = Visitor(browser, site, 1280, 900), objects()
    if who == "patient":
        user = User.objects.get(email=cast.HOLDER.email)
        sign_in_on_a_new_device(visitor, user.email, user.mobile or "")
    elif who != "anybody":
        sign_in_as_staff(visitor, cast.STAFF[3].email if who == "administrator" else "dr.martin@lilas.example")
    paths = {"anybody": OPEN, "patient": PATIENTS, "administrator": STAFF, "practitioner": DOCTORS}
    for path in paths[who]:
        visitor.page.goto(site + path.format(**names))
        visitor.readable()


def test_two_cards_of_the_share_page_and_their_receipt(site: str, browser: Browser, tmp_path: Path) -> None:
    """Their buttons have distinct names; the receipt shows the signed page, however far behind, and follows the state
    of its messages."""
    names = objects()
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, "dr.martin@lilas.example")
    page = visitor.page
    page.goto(f"{site}/pro/appointments/{names['appointment']}/share/")
    for name in ("un", "deux"):
        (tmp_path / f"{name}.pdf").write_bytes(pdf_with_page(pages=6))
    page.set_input_files("#files", [str(tmp_path / "un.pdf"), str(tmp_path / "deux.pdf")])
    expect(page.locator("[data-card]").first.locator("[data-preview-side]")).to_be_visible(timeout=60_000)
    expect(page.locator("[data-card]").nth(1).locator("[data-summary]")).to_have_text("Autre, signature page 6")
    visitor.accessible()
    expect(page.get_by_role("button", name="Valider ce document un.pdf")).to_be_visible()

    card = page.locator("[data-card]").first
    choices_keep_the_focus(page)
    card.locator("[data-sign]").click()
    card.locator("[data-validate]").click()
    expect(card.locator("[data-receipt]")).to_be_visible(timeout=60_000)
    expect(card.locator("[data-follow]")).to_contain_text("en attente d’envoi")
    deliver()
    expect(card.locator("[data-follow]")).to_contain_text("envoyé le", timeout=30_000)
    visitor.accessible()


def choices_keep_the_focus(page: Page) -> None:
    """The arrow keys choose in a list, so a choice must not move the focus (WCAG 3.2.2)."""
    place = page.locator("[data-card] [data-place]").first
    place.focus()
    place.select_option("0.2,0.1")
    expect(place).to_be_focused()
    page.click(".library-choice summary")
    box = page.locator("[data-library]").first
    box.focus()
    for _time in ("chosen", "taken back"):
        page.keyboard.press("Space")
        expect(box).to_be_focused()


def test_a_birth_date_refused_is_tied_to_its_fields(site: str, browser: Browser) -> None:
    visitor, user = Visitor(browser, site, 360, 740), User.objects.get(email=cast.HOLDER.email)
    names = objects()
    sign_in_on_a_new_device(visitor, user.email, user.mobile or "")
    page = visitor.page
    page.goto(f"{site}/book/{names['choice']}/")
    page.click("text=Jours suivants")
    page.click(".slots a >> nth=0")
    page.click("text=Pour un enfant")
    assert page.get_attribute("[name=day]", "autocomplete") == "off"
    # Not a date; an adult's; far too long. The name is wrong, too, unless the booking itself refuses.
    for last_name, day, year in (("", "31", "2019"), ("Martin", "3", "1941"), ("", "3" * 30, "2019")):
        for name, value in (
            ("first_name", "Léa"),
            ("last_name", last_name),
            ("day", day),
            ("month", "2"),
            ("year", year),
        ):
            page.fill(f"[name={name}]", value)
        page.click("button:has-text('Confirmer le rendez-vous')")
        expect(page.locator("#birth-error")).to_be_visible()
        assert page.locator("[aria-invalid=true][aria-describedby~=birth-error]").count() == 3
        visitor.accessible()
