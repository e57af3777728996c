"""Asks about an address that is probably misspelt, and not about one of an existing provider."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from patients.contacts import clean_email
from patients.misspelt_domains import DOMAINS, REAL, likely_address
from patients.models import Patient
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.portals.patient.test_booking import get, links, to_whom  # noqa: F401

SignIn = Callable[[User], Client]

MEANT = {
    "gmail.com": [
        *("gmial.com", "gmal.com", "gamil.com", "gmaill.com", "gnail.com", "gmail.co", "gmail.cm", "gmail.om"),
        *("gmail.fr", "gmail.net", "gmailcom", "gmaïl.com", "gmail.comm", "gmial.con"),
    ],
    "hotmail.fr": ["hotmial.fr", "hotmal.fr", "hotmai.fr", "hotmaill.fr", "hotmail.frr", "hotmail.f", "hotmail.rf"],
    "hotmail.com": ["hotmial.com", "hotmail.con", "hotmail.co", "homail.com"],
    "yahoo.fr": ["yaho.fr", "yahooo.fr", "yhaoo.fr", "yahoo.ft"],
    "orange.fr": ["orange.f", "orangé.fr", "orang.fr", "ornage.fr", "orange.fe"],
    "free.fr": ["free.f", "free.frr"],
    "wanadoo.fr": ["wanado.fr", "wandoo.fr", "wanadoo.com"],
    "laposte.net": ["laposte.nte", "lapost.net", "la-poste.net"],
    "outlook.fr": ["outlok.fr", "outloock.fr"],
    "icloud.com": ["icoud.com", "iclou.com", "icloud.fr"],
}
CASES = [(domain, meant) for meant, domains in MEANT.items() for domain in domains]
OWN = [
    *DOMAINS, *REAL, "exemple.fr", "yahoo.it", "yahoo.gr", "hotmail.be", "hotmail.it", "live.be", "olive.fr",
    "fre.fr", "laposte.fr", "orange.com", "chu-lille.fr", "mairie-paris.fr", "société.fr", "gmx.de", "sncf.fr",
    "sr.fr",
    "messagerie-professionnelle.example", "courriel.example", "lilas.example",
]  # fmt: skip


@pytest.mark.parametrize(("domain", "meant"), CASES)
def test_a_slip_of_the_keyboard_is_known(domain: str, meant: str) -> None:
    assert likely_address(f"marie.durand@{domain}") == f"marie.durand@{meant}"


@pytest.mark.parametrize("domain", sorted(OWN))
def test_addresses_of_domains_that_exist_are_not_asked_about(domain: str) -> None:
    assert likely_address(f"marie@{domain}") == ""
    assert clean_email(f"marie@{domain}") == f"marie@{domain}"


def test_a_page_of_the_web_is_no_mailbox() -> None:
    assert likely_address("www.jean@exemple.fr") == "jean@exemple.fr"
    assert likely_address("www.jean@gmial.com") == "jean@gmail.com"
    assert likely_address("www.@exemple.fr") == ""


@pytest.mark.parametrize(
    "typed", ["www.jean@localhost", "www.jean@exemple", f"www.{'a' * 65}@exemple.fr", "é@gmial.com", "a..b@gmail.con"]
)
def test_what_is_proposed_would_be_accepted(typed: str) -> None:
    assert likely_address(typed) == ""


@pytest.fixture
def misspelt(marie: Patient) -> dict[str, str]:
    return {"email": "marie@gmial.com", "mobile": marie.mobile or ""}


HINT = (
    "Vérifiez l’adresse e-mail marie@gmial.com, qui est peut-être mal écrite. "
    "Vouliez-vous dire marie@gmail.com\u00a0?"
)


@pytest.mark.django_db
def test_staff_who_save_contacts_are_asked_after_they_are_saved(
    bob: User, marie: Patient, misspelt: dict[str, str], sign_in: SignIn
) -> None:
    page = sign_in(bob).post(f"/pro/patients/{marie.pk}/", misspelt, follow=True)
    assert HINT in page.content.decode()
    marie.refresh_from_db()
    assert marie.email == "marie@gmial.com"
    right = sign_in(bob).post(f"/pro/patients/{marie.pk}/", misspelt | {"email": "marie@gmail.com"}, follow=True)
    assert "mal écrite" not in right.content.decode()


@pytest.mark.django_db
def test_staff_who_complete_contacts_before_sharing_are_asked(
    bob: User, appointment: Appointment, misspelt: dict[str, str], sign_in: SignIn
) -> None:
    Patient.objects.update(email=None)
    page = sign_in(bob).post(f"/pro/appointments/{appointment.pk}/contacts/", misspelt, follow=True)
    assert HINT in page.content.decode()


@pytest.mark.django_db
def test_whoever_books_for_a_relative_is_asked_after_booking(
    to_whom: str,  # noqa: F811
    holder: User,
    misspelt: dict[str, str],
    sign_in: SignIn,
) -> None:
    client = sign_in(holder)
    [adult] = links(get(client, to_whom), "who=adult")
    person = {"first_name": "Marie", "last_name": "Durand", "day": "3", "month": "2", "year": "1941"}
    page = client.post(adult, person | misspelt, follow=True).content.decode()
    assert "est pris\u00a0: " in page
    assert HINT in page


@pytest.mark.django_db
def test_staff_who_book_are_asked_before_and_may_confirm(
    bob: User, agenda: Agenda, visit_reason: VisitReason, misspelt: dict[str, str], sign_in: SignIn
) -> None:
    client = sign_in(bob)
    start = (timezone.localtime() + timedelta(days=3)).strftime("%Y-%m-%dT10:00")
    new = {"first_name": "Zoé", "last_name": "Nouvelle", "birth_date": "1980-02-03", "kind": "in_person"}
    asked = (
        new | misspelt | {"mobile": ""} | {"agenda": agenda.pk, "visit_reason": visit_reason.pk, "starts_at": start}
    )
    page = client.post("/pro/appointments/new/", asked)
    assert page.status_code == 409
    [doubt] = page.context["doubts"]
    assert "Vouliez-vous dire marie@gmail.com" in doubt.sentence
    other = client.post("/pro/appointments/new/", asked | {"email": "marie@hotmial.fr", "accepted": [doubt.key]})
    assert other.status_code == 409
    assert client.post("/pro/appointments/new/", asked | {"accepted": [doubt.key]}).status_code == 302
    assert Patient.objects.get(last_name="Nouvelle").email == "marie@gmial.com"
