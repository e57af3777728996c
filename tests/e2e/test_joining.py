"""An administrator invites a colleague, who joins on a telephone: letter, password, second factor, first page."""

from __future__ import annotations

import re

import pytest
from django.conf import settings as site_settings
from playwright.sync_api import Browser, expect
from pytest_django import Settings

from accounts.models import User
from practices.models import Membership, Role
from tests.e2e.conftest import Visitor
from tests.e2e.steps import deliver, newest_email_to, set_up_a_second_factor, sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
EMAIL = "dora.lenoir@lilas.example"


def invite_by_keyboard(admin: Visitor) -> None:
    page = admin.page
    page.goto(f"{admin.base}/pro/settings/members/")
    admin.accessible()
    page.get_by_role("link", name="Inviter un membre").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/members/new/")
    admin.accessible()
    page.keyboard.press("Tab")
    page.locator("[name=email]").focus()
    for typed in (EMAIL, "Dr", "Dora", "Lenoir", "10101010101"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the first role: practitioner
    page.keyboard.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.locator("[data-error-summary]")).to_contain_text("dernier chiffre")
    admin.accessible()
    page.fill("[name=professional_number]", "10101010105")
    page.get_by_role("button", name="Envoyer l’invitation").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("L’invitation part à")
    admin.accessible()


def test_a_colleague_joins_on_a_telephone(site: str, browser: Browser, settings: Settings) -> None:
    admin = Visitor(browser, site, 1440, 900)
    email = Membership.objects.filter(is_admin=True).select_related("user")[0].user.email
    sign_in_as_staff(admin, email)
    invite_by_keyboard(admin)
    deliver()
    link = re.search(rf"{re.escape(site)}/join/\S+", newest_email_to(EMAIL))
    assert link
    settings.STAFF_SECOND_FACTOR = True  # as in production
    assert site_settings.STAFF_SECOND_FACTOR
    dora = Visitor(browser, site, 360, 740)
    page = dora.page
    page.goto(link[0])
    expect(page.locator("main")).to_contain_text("peut partager, peut signer")
    dora.accessible()
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url("**/join/account/")
    dora.accessible()
    page.get_by_role("link", name="Choisir plutôt une clé d’accès").click()
    page.wait_for_url("**/join/passkey/")
    dora.accessible()
    page.go_back()
    page.fill("[name=password]", "court")
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    dora.accessible()
    page.fill("[name=password]", "quatre mésanges sur le toit")
    page.get_by_role("button", name="Créer mon compte").click()
    page.wait_for_url("**/account/2fa/totp/activate/")
    expect(page.locator("main")).to_contain_text("Vous faites partie de l’équipe")
    set_up_a_second_factor(dora)
    page.wait_for_url("**/pro/")
    expect(page.locator("p.who")).to_have_text("Dr Dora Lenoir")
    dora.accessible()
    page.goto(f"{site}/pro/account/")
    dora.accessible()
    page.goto(f"{site}/account/sessions/")
    expect(page.locator(".rail")).to_be_visible()
    dora.accessible()
    user = User.objects.get(email=EMAIL)
    assert Membership.objects.get(user=user).roles == {Role.PRACTITIONER}
