"""A new patient books at 360 px by keyboard: slot, identity, two codes, password; at most six pages before the
appointment."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import User
from appointments.models import Appointment, SlotHold
from docshare.demo.cast import PASSWORD
from tests.e2e.conftest import Visitor
from tests.e2e.steps import code_by_sms, deliver, newest_email_to

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
EMAIL, MOBILE = "nadia.benali@courriel.example", "+33639980099"
PERSON = {
    "first_name": "Nadia", "last_name": "Benali", "day": "3", "month": "février", "year": "1984",
    "mobile": "06 39 98 00 99", "email": EMAIL,
}  # fmt: skip


def test_a_new_patient_books_on_a_telephone(site: str, browser: Browser) -> None:
    visitor = Visitor(browser, site, 360, 740)
    page = visitor.page
    pages: list[str] = []
    page.on("framenavigated", lambda frame: pages.append(frame.url) if frame == page.main_frame else None)
    page.goto(f"{site}/book/")
    page.click("main h2 a >> nth=0")
    page.click("main a:has-text('au cabinet') >> nth=0")
    page.click("text=Jours suivants")
    visitor.accessible()
    pages.clear()
    page.locator(".slots button").first.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Qui êtes-vous\u00a0?")
    visitor.accessible()
    assert SlotHold.objects.count() == 1
    page.click("text=Recevoir mes codes")
    expect(page.locator("[role=alert], .error-summary").first).to_be_visible()
    visitor.accessible()
    for name, value in PERSON.items():
        page.fill(f"[name={name}]", value)
    page.click("text=Recevoir mes codes")

    expect(page.get_by_role("heading", level=1)).to_have_text("Quels sont vos codes\u00a0?")
    visitor.accessible()
    deliver()
    found = re.search(r"(?<!\d)\d{6}(?!\d)", newest_email_to(EMAIL))
    assert found
    page.fill("[name=mobile_code]", code_by_sms(MOBILE))
    page.fill("[name=email_code]", found[0])
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Choisissez un mot de passe")
    visitor.accessible()
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")

    expect(page.locator(".notice-good")).to_contain_text("Votre rendez-vous est pris")
    visitor.accessible()
    made = Appointment.objects.latest("created_at")
    assert made.holder == User.objects.get(email=EMAIL)
    assert not SlotHold.objects.exists()
    steps = [url for url in dict.fromkeys(one.partition("?")[0] for one in pages) if "/book/" in url]
    assert len(steps) + 2 <= 6, steps  # and the pages of reasons and of slots
