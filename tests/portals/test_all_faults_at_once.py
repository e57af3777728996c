"""A form reports all its errors at once: empty fields, and invalid contacts and dates."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.test import Client
from django.utils import timezone

import portals
from accounts.models import AccountLink, User
from appointments.models import Agenda, Appointment, VisitReason
from patients.models import Patient
from portals.contact_fields import BirthDateField, EmailField, MobileField
from portals.patient.forms import BirthDateForm
from practices.models import Practice
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.portals.patient.test_booking import get, links, to_whom  # noqa: F401

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
FIELDS = {"email": EmailField, "mobile": MobileField, "birth_date": BirthDateField}
WRONG = {"email": "marie@@exemple.fr", "mobile": "06 12", "birth_date": "1741-02-03"}
WRONG_PARTS = {"day": "3", "month": "2", "year": "1741"}
SAID = ("plusieurs @", "Il manque 6 chiffres", "trop ancienne")


def form_classes() -> Iterator[type[forms.Form]]:
    for module in walk_packages(portals.__path__, "portals."):
        for _name, found in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(found, forms.Form) and found.__module__ == module.name:
                yield found


FORMS = sorted(set(form_classes()), key=lambda one: (one.__module__, one.__name__))
OF_PEOPLE = [one for one in FORMS if {*FIELDS, "day"} & {*one.base_fields}]


@pytest.fixture
def arguments(practice: Practice, marie: Patient, hugo: User, appointment: Appointment) -> dict[str, Any]:
    return {"practice": practice, "patient": marie, "user": hugo, "appointment": appointment, "link": AccountLink()}


def bound(form: type[forms.Form], data: dict[str, str], arguments: dict[str, Any]) -> forms.Form:
    """With the keyword arguments that its constructor requires."""
    asked = inspect.signature(form).parameters
    return form(data=data, **{name: value for name, value in arguments.items() if name in asked})


def test_the_forms_are_found() -> None:
    named = {one.__name__ for one in OF_PEOPLE}
    assert {"BookingForm", "ContactsForm", "IdentityForm", "AdultForm", "MinorForm", "MobileForm"} <= named


@pytest.mark.parametrize("form", FORMS)
def test_contacts_and_birth_dates_are_asked_by_the_fields_that_check_them(form: type[forms.Form]) -> None:
    for name, field in FIELDS.items():
        assert name not in form.base_fields or isinstance(form.base_fields[name], field), name


@pytest.mark.parametrize("form", OF_PEOPLE)
def test_what_is_empty_and_what_is_wrong_is_said_at_once(form: type[forms.Form], arguments: dict[str, Any]) -> None:
    empty = bound(form, {}, arguments)
    required = {*empty.errors} - {*WRONG, NON_FIELD_ERRORS}
    wrong = {name: WRONG[name] for name in WRONG if name in empty.fields}
    filled = bound(form, wrong | (WRONG_PARTS if issubclass(form, BirthDateForm) else {}), arguments)
    assert not filled.is_valid() or form is BirthDateForm  # proving a birth date accepts any date
    assert required | {*wrong} <= {*filled.errors}
    for name in wrong:
        assert any(said in filled.errors[name].as_text() for said in SAID)
    if issubclass(form, BirthDateForm) and form is not BirthDateForm:
        assert "trop ancienne" in filled.non_field_errors().as_text()


def test_staff_who_book_read_all_of_it(bob: User, sign_in: SignIn, agenda: Agenda) -> None:
    answer = sign_in(bob).post("/pro/appointments/new/", {"agenda": agenda.pk, **WRONG})
    assert answer.status_code == 400
    for said in (*SAID, "Choisissez un motif.", "Indiquez la date et l’heure."):
        assert said in answer.content.decode()


def test_contacts_of_a_new_patient_do_not_count_once_a_record_is_chosen(
    bob: User, sign_in: SignIn, agenda: Agenda, visit_reason: VisitReason, marie: Patient
) -> None:
    start = (timezone.localtime() + timedelta(days=3)).strftime("%Y-%m-%dT10:00")
    facts = {"agenda": agenda.pk, "visit_reason": visit_reason.pk, "patient": marie.pk, "starts_at": start, **WRONG}
    answer = sign_in(bob).post("/pro/appointments/new/", facts)
    assert "field-error" not in answer.content.decode()


def test_whoever_books_for_a_relative_reads_all_of_it(
    to_whom: str,  # noqa: F811
    holder: User,
    sign_in: SignIn,
) -> None:
    client = sign_in(holder)
    [adult] = links(get(client, to_whom), "who=adult")
    answer = client.post(adult, WRONG | WRONG_PARTS)
    assert answer.status_code == 400
    for said in (*SAID, "Donnez son prénom.", "Donnez son nom."):
        assert said in answer.content.decode()


@pytest.mark.parametrize(
    ("who", "year", "said"), [("adult", timezone.localdate().year - 3, "mineur"), ("minor", 1950, "majeur")]
)
def test_an_age_that_does_not_go_with_the_choice_is_said_with_the_rest(
    to_whom: str,  # noqa: F811
    holder: User,
    sign_in: SignIn,
    who: str,
    year: int,
    said: str,
) -> None:
    client = sign_in(holder)
    [address] = links(get(client, to_whom), f"who={who}")
    page = client.post(address, WRONG_PARTS | {"year": str(year)}).content.decode()
    assert f"votre proche est {said}" in page
    assert "Donnez son nom." in page


def test_one_contact_alone_is_said_with_the_rest(to_whom: str, holder: User, sign_in: SignIn) -> None:  # noqa: F811
    client = sign_in(holder)
    [adult] = links(get(client, to_whom), "who=adult")
    page = client.post(adult, {"email": "paul@exemple.fr"}).content.decode()
    assert "Donnez aussi son mobile" in page
    assert "Donnez son nom." in page
