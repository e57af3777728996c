"""One's devices and activity, by keyboard and at every width; the members' activity for an administrator."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from accounts.browsers import Browser as Named
from accounts.devices import remember
from accounts.models import Scope, User
from accounts.tokens import issue_token
from docshare.demo import cast
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff, sign_in_on_a_new_device

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PICTURES = os.environ.get("PICTURES", "")  # a folder for screenshots


def look(visitor: Visitor, path: str, name: str) -> None:
    """Checks accessibility at 360, 768 and 1440 px."""
    visitor.page.goto(f"{visitor.base}{path}")
    visitor.accessible()
    for width in (360, 768, 1440) if PICTURES else ():
        visitor.page.set_viewport_size({"width": width, "height": 900})
        visitor.page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)


def test_a_patient_forgets_a_device_with_the_keyboard(site: str, browser: Browser) -> None:
    patient = User.objects.get(email=cast.HOLDER.email)
    remember(patient, browser=Named("Safari", "iPhone"), code_given=True)
    visitor = Visitor(browser, site, 360, 740)
    sign_in_on_a_new_device(visitor, patient.email, patient.mobile or "")
    look(visitor, "/my-account/", "patient-account")
    lost = visitor.page.get_by_role("button", name="Oublier cet appareil\u00a0: Safari sur iPhone")
    lost.focus()
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator(".notice-good")).to_contain_text("Safari sur iPhone est oublié")
    expect(lost).to_have_count(0)
    look(visitor, "/my-account/activity/", "patient-activity")
    expect(visitor.page.get_by_text("Appareil oublié")).to_be_visible()
    User.objects.filter(pk=patient.pk).update(language="en")
    look(visitor, "/my-account/", "patient-account-en")
    look(visitor, "/my-account/activity/", "patient-activity-en")


def test_staff_see_their_account_and_administrators_their_members(site: str, browser: Browser) -> None:
    doctor = User.objects.get(email="dr.martin@lilas.example")
    issue_token(user=doctor, name="Logiciel d’agenda", scopes=[Scope.READ], by=doctor)
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, doctor.email)
    for path, name in (
        ("/pro/devices/", "staff-devices"),
        ("/pro/activity/", "staff-activity"),
        ("/account/password/change/", "staff-password"),
        ("/account/2fa/", "staff-security"),
    ):
        look(visitor, path, name)
    administrator = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(administrator, cast.STAFF[3].email)
    look(administrator, "/pro/settings/activity/", "members-activity")
    expect(administrator.page.get_by_text("Connexion", exact=True).first).to_be_visible()
    User.objects.filter(email=cast.STAFF[3].email).update(language="en")
    look(administrator, "/pro/settings/activity/", "members-activity-en")
