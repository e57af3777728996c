"""A rule written by an administrator; somebody books, and reads without an account."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from docshare.demo.cast import HOLDER
from documents.autosend import send_due
from documents.models import SharedDocument
from tests.e2e.conftest import Visitor
from tests.e2e.steps import book, deliver, newest_email_to, sign_in_as_staff, sign_in_on_a_new_device

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_rule_sends_a_document_that_is_read_without_an_account(site: str, browser: Browser) -> None:
    admin, hugo = Visitor(browser, site, 1440, 900), Visitor(browser, site, 360, 740)
    sign_in_as_staff(admin, "admin@lilas.example")
    admin.page.click("text=Envoi automatique")
    admin.accessible()
    admin.page.click("text=Nouvelle règle")
    admin.accessible()
    admin.page.click("text=Enregistrer la règle")
    expect(admin.page.locator("[data-error-summary]")).to_be_focused()
    admin.accessible()
    admin.page.fill("[name=name]", "Plan d’accès")
    admin.page.check("label:has-text('Plan d’accès') input")
    admin.page.click("text=Enregistrer la règle")
    expect(admin.page.locator("main")).to_contain_text("à la prise de rendez-vous")
    admin.accessible()

    assert HOLDER.email
    assert HOLDER.mobile
    sign_in_on_a_new_device(hugo, HOLDER.email, HOLDER.mobile)
    child = {"first_name": "Nina", "last_name": "Lefèvre", "day": "4", "month": "5", "year": "2020"}
    appointment = book(hugo, "Pour un enfant", child)
    send_due()
    deliver()
    link = re.search(rf"{re.escape(site)}/d/\S+", newest_email_to(HOLDER.email))
    assert link

    anybody = Visitor(browser, site, 360, 740)
    anybody.page.goto(link[0])
    anybody.accessible()
    assert not SharedDocument.objects.filter(first_read_at__isnull=False).exists()
    with anybody.page.expect_download() as download:
        anybody.page.click("button:has-text('Télécharger')")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    assert SharedDocument.objects.filter(first_read_at__isnull=False).count() == 1
    admin.page.goto(f"{site}/pro/appointments/{appointment.pk}/")
    expect(admin.page.locator("[data-panel]")).to_contain_text("Envois automatiques")
    admin.accessible()
