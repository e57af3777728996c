"""Back and forward after a question: always a page of ours, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import User
from appointments.models import Agenda, Appointment, Closing
from docshare.demo import cast
from patients.models import Patient
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff, sign_in_on_a_new_device

pytestmark = [pytest.mark.slow]


@pytest.fixture
def desk(site: str, browser: Browser) -> Iterator[Visitor]:
    secretary = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    yield secretary
    secretary.context.close()


def taken() -> Appointment:
    found = Appointment.objects.filter(starts_at__gt=timezone.now(), status="booked", kind="in_person").first()
    assert found is not None
    return found


def fill_new_patient(page: Any, patient: Patient) -> None:
    for name, value in {
        "last_name": patient.last_name,
        "first_name": patient.first_name,
        "birth_date": patient.birth_date.isoformat(),
    }.items():
        page.fill(f"[name={name}]", value)


def test_a_booking_that_asks_about_the_patient_and_the_time_at_once(site: str, desk: Visitor) -> None:
    page, there = desk.page, taken()
    twin = Patient.objects.exclude(pk=there.patient_id).filter(practice=there.practice_id).first()
    assert twin
    page.goto(f"{site}/pro/appointments/new/?start={there.local_start:%Y-%m-%dT%H:%M}&agenda={there.agenda_id}")
    fill_new_patient(page, twin)
    page.select_option("[name=visit_reason]", str(there.visit_reason_id))
    before = Appointment.objects.count()
    page.click("text=Prendre le rendez-vous")
    asked = page.locator("[aria-labelledby=doubts]")
    expect(asked).to_contain_text("Une fiche de ce nom")
    expect(asked).to_contain_text("Un autre patient est déjà prévu")
    desk.accessible()
    address = page.url
    assert "answer=" in address
    assert twin.last_name not in address
    assert Appointment.objects.count() == before

    page.check("[name=somebody_else]")
    page.click("button:has-text('Prendre quand même')")
    page.wait_for_url("**/pro/appointments/*-*/")
    expect(page.locator(".notice-good")).to_contain_text("est pris")
    expect(page.locator(".notice-good")).to_contain_text(twin.full_name)
    assert Appointment.objects.count() == before + 1
    made = page.url

    page.go_back()
    expect(page.locator("h1").first).to_be_visible()
    expect(page.locator(".notice").first).to_contain_text("C’est déjà fait")
    assert page.url == made
    page.go_back()
    expect(page.locator("h1")).to_have_text("Nouveau rendez-vous")
    page.go_forward()
    page.go_forward()
    page.wait_for_url(made)
    page.goto(address)
    assert page.url == made
    assert Appointment.objects.count() == before + 1


def test_a_question_is_there_again_after_looking_elsewhere(site: str, desk: Visitor) -> None:
    page, there = desk.page, taken()
    other = Appointment.objects.filter(agenda=there.agenda, starts_at__gt=there.starts_at, status="booked").first()
    assert other
    page.goto(f"{site}/pro/appointments/{other.pk}/move/")
    page.fill("[name=starts_at]", f"{there.local_start:%Y-%m-%dT%H:%M}")
    page.click("button:has-text('Déplacer')")
    expect(page.locator("#doubts")).to_be_visible()
    page.goto(f"{site}/pro/")
    page.go_back()
    expect(page.locator("#doubts")).to_be_visible()
    expect(page.locator("[name=starts_at]")).to_have_value(f"{there.local_start:%Y-%m-%dT%H:%M}")
    page.click("button:has-text('Déplacer quand même')")
    page.wait_for_url(f"**/pro/appointments/{other.pk}/")
    revision = Appointment.objects.get(pk=other.pk).revision
    page.go_back()
    page.wait_for_url(f"**/pro/appointments/{other.pk}/")
    page.reload()
    assert Appointment.objects.get(pk=other.pk).revision == revision


def test_cancelling_and_deleting_leave_no_page_that_does_it_again(site: str, desk: Visitor) -> None:
    page, there = desk.page, taken()
    page.goto(f"{site}/pro/appointments/{there.pk}/")
    page.goto(f"{site}/pro/appointments/{there.pk}/cancel/")
    page.click("main button:has-text('Annuler le rendez-vous')")
    page.wait_for_url(f"**/pro/appointments/{there.pk}/")
    page.go_back()
    expect(page.locator("main")).to_contain_text("déjà annulé")
    page.goto(f"{site}/pro/appointments/{there.pk}/delete/")
    page.click("main button:has-text('Supprimer le rendez-vous')")
    page.wait_for_url("**/pro/?date=*")
    response = page.go_back()
    assert response
    assert response.status == 404
    expect(page.locator("h1")).to_be_visible()


def test_a_closing_over_appointments(site: str, browser: Browser) -> None:
    admin = Visitor(browser, site, 360, 780)
    sign_in_as_staff(admin, "admin@lilas.example")
    page, there = admin.page, taken()
    agenda = Agenda.objects.get(pk=there.agenda_id)
    day = there.local_start.date()
    page.goto(f"{site}/pro/settings/closings/new/")
    page.fill("[name=reason]", "Congés")
    page.fill("[name=starts_at]", f"{day}T00:00")
    page.fill("[name=ends_at]", f"{day + timedelta(days=1)}T00:00")
    page.click("main button:has-text('Fermer')")
    expect(page.locator("#booked-inside")).to_be_visible()
    page.click("button:has-text('Fermer quand même')")
    page.wait_for_url("**/closings/")
    page.go_back()
    page.wait_for_url("**/closings/")
    assert Closing.objects.filter(practice=agenda.practice).count() == 1
    admin.context.close()


@pytest.fixture
def patient(site: str, browser: Browser) -> Iterator[Visitor]:
    visitor, user = Visitor(browser, site, 360, 780), User.objects.get(email=cast.HOLDER.email)
    sign_in_on_a_new_device(visitor, user.email, user.mobile or "")
    yield visitor
    visitor.context.close()


def choose_a_slot(visitor: Visitor, whom: str) -> None:
    page = visitor.page
    page.goto(f"{visitor.base}/book/")
    page.click("main h2 a >> nth=0")
    page.click("main a:has-text('au cabinet') >> nth=0")
    page.click("text=Jours suivants")
    page.click(".slots a >> nth=0")
    page.click(f"text={whom}")


def test_a_patient_goes_back_to_a_form_with_its_errors_and_books_once(site: str, patient: Visitor) -> None:
    page, before = patient.page, Appointment.objects.count()
    choose_a_slot(patient, "Pour un enfant")
    form = page.url
    for name, value in {"first_name": "Léa", "day": "31", "month": "2", "year": "2019"}.items():
        page.fill(f"[name={name}]", value)
    page.click("button:has-text('Confirmer le rendez-vous')")
    expect(page.locator("#birth-error")).to_be_visible()
    address = page.url
    assert "answer=" in address
    page.goto(f"{site}/documents/")
    page.go_back()
    expect(page.locator("#birth-error")).to_be_visible()
    expect(page.locator("[name=first_name]")).to_have_value("Léa")
    patient.accessible()

    for name, value in {"last_name": "Petit", "day": "3"}.items():
        page.fill(f"[name={name}]", value)
    page.click("button:has-text('Confirmer le rendez-vous')")
    page.wait_for_url("**/my-appointments/*-*/")
    made = page.url
    page.go_back()
    page.wait_for_url(made)
    expect(page.locator(".notice").first).to_contain_text("C’est déjà fait")
    page.goto(form)
    expect(page.locator("h1")).to_be_visible()
    assert Appointment.objects.count() == before + 1


def test_a_patient_goes_back_after_moving_and_cancelling(site: str, patient: Visitor) -> None:
    page = patient.page
    choose_a_slot(patient, "Pour moi")
    page.click("button:has-text('Confirmer le rendez-vous')")
    page.wait_for_url("**/my-appointments/*-*/")
    made = page.url
    page.goto(f"{made}move/")
    page.click(".slots a >> nth=2")
    page.click("button:has-text('Oui, déplacer')")
    page.wait_for_url(made)
    page.go_back()
    page.wait_for_url(made)
    expect(page.locator("h1")).to_be_visible()
    page.goto(f"{made}cancel/")
    page.click("button:has-text('Oui, annuler')")
    page.wait_for_url("**/my-appointments/")
    page.go_back()
    page.wait_for_url(made)
    expect(page.locator("main")).to_contain_text("Ce rendez-vous est annulé.")
