"""A secretary books by keyboard: a few letters, an arrow, a free time."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Route, expect
from playwright.sync_api import Error as PlaywrightError

from appointments.models import Appointment
from docshare.demo.load import PRACTICE_ID
from practices.models import Practice
from tests.days import coming
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff

pytestmark = [pytest.mark.slow]


def test_a_known_patient_is_found_while_one_types_and_chosen_by_an_arrow(site: str, browser: Browser) -> None:
    secretary = Visitor(browser, site, 1440, 900)
    page = secretary.page
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    before = Appointment.objects.count()
    page.goto(f"{site}/pro/appointments/new/?start={coming(1, Practice.objects.get(pk=PRACTICE_ID))}T09:00")
    page.focus("[name=q]")
    page.keyboard.type("lef")
    field = page.locator("[name=q]")
    expect(page.locator("#patient-options [role=option]")).to_have_count(4)
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")  # nothing is chosen yet: must not submit
    expect(page.locator("#patient-options [role=option]")).to_have_count(4)
    secretary.accessible()
    page.keyboard.press("ArrowUp")  # the last one
    last = page.locator("#patient-options [role=option]").last
    expect(last).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", last.get_attribute("id") or "")
    name = last.locator("strong").inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox")).to_be_hidden()
    chosen = page.locator("label:has([name=patient]:checked)")
    expect(chosen).to_contain_text("Lefèvre")
    expect(page.locator("[name=first_name]")).to_be_hidden()
    page.focus("[name=q]")
    page.keyboard.type("nobody of this name")
    expect(page.locator("#patient-found")).to_contain_text("Aucune fiche ne correspond")
    expect(chosen.locator("strong")).to_have_text(name)  # browsing does not change the choice
    page.select_option("[name=agenda]", label="Dr Anne Martin")
    page.select_option("[name=visit_reason]", label="Consultation de suivi")
    first = page.locator("[data-pick]").first
    first.focus()
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[name=starts_at]")).to_have_value(first.get_attribute("value") or "")
    secretary.accessible()
    page.locator("[data-times]").last.click()  # the next days
    expect(page.locator("#next-free")).to_contain_text("Premier créneau de cette liste")
    assert Appointment.objects.count() == before
    page.focus("text=Prendre le rendez-vous")
    page.keyboard.press("Enter")
    expect(page.locator("#doubts, [data-panel]")).to_be_visible()
    if page.locator("#doubts").count():  # somebody may have an appointment at that time
        expect(chosen.locator("strong")).to_have_text(name)
        page.focus(".booking-form > .actions button")
        page.keyboard.press("Enter")
    page.wait_for_url("**/pro/appointments/*-*/")
    assert Appointment.objects.latest("created_at").patient.full_name == name
    secretary.context.close()


def test_times_that_arrive_late_do_not_push_the_focused_field_off_the_screen(site: str, browser: Browser) -> None:
    secretary = Visitor(browser, site, 1440, 700)
    page = secretary.page
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    page.goto(f"{site}/pro/appointments/new/")
    held: list[Route] = []
    page.route("**/appointments/new/", lambda route: held.append(route))
    page.select_option("[name=agenda]", label="Dr Anne Martin")
    page.select_option("[name=visit_reason]", label="Consultation de suivi")
    page.wait_for_timeout(300)  # both requests are on their way, or one that replaces the other
    page.focus("[name=starts_at]")
    before = page.locator("[name=starts_at]").bounding_box()
    height = page.evaluate("document.documentElement.scrollHeight")
    for route in held:
        with suppress(PlaywrightError):  # one that the next replaced
            route.continue_()
    expect(page.locator("[data-pick]").first).to_be_visible()
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollHeight") > height
    after = page.locator("[name=starts_at]").bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) < 2
    secretary.context.close()
