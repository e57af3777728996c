"""An administrator follows a calendar: address, trial, switched on, emptied, answered; wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from appointments.models import Agenda, Appointment
from imports.models import CalendarSubscription
from patients.models import Patient
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff
from tests.imports.calendar_server import event, serving
from tests.imports.conftest import in_days, read

pytestmark = [pytest.mark.slow]


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 800)])
def test_a_calendar_from_its_address_to_an_answer(site: str, browser: Browser, width: int, height: int) -> None:
    admin = Visitor(browser, site, width, height)
    page = admin.page
    sign_in_as_staff(admin, "admin@lilas.example")
    page.goto(f"{site}/pro/settings/")
    page.click("text=Calendriers suivis")
    expect(page.locator("text=Aucun calendrier n’est suivi")).to_be_visible()
    admin.accessible()
    page.click("text=Suivre un calendrier")
    page.focus("form .btn-primary")
    page.keyboard.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    admin.accessible()
    agenda = Agenda.objects.filter(practice__name__contains="Lilas", visit_reasons__isnull=False).first()
    assert agenda is not None
    reason = agenda.visit_reasons.first()
    assert reason is not None
    patient = Patient.objects.filter(practice=agenda.practice, birth_date__isnull=False).first()
    assert patient is not None
    who = f"{patient.last_name.upper()} {patient.first_name} {patient.birth_date:%d/%m/%Y}"
    before = Appointment.objects.count()
    with serving() as server:
        server.show(
            *(event(f"one {day}", in_days(day), who) for day in (200, 201, 202)), event("?", in_days(203), "X")
        )
        page.get_by_label("Nom de ce calendrier").fill("Doctomat")
        page.get_by_label("Adresse du calendrier (ICS)").fill(server.url)
        page.get_by_label("Agenda qui le suit").select_option(str(agenda.pk))
        page.get_by_label("Motif de ses rendez-vous").select_option(str(reason.pk))
        page.click("text=Vérifier ce calendrier")
        expect(page.locator("text=Première lecture en cours")).to_be_visible()
        admin.accessible()
        one = read(CalendarSubscription.objects.get())
        expect(page.locator("text=Activer ce calendrier")).to_be_visible()  # without a click: the page follows
        expect(page.locator("text=Événements à voir")).to_be_visible()
        admin.accessible()
        page.click("text=Activer ce calendrier")
        read(one)
        page.click("text=Actualiser")
        expect(page.locator("text=3 rendez-vous suivis")).to_be_visible()
        admin.accessible()
        server.show()
        read(one)
        page.click("text=Actualiser")
        page.click("text=Voir ces rendez-vous et répondre")
        admin.accessible()
        page.click("text=Garder ces rendez-vous")
        expect(page.locator("text=3 rendez-vous sont gardés.")).to_be_visible()
        assert Appointment.objects.count() == before + 3
    page.click("text=Retirer ce calendrier")
    admin.accessible()
    page.click("button:has-text('Retirer ce calendrier')")
    expect(page.locator("text=Aucun calendrier n’est suivi")).to_be_visible()
    admin.context.close()
