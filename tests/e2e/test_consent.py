"""A document that asks for the patient's signature: set by an administrator, signed on a telephone, by keyboard, with
and without scripts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from appointments.models import Appointment, BookedFor
from docshare.demo import cast
from documents.consents.forms import Asked, set_form
from documents.library.catalogue import import_document
from documents.models import Category, Consent, ConsentState, LibraryDocument, Means, SharedDocument
from documents.sharing.share import share_library_document
from files.intake import accept
from notifications.models import Message
from practices.models import Practice
from tests.documents.consents.conftest import SENTENCES, pages
from tests.e2e.conftest import Visitor
from tests.e2e.steps import code_by_sms, sign_in_as_staff, sign_in_on_a_new_device

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ADMIN = "admin@lilas.example"


@pytest.fixture
def paper(site: str) -> LibraryDocument:
    admin = User.objects.get(email=ADMIN)
    mine = Appointment.objects.filter(holder__email=cast.HOLDER.email, booked_for=BookedFor.SELF).latest("starts_at")
    return import_document(
        practice=Practice.objects.get(pk=mine.practice_id),
        intake=accept(SimpleUploadedFile("consentement.pdf", pages(2))),
        title="Consentement",
        category=Category.objects.get(code="information"),
        by=admin,
    )


@pytest.fixture
def consent(paper: LibraryDocument) -> Consent:
    set_form(document=paper, asked=Asked(SENTENCES), by=User.objects.get(email=ADMIN))
    related = Appointment.objects.select_related("practice", "patient__practice", "holder")
    mine = related.filter(holder__email=cast.HOLDER.email, booked_for=BookedFor.SELF).latest("starts_at")
    shared = share_library_document(appointment=mine, library_document=paper, by=User.objects.get(email=ADMIN))
    return Consent.objects.get(document=shared)


def test_an_administrator_lets_a_document_ask_for_a_signature(
    site: str, browser: Browser, paper: LibraryDocument
) -> None:
    admin = Visitor(browser, site, 1440, 900)
    page = admin.page
    sign_in_as_staff(admin, ADMIN)
    page.goto(f"{site}/pro/library/{paper.pk}/")
    page.click("main >> text=Signature du patient")
    admin.accessible()
    page.click("text=Enregistrer")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    admin.accessible()
    page.fill("[name=sentences]", "\n".join(SENTENCES))
    page.click("text=Enregistrer")
    expect(page.locator("main")).to_contain_text("Ce document demande la signature du patient")
    admin.accessible()
    admin.context.close()


def shot(page: Page, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def make_a_passkey(page: Page, site: str) -> None:
    """On the pages of the account, which ask to sign in again if the last time is long ago."""
    page.goto(f"{site}/account/2fa/webauthn/add/")
    page.fill("[name=name]", "Mon téléphone")
    page.click("#mfa_webauthn_add")
    page.wait_for_url(lambda url: "webauthn/add" not in url)
    assert Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).exists()


def by_keyboard(page: Page, name: str) -> None:
    """Reach the button by Tab alone, and press it."""
    wanted = page.get_by_role("button", name=name)
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("(one) => one === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab does not reach {name}")


@pytest.mark.parametrize("scripts", [False, True])
def test_a_patient_reads_and_signs_on_a_telephone(
    site: str, browser: Browser, consent: Consent, scripts: bool
) -> None:
    holder = User.objects.get(email=cast.HOLDER.email)
    visitor = Visitor(browser, site, 360, 740)
    sign_in_on_a_new_device(visitor, holder.email, holder.mobile or "")
    page, check = visitor.page, visitor.accessible
    if not scripts:
        state = visitor.context.storage_state()
        plain = browser.new_context(
            java_script_enabled=False, storage_state=state, viewport={"width": 360, "height": 740}
        )
        page = plain.new_page()
        check = lambda: None  # noqa: E731  # axe-core needs scripts
    page.goto(f"{site}/documents/{consent.document_id}/")
    check()
    page.click("text=Lire et signer")
    for number in (1, 2):
        expect(page.locator("h1")).to_have_text(f"Lisez la page {number} sur 2")
        check()
        if scripts:
            by_keyboard(page, "J’ai lu cette page")
        else:
            page.click("text=J’ai lu cette page")
    expect(page.locator("h1")).to_have_text("Que signez-vous\u00a0?")
    check()
    page.click("text=Continuer")
    expect(page.locator("[data-error-summary]")).to_be_visible()
    check()
    for sentence in SENTENCES:
        page.check(f"text={sentence}")
    page.fill("[name=name]", f"{holder.first_name} {holder.last_name}")
    if scripts:
        box = page.locator("[data-canvas]").bounding_box()
        assert box
        page.mouse.move(box["x"] + 40, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + 160, box["y"] + 90, steps=8)
        page.mouse.up()
    page.click("text=Continuer")
    expect(page.locator("h1")).to_have_text("Confirmez que c’est bien vous")
    check()
    page.click("text=Recevoir le code par SMS")
    expect(page.locator("h1")).to_have_text("Quel est le code reçu par SMS\u00a0?")
    check()
    page.fill("[name=code]", code_by_sms(holder.mobile or ""))
    page.click("text=Signer ce document")
    expect(page.locator("main")).to_contain_text("Le document est signé.")
    check()
    page.click("text=Retirer le consentement")
    check()
    page.click("text=Revenir au document")
    consent.refresh_from_db()
    assert consent.state == ConsentState.SIGNED
    assert SharedDocument.objects.get(pk=consent.document_id).signatures
    visitor.context.close()


def test_a_patient_signs_with_a_passkey_on_a_telephone(site: str, browser: Browser, consent: Consent) -> None:
    """The key is made by the browser, on the page of the account; then it signs, and no SMS leaves."""
    holder = User.objects.get(email=cast.HOLDER.email)
    visitor = Visitor(browser, site, 360, 740)
    sign_in_on_a_new_device(visitor, holder.email, holder.mobile or "")
    page = visitor.page
    devices = visitor.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    key = devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    make_a_passkey(page, site)
    page.goto(f"{site}/documents/{consent.document_id}/")
    page.click("text=Lire et signer")
    for _number in (1, 2):
        page.click("text=J’ai lu cette page")
    for sentence in SENTENCES:
        page.check(f"text={sentence}")
    page.fill("[name=name]", f"{holder.first_name} {holder.last_name}")
    page.click("text=Continuer")
    visitor.accessible()
    before = Message.objects.filter(channel="sms").count()
    page.get_by_role("button", name="clé d’accès").click()
    expect(page.locator("h1")).to_have_text("Signer avec une clé d’accès")
    visitor.accessible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    shot(page, "passkey-360")
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    by_keyboard(page, "Signer ce document")  # the person's finger is not recognised
    expect(page.locator("[data-passkey-failed]")).to_be_visible()
    visitor.accessible()
    shot(page, "passkey-refused-360")
    consent.refresh_from_db()
    assert consent.state == ConsentState.ASKED
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": True})
    by_keyboard(page, "Signer ce document")
    expect(page.locator("main")).to_contain_text("Le document est signé.")
    visitor.accessible()
    shot(page, "passkey-signed-360")
    consent.refresh_from_db()
    assert (consent.state, consent.means) == (ConsentState.SIGNED, Means.PASSKEY)
    assert Message.objects.filter(channel="sms").count() == before
    assert visitor.faults == []
    visitor.context.close()
