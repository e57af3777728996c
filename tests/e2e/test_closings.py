"""An administrator closes over an appointment; the page asks first; a patient moves after a question."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from appointments.models import Agenda, Appointment, Closing, VisitReason
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff, sign_in_on_a_new_device

pytestmark = [pytest.mark.slow]


def weekday(after: int) -> date:
    day = timezone.localdate() + timedelta(days=after)
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def test_a_closing_from_the_settings_to_the_agenda(site: str, browser: Browser) -> None:
    admin = Visitor(browser, site, 1440, 900)
    page = admin.page
    sign_in_as_staff(admin, "admin@lilas.example")
    booked = Appointment.objects.filter(status="booked", starts_at__gt=timezone.now()).latest("starts_at")
    day = booked.local_start.date()
    page.goto(f"{site}/pro/settings/")
    page.click("text=Fermetures et jours fériés")
    expect(page.locator("text=Aucune fermeture prévue")).to_be_visible()
    admin.accessible()
    page.focus("text=Nouvelle fermeture")
    page.keyboard.press("Enter")
    page.wait_for_url("**/closings/new/")
    page.focus("form .btn-primary")
    page.keyboard.press("Enter")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    admin.accessible()
    page.fill("[name=reason]", "Travaux dans la salle d’attente")
    page.fill("[name=starts_at]", f"{day}T00:00")
    page.fill("[name=ends_at]", f"{day + timedelta(days=1)}T00:00")
    page.focus("form .btn-primary")
    page.keyboard.press("Enter")
    question = page.locator("[data-error-summary]")
    expect(question).to_contain_text("pendant cette fermeture")
    expect(question).to_be_focused()
    expect(question).to_contain_text(booked.patient.full_name)
    expect(page.locator("[name=reason]")).to_have_value("Travaux dans la salle d’attente")
    admin.accessible()
    page.click("text=Fermer quand même")
    expect(page.locator(".notice[role=status]")).to_contain_text("est enregistrée")
    page.click("summary:has-text('à déplacer ou à annuler')")
    admin.accessible()
    page.click("text=Supprimer cette fermeture")
    expect(page.locator("text=Aucune fermeture prévue")).to_be_visible()
    admin.context.close()


@pytest.mark.parametrize("view", ["day", "week"])
def test_the_agenda_says_that_it_is_closed(site: str, browser: Browser, view: str) -> None:
    secretary = Visitor(browser, site, 1440, 900)
    practice = Agenda.objects.earliest("position").practice
    now = timezone.now()
    Closing.objects.create(practice=practice, starts_at=now, ends_at=now + timedelta(days=1), reason="Travaux")
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    secretary.page.goto(f"{site}/pro/?view={view}")
    expect(secretary.page.locator(".closed-note").first).to_contain_text("Fermé")
    secretary.accessible()
    secretary.context.close()


def test_public_holidays_are_ticked(site: str, browser: Browser) -> None:
    admin = Visitor(browser, site, 360, 800)
    page = admin.page
    sign_in_as_staff(admin, "admin@lilas.example")
    page.goto(f"{site}/pro/settings/closings/holidays/")
    page.select_option("[name=year]", str(timezone.localdate().year + 1))
    page.select_option("[name=place]", label="La Réunion")
    page.click("text=Voir les jours fériés")
    box = page.locator("label:has-text('esclavage') input")
    admin.accessible()
    page.click("text=Fermer les jours cochés")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    admin.accessible()
    box.focus()
    page.keyboard.press("Space")
    page.click("text=Fermer les jours cochés")
    expect(page.locator(".notice[role=status]")).to_contain_text("est enregistrée")
    assert Closing.objects.get().local_start.date() == date(timezone.localdate().year + 1, 12, 20)
    admin.context.close()


def test_the_desk_is_asked_before_a_second_patient(site: str, browser: Browser) -> None:
    secretary = Visitor(browser, site, 768, 1024)
    page = secretary.page
    sign_in_as_staff(secretary, "secretariat@lilas.example")
    taken = Appointment.objects.filter(status="booked", starts_at__gt=timezone.now()).latest("starts_at")
    page.goto(f"{site}/pro/appointments/new/?start={taken.local_start:%Y-%m-%dT%H:%M}&agenda={taken.agenda_id}")
    page.select_option("[name=visit_reason]", str(taken.visit_reason_id))
    for name, typed in {"last_name": "Zola", "first_name": "Denise", "birth_date": "1980-02-03"}.items():
        page.fill(f"[name={name}]", typed)
    before = Appointment.objects.count()
    page.click("text=Prendre le rendez-vous")
    question = page.locator("[data-error-summary]")
    expect(question).to_be_focused()
    expect(question).to_contain_text("Un autre patient est déjà prévu")
    expect(page.locator("[name=last_name]")).to_have_value("Zola")
    secretary.accessible()
    assert Appointment.objects.count() == before
    page.click("button:has-text('Prendre quand même')")
    page.wait_for_url("**/pro/appointments/*-*/")
    assert Appointment.objects.count() == before + 1
    secretary.context.close()


def test_a_patient_goes_back_confirms_again_and_moves_after_a_question(site: str, browser: Browser) -> None:
    patient = Visitor(browser, site, 360, 800)
    page = patient.page
    agenda = Agenda.objects.get(name="Dr Anne Martin")
    reason = VisitReason.objects.get(name="Consultation de suivi")
    sign_in_on_a_new_device(patient, "hugo.lefevre@courriel.example", "+33639980010")
    page.goto(f"{site}/book/{agenda.pk}/{reason.pk}/in_person/?from={weekday(5)}")
    page.click(".slots a >> nth=0")
    page.click("text=Pour moi")
    page.click("text=Confirmer le rendez-vous")
    page.wait_for_url("**/my-appointments/*-*/")
    page.go_back()
    if page.locator("button:has-text('Confirmer le rendez-vous')").count():
        page.click("button:has-text('Confirmer le rendez-vous')")
        expect(page.locator("main")).to_contain_text("Vous avez déjà pris ce rendez-vous")
    else:
        expect(page.locator("h1")).to_have_text("Vous avez déjà ce rendez-vous")
        patient.accessible()
        page.click(".document-card a")
    made = Appointment.objects.latest("created_at")
    page.goto(f"{site}/my-appointments/{made.pk}/move/")
    patient.accessible()
    page.click(".slots a >> nth=-1")
    expect(page.locator("h1")).to_contain_text("Déplacer ce rendez-vous")
    patient.accessible()
    made.refresh_from_db()
    assert made.revision == 0
    page.focus("text=Oui, déplacer ce rendez-vous")
    page.keyboard.press("Enter")
    expect(page.locator(".notice[role=status]")).to_contain_text("est déplacé")
    made.refresh_from_db()
    assert made.revision == 1
    patient.context.close()
