"""An administrator moves in: upload, columns by hand, dry run, import, undo; wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from patients.models import Patient
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff
from tests.imports.conftest import run_all

pytestmark = [pytest.mark.slow]
FILE = "Patronyme;Prénom;Né(e) le;Tél. portable\nLEBLANC;Inès;12/03/1950;06 39 98 12 77\nSANS;Date;;\n"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 800)])
def test_a_file_from_upload_to_undo(site: str, browser: Browser, width: int, height: int) -> None:
    admin = Visitor(browser, site, width, height)
    page = admin.page
    sign_in_as_staff(admin, "admin@lilas.example")
    page.goto(f"{site}/pro/settings/")
    page.click("text=Importer des données")
    expect(page.locator("text=Aucun import pour l’instant.")).to_be_visible()
    admin.accessible()
    page.focus("form .btn-primary")
    page.keyboard.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    admin.accessible()
    page.set_input_files(
        "[name=file]", {"name": "export.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252")}
    )
    page.click("text=Vérifier ce fichier")
    expect(page.locator("h1")).to_have_text("Colonnes du fichier")
    admin.accessible()
    page.get_by_label("Patronyme").select_option(label="Nom")
    page.click("text=Vérifier ce fichier")
    expect(page.locator("text=Vérification en cours")).to_be_visible()
    admin.accessible()
    run_all()
    expect(page.locator("text=Importer une ligne")).to_be_visible()  # without a click: the page follows
    expect(page.locator("text=La date de naissance manque.")).to_be_visible()
    admin.accessible()
    page.click("text=Importer une ligne")
    run_all()
    expect(page.locator("strong:has-text('Importé')")).to_be_visible()
    assert Patient.objects.get(last_name="LEBLANC").mobile == "+33639981277"
    admin.accessible()
    page.click("text=Annuler cet import")
    admin.accessible()
    page.click("button:has-text('Annuler l’import')")
    run_all()
    expect(page.locator("strong:has-text('Annulé')")).to_be_visible()
    assert not Patient.objects.filter(last_name="LEBLANC").exists()
    admin.accessible()
    admin.context.close()
