"""A session left open: the card waits while its practitioner signs in again, in place."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.sessions.backends.cached_db import SessionStore
from playwright.sync_api import Browser, expect

from docshare.demo.cast import PASSWORD
from documents.models import SharedDocument
from tests.documents.conftest import PDF
from tests.e2e.conftest import Visitor
from tests.e2e.steps import last_of_durand, open_appointment, sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def leave_for(visitor: Visitor, minutes: int) -> None:
    (cookie,) = [one for one in visitor.context.cookies() if one["name"] == "session"]
    session = SessionStore(cookie["value"])
    for record in session["account_authentication_methods"]:
        record["at"] -= minutes * 60
    session.save()


def test_a_card_is_signed_once_its_practitioner_has_confirmed_in_place(
    site: str, browser: Browser, tmp_path: Path
) -> None:
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    leave_for(doctor, 6)
    appointment = last_of_durand()
    open_appointment(doctor, appointment)
    page.click("text=Partager des documents")
    (tmp_path / "ordonnance.pdf").write_bytes(PDF)
    page.set_input_files("#files", str(tmp_path / "ordonnance.pdf"))
    card = page.locator("[data-card]")
    expect(card.locator("[data-stamp]")).to_be_visible()
    card.locator("[data-validate]").click()
    dialog = page.locator("[data-sign-in-again]")
    expect(dialog.locator("[name=password]")).to_be_focused()
    doctor.accessible()
    page.keyboard.type("un autre mot de passe")
    page.keyboard.press("Enter")
    expect(dialog.locator("[data-error]")).not_to_be_empty()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(card.locator("[data-validate]")).to_be_focused()
    assert not SharedDocument.objects.filter(signed_at__isnull=False).exists()
    page.keyboard.press("Enter")
    page.fill("[data-sign-in-again] [name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(card.locator("[data-receipt]")).to_be_visible(timeout=60_000)
    assert SharedDocument.objects.filter(signed_at__isnull=False).count() == 1
    page.wait_for_load_state("networkidle")  # the receipt's pictures: all requests must end before the database does
