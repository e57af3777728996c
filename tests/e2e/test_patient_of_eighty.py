"""A patient of eighty, at 360 px: signs in with a code, reads, downloads, moves, cancels and books again."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from appointments.cancelling import cancel
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, VisitReason
from appointments.online import book_online
from appointments.slots import free_slots
from docshare.demo.cast import PASSWORD
from documents.models import LibraryDocument, SharedDocument
from documents.sharing.share import share_library_document
from patients.models import Patient, RecordTie, Relationship
from tests.e2e.conftest import Visitor
from tests.e2e.steps import code_by_sms, type_sign_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PICTURES = os.environ.get("PICTURES", "")  # a folder for screenshots
TITLE = "Compte rendu du 12/03, électrocardiogramme et anticoagulants"


def look(visitor: Visitor, name: str) -> None:
    """Accessible, nothing cut or outside the page, at 360, 768 and 1440 px."""
    visitor.accessible()
    for width in (360, 768, 1440) if PICTURES else ():
        visitor.page.set_viewport_size({"width": width, "height": 740})
        visitor.page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    visitor.page.set_viewport_size({"width": 360, "height": 740})


@pytest.fixture
def marie(site: str) -> User:
    """Marie Durand of the demo, with an account, two documents and two bookings of her own."""
    record = Patient.objects.get(last_name="Durand")
    user = User.objects.create_user(
        record.email or "", PASSWORD, first_name="Marie", last_name="Durand", birth_date=record.birth_date,
        mobile=record.mobile, mobile_verified_at=timezone.now(),
    )  # fmt: skip
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    RecordTie.objects.create(
        user=user, patient=record, relationship=Relationship.SELF, proved_email=record.email or "",
        proved_mobile=record.mobile or "",
    )  # fmt: skip
    visit = Appointment.objects.filter(patient=record).first()
    assert visit
    doctor = visit.agenda.practitioner
    assert doctor
    for document in LibraryDocument.objects.all()[:2]:
        share_library_document(appointment=visit, library_document=document, by=doctor)
    SharedDocument.objects.filter(pk=SharedDocument.objects.latest("shared_at").pk).update(title=TITLE)
    agenda, reason = visit.agenda, VisitReason.objects.get(name="Consultation de suivi")
    for days in (3, 5):
        book(user, agenda, reason, days)
    cancel(appointment=Appointment.objects.filter(holder=user).order_by("starts_at")[0], by=doctor)
    return user


def book(user: User, agenda: Agenda, reason: VisitReason, days: int) -> Appointment:
    first = timezone.localdate(timezone=agenda.practice.zone) + timedelta(days=days)
    slot = free_slots(agenda=agenda, visit_reason=reason, first=first, last=first + timedelta(days=6))[0]
    return book_online(
        holder=user, agenda=agenda, visit_reason=reason, starts_at=slot.start, kind=AppointmentKind.IN_PERSON,
        booked_for=BookedFor.SELF,
    )  # fmt: skip


def press(page: Page, name: str, *, role: Literal["link", "button"] = "link") -> None:
    """Activate it with the keyboard."""
    found = page.get_by_role(role, name=name).first
    found.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_patient_of_eighty_finds_her_way_on_a_telephone(site: str, browser: Browser, marie: User) -> None:
    visitor = Visitor(browser, site, 360, 740)
    page = visitor.page
    signs_in(visitor, marie)
    reads_and_downloads(visitor)
    page.goto(f"{site}/my-appointments/")
    look(visitor, "5-appointments")
    expect(page.get_by_text("Annulé par le cabinet")).to_be_visible()
    moves(visitor, marie)
    cancels(visitor)
    books(visitor, marie)


def signs_in(visitor: Visitor, marie: User) -> None:
    page = visitor.page
    page.goto(f"{visitor.base}/account/login/")
    look(visitor, "1-sign-in")
    type_sign_in(visitor, marie.email)
    page.wait_for_url("**/account/device/")
    expect(page.get_by_label("Ne plus demander de code")).not_to_be_checked()
    look(visitor, "2-code")
    page.fill("[name=code]", "123")
    page.get_by_label("Ne plus demander de code").check()
    page.click("text=Continuer")
    expect(page.get_by_label("Ne plus demander de code")).to_be_checked()
    look(visitor, "2-code-wrong")
    page.fill("[name=code]", code_by_sms(marie.mobile or ""))
    page.click("text=Continuer")
    page.wait_for_url("**/documents/")


def reads_and_downloads(visitor: Visitor) -> None:
    page = visitor.page
    look(visitor, "3-documents")
    first = page.get_by_role("button", name=TITLE).first.bounding_box()
    assert first
    assert first["y"] + first["height"] < 740, "no document is in sight before one scrolls"
    press(page, TITLE, role="button")
    look(visitor, "4-document")
    with page.expect_download() as download:
        page.get_by_role("button", name="Télécharger").click()
    assert download.value.suggested_filename == TITLE.replace("/", "-") + ".pdf"


def moves(visitor: Visitor, marie: User) -> None:
    page = visitor.page
    booked = Appointment.objects.get(holder=marie, status="booked")
    page.goto(f"{visitor.base}/my-appointments/{booked.pk}/")
    look(visitor, "6-appointment")
    press(page, "Déplacer")
    look(visitor, "7-move")
    for _week in range(3):
        press(page, "Jours suivants")
    look(visitor, "7-move-later")
    slot = page.locator(".slots a").first
    slot.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    look(visitor, "8-move-confirm")
    press(page, "Oui, déplacer ce rendez-vous", role="button")
    expect(page.locator(".notice-good")).to_contain_text("Votre rendez-vous est déplacé")
    before = booked.starts_at
    booked.refresh_from_db()
    assert booked.starts_at > before + timedelta(days=14)


def cancels(visitor: Visitor) -> None:
    page = visitor.page
    press(page, "Annuler le rendez-vous")
    look(visitor, "9-cancel")
    press(page, "Oui, annuler ce rendez-vous", role="button")
    look(visitor, "10-cancelled")
    expect(page.get_by_text("Annulé", exact=True)).to_be_visible()
    page.locator(".document-card:has-text('Annulé par le cabinet') h3 a").click()
    look(visitor, "11-cancelled-by-practice")
    expect(page.get_by_text("Le cabinet a annulé ce rendez-vous.")).to_be_visible()


def books(visitor: Visitor, marie: User) -> None:
    page = visitor.page
    press(page, "Choisir un autre créneau")
    look(visitor, "12-slots")
    press(page, "Jours suivants")  # what she has today may be at the first free time
    page.locator(".slots a").first.click()
    look(visitor, "13-whom")
    page.locator("main a[href*='who=self']").click()
    look(visitor, "14-confirm")
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".notice-good")).to_contain_text("Votre rendez-vous est pris")
    look(visitor, "15-booked")
    assert Appointment.objects.filter(holder=marie, status="booked").count() == 1
