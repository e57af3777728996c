"""Booking for relatives, sharing, and two readers: rows of the table of recipients, in Chromium."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Browser, expect

from docshare.demo.cast import HOLDER
from tests.e2e.conftest import Visitor
from tests.e2e.steps import (
    book,
    follow_invitation,
    open_appointment,
    share_from_library,
    sign_in_as_staff,
    sign_in_on_a_new_device,
)

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROSE = {"first_name": "Rose", "last_name": "Lefèvre", "day": "4", "month": "5", "year": "1950"}
ROSES_CONTACTS = {"email": "rose.lefevre@courriel.example", "mobile": "06 39 98 00 77"}
NINA = {"first_name": "Nina", "last_name": "Lefèvre", "day": "4", "month": "5", "year": str(date.today().year - 7)}


@pytest.fixture
def doctor(site: str, browser: Browser) -> Visitor:
    visitor = Visitor(browser, site, 1440, 900)
    sign_in_as_staff(visitor, "dr.martin@lilas.example")
    return visitor


@pytest.fixture
def hugo(site: str, browser: Browser) -> Visitor:
    """The account holder, on a telephone."""
    visitor = Visitor(browser, site, 360, 740)
    assert HOLDER.email
    assert HOLDER.mobile
    sign_in_on_a_new_device(visitor, HOLDER.email, HOLDER.mobile)
    return visitor


def sees_nothing(visitor: Visitor, *, formerly: bool = False) -> None:
    """`formerly`: had documents before, and reads whom to ask."""
    visitor.page.goto(f"{visitor.base}/documents/")
    said = "n’est plus disponible pour vous" if formerly else "Aucun document pour l’instant"
    expect(visitor.page.locator(f"text={said}")).to_be_visible()
    expect(visitor.page.locator(".document-card")).to_have_count(0)


def test_an_adult_without_contacts_until_authorised_and_again_after_it_is_withdrawn(
    doctor: Visitor, hugo: Visitor
) -> None:
    appointment = book(hugo, "Pour un autre adulte", ROSE)
    open_appointment(doctor, appointment)
    doctor.page.click("text=Partager des documents")
    expect(doctor.page.locator("#recipient-title")).to_contain_text("Personne ne peut encore recevoir")
    expect(doctor.page.locator("[data-share]")).to_have_count(0)
    doctor.accessible()
    doctor.page.click("text=Autoriser et continuer")
    expect(doctor.page.locator("#recipient-title")).to_contain_text("visibles par Hugo Lefèvre")
    title = share_from_library(doctor, appointment)
    hugo.page.goto(f"{hugo.base}/documents/")
    expect(hugo.page.locator("main h2")).to_have_text("Documents de Rose")
    expect(hugo.page.locator(f"button:text('{title}')")).to_be_visible()
    hugo.accessible()
    open_appointment(doctor, appointment)
    doctor.accessible()
    doctor.page.click("text=Retirer l’autorisation donnée")
    doctor.accessible()
    doctor.page.click("main button:has-text('Retirer l’autorisation')")
    expect(doctor.page.locator("text=Retiré à Hugo Lefèvre")).to_be_visible()
    sees_nothing(hugo, formerly=True)


def test_an_adult_whose_contacts_come_later_and_what_the_booker_had(doctor: Visitor, hugo: Visitor) -> None:
    appointment = book(hugo, "Pour un autre adulte", ROSE)
    share = f"{doctor.base}/pro/appointments/{appointment.pk}/share/"
    doctor.page.goto(share)
    doctor.page.click("text=Autoriser et continuer")
    share_from_library(doctor, appointment)
    doctor.page.goto(f"{doctor.base}/pro/patients/{appointment.patient_id}/")
    for name, value in ROSES_CONTACTS.items():
        doctor.page.fill(f"[name={name}]", value)
    doctor.page.click("text=Enregistrer les coordonnées")
    doctor.accessible()
    doctor.page.goto(share)
    expect(doctor.page.locator("#recipient-title")).to_contain_text("visibles par Rose Lefèvre")
    open_appointment(doctor, appointment)
    expect(doctor.page.locator("text=Un document déjà partagé reste visible par Hugo Lefèvre")).to_be_visible()
    doctor.accessible()
    doctor.page.click("text=Les lui retirer")
    doctor.page.click("main button:has-text('Retirer l’autorisation')")
    expect(doctor.page.locator("text=Retiré à Hugo Lefèvre")).to_be_visible()
    sees_nothing(hugo, formerly=True)


def test_an_adult_with_own_contacts_reads_alone_in_four_screens(
    doctor: Visitor, hugo: Visitor, site: str, browser: Browser
) -> None:
    appointment = book(hugo, "Pour un autre adulte", ROSE | ROSES_CONTACTS)
    doctor.page.goto(f"{site}/pro/appointments/{appointment.pk}/share/")
    expect(doctor.page.locator(".recipient")).to_contain_text(
        "Hugo Lefèvre, qui a pris le rendez-vous, n’y aura pas accès"
    )
    title = share_from_library(doctor, appointment)
    sees_nothing(hugo)
    rose = Visitor(browser, site, 360, 740)
    screens = follow_invitation(rose, ROSES_CONTACTS["email"], "+33639980077", ("4", "5", "1950"))
    assert screens <= 4
    expect(rose.page.locator("main h2")).to_have_text("Vos documents")
    rose.page.click(f"button:text('{title}')")
    expect(rose.page.locator(".page-image").first).to_have_js_property("complete", True)
    expect(rose.page.locator("main")).to_contain_text("Dr Anne Martin")
    rose.accessible()
    sees_nothing(hugo)


def test_a_child_is_read_by_whoever_booked(doctor: Visitor, hugo: Visitor) -> None:
    appointment = book(hugo, "Pour un enfant", NINA)
    title = share_from_library(doctor, appointment)
    hugo.page.goto(f"{hugo.base}/documents/")
    expect(hugo.page.locator("main h2")).to_have_text("Documents de Nina")
    expect(hugo.page.locator(f"button:text('{title}')")).to_be_visible()
