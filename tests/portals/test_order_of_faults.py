"""Pages list faults in the order of their fields, name each field, and question a likely misspelling, too."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Agenda, Appointment
from patients.models import Patient
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.portals.patient.test_booking import get, links, to_whom  # noqa: F401

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
MISSPELT = {"email": "paul@gmial.com"}
QUESTION = "Vouliez-vous dire paul@gmail.com\u00a0?"
WRONG = {
    "first_name": "", "last_name": "", "birth_date": "1741-02-03", "day": "31", "month": "2", "year": "1941",
    "email": "a@@b", "mobile": "06 12", "starts_at": "", "agenda": "", "visit_reason": "", "kind": "x", "title": "",
    "password": "x", "code": "12", "name": "", "delay_hours": "x", "label": "",
}  # fmt: skip
STAFF = ["/pro/appointments/new/", "/pro/patients/{patient}/identity/", "/pro/patients/{patient}/", "/pro/rules/new/"]


def summarised(page: str) -> list[str]:
    """The ids to which the list of faults leads."""
    found = re.search(r"<div class=\"error-summary\".*?</ul>", page, re.DOTALL)
    assert found, "no list of faults"
    return re.findall(r'href="#([^"]+)"', found.group())


def in_the_order_of_the_page(page: str) -> None:
    ids = summarised(page)
    places = [page.index(f'id="{one}"') for one in ids]
    assert len(ids) > 1 or len(set(ids)) == 1
    assert places == sorted(places), ids


@pytest.mark.parametrize("address", STAFF)
def test_pages_of_staff_list_faults_in_the_order_of_the_page(
    carol: User, marie: Patient, agenda: Agenda, appointment: Appointment, sign_in: SignIn, address: str
) -> None:
    answer = sign_in(carol).post(address.format(patient=marie.pk), WRONG)
    assert answer.status_code == 400
    in_the_order_of_the_page(answer.content.decode())


@pytest.mark.parametrize("who", ["who=adult", "who=minor"])
def test_pages_of_patients_list_faults_in_the_order_of_the_page(
    to_whom: str,  # noqa: F811
    holder: User,
    sign_in: SignIn,
    who: str,
) -> None:
    client = sign_in(holder)
    [address] = links(get(client, to_whom), who)
    page = client.post(address, WRONG).content.decode()
    assert len(summarised(page)) > 2
    in_the_order_of_the_page(page)


def test_each_missing_field_of_a_new_patient_is_named(bob: User, agenda: Agenda, sign_in: SignIn) -> None:
    page = sign_in(bob).post("/pro/appointments/new/", {"last_name": ""}).content.decode()
    for named in ("le prénom", "le nom", "la date de naissance"):
        assert f"Saisissez {named} du nouveau patient, ou choisissez un patient déjà connu." in page


def test_a_likely_misspelling_is_doubted_beside_other_faults(
    to_whom: str,  # noqa: F811
    bob: User,
    holder: User,
    sign_in: SignIn,
    marie: Patient,
) -> None:
    client = sign_in(holder)
    [adult] = links(get(client, to_whom), "who=adult")
    pages = [
        client.post(adult, MISSPELT),
        sign_in(bob).post("/pro/appointments/new/", MISSPELT),
        sign_in(bob).post(f"/pro/patients/{marie.pk}/", MISSPELT | {"mobile": "06 12"}),
    ]
    for answer in pages:
        assert answer.status_code == 400
        page = unescape(answer.content.decode())
        assert QUESTION in page
        assert 'aria-describedby="id_email_doubt"' in page
    right = client.post(adult, {"email": "paul@exemple.fr"})
    assert "_doubt" not in right.content.decode()


@pytest.mark.parametrize(("who", "adults"), [("who=adult", True), ("who=minor", False)])
def test_the_example_of_a_birth_date_fits_whom_it_is_asked_of(
    to_whom: str,  # noqa: F811
    holder: User,
    sign_in: SignIn,
    who: str,
    adults: bool,
) -> None:
    client = sign_in(holder)
    [address] = links(get(client, to_whom), who)
    typed = [{}, {"day": "3"}, {"day": "3", "month": "2", "year": "41"}]
    for page in [get(client, address), *(client.post(address, one).content.decode() for one in typed)]:
        assert ("1941" in page) == adults
        assert re.search(r"exemple (3, 2 et )?(19|20)\d\d\.", " ".join(page.split()))


def test_one_appointment_is_one_in_english(bob: User, agenda: Agenda, sign_in: SignIn) -> None:
    User.objects.filter(pk=bob.pk).update(language="en")
    page = sign_in(bob).get("/pro/appointments/new/").content.decode()
    assert "<legend>Appointment</legend>" in page
