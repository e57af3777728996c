"""The agenda's grid in a browser: aligned times, keys, the help, free times, and one sheet of paper."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, expect
from pypdfium2 import PdfDocument

from appointments.models import Agenda, Appointment
from docshare.demo import load as demo
from patients.models import Patient
from practices.models import Practice
from tests.e2e.conftest import Visitor
from tests.e2e.full_week import fill_week
from tests.e2e.steps import sign_in_as_staff

pytestmark = [pytest.mark.slow]
AGENDAS = 8
PAPER = 1046  # CSS pixels across: A4, landscape, without its margins


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


# Names that are wider than their place.
CUT = """() => [...document.querySelectorAll(".slot .who, .slot .whose")].filter(
  (one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText)"""
# The same of names whose words must not break.
BREAK_NO_WORD = """() => {
  for (const one of document.querySelectorAll(".slot")) one.style.overflowWrap = "normal";
}"""


def focused_time(page: Page) -> str:
    return str(page.evaluate("document.activeElement.querySelector('time')?.textContent.slice(0, 5)"))


def test_no_word_of_a_name_breaks_in_a_full_week(site: str, browser: Browser) -> None:
    staff = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(staff, "secretariat@lilas.example")
    monday = fill_week()
    for view in ("", "&view=week"):
        staff.page.goto(f"{site}/pro/?date={monday}{view}")
        staff.page.evaluate(BREAK_NO_WORD)
        assert staff.page.evaluate(CUT) == []
    staff.context.close()


def test_a_word_that_is_longer_than_its_column_is_read_to_its_end(site: str, browser: Browser, day: str) -> None:
    Patient.objects.filter(practice=demo.PRACTICE_ID).update(last_name="Rajaonarimampianinarakotondrabe")
    staff = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(staff, "secretariat@lilas.example")
    staff.page.goto(f"{site}/pro/?date={day}")
    assert staff.page.evaluate(CUT) == []
    staff.context.close()


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_every_appointment_can_be_read_and_nothing_is_wider_than_the_page(
    site: str, browser: Browser, day: str, width: int
) -> None:
    staff = Visitor(browser, site, width, 900)
    sign_in_as_staff(staff, "secretariat@lilas.example")
    for view in ("", "&view=week"):
        staff.page.goto(f"{site}/pro/?date={day}{view}")
        staff.accessible()
        staff.page.goto(f"{staff.page.url}#columns")  # a telephone shows all
        cut = staff.page.evaluate(CUT)
        assert cut == []
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


def printed(page: Page, path: Path) -> list[str]:
    """The text of each sheet, without spaces: a PDF may place each letter by itself."""
    page.pdf(path=path, prefer_css_page_size=True)
    with PdfDocument(path) as sheets:  # a hundred times as fast as pypdf for this much text
        return ["".join(sheet.get_textpage().get_text_range().split()) for sheet in sheets]


def drawn(page: Page) -> Image.Image:
    return Image.open(BytesIO(page.screenshot(full_page=True))).convert("L")


NARROWEST = """() => Math.min(...[...document.querySelectorAll("[data-slot]")].map((one) => one.clientWidth))"""
# Text of an appointment that another one covers, or that its box cuts off.
UNREADABLE = """() => {
  const boxes = [...document.querySelectorAll(".day-entries > li:has([data-slot])")];
  const places = boxes.map((one) => one.getBoundingClientRect());
  return boxes.filter((one, index) => {
    const slot = one.firstElementChild;
    if (slot.scrollHeight > slot.clientHeight + 2 || slot.scrollWidth > slot.clientWidth + 2) return true;
    return places.some((other, at) => at > index && other.left < places[index].right - 1
      && places[index].left < other.right - 1 && other.top < places[index].bottom - 1
      && places[index].top < other.bottom - 1);
  }).map((one) => one.innerText);
}"""


def test_a_full_day_of_eight_agendas_is_printed_on_one_sheet(
    site: str, browser: Browser, day: str, tmp_path: Path
) -> None:
    staff = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(staff, "secretariat@lilas.example")
    staff.page.goto(f"{site}/pro/?date={day}")
    [sheet] = printed(staff.page, tmp_path / "day.pdf")
    assert "09:00" in sheet
    assert "Bibliothèque" not in sheet  # of the rail
    staff.context.close()


def test_paper_cuts_off_nothing_of_a_name_not_even_the_accent_of_a_capital(site: str, browser: Browser) -> None:
    staff = Visitor(browser, site, PAPER, 720)
    page = staff.page
    sign_in_as_staff(staff, "secretariat@lilas.example")
    page.goto(f"{site}/pro/?date={fill_week()}")
    page.emulate_media(media="print")
    as_printed = drawn(page)
    page.evaluate("for (const one of document.querySelectorAll('.slot')) one.style.overflow = 'visible'")
    changed = ImageChops.difference(as_printed, drawn(page))
    assert sum(changed.histogram()[16:]) < 10  # of the corner of a frame
    staff.context.close()


def test_a_week_of_eight_agendas_is_printed_on_a_sheet_for_each_day_with_a_column_for_each_agenda(
    site: str, browser: Browser, tmp_path: Path
) -> None:
    monday = fill_week()
    staff = Visitor(browser, site, 1440, 900)
    page = staff.page
    sign_in_as_staff(staff, "secretariat@lilas.example")
    page.goto(f"{site}/pro/?date={monday.isoformat()}&view=week")
    sheets = printed(page, tmp_path / "week.pdf")
    assert len(sheets) == 5
    for sheet in sheets:
        assert sheet.count("09:00") == sheet.count("17:40") == AGENDAS
        assert "Échographie" in sheet  # above its column
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER, "height": 720})
    assert page.evaluate(UNREADABLE) == []
    assert page.evaluate(NARROWEST) > PAPER / 9
    staff.context.close()


def test_more_agendas_than_a_sheet_holds_are_printed_as_lists(
    site: str, browser: Browser, day: str, tmp_path: Path
) -> None:
    Agenda.objects.create(practice_id=demo.PRACTICE_ID, name="Neuvième agenda", position=20)
    staff = Visitor(browser, site, 1440, 900)
    page = staff.page
    sign_in_as_staff(staff, "secretariat@lilas.example")
    for view in ("", "&view=week"):
        page.goto(f"{site}/pro/?date={day}{view}")
        text = "".join(printed(page, tmp_path / "lists.pdf"))
        assert text.count("16:40") == AGENDAS
        page.emulate_media(media="print")
        page.set_viewport_size({"width": PAPER, "height": 720})
        assert page.evaluate(UNREADABLE) == []
        assert page.evaluate(NARROWEST) > PAPER / 5
        page.emulate_media(media="null")
    staff.context.close()


def test_a_telephone_shows_one_of_many_columns_without_a_script(site: str, browser: Browser, day: str) -> None:
    context = browser.new_context(locale="fr-FR", java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{site}/account/login/?next=/pro/")
    page.fill("[name=login]", "secretariat@lilas.example")
    page.fill("[name=password]", "lilas-demonstration-2026")
    page.click("text=Se connecter")
    page.goto(f"{site}/pro/?date={day}")
    slots = page.locator("[data-slot]:visible")
    expect(slots).to_have_count(0)
    index = page.locator("#agenda-index")
    expect(index.get_by_role("link", name=re.compile(r"Dubreuil-Lefèvre 0\s*, 2[0-9] rendez-vous"))).to_be_visible()
    index.get_by_role("link").nth(1).click()
    expect(slots).to_have_count(len(page.locator("#column-2 [data-slot]").all()))
    assert slots.count() > 20
    main = page.locator("main").bounding_box()
    assert main is not None
    assert main["height"] < 3500
    page.locator("#column-2 .to-index").click()
    expect(slots).to_have_count(0)
    index.get_by_role("link", name="Tout afficher").click()
    assert slots.count() == page.locator("[data-slot]").count() > AGENDAS * 20
    page.goto(f"{site}/pro/?date={day}&view=week")
    index.get_by_role("link", name=re.compile("[0-9]{3} rendez-vous")).click()
    page.wait_for_url(f"**/pro/?date={day}")
    context.close()


def test_a_jump_within_the_agenda_does_not_load_the_page_again(site: str, browser: Browser, day: str) -> None:
    staff = Visitor(browser, site, 360, 740)
    sign_in_as_staff(staff, "secretariat@lilas.example")
    staff.page.goto(f"{site}/pro/?date={day}")
    loads: list[str] = []
    staff.page.on("load", lambda page: loads.append(page.url))
    staff.page.click("#agenda-index a[href='#column-2']")
    expect(staff.page.locator("#column-2 [data-slot]").first).to_be_visible()
    staff.page.wait_for_timeout(500)
    assert loads == []
    staff.accessible()
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
