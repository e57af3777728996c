"""Leaving the share page: the browser asks only while something would be lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, expect

from docshare.demo.letters import letter
from tests.e2e.conftest import Visitor
from tests.e2e.steps import last_of_durand, sign_in_as_staff

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_leaving_asks_while_a_card_waits_to_be_shared(site: str, browser: Browser, tmp_path: Path) -> None:
    appointment = last_of_durand()
    name = appointment.patient.full_name
    paths = [tmp_path / f"{number}.pdf" for number in ("un", "deux")]
    for path in paths:
        path.write_bytes(letter("Ordonnance", [f"Pour {name}."], heading="Cabinet"))
    doctor = Visitor(browser, site, 1440, 900)
    page = doctor.page
    sign_in_as_staff(doctor, "secretariat@lilas.example")
    share = f"{site}/pro/appointments/{appointment.pk}/share/"
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(share)
    page.click("nav >> text=Patients")
    page.wait_for_url("**/pro/patients/")
    assert asked == []  # nothing was chosen

    page.goto(share)
    page.set_input_files("#files", [str(path) for path in paths])
    first, second = (page.locator("[data-card]").nth(number) for number in range(2))
    expect(first.locator("[data-preview-side]")).to_be_visible(timeout=60_000)
    first.locator("[data-validate]").click()
    expect(first.locator("[data-receipt]")).to_be_visible(timeout=60_000)
    page.click("nav >> text=Patients")
    expect(second.locator("[data-validate]")).to_be_visible()
    assert asked == ["beforeunload"]
    assert page.url == share

    second.locator("[data-validate]").click()
    expect(second.locator("[data-receipt]")).to_be_visible(timeout=60_000)
    page.click("nav >> text=Patients")
    page.wait_for_url("**/pro/patients/")
    assert asked == ["beforeunload"]  # everything was shared

    page.goto(share)
    page.locator("summary:has-text('Choisir dans la bibliothèque')").click()
    box = page.locator("[data-library]").first
    box.check()
    page.click("summary:has-text('Actions') >> nth=0")
    with page.expect_download():
        page.click("button:has-text('Télécharger') >> nth=0")
    assert asked == ["beforeunload"]  # the page stays
    page.click("nav >> text=Agenda")
    expect(page.locator("[data-card]")).to_be_visible()
    assert asked == ["beforeunload"] * 2
    box.uncheck()
    page.click("nav >> text=Agenda")
    page.wait_for_url("**/pro/")
    assert asked == ["beforeunload"] * 2
    assert doctor.faults == []
