"""Undoing within seconds: on a wide screen and on a telephone, by keyboard, without a trace for the patient."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from appointments.models import Appointment, AppointmentStatus
from documents.models import SharedDocument
from notifications.models import Message
from tests.e2e.conftest import Visitor
from tests.e2e.steps import share_from_library, sign_in_as_staff
from tests.settings import STACK

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(STACK), reason="a stack leaves no time to undo")]


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 740)])
def test_a_cancellation_and_a_sharing_are_undone_by_keyboard(
    site: str, browser: Browser, settings: Any, width: int, height: int
) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)
    secretary = Visitor(browser, site, width, height)
    page = secretary.page
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    ahead = Appointment.objects.filter(status=AppointmentStatus.BOOKED, starts_at__gt=timezone.now(), holder=None)
    appointment = ahead.exclude(patient__email=None).exclude(patient__mobile=None).latest("starts_at")
    messages = Message.objects.count()

    page.goto(f"{site}/pro/appointments/{appointment.pk}/cancel/")
    secretary.accessible()
    page.select_option("[name=reason]", "error")
    page.click(".btn-danger")
    bar = page.locator("[data-undo-bar]").first
    expect(bar).to_be_visible()
    secretary.accessible()
    expect(bar.locator("[data-undo-left]")).to_have_text(re.compile(r"^[12]?\d$"))  # it counts
    expect(bar.locator("[role=timer]")).to_have_attribute("aria-live", "off")
    bar.locator("button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("personne n’a été averti de son annulation")).to_be_visible()
    appointment.refresh_from_db()
    assert appointment.status == AppointmentStatus.BOOKED
    assert Message.objects.count() == messages

    share_from_library(secretary, appointment)
    receipt = page.locator("[data-undo-bar]")
    expect(receipt).to_be_visible()
    secretary.accessible()
    receipt.locator("button").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("personne n’en a été averti")).to_be_visible()
    assert not SharedDocument.objects.filter(
        appointment=appointment, shared_at__gte=timezone.now() - timedelta(minutes=1)
    ).exists()
    secretary.context.close()


def test_the_browser_says_that_the_page_of_sharing_was_left(site: str, browser: Browser, settings: Any) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)
    secretary = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    ahead = Appointment.objects.filter(status=AppointmentStatus.BOOKED, starts_at__gt=timezone.now(), holder=None)
    appointment = ahead.exclude(patient__email=None).exclude(patient__mobile=None).latest("starts_at")
    share_from_library(secretary, appointment)
    waiting = Message.objects.filter(about=appointment.pk, channel="email", state="queued")
    assert waiting.latest("created_at").due_at > timezone.now() + timedelta(minutes=4)
    secretary.page.goto(f"{site}/pro/")

    def soon() -> bool:
        return waiting.latest("created_at").due_at < timezone.now() + timedelta(seconds=31)

    for _look in range(150):  # no page sees the answer to a beacon
        if soon():
            break
        secretary.page.wait_for_timeout(100)
    assert soon()
    secretary.context.close()
