"""The agenda's grid in a browser: aligned times, keys, the help, free times, and one sheet of paper."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from appointments.models import Agenda, Appointment
from docshare.demo import load as demo
from practices.models import Practice
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff

pytestmark = [pytest.mark.slow]
AGENDAS = 8


@pytest.fixture
def day(site: str) -> str:
    """A full day of eight agendas, thirty days ahead."""
    practice = Practice.objects.get(pk=demo.PRACTICE_ID)
    patients, reason = list(practice.patients.all()), practice.visit_reasons.earliest("duration_minutes")
    chosen = timezone.localdate(timezone=practice.zone) + timedelta(days=30)
    Appointment.objects.between_days(chosen, chosen + timedelta(days=1), practice).delete()
    for number in range(AGENDAS - practice.agendas.count()):
        Agenda.objects.create(practice=practice, name=f"Dr Dubreuil-Lefèvre {number}", position=9)
    for column, agenda in enumerate(practice.agendas.all()):
        for number in range(column % 3, 24):
            start = datetime.combine(chosen, time(9), practice.zone) + timedelta(minutes=20 * number)
            Appointment.objects.create(
                practice=practice, agenda=agenda, visit_reason=reason,
                patient=patients[(number + column) % len(patients)],
                starts_at=start, ends_at=start + timedelta(minutes=20),
            )  # fmt: skip
    return chosen.isoformat()


def focused_time(page: Page) -> str:
    return str(page.evaluate("document.activeElement.querySelector('time')?.textContent.slice(0, 5)"))


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_every_appointment_can_be_read_and_nothing_is_wider_than_the_page(
    site: str, browser: Browser, day: str, width: int
) -> None:
    staff = Visitor(browser, site, width, 900)
    sign_in_as_staff(staff, "secretariat@lilas.example")
    for view in ("", "&view=week"):
        staff.page.goto(f"{site}/pro/?date={day}{view}")
        staff.accessible()
        cut = staff.page.evaluate(
            "[...document.querySelectorAll('.slot .who')].filter(one => one.scrollWidth > one.clientWidth + 1).length"
        )
        assert cut == 0
    staff.context.close()


def test_times_stand_at_one_height_in_all_columns(site: str, browser: Browser, day: str) -> None:
    staff = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(staff, "secretariat@lilas.example")
    staff.page.goto(f"{site}/pro/?date={day}")
    tops = staff.page.evaluate(
        "[...document.querySelectorAll('[data-slot]')].map(one =>"
        " [one.querySelector('time').textContent.slice(0, 5), Math.round(one.getBoundingClientRect().top)])"
    )
    assert len(tops) > AGENDAS * 20
    assert len({tuple(one) for one in tops}) == len({time for time, _ in tops})
    staff.context.close()


def test_keys_lead_through_the_grid_and_can_be_switched_off(site: str, browser: Browser, day: str) -> None:
    staff = Visitor(browser, site, 1440, 900)
    page = staff.page
    sign_in_as_staff(staff, "secretariat@lilas.example")
    page.goto(f"{site}/pro/?date={day}")
    page.locator("[data-slot]").first.focus()
    assert focused_time(page) == "09:00"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert focused_time(page) == "09:40"
    page.keyboard.press("ArrowRight")
    assert focused_time(page) == "09:40"
    first = page.evaluate("document.activeElement.closest('section').querySelector('h2').innerText")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert focused_time(page) == "09:20"
    assert page.evaluate("document.activeElement.closest('section').querySelector('h2').innerText") != first
    page.keyboard.press("w")
    page.wait_for_url("**view=week")
    page.keyboard.press("d")
    page.wait_for_url(lambda url: "view=week" not in url and day in url)
    page.keyboard.press("?")
    expect(page.locator("[data-keys]")).to_be_visible()
    staff.accessible()
    page.check("[data-keys-off]")
    page.keyboard.press("Escape")
    expect(page.locator("[data-keys]")).to_be_hidden()
    page.keyboard.press("w")
    page.wait_for_timeout(300)
    assert "view=week" not in page.url
    page.click("[data-help]")
    page.uncheck("[data-keys-off]")
    page.keyboard.press("Escape")
    page.focus("[data-columns]")
    page.keyboard.press("n")
    page.wait_for_url("**/appointments/new/**")
    staff.context.close()


def test_a_full_day_and_week_of_eight_agendas_are_printed_on_one_sheet_each(
    site: str, browser: Browser, day: str, tmp_path: Path
) -> None:
    staff = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(staff, "secretariat@lilas.example")
    for view in ("", "&view=week"):
        staff.page.goto(f"{site}/pro/?date={day}{view}")
        printed = tmp_path / "day.pdf"
        staff.page.pdf(path=printed, prefer_css_page_size=True)
        pages = PdfReader(printed).pages
        assert len(pages) == 1
        text = pages[0].extract_text()
        assert "09:00" in text
        assert "Bibliothèque" not in text  # of the rail
    staff.context.close()


def test_a_free_time_is_booked_from_the_grid_without_a_script(site: str, browser: Browser, day: str) -> None:
    context = browser.new_context(locale="fr-FR", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/account/login/?next=/pro/")
    page.fill("[name=login]", "dr.martin@lilas.example")
    page.fill("[name=password]", "lilas-demonstration-2026")
    page.click("text=Se connecter")
    page.select_option("[name=agenda]", "mine")
    page.fill("[name=date]", day)
    page.click("text=Afficher")
    gap = page.locator("a.gap").last
    offered = gap.inner_text()
    gap.click()
    page.wait_for_url("**/appointments/new/**")
    assert page.input_value("[name=starts_at]")[-5:] in offered
    context.close()
