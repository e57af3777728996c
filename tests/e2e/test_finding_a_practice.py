"""From the search to the page of a practice to an appointment: on a telephone, on a wide screen, by keyboard, without
scripts, and with a passkey."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Browser, expect

from accounts.models import User
from appointments.models import Appointment, SlotHold
from docshare.demo.cast import PASSWORD
from tests.e2e.conftest import Visitor
from tests.e2e.steps import code_by_sms, deliver, newest_email_to
from tests.e2e.test_new_patient import EMAIL, MOBILE, PERSON

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
TELEPHONE, WIDE = (360, 740), (1440, 900)


def to_the_slots(visitor: Visitor) -> None:
    """By keyboard: search, page of the practice, slots."""
    page = visitor.page
    page.goto(f"{visitor.base}/cabinets/?q=nulle+part")
    expect(page.locator(".empty")).to_contain_text("Aucun cabinet ne correspond")
    visitor.accessible()
    page.goto(f"{visitor.base}/account/login/")
    page.get_by_role("link", name="Trouver un cabinet et prendre rendez-vous").focus()
    page.keyboard.press("Enter")
    page.locator("#q").focus()
    page.keyboard.type("PARIS medecin lilas")
    page.keyboard.press("Enter")
    expect(page.locator("main h2")).to_have_count(1)
    visitor.accessible()
    page.locator("main h2 a").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cabinet médical des Lilas")
    expect(page.locator("main")).to_contain_text("Prochain créneau")
    visitor.accessible()
    visitor.readable()
    page.get_by_role("link", name="Voir les créneaux au cabinet").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Quand souhaitez-vous venir\u00a0?")


def give_both_codes(visitor: Visitor) -> None:
    page = visitor.page
    for name, value in PERSON.items():
        page.fill(f"[name={name}]", value)
    page.click("text=Recevoir mes codes")
    deliver()
    found = re.search(r"(?<!\d)\d{6}(?!\d)", newest_email_to(EMAIL))
    assert found
    page.fill("[name=mobile_code]", code_by_sms(MOBILE))
    page.fill("[name=email_code]", found[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Choisissez un mot de passe")


@pytest.mark.parametrize("size", [TELEPHONE, WIDE])
def test_a_stranger_finds_the_practice_and_books_with_a_passkey(
    site: str, browser: Browser, size: tuple[int, int]
) -> None:
    visitor = Visitor(browser, site, *size)
    page = visitor.page
    devices = visitor.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    to_the_slots(visitor)
    page.locator(".slots button").first.press("Enter")
    give_both_codes(visitor)
    visitor.accessible()
    page.get_by_role("button", name="Créer une clé d’accès et prendre le rendez-vous").press("Enter")
    expect(page.locator("main")).to_contain_text("Votre rendez-vous est pris")
    expect(page.locator("main")).to_contain_text("Gardez vos codes de secours")
    visitor.accessible()
    user = User.objects.get(email=EMAIL)
    assert not user.has_usable_password()
    assert set(Authenticator.objects.filter(user=user).values_list("type", flat=True)) == {
        "webauthn",
        "recovery_codes",
    }

    # Signed out, the same person books again: the key signs in on the way, and the slot stays held.
    page.context.clear_cookies()
    to_the_slots(visitor)
    page.locator(".slots button").last.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Qui êtes-vous\u00a0?")
    page.get_by_role("button", name="Me connecter avec ma clé d’accès").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pour qui est ce rendez-vous\u00a0?")
    expect(page.locator("main")).to_contain_text("Ce créneau vous est réservé jusqu’à")
    visitor.accessible()
    assert SlotHold.objects.count() == 1
    page.get_by_role("link", name="Pour moi").press("Enter")
    page.get_by_role("button", name="Confirmer le rendez-vous").press("Enter")
    expect(page.locator(".notice-good")).to_contain_text("Votre rendez-vous est pris")
    assert Appointment.objects.filter(holder=user).count() == 2
    assert not SlotHold.objects.exists()
    assert visitor.faults == []


def test_it_works_without_scripts(site: str, browser: Browser) -> None:
    visitor = Visitor(browser, site, *TELEPHONE)
    visitor.context.close()
    visitor.context = browser.new_context(
        locale="fr-FR", viewport={"width": 360, "height": 740}, java_script_enabled=False
    )
    page = visitor.page = visitor.context.new_page()
    page.goto(f"{site}/cabinets/")
    page.fill("#q", "lilas")
    page.get_by_role("button", name="Chercher").click()
    page.locator("main h2 a").click()
    page.get_by_role("link", name="Prendre rendez-vous").click()
    page.locator("main a:has-text('au cabinet')").first.click()
    page.locator(".slots button").first.click()
    assert page.get_by_role("button", name="Me connecter avec ma clé d’accès").is_hidden()
    give_both_codes(visitor)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Prendre le rendez-vous").click()
    expect(page.locator(".notice-good")).to_contain_text("Votre rendez-vous est pris")
