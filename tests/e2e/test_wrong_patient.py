"""A letter that names another patient: the card asks, and shares nothing before the answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from appointments.models import Appointment
from audit.models import AuditEvent
from docshare.demo.cast import PASSWORD
from docshare.demo.letters import letter
from documents.models import SharedDocument
from patients.models import Patient
from tests.e2e.conftest import Visitor
from tests.e2e.steps import last_of_durand, open_appointment, sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def durands(site: str) -> Appointment:
    return last_of_durand()


@pytest.fixture
def somebody_elses(durands: Appointment, tmp_path: Path) -> tuple[Path, str]:
    """A letter about another patient of the practice, and that patient's name."""
    other = Patient.objects.filter(practice=durands.practice).exclude(last_name="Durand").earliest("last_name")
    path = tmp_path / "lettre.pdf"
    path.write_bytes(letter("Compte rendu", [f"Concerne {other.full_name}.", "Tout va bien."], heading="Cabinet"))
    return path, other.full_name


def test_the_card_asks_and_shares_once_it_is_confirmed(
    site: str, browser: Browser, durands: Appointment, somebody_elses: tuple[Path, str]
) -> None:
    path, other = somebody_elses
    before = SharedDocument.objects.count()
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    open_appointment(doctor, durands)
    page.click("text=Partager des documents")
    page.set_input_files("#files", str(path))
    card = page.locator("[data-card]")
    card.locator("[data-validate]").click()
    doubt = card.locator("[data-doubt]")
    expect(doubt).to_contain_text(f"{other}, et pas {durands.patient.full_name}", timeout=60_000)
    expect(doubt.locator("[data-confirm]")).to_have_text(f"C’est bien pour {durands.patient.full_name} : partager")
    expect(card.locator("[data-validate]")).to_be_hidden()  # only the question's own button
    doctor.accessible()
    assert SharedDocument.objects.count() == before
    doubt.locator("[data-confirm]").click()
    expect(card.locator("[data-receipt]")).to_be_visible(timeout=60_000)
    assert SharedDocument.objects.count() == before + 1
    assert AuditEvent.objects.filter(action="document.shared").latest("at").detail["patient_confirmed"] is True
    page.wait_for_load_state("networkidle")  # the receipt's pictures: all requests must end before the database does
    assert doctor.faults == []


def test_a_card_in_doubt_is_removed_and_nothing_is_shared(
    site: str, browser: Browser, durands: Appointment, somebody_elses: tuple[Path, str]
) -> None:
    before = SharedDocument.objects.count()
    doctor = Visitor(browser, site, 360, 740)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    page.goto(f"{site}/pro/appointments/{durands.pk}/share/")
    page.set_input_files("#files", str(somebody_elses[0]))
    card = page.locator("[data-card]")
    card.locator("[data-validate]").click()
    expect(card.locator("[data-doubt]")).to_be_visible(timeout=60_000)
    card.locator("[data-remove]").click()
    expect(card).to_have_count(0)
    page.reload()
    assert SharedDocument.objects.count() == before


def test_without_javascript_the_page_asks_with_a_box_to_tick(
    site: str, browser: Browser, durands: Appointment, somebody_elses: tuple[Path, str]
) -> None:
    path, other = somebody_elses
    before = SharedDocument.objects.count()
    page = browser.new_context(locale="fr-FR", java_script_enabled=False).new_page()
    page.goto(f"{site}/account/login/?next=/pro/appointments/{durands.pk}/share/")
    page.fill("[name=login]", "dr.martin@lilas.example")
    page.fill("[name=password]", PASSWORD)
    page.click("text=Se connecter")
    for tick in (False, True):
        page.set_input_files("input[type=file][name=file]", str(path))
        page.select_option("select[name=category]", "report")
        if tick:
            page.check("[name=confirm_patient]")
        page.locator("form:has(input[type=file][name=file]) button[type=submit]").click()
        expect(page.locator("body")).to_contain_text("est partagé" if tick else f"{other}, et pas", timeout=60_000)
        assert SharedDocument.objects.count() == before + tick


def test_a_file_chosen_before_the_script_has_come_gets_its_card(
    site: str, browser: Browser, durands: Appointment, somebody_elses: tuple[Path, str]
) -> None:
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "dr.martin@lilas.example")
    held: list[Route] = []
    page.route("**/js/share.*js", lambda route: held.append(route))
    page.goto(f"{site}/pro/appointments/{durands.pk}/share/", wait_until="commit")
    page.set_input_files("#files", str(somebody_elses[0]))
    assert held
    held[0].continue_()
    expect(page.locator("[data-card] [data-validate]")).to_be_visible()
