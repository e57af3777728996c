"""One signed document, from a doctor's hand to a patient's: steps 1 to 10 of the way, in Chromium."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from playwright.sync_api import Browser, expect

from appointments.models import Appointment
from audit.models import AuditEvent
from docshare.demo.cast import PASSWORD
from docshare.demo.paper import letter, signature
from documents.files import storage
from documents.models import LibraryDocument, SharedDocument, StoredFile
from notifications.models import Message
from notifications.tasks import dispatch
from tests.conftest import CORPUS
from tests.e2e.conftest import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server: Any, settings: Any, transactional_db: None) -> str:
    settings.PUBLIC_URL = live_server.url
    settings.SHARE_NOTICE_DELAY = timedelta()
    settings.EMAIL_BACKEND = "notifications.channels.outbox.OutboxEmailBackend"  # Django's test runner replaces it
    call_command("demo", verbosity=0)
    return str(live_server.url)


def deliver() -> None:
    """What the worker does when it is nudged."""
    for channel in ("email", "sms"):
        dispatch(channel)


def documents(tmp_path: Path) -> list[str]:
    """A real prescription-like PDF and a picture, and one PDF that nobody can open."""
    if CORPUS.is_dir():
        return [
            str(CORPUS / name) for name in ("pdflatex-4-pages.pdf", "image.jpg", "libreoffice-writer-password.pdf")
        ]
    own = {
        "ordonnance.pdf": letter("Ordonnance", ["x"], heading="y"),
        "photo.png": signature(3),
        "abime.pdf": b"%PDF-1.4 damaged",
    }
    for name, content in own.items():
        (tmp_path / name).write_bytes(content)
    return [str(tmp_path / name) for name in own]


def newest(pattern: str) -> Path:
    return max(Path(django_settings.OUTBOX_DIR).glob(pattern), key=lambda path: path.stat().st_mtime_ns)


def test_one_signed_document_from_a_doctors_hand_to_a_patients(site: str, browser: Browser, tmp_path: Path) -> None:
    orphans = set(storage.orphans(older_than=timedelta()))  # of tests whose transactions were rolled back
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page

    # 1. Signs in, sees the agenda, opens an appointment beside it.
    page.goto(site)
    doctor.accessible()
    page.fill("[name=login]", "dr.martin@lilas.example")
    page.fill("[name=password]", PASSWORD)
    page.click("text=Se connecter")
    page.wait_for_url("**/pro/")
    doctor.accessible()
    appointment = Appointment.objects.filter(patient__last_name="Durand").order_by("starts_at").last()
    assert appointment
    page.goto(f"{site}/pro/?date={appointment.local_start.date()}")
    page.click(f"[data-slot='{appointment.pk}']")
    expect(page.locator("#panel-title")).to_be_focused()
    assert page.url.endswith(f"/pro/appointments/{appointment.pk}/")
    doctor.accessible()
    page.keyboard.press("Escape")
    expect(page.locator(f"[data-slot='{appointment.pk}']")).to_be_focused()
    page.click(f"[data-slot='{appointment.pk}']")

    # 2. to 5. Who will receive; three cards; the signature placed by a click, then by the keyboard.
    page.click("text=Partager des documents")
    expect(page.locator("#recipient-title")).to_contain_text("Marie Durand (m•••@c….example")
    doctor.accessible()
    paths = documents(tmp_path)
    page.set_input_files("#files", paths)
    first = page.locator("[data-card]").nth(0)
    expect(first.locator("[data-stamp]")).to_be_visible(timeout=20_000)
    assert SharedDocument.objects.count() == 0
    box = first.locator("[data-preview]").bounding_box()
    assert box
    first.locator("[data-preview]").click(position={"x": box["width"] * 0.4, "y": box["height"] * 0.6})
    expect(first.locator("[data-said]")).to_contain_text("40 % de la gauche, 60 % du haut")
    first.locator("[data-stamp]").press("ArrowRight")
    expect(first.locator("[data-said]")).to_contain_text("41 % de la gauche")
    first.locator("[data-stamp]").press("Escape")
    expect(first.locator("[data-said]")).to_contain_text("40 % de la gauche")
    doctor.accessible()
    for card in (first, page.locator("[data-card]").nth(1), page.locator("[data-card]").nth(2)):
        card.locator("[data-validate]").click()
        expect(card.locator("[data-receipt], [data-error]:visible").first).to_be_visible(timeout=30_000)
    expect(page.locator("[data-receipt]")).to_have_count(2)
    refused = page.locator("[data-error]:visible")
    assert re.search("mot de passe|endommagé", refused.inner_text())
    doctor.accessible()
    signed = SharedDocument.objects.get(signed_at__isnull=False)
    with storage.local_copy(signed.file) as stored:
        assert stored.read_bytes().startswith(Path(paths[0]).read_bytes())
        said = subprocess.run(["pdfsig", str(stored)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said

    # 7. One email and one SMS, without health data.
    deliver()
    assert set(Message.objects.values_list("channel", "state")) == {("email", "sent"), ("sms", "sent")}
    email = message_from_bytes(newest("*.eml").read_bytes(), policy=policy.default)
    text = email.get_content()
    assert "pdflatex" not in text
    assert "Ordonnance" not in text
    link = re.search(rf"{re.escape(site)}/invitation/\S+", text)
    assert link

    # 8. The patient, on a telephone: link, code, birth date, password, document. Four pages of questions.
    patient = Visitor(browser, site, 360, 740)
    phone = patient.page
    phone.goto(link[0])
    patient.accessible()
    phone.click("text=Recevoir le code par SMS")
    phone.wait_for_url("**/code/")
    patient.accessible()
    deliver()
    code = re.match(r"\d{6}", json.loads(newest("*.sms.json").read_text())["text"])
    assert code
    phone.fill("[name=code]", code[0])
    phone.click("text=Continuer")
    phone.wait_for_url("**/birth-date/")
    patient.accessible()
    for name, value in (("day", "2"), ("month", "3"), ("year", "1944")):
        phone.fill(f"[name={name}]", value)
    phone.click("text=Continuer")
    phone.wait_for_url("**/password/")
    patient.accessible()
    phone.fill("[name=password]", "une phrase facile 42")
    phone.click("text=Voir mon document")
    phone.wait_for_url("**/documents/")
    patient.accessible()
    expect(phone.locator("text=Signé par Dr Anne Martin")).to_be_visible()
    phone.click(f"button:text('{signed.title}') >> nth=0")
    phone.wait_for_url(f"**/documents/{signed.pk}/")
    shown = phone.locator(".page-image").first
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("(image) => image.naturalWidth") == 1200
    patient.accessible()
    with phone.expect_download() as download:
        phone.click("button:has-text('Télécharger')")
    assert Path(download.value.path()).stat().st_size == signed.file.size
    phone.goto(f"{site}/documents/")
    with phone.expect_download() as download:
        phone.click("text=Tout télécharger")
    assert len(zipfile.ZipFile(download.value.path()).namelist()) == 2
    phone.goto(f"{site}/my-account/")
    patient.accessible()

    # 9. History: who shared, who read.
    page.goto(f"{site}/pro/appointments/{appointment.pk}/history/")
    expect(page.locator("table")).to_contain_text("Document lu par le destinataire")
    expect(page.locator("table")).to_contain_text("Marie Durand")
    doctor.accessible()

    # 10. Take one back; then delete the appointment: rows and bytes go, the library and the trail stay.
    page.goto(f"{site}/pro/appointments/{appointment.pk}/")
    page.click("button:has-text('Retirer') >> nth=0")
    page.wait_for_load_state()
    assert SharedDocument.objects.count() == 1
    page.click("[data-panel] >> text=Supprimer")
    expect(page.locator("h1")).to_contain_text("Supprimer le rendez-vous de Marie Durand")
    doctor.accessible()
    page.click("text=Supprimer le rendez-vous et 1 document")
    page.wait_for_url("**/pro/?date=*")
    assert not SharedDocument.objects.exists()
    assert StoredFile.objects.count() == LibraryDocument.objects.count() == 5
    assert AuditEvent.objects.about(appointment.pk).filter(action="document.shared").count() == 2
    assert set(storage.orphans(older_than=timedelta())) <= orphans
    phone.goto(f"{site}/documents/")
    expect(phone.locator("text=Aucun document pour l’instant")).to_be_visible()
    patient.accessible()


def test_the_pages_of_staff_are_accessible_and_speak_with_the_keyboard(site: str, browser: Browser) -> None:
    admin = Visitor(browser, site, 1440, 900)
    page = admin.page
    page.goto(f"{site}/account/login/")
    page.fill("[name=login]", "dr.martin@lilas.example")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/pro/")
    for address in ("/pro/?view=week", "/pro/library/", "/pro/signature/", "/pro/appointments/new/", "/outbox/"):
        page.goto(site + address)
        admin.accessible()
    page.goto(f"{site}/pro/signature/")
    canvas = page.locator("[data-canvas]")
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(box["x"] + 40 + step * 25, box["y"] + 60 + (step % 3) * 30)
    page.mouse.up()
    page.click("text=Enregistrer ce dessin")
    expect(page.locator("text=Votre signature est enregistrée.")).to_be_visible()
    for address in ("/account/2fa/", "/account/sessions/", "/account/password/change/", "/no-such-page/"):
        page.goto(site + address)
        admin.accessible()
