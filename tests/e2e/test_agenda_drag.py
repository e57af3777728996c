"""Appointments dragged in the agenda's grid, by mouse and by touch; files dropped on one; a whole week in sight."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django import Settings

from appointments.models import Agenda, Appointment, OpeningHours
from docshare.demo import load as demo
from practices.models import Practice
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff

pytestmark = [pytest.mark.slow]
DROP = """([selector, name]) => {
  const data = new DataTransfer();
  data.items.add(new File(["%PDF-1.7 ordonnance"], name, { type: "application/pdf" }));
  const at = document.querySelector(selector);
  for (const kind of ["dragenter", "dragover", "drop"]) {
    at.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture
def booked(site: str) -> Appointment:
    """At nine on an agenda of its own, which is open all day, in thirty days."""
    practice = Practice.objects.get(pk=demo.PRACTICE_ID)
    day = timezone.localdate(timezone=practice.zone) + timedelta(days=30)
    agenda = Agenda.objects.create(practice=practice, name="Salle des déplacements", position=99)
    reason = practice.visit_reasons.filter(video=False).first() or practice.visit_reasons.earliest("pk")
    reason.agendas.add(agenda)
    for weekday in range(7):
        OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(9), closes_at=time(18))
    start = datetime.combine(day, time(9), practice.zone)
    patient = practice.patients.exclude(email=None).exclude(mobile=None).earliest("last_name")
    return Appointment.objects.create(
        practice=practice, agenda=agenda, visit_reason=reason, patient=patient,
        starts_at=start, ends_at=start + timedelta(minutes=reason.duration_minutes),
    )  # fmt: skip


def middle(of: Locator) -> tuple[float, float]:
    box = of.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + 4


def drag(page: Page, booked: Appointment, to: str) -> None:
    """To the free time that begins at `to`, without letting go."""
    slot = page.locator(f"[data-slot='{booked.pk}']")
    slot.scroll_into_view_if_needed()
    x, y = middle(slot)
    page.mouse.move(x, y)
    page.mouse.down()
    for part in (1, 2, 3):
        to_x, to_y = middle(page.locator(f"a.gap[href*='T{to}']").first)
        page.mouse.move(x + (to_x - x) * part / 3, y + (to_y - y) * part / 3)


def hour_of(booked: Appointment) -> int:
    return Appointment.objects.select_related("practice").get(pk=booked.pk).local_start.hour


def test_an_appointment_is_dragged_aborted_and_undone(
    site: str, browser: Browser, booked: Appointment, settings: Settings
) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)
    staff = Visitor(browser, site, 1440, 1400)
    page, day = staff.page, booked.local_start.date().isoformat()
    sign_in_as_staff(staff, "secretariat@lilas.example")
    page.goto(f"{site}/pro/?date={day}&agenda={booked.agenda_id}")
    drag(page, booked, "11:00")
    expect(page.locator(".drop-mark")).to_contain_text("11:00")
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator(".drop-mark")).to_have_count(0)
    assert (hour_of(booked), page.url.count("appointments")) == (9, 0)
    drag(page, booked, "11:00")
    page.mouse.up()
    expect(page.locator(".notice-good")).to_contain_text("est à présent")
    assert hour_of(booked) == 11
    staff.accessible()
    page.click("text=Annuler le déplacement")
    expect(page.locator(".notice-good")).to_contain_text("à sa place d’avant")
    assert hour_of(booked) == 9
    page.goto(f"{site}/pro/?date={day}&agenda={booked.agenda_id}")
    page.click(f"[data-slot='{booked.pk}']")  # a click still opens
    expect(page.locator("[data-panel]")).to_be_visible()
    Appointment.objects.filter(pk=booked.pk).delete()
    staff.context.close()


def test_a_finger_drags_after_a_long_press_and_a_doubt_opens_the_page_that_moves(
    site: str, browser: Browser, booked: Appointment
) -> None:
    staff = Visitor(browser, site, 1024, 1400)
    page, day = staff.page, booked.local_start.date().isoformat()
    sign_in_as_staff(staff, "secretariat@lilas.example")
    page.goto(f"{site}/pro/?date={day}&agenda={booked.agenda_id}")
    OpeningHours.objects.filter(agenda=booked.agenda_id).update(opens_at=time(14))  # meanwhile
    x, y = middle(page.locator(f"[data-slot='{booked.pk}']"))
    to_x, to_y = middle(page.locator("a.gap[href*='T10:00']").first)
    touch = staff.context.new_cdp_session(page)

    def send(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", x, y)
    page.wait_for_timeout(500)
    for part in (1, 2, 3):
        send("touchMove", x + (to_x - x) * part / 3, y + (to_y + 2 - y) * part / 3)
        page.wait_for_timeout(100)
    expect(page.locator(".drop-mark")).to_contain_text("10:00")
    send("touchEnd")
    page.wait_for_url("**/move/?start=**T10*")
    expect(page.locator("h2", has_text="Déplacer quand même")).to_be_visible()
    staff.accessible()
    page.click("button:has-text('Déplacer quand même')")
    page.wait_for_url(f"**/appointments/{booked.pk}/")
    assert hour_of(booked) == 10
    Appointment.objects.filter(pk=booked.pk).delete()
    staff.context.close()


def test_files_dropped_on_an_appointment_wait_as_cards_and_a_week_is_in_sight(
    site: str, browser: Browser, booked: Appointment
) -> None:
    staff = Visitor(browser, site, 1440, 900)
    page, day = staff.page, booked.local_start.date().isoformat()
    sign_in_as_staff(staff, "secretariat@lilas.example")
    page.goto(f"{site}/pro/?date={day}&view=week")
    assert page.locator(".day-column").count() == 7
    assert page.evaluate("(one => one.scrollWidth - one.clientWidth)(document.querySelector('[data-columns]'))") <= 1
    page.evaluate(DROP, [".day-head", "ailleurs.pdf"])
    expect(page.locator("[data-files-notice]")).to_contain_text("sur un rendez-vous")
    staff.accessible()
    page.evaluate(DROP, [f"[data-slot='{booked.pk}']", "ordonnance.pdf"])
    page.wait_for_url(f"**/appointments/{booked.pk}/share/")
    expect(page.locator("[data-cards] > *")).to_have_count(1)
    expect(page.locator("[data-cards]")).to_contain_text("ordonnance.pdf")
    assert not booked.shared_documents.exists()
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator("[data-with-script]").first).to_be_visible()
    expect(page.locator("[data-cards] > *")).to_have_count(0)  # handed once
    page.goto(f"{site}/pro/?date={day}&view=week")
    page.evaluate("() => { indexedDB.open = () => { throw new Error('private') } }")
    page.evaluate(DROP, [f"[data-slot='{booked.pk}']", "ordonnance.pdf"])
    expect(page.locator("[data-files-notice]")).to_contain_text("n’a pas pu garder")
    expect(page.locator("[data-files-notice] a")).to_be_visible()
    Appointment.objects.filter(pk=booked.pk).delete()
    staff.context.close()
