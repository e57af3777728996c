"""Verifying a document: with and without scripts, dropped or chosen; each answer at every width."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Browser, expect

from accounts.models import User
from documents.models import Category
from documents.sharing.share import share_upload
from files import storage
from files.intake import accept
from signing.pdf.placement import Placement
from tests.e2e.conftest import Visitor
from tests.e2e.steps import last_of_durand
from tests.pdfs import pdf_with_page

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def signed(site: str, tmp_path: Path) -> Path:
    """A signed document."""
    document = share_upload(
        appointment=last_of_durand(),
        intake=accept(SimpleUploadedFile("lettre.pdf", pdf_with_page(), "application/pdf")),
        category=Category.objects.get(code="report"),
        title="Compte rendu",
        placement=Placement(page=1, x=0.7, y=0.9),
        by=User.objects.get(email="dr.martin@lilas.example"),
    )
    path = tmp_path / "lettre.pdf"
    with storage.open_(document.file) as file:
        path.write_bytes(file.read())
    return path


def test_it_works_without_javascript(site: str, browser: Browser, signed: Path) -> None:
    context = browser.new_context(locale="fr-FR", java_script_enabled=False, viewport={"width": 768, "height": 900})
    page = context.new_page()
    page.goto(f"{site}/verify/")
    page.locator("#file").set_input_files(signed)
    page.click("button[type=submit]:has-text('Vérifier')")
    expect(page.locator("h1")).to_have_text("Document signé et intact")
    expect(page.locator("main")).to_contain_text("Ce fichier est exactement un document envoyé depuis ce site")


def test_each_answer_is_readable_by_everybody(site: str, browser: Browser, signed: Path, tmp_path: Path) -> None:
    whole = signed.read_bytes()
    changed = bytearray(whole)
    changed[whole.index(b"/MediaBox") + 12] ^= 1
    answers = {
        "Document signé et intact": whole,
        "Document modifié après la signature": whole + b"\n%%\n",
        "Signature non valable": bytes(changed),
        "Aucune signature": pdf_with_page(),
        "n’est pas un PDF": b"<html>",
        "ne s’ouvre pas": b"%PDF-1.7 rien",
    }
    visitor = Visitor(browser, site, 360, 740)
    page = visitor.page
    page.goto(f"{site}/verify/")
    visitor.accessible()
    for said, content in answers.items():
        path = tmp_path / "document.pdf"
        path.write_bytes(content)
        page.locator("#file").set_input_files(path)
        page.click("button[type=submit]:has-text('Vérifier')")
        refused = content[:8] in (b"<html>", b"%PDF-1.7") and len(content) < 20
        answer = page.locator("[data-error-summary]" if refused else "h1")
        expect(answer).to_contain_text(said, timeout=30_000)
        if refused:
            expect(answer).to_be_focused()
            expect(page.locator("#file")).to_have_attribute("aria-invalid", "true")
        visitor.accessible()


DROP = """([base64]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const dropped = new DataTransfer();
  dropped.items.add(new File([bytes], "lettre.pdf", { type: "application/pdf" }));
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: dropped, bubbles: true, cancelable: true }));
  }
}"""


def test_a_file_dropped_anywhere_on_the_page_is_verified(site: str, browser: Browser, signed: Path) -> None:
    visitor = Visitor(browser, site, 1440, 900)
    visitor.page.goto(f"{site}/verify/", wait_until="networkidle")
    visitor.page.evaluate(DROP, [base64.b64encode(signed.read_bytes()).decode()])
    expect(visitor.page.locator("h1")).to_have_text("Document signé et intact", timeout=30_000)
    assert visitor.faults == []
