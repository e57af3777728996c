"""Staff merge two records of one person, from the list of likely duplicates, and separate them again; by keyboard."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from accounts.models import User
from appointments.booking import place
from appointments.models import Agenda, AppointmentKind
from patients.models import Patient
from patients.records import create_patient
from tests.documents.ways import account, claim
from tests.e2e.conftest import Visitor
from tests.e2e.steps import sign_in_as_staff
from tests.e2e.test_by_keyboard import Keyboard

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SECRETARY = "secretariat@lilas.example"


def two_records() -> tuple[Patient, Patient]:
    """One person twice, with an appointment each; an account owns the first record."""
    by = User.objects.get(email=SECRETARY)
    agenda = Agenda.objects.get(name="Dr Anne Martin")
    records = []
    for hour, first_name, email, mobile in [
        (14, "Solange", "solange.perrin@courriel.example", "+33612340001"),
        (15, "Solenge", "s.perrin@ancienne.example", "+33612340002"),
    ]:
        record = create_patient(
            practice=agenda.practice,
            first_name=first_name,
            last_name="Perrin",
            birth_date=date(1952, 5, 17),
            email=email,
            mobile=mobile,
            by=by,
        )
        reason = agenda.visit_reasons.filter(is_active=True, in_person=True).earliest("name")
        day = timezone.localdate(timezone=agenda.practice.zone) + timedelta(days=6)
        place(
            agenda=agenda,
            visit_reason=reason,
            patient=record,
            starts_at=datetime.combine(day, time(hour), agenda.practice.zone),
            kind=AppointmentKind.IN_PERSON,
            by=by,
        )
        records.append(record)
    claim(records[0], account("solange.perrin@courriel.example", "+33612340001"))
    return records[0], records[1]


@pytest.mark.parametrize("width", [360, 1440])
def test_two_records_are_merged_and_separated(site: str, browser: Browser, width: int) -> None:
    staff = Visitor(browser, site, width, 900)
    page, keys = staff.page, Keyboard(staff.page)
    sign_in_as_staff(staff, SECRETARY)
    kept, other = two_records()
    _find_the_pair(staff, keys, kept, other)
    _choose_and_merge(staff, keys, kept)
    page.goto(f"{site}/pro/patients/{other.pk}/")
    page.wait_for_url(f"**/patients/{kept.pk}/")

    keys.follow("a[href$='/unmerge/']")
    page.wait_for_url("**/unmerge/")
    expect(page.locator("main")).to_contain_text("Solenge Perrin")
    staff.accessible()
    keys.follow("form .btn-primary, form .btn-danger")
    page.wait_for_url(f"**/patients/{other.pk}/")
    expect(page.locator("main")).to_contain_text("15:00")
    expect(page.locator("main")).not_to_contain_text("14:00")
    page.goto(f"{site}/pro/patients/{kept.pk}/")
    expect(page.locator("main")).to_contain_text("solange.perrin@courriel.example")
    staff.context.close()


def _find_the_pair(staff: Visitor, keys: Keyboard, kept: Patient, other: Patient) -> None:
    """From the list of records that may be one, to the page that merges them into `kept`."""
    page, site = staff.page, staff.base
    page.goto(f"{site}/pro/patients/")
    keys.follow("a[href$='/duplicates/']")
    page.wait_for_url("**/duplicates/")
    staff.accessible()
    pair = page.locator("[data-pair]", has_text="Solenge")
    expect(pair).to_contain_text("Solange")
    into = f"/pro/patients/{kept.pk}/merge/"
    if not pair.locator(f"a[href^='{into}']").count():  # the list named the other record first
        into = f"/pro/patients/{other.pk}/merge/"
    keys.follow(f"a[href^='{into}']")
    page.wait_for_url("**/merge/**")
    staff.accessible()
    if f"{other.pk}/merge/" in page.url:
        keys.follow("a:has-text('Garder plutôt l’autre fiche')")
        page.wait_for_url(f"**/{kept.pk}/merge/**")


def _choose_and_merge(staff: Visitor, keys: Keyboard, kept: Patient) -> None:
    page = staff.page
    keys.follow("form.surface .btn-primary")  # nothing is chosen
    expect(page.locator("[data-error-summary]")).to_be_focused()
    staff.accessible()
    for name, value in {"first_name": "kept", "email": "other", "mobile": "kept"}.items():
        keys.tab_to(f"[name={name}][value=kept]")
        keys.press("Space")
        if value == "other":
            keys.press("ArrowDown")
        expect(page.locator(f"[name={name}][value={value}]")).to_be_checked()
    keys.follow("form.surface .btn-primary")
    question = page.locator("[data-error-summary]")
    expect(question).to_be_focused()
    expect(question).to_contain_text("Rien n’est enregistré")
    effects = page.locator("[data-effects]")
    expect(effects).to_contain_text("solange.perrin@courriel.example")
    expect(effects).to_contain_text("ne voit pas la suite")
    staff.accessible()
    staff.readable()
    keys.follow("form.surface .btn-primary")
    page.wait_for_url(f"**/patients/{kept.pk}/")
    expect(page.locator(".notice[role=status]")).to_contain_text("n’en font plus qu’une")
    expect(page.locator("body")).to_contain_text("s.perrin@ancienne.example")
    for hour in ("14:00", "15:00"):  # the timeline has the appointments of both
        expect(page.locator("main")).to_contain_text(hour)
    staff.accessible()
