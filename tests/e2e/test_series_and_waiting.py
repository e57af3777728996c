"""Several appointments, the waiting list and an offer, on a telephone: each page in each of its states."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import User
from appointments import offers
from appointments.booking import book
from appointments.models import Appointment, Closing, SlotOffer
from docshare.demo import load as demo
from practices.models import Practice
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff

pytestmark = [pytest.mark.slow]


def press(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_role("button", name=name).click()
    visitor.page.wait_for_load_state()
    visitor.accessible()


def test_the_dates_of_a_series_are_decided_on_a_telephone(site: str, browser: Browser) -> None:
    practice = Practice.objects.get(pk=demo.PRACTICE_ID)
    agenda = practice.agendas.get(name="Dr Anne Martin")
    reason = agenda.visit_reasons.get(name="Consultation de suivi")
    marie, jean = (practice.patients.get(first_name=name) for name in ("Marie", "Jean"))
    staff = User.objects.get(email="secretariat@lilas.example")
    day = timezone.localdate(timezone=practice.zone) + timedelta(days=60)
    start = datetime.combine(day - timedelta(days=day.weekday()), time(9), practice.zone)
    shut, taken = start + timedelta(weeks=1), start + timedelta(weeks=2)
    Closing.objects.create(practice=practice, starts_at=shut, ends_at=shut + timedelta(hours=8), reason="Congé")
    for patient, hours in ((jean, 0), (marie, 2)):
        book(
            agenda=agenda,
            visit_reason=reason,
            patient=patient,
            starts_at=taken + timedelta(hours=hours),
            by=staff,
        )
    secretary = Visitor(browser, site, 360, 740)
    page = secretary.page
    sign_in_as_staff(secretary, staff.email)
    page.goto(f"{site}/pro/appointments/new/?start={start:%Y-%m-%dT%H:%M}&agenda={agenda.pk}&patient={marie.pk}")
    page.select_option("[name=visit_reason]", label=reason.name)
    page.locator("summary", has_text="Plusieurs rendez-vous").click()
    page.fill("[name=times]", "4")
    press(secretary, "Voir les dates")
    secretary.readable()
    press(secretary, "Prendre ces rendez-vous")
    expect(page.locator("[data-error-summary] li")).to_have_count(2)
    page.locator("fieldset").nth(1).get_by_label("Laisser de côté").check()
    page.locator("fieldset").nth(2).get_by_label("À une autre heure").check()
    press(secretary, "Prendre ces rendez-vous")
    expect(page.locator("[data-error-summary]")).to_contain_text("autre heure")
    page.get_by_role("button", name="Prendre ces rendez-vous").click()
    page.wait_for_url("**/pro/appointments/*-*/")
    secretary.accessible()
    assert Appointment.objects.filter(patient=marie, series__isnull=False).count() == 3
    secretary.context.close()


def test_a_patient_is_put_on_the_list_offered_a_time_and_answers_on_a_telephone(
    site: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offers, "_is_polite", lambda *_when: True)  # whatever the hour of the test
    marie = Practice.objects.get(pk=demo.PRACTICE_ID).patients.get(first_name="Marie")
    secretary, patient = (Visitor(browser, site, 360, 740) for _each in range(2))
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    secretary.page.goto(f"{site}/pro/waiting/")
    secretary.accessible()
    secretary.page.goto(f"{site}/pro/patients/{marie.pk}/waiting/")
    press(secretary, "Mettre sur la liste d’attente")
    secretary.page.select_option("[name=visit_reason]", label="Consultation de suivi")
    for box in secretary.page.locator("[name=agendas]").all():
        box.check()
    press(secretary, "Mettre sur la liste d’attente")
    offers.sweep()
    secretary.page.reload()
    expect(secretary.page.locator("main")).to_contain_text("Créneau proposé")
    secretary.accessible()

    offer = SlotOffer.objects.get()
    patient.page.goto(f"{site}/o/{offers.offer_url(offer).rpartition('/o/')[2]}")
    press(patient, "Accepter ce créneau")
    patient.readable()
    expect(patient.page.locator("[data-error-summary]")).to_be_visible()
    born = marie.birth_date
    for name, value in (("day", born.day), ("month", born.month), ("year", born.year)):
        patient.page.fill(f"[name={name}]", str(value))
    press(patient, "Accepter ce créneau")
    expect(patient.page.locator("h1")).to_contain_text("C’est noté")
    SlotOffer.objects.update(state="expired")
    patient.page.reload()
    patient.accessible()
    for one in (secretary, patient):
        one.context.close()
