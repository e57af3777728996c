"""A signed document from the doctor to the patient, through every page in between, in Chromium."""

from __future__ import annotations

import re
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from appointments.models import Appointment
from audit.models import AuditEvent
from documents.models import LibraryDocument, SharedDocument
from files import storage, sweeping
from files.models import StoredFile
from notifications.models import Message
from tests.e2e.conftest import Visitor
from tests.e2e.steps import (
    deliver,
    follow_invitation,
    last_of_durand,
    newest_email_to,
    open_appointment,
    sign_in_as_staff,
)
from tests.pdf_samples import locked, with_object_streams
from tests.picture_samples import photograph

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def documents(tmp_path: Path) -> list[str]:
    """A PDF of four pages, a photograph, and a PDF with an unknown password."""
    own = {
        "pdflatex-4-pages.pdf": with_object_streams(),
        "image.jpg": photograph(),
        "libreoffice-writer-password.pdf": locked(user="lilas", revision=3),
    }
    for name, content in own.items():
        (tmp_path / name).write_bytes(content)
    return [str(tmp_path / name) for name in own]


def test_one_signed_document_from_a_doctors_hand_to_a_patients(site: str, browser: Browser, tmp_path: Path) -> None:
    orphans = set(sweeping.orphans(older_than=timedelta()))  # left by tests whose transactions were rolled back
    doctor, patient = Visitor(browser, site, 1440, 900), Visitor(browser, site, 360, 740)
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    doctor.accessible()
    appointment = last_of_durand()
    opens_beside_the_agenda(doctor, appointment)
    paths = documents(tmp_path)
    signed = shares_three_files(doctor, paths)
    verifies_elsewhere(signed, Path(paths[0]))
    is_told_without_health_data()
    screens = follow_invitation(patient, "marie.durand@courriel.example", "+33639980001", ("2", "3", "1944"))
    assert screens <= 4
    reads_and_downloads(patient, signed)
    history_tells(doctor, appointment)
    takes_back_and_deletes(doctor, appointment)
    assert set(sweeping.orphans(older_than=timedelta())) <= orphans
    patient.page.goto(f"{site}/documents/")
    expect(patient.page.locator("text=Aucun document pour l’instant")).to_be_visible()
    patient.accessible()


def opens_beside_the_agenda(doctor: Visitor, appointment: Appointment) -> None:
    """The panel has its own address, takes the focus and returns it."""
    page = doctor.page
    open_appointment(doctor, appointment)
    assert page.url.endswith(f"/pro/appointments/{appointment.pk}/")
    doctor.accessible()
    page.keyboard.press("Escape")
    expect(page.locator(f"[data-slot='{appointment.pk}']")).to_be_focused()
    page.click(f"[data-slot='{appointment.pk}']")


def shares_three_files(doctor: Visitor, paths: list[str]) -> SharedDocument:
    """Shows who will receive; three cards; the signature is placed by click, then by keyboard."""
    page = doctor.page
    page.click("text=Partager des documents")
    expect(page.locator("#recipient-title")).to_contain_text("Marie Durand (m•••@c….example")
    doctor.accessible()
    page.set_input_files("#files", paths)
    first, second, third = (page.locator("[data-card]").nth(number) for number in range(3))
    expect(first.locator("[data-stamp]")).to_be_visible(timeout=20_000)
    expect(second.locator("[data-thumbnail]")).to_be_visible()
    assert SharedDocument.objects.count() == 0
    box = first.locator("[data-preview]").bounding_box()
    assert box
    first.locator("[data-preview]").click(position={"x": box["width"] * 0.4, "y": box["height"] * 0.6})
    said = first.locator("[data-said]")
    expect(said).to_contain_text("40 % de la gauche, 60 % du haut")
    first.locator("[data-stamp]").press("ArrowRight")
    expect(said).to_contain_text("41 % de la gauche")
    first.locator("[data-stamp]").press("Escape")
    expect(said).to_contain_text("40 % de la gauche")
    doctor.accessible()
    for card in (first, second):
        card.locator("[data-validate]").click()
        expect(card.locator("[data-receipt], [data-error]:visible").first).to_be_visible(timeout=30_000)
    expect(page.locator("[data-receipt]")).to_have_count(2)
    assert re.search("mot de passe", page.locator("[data-error]:visible").inner_text())
    expect(third.locator("[data-validate]")).to_be_hidden()  # sending it again would change nothing
    doctor.accessible()
    page.reload()
    page.set_input_files("#files", paths[:1])
    expect(page.locator("[data-said]")).to_contain_text("40 % de la gauche, 60 % du haut, comme la dernière fois")
    return SharedDocument.objects.get(signed_at__isnull=False)


def verifies_elsewhere(signed: SharedDocument, uploaded: Path) -> None:
    """The stored bytes begin with the uploaded ones; an independent program finds the signature valid."""
    with storage.local_copy(signed.file) as stored:
        assert stored.read_bytes().startswith(uploaded.read_bytes())
        said = subprocess.run(["pdfsig", str(stored)], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said


def is_told_without_health_data() -> None:
    """One email and one SMS."""
    deliver()
    assert set(Message.objects.values_list("channel", "state")) == {("email", "sent"), ("sms", "sent")}
    text = newest_email_to("marie.durand@courriel.example")
    assert "pdflatex" not in text
    assert "Ordonnance" not in text


def reads_and_downloads(patient: Visitor, signed: SharedDocument) -> None:
    """The list, the page, one file, all as one zip."""
    page = patient.page
    expect(page.locator("text=Signé par Dr Anne Martin")).to_be_visible()
    page.click(f"button:text('{signed.title}') >> nth=0")
    page.wait_for_url(f"**/documents/{signed.pk}/")
    shown = page.locator(".page-image").first
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("(image) => image.naturalWidth") >= 550  # the width of a telephone at 1.5 pixels, in 40 kB
    patient.accessible()
    with page.expect_download() as download:
        page.click("button:has-text('Télécharger')")
    assert Path(download.value.path()).stat().st_size == signed.file.size
    page.goto(f"{patient.base}/documents/")
    with page.expect_download() as download:
        page.click("text=Tout télécharger")
    assert len(zipfile.ZipFile(download.value.path()).namelist()) == 2
    for address in ("/my-account/", "/my-appointments/"):
        page.goto(patient.base + address)
        patient.accessible()


def history_tells(doctor: Visitor, appointment: Appointment) -> None:
    """Shows who shared and who read."""
    page = doctor.page
    page.goto(f"{doctor.base}/pro/appointments/{appointment.pk}/history/")
    expect(page.locator("table")).to_contain_text("Document lu par le destinataire")
    expect(page.locator("table")).to_contain_text("Marie Durand")
    doctor.accessible()


def takes_back_and_deletes(doctor: Visitor, appointment: Appointment) -> None:
    """One document is taken back; then the appointment is deleted with rows and bytes. The library and the trail
    stay."""
    page = doctor.page
    page.goto(f"{doctor.base}/pro/appointments/{appointment.pk}/")
    page.click("[data-panel] [data-menu] summary >> nth=0")
    page.click("a[href*='/take-back/'] >> nth=0")
    expect(page.locator("h1")).to_contain_text("Retirer «")
    assert SharedDocument.objects.count() == 2
    doctor.accessible()
    page.click("text=Retirer ce document")
    page.wait_for_url(f"**/pro/appointments/{appointment.pk}/")
    assert SharedDocument.objects.count() == 1
    page.click("[data-panel] >> text=Supprimer")
    expect(page.locator("h1")).to_contain_text("Supprimer le rendez-vous de Marie Durand")
    doctor.accessible()
    page.click("text=Supprimer le rendez-vous et 1 document")
    page.wait_for_url("**/pro/?date=*")
    assert not SharedDocument.objects.exists()
    assert StoredFile.objects.count() == LibraryDocument.objects.count() == 5
    assert AuditEvent.objects.about(appointment.pk).filter(action="document.shared").count() == 2


def test_the_pages_of_staff_are_accessible_and_speak_with_the_keyboard(site: str, browser: Browser) -> None:
    admin = Visitor(browser, site, 1440, 900)
    page = admin.page
    sign_in_as_staff(admin, "dr.martin@lilas.example")
    for address in (
        "/pro/patients/",
        "/pro/patients/?q=zzz",
        "/pro/?view=week",
        "/pro/library/",
        "/pro/signature/",
        "/pro/appointments/new/",
        "/outbox/",
    ):
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
