"""From an empty installation to the agenda of the first practice: link, account, second factor, practice."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.management import call_command
from playwright.sync_api import Browser, expect

from accounts.models import User
from practices.models import Membership, Practice
from tests.e2e.conftest import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PHRASE = "des prunes en automne"


@pytest.fixture
def empty_site(site: str) -> str:
    """The site without its demo."""
    call_command("demo", "--remove", stdout=io.StringIO())
    return site


def first_link(site: str) -> str:
    output = io.StringIO()
    call_command("first_run", stdout=output)
    found = re.search(rf"{re.escape(site)}/start/\S+", output.getvalue())
    assert found
    return found[0]


def say_who(visitor: Visitor, link: str) -> None:
    page = visitor.page
    page.goto(link)
    visitor.accessible()
    page.click("text=Continuer")
    expect(page.get_by_text("Écrivez votre prénom.").first).to_be_visible()
    visitor.accessible()
    for name, value in (("first_name", "Claire"), ("last_name", "Moreau"), ("email", "claire@cabinet.example")):
        page.fill(f"[name={name}]", value)
    page.click("text=Continuer")
    page.wait_for_url("**/start/sign-in/")
    visitor.accessible()


@pytest.mark.parametrize("width", [1440, 360])
def test_from_nothing_to_the_agenda_with_password_and_second_factor(
    empty_site: str, browser: Browser, settings: Any, width: int
) -> None:
    settings.STAFF_SECOND_FACTOR = True
    visitor = Visitor(browser, empty_site, width, 900)
    page = visitor.page
    say_who(visitor, first_link(empty_site))
    page.fill("[name=password]", "court")
    page.click("text=Ouvrir mon compte")
    visitor.accessible()
    page.fill("[name=password]", PHRASE)
    page.click("text=Ouvrir mon compte")
    page.wait_for_url("**/account/2fa/totp/activate/")
    expect(page.get_by_text("Étape 3 sur 4")).to_be_visible()
    visitor.accessible()
    secret = page.input_value("#authenticator_secret")
    page.fill("[name=code]", format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))
    page.click("main button[type=submit]")
    page.wait_for_url("**/account/2fa/recovery-codes/**")
    visitor.accessible()
    page.get_by_role("link", name="Continuer").click()
    page.wait_for_url("**/start/practice/")
    visitor.accessible()
    page.fill("[name=name]", "Cabinet du Port")
    page.click("text=Créer le cabinet")
    page.wait_for_url("**/pro/")
    expect(page.get_by_text("vous l’administrez")).to_be_visible()
    visitor.accessible()
    page.goto(f"{empty_site}/admin/")
    expect(page.get_by_role("link", name="Créer un cabinet")).to_be_visible()
    assert visitor.faults == []
    assert Membership.objects.get().practice == Practice.objects.get(name="Cabinet du Port")


def test_a_passkey_instead_of_a_password(empty_site: str, browser: Browser, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    visitor = Visitor(browser, empty_site, 360, 740)
    page = visitor.page
    devices = visitor.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    say_who(visitor, first_link(empty_site))
    page.click("text=Créer une clé d’accès")
    page.wait_for_url("**/start/practice/")
    visitor.accessible()
    user = User.objects.get()
    assert not user.has_usable_password()
    assert set(Authenticator.objects.values_list("type", flat=True)) == {"webauthn", "recovery_codes"}
    page.context.clear_cookies()
    page.goto(f"{empty_site}/account/login/")
    page.click("#passkey_login")
    page.wait_for_url("**/start/practice/")
    assert visitor.faults == []
