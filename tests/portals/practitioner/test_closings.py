"""The practice's page of closings: planned ones, a new one, public holidays, and appointments inside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, Closing, VisitReason
from appointments.public_holidays import holidays_of
from patients.models import Patient
from practices.models import Practice

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/pro/settings/closings/"
NEW = f"{PAGE}new/"
HOLIDAYS = f"{PAGE}holidays/"


@pytest.fixture
def day() -> date:
    return timezone.localdate() + timedelta(days=10)


@pytest.fixture
def asked(day: date) -> dict[str, Any]:
    return {"reason": "Congés d’hiver", "starts_at": f"{day}T00:00", "ends_at": f"{day + timedelta(days=2)}T00:00"}


@pytest.fixture
def inside(agenda: Agenda, visit_reason: VisitReason, marie: Patient, day: date) -> Appointment:
    return _booked(agenda, visit_reason, marie, day)


def _booked(agenda: Agenda, visit_reason: VisitReason, marie: Patient, day: date, hour: int = 10) -> Appointment:
    from tests.appointments.conftest import at

    start = at(agenda, day, hour)
    return Appointment.objects.create(
        practice=agenda.practice,
        agenda=agenda,
        visit_reason=visit_reason,
        patient=marie,
        starts_at=start,
        ends_at=start + timedelta(minutes=20),
    )


def test_an_administrator_finds_it_among_the_settings_and_is_told_what_it_is_for(
    carol: User, sign_in: SignIn
) -> None:
    client = sign_in(carol)
    assert f'href="{PAGE}"' in client.get("/pro/settings/").content.decode()
    text = client.get(PAGE).content.decode()
    assert "Aucune fermeture prévue" in text
    assert f'href="{NEW}"' in text
    assert f'href="{HOLIDAYS}"' in text


@pytest.mark.parametrize("address", [PAGE, NEW, HOLIDAYS])
@pytest.mark.parametrize(("who", "status"), [("alice", 404), ("rita", 404), ("bob", 404), ("hugo", 404)])
def test_to_others_it_does_not_exist(
    request: pytest.FixtureRequest, sign_in: SignIn, who: str, status: int, address: str
) -> None:
    assert sign_in(request.getfixturevalue(who)).get(address).status_code == status


def test_a_stranger_removes_nothing(carol: User, charlie: User, sign_in: SignIn, asked: dict[str, Any]) -> None:
    sign_in(carol).post(NEW, asked)
    closing = Closing.objects.get()
    assert sign_in(charlie).post(f"{PAGE}{closing.pk}/remove/").status_code == 404
    assert Closing.objects.exists()


@pytest.mark.parametrize("zone", ["Europe/Paris", "Indian/Reunion", "Pacific/Noumea"])
def test_a_closing_is_made_on_the_clock_of_the_practice_and_removed(
    carol: User, practice: Practice, agenda: Agenda, sign_in: SignIn, asked: dict[str, Any], day: date, zone: str
) -> None:
    Practice.objects.filter(pk=practice.pk).update(time_zone=zone)
    client = sign_in(carol)
    assert client.post(NEW, {**asked, "agendas": [str(agenda.pk)]}).status_code == 302
    closing = Closing.objects.get()
    assert closing.local_start.isoformat()[:16] == asked["starts_at"]
    assert not closing.whole_practice
    text = client.get(PAGE).content.decode()
    assert "Congés d’hiver" in text
    assert agenda.name in text
    assert client.post(f"{PAGE}{closing.pk}/remove/").status_code == 302
    assert client.post(f"{PAGE}{closing.pk}/remove/").status_code == 404
    assert not Closing.objects.exists()


def test_over_patients_it_asks_names_them_and_keeps_what_was_typed(
    carol: User, sign_in: SignIn, asked: dict[str, Any], inside: Appointment
) -> None:
    client = sign_in(carol)
    page = client.post(NEW, asked)
    text = page.content.decode()
    assert page.status_code == 409
    assert not Closing.objects.exists()
    assert inside.patient.full_name in text
    assert "Un rendez-vous est prévu" in text
    assert f'value="{asked["starts_at"]}"' in text
    assert 'value="Congés d’hiver"' in text
    done = client.post(NEW, {**asked, "agreed": [str(inside.pk)]}, follow=True)
    assert "déplacez-le" in done.content.decode()
    assert inside.patient.full_name in done.content.decode()
    inside.refresh_from_db()
    assert inside.status == "booked"


def test_somebody_booked_since_the_question_is_asked_about_again(
    carol: User, sign_in: SignIn, asked: dict[str, Any], inside: Appointment, marie: Patient, day: date
) -> None:
    another = _booked(inside.agenda, inside.visit_reason, marie, day, 11)
    page = sign_in(carol).post(NEW, {**asked, "agreed": [str(inside.pk)]})
    assert page.status_code == 409
    assert str(another.pk) in page.content.decode()
    assert not Closing.objects.exists()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"reason": ""}, "Dites pourquoi"),
        ({"starts_at": ""}, "Indiquez la date et l’heure du début"),
        ({"ends_at": "2020-01-01T00:00"}, "La fin doit être après le début"),
        ({"starts_at": "hier"}, "Écrivez la date et l’heure ainsi"),
        ({"starts_at": "2027-03-28T02:30", "ends_at": "2027-03-29T00:00"}, "Cette heure n’existe pas"),
        ({"starts_at": "2020-01-01T00:00", "ends_at": "2020-01-02T00:00"}, "déjà passée"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    carol: User, sign_in: SignIn, asked: dict[str, Any], changed: dict[str, str], says: str
) -> None:
    sent = asked | changed
    page = sign_in(carol).post(NEW, sent)
    text = page.content.decode()
    assert page.status_code == 400
    assert says in text
    assert "Il y a un problème" in text
    assert all(f'value="{value}"' in text for value in sent.values() if value)
    assert not Closing.objects.exists()


@pytest.mark.parametrize(
    ("zone", "address", "name"),
    [
        ("Europe/Paris", "75020 Paris", "Fête nationale"),
        ("Europe/Paris", "67000 Strasbourg", "Saint-Étienne"),
        ("Indian/Reunion", "97400 Saint-Denis", "Abolition de l&#x27;esclavage"),
        ("America/Guadeloupe", "97110 Pointe-à-Pitre", "Fête de Victor Schoelcher"),
    ],
)
def test_holidays_of_the_place_are_proposed_and_only_ticked_ones_are_closed(
    carol: User, practice: Practice, sign_in: SignIn, zone: str, address: str, name: str
) -> None:
    Practice.objects.filter(pk=practice.pk).update(time_zone=zone, address=address)
    practice.refresh_from_db()
    client, year = sign_in(carol), timezone.localdate().year + 1
    text = client.get(HOLIDAYS, {"year": year}).content.decode()
    assert name in text
    assert not Closing.objects.exists()
    first, second = holidays_of(practice, year)[:2]
    sent = {"year": year, "days": [first.day.isoformat(), second.day.isoformat()]}
    assert client.post(HOLIDAYS, sent).status_code == 302
    assert [one.reason for one in Closing.objects.all()] == [first.name, second.name]
    assert "(déjà fermé)" in client.get(HOLIDAYS, {"year": year}).content.decode()
    assert client.post(HOLIDAYS, sent).status_code == 302  # a second click creates nothing
    assert Closing.objects.count() == 2


def test_over_patients_holidays_close_all_or_none(
    carol: User, practice: Practice, sign_in: SignIn, agenda: Agenda, visit_reason: VisitReason, marie: Patient
) -> None:
    year = timezone.localdate().year + 1
    first, second = holidays_of(practice, year)[:2]
    booked = _booked(agenda, visit_reason, marie, second.day)
    sent = {"year": year, "days": [first.day.isoformat(), second.day.isoformat()]}
    client = sign_in(carol)
    page = client.post(HOLIDAYS, sent)
    assert page.status_code == 409
    assert page.content.decode().count(" checked") == 2
    assert not Closing.objects.exists()
    assert client.post(HOLIDAYS, sent | {"agreed": [str(booked.pk)]}).status_code == 302
    assert Closing.objects.count() == 2


def test_no_day_ticked_is_said(carol: User, sign_in: SignIn) -> None:
    page = sign_in(carol).post(HOLIDAYS, {"year": timezone.localdate().year + 1})
    assert page.status_code == 400
    assert "Cochez au moins un jour" in page.content.decode()


def test_outside_france_a_place_is_asked_for(carol: User, practice: Practice, sign_in: SignIn) -> None:
    Practice.objects.filter(pk=practice.pk).update(time_zone="Europe/Brussels")
    client = sign_in(carol)
    assert "choisissez un lieu" in client.get(HOLIDAYS).content.decode()
    asked = {"place": "974", "year": str(timezone.localdate().year + 1)}
    assert "esclavage" in client.get(HOLIDAYS, asked).content.decode()
    for odd in ({"place": "x"}, {"year": "99999"}, {"year": "x"}):
        assert client.get(HOLIDAYS, odd).status_code == 200


def test_holidays_closed_meanwhile_are_said_to_be_closed_already(
    carol: User, practice: Practice, sign_in: SignIn
) -> None:
    """By a second click, in another tab, or by another administrator: nothing more is recorded or counted."""
    year = timezone.localdate().year + 1
    asked = {"year": year, "days": [one.day.isoformat() for one in holidays_of(practice, year)[:2]]}
    client = sign_in(carol)
    assert "Les 2 fermetures sont enregistrées." in client.post(HOLIDAYS, asked, follow=True).content.decode()
    again = client.post(HOLIDAYS, asked, follow=True).content.decode()
    assert "Le cabinet est déjà fermé ces jours-là." in again
    assert "enregistré" not in again
    assert Closing.objects.count() == 2


@pytest.mark.parametrize("address", [PAGE, "/api/v1/closings/"])
def test_closings_are_listed_by_as_many_queries_whatever_their_number(
    address: str, carol: User, practice: Practice, inside: Appointment, day: date, sign_in: SignIn
) -> None:
    client = sign_in(carol)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    def closed(number: int) -> None:
        moment = datetime.combine(day, time(0), practice.zone) + timedelta(minutes=number)
        Closing.objects.create(
            practice=practice, starts_at=moment, ends_at=moment + timedelta(days=1), reason=f"Congés {number}"
        )

    closed(0)
    queries()  # queries that a process makes once
    one = queries()
    for number in range(1, 6):
        closed(number)
    assert queries() == one
