"""The checklist of a new practice: its steps follow what is there, and it can be put away."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from appointments.models import Agenda, Appointment, OpeningHours, VisitReason
from audit.models import AuditEvent
from documents.models import LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from patients.models import Patient
from portals.practitioner.set_up_steps import needed_steps, progress
from practices.models import Membership, Practice
from practices.roles import NotAllowed
from practices.set_up import put_checklist_away
from signing.models import SignatureImage
from tests.conftest import BookFixture
from tests.costs import counted
from tests.documents.bookings import *  # noqa: F403  # share
from tests.markup import page_text

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
Share = Callable[[Appointment], SharedDocument]
PAGE = "/pro/settings/start/"


@pytest.fixture
def founder(db: None) -> User:
    return User.objects.create_user("founder@tilleuls.example", "x", first_name="Fanny", last_name="Roy")


@pytest.fixture
def new_practice(founder: User) -> Practice:
    practice = Practice.objects.create(name="Cabinet des Tilleuls")
    Membership.objects.create(user=founder, practice=practice, is_admin=True)
    return practice


def headings(practice: Practice, user: User) -> list[str]:
    return [one.heading for one in needed_steps(practice, user) if not one.is_done]


def test_an_empty_agenda_leads_to_the_next_step(new_practice: Practice, founder: User, sign_in: SignIn) -> None:
    page = sign_in(founder).get("/pro/").content.decode()
    assert "Mise en route du cabinet" in page
    assert 'href="/pro/settings/identity/"' in page
    assert f'href="{PAGE}"' in page


def test_each_step_is_done_once_it_is_there(new_practice: Practice, founder: User) -> None:
    left = headings(new_practice, founder)
    assert left == [
        "Présenter le cabinet",
        "Désigner qui signe, inviter l’équipe",
        "Créer les agendas",
        "Peindre la semaine",
        "Choisir les motifs",
        "Préparer la signature",
        "S’envoyer un document d’essai",
    ]

    def done_is(heading: str) -> None:
        left.remove(heading)
        assert headings(new_practice, founder) == left

    new_practice.address, new_practice.telephone = "1 rue Haute", "+33140000000"
    new_practice.save()
    done_is("Présenter le cabinet")
    Membership.objects.update(is_practitioner=True)
    done_is("Désigner qui signe, inviter l’équipe")
    agenda = Agenda.objects.create(practice=new_practice, name="Cabinet 1")
    done_is("Créer les agendas")
    OpeningHours.objects.create(agenda=agenda, weekday=0, opens_at=time(9), closes_at=time(12))
    done_is("Peindre la semaine")
    VisitReason.objects.create(practice=new_practice, name="Consultation")
    done_is("Choisir les motifs")
    SignatureImage.objects.create(user=founder, png=b"x")
    done_is("Préparer la signature")


def test_an_agenda_without_hours_is_the_next_step(new_practice: Practice, founder: User) -> None:
    new_practice.address, new_practice.telephone = "1 rue Haute", "+33140000000"
    new_practice.save()
    Membership.objects.update(is_practitioner=True)
    one = Agenda.objects.create(practice=new_practice, name="A")
    OpeningHours.objects.create(agenda=one, weekday=0, opens_at=time(9), closes_at=time(12))
    other = Agenda.objects.create(practice=new_practice, name="B")
    found = progress(new_practice, founder)
    assert found
    assert str(other.pk) in found.step.url


def test_it_is_put_away_and_brought_back(new_practice: Practice, founder: User, sign_in: SignIn) -> None:
    client = sign_in(founder)
    page = client.post(f"{PAGE}away/", follow=True).content.decode()
    assert "n’est plus proposée sur l’agenda" in page
    assert "Mise en route du cabinet" not in client.get("/pro/").content.decode()
    assert client.get(PAGE).status_code == 200
    client.post(f"{PAGE}back/")
    assert "Mise en route du cabinet" in client.get("/pro/").content.decode()
    assert (
        AuditEvent.objects.filter(action__startswith="practice.checklist", practice_id=new_practice.pk).count() == 2
    )


def test_only_administrators_see_and_change_it(
    practice: Practice, alice: User, bob: User, charlie: User, carol: User, sign_in: SignIn
) -> None:
    for user in (alice, bob):
        client = sign_in(user)
        assert "Mise en route du cabinet" not in client.get("/pro/").content.decode()
        assert client.get(PAGE).status_code == 404
        with pytest.raises(NotAllowed):
            put_checklist_away(practice=practice, by=user)
    with pytest.raises(NotAllowed):
        put_checklist_away(practice=practice, by=charlie)


STRIP = 'class="set-up-strip"'


def test_a_line_above_each_page_leads_from_step_to_step(
    new_practice: Practice, founder: User, sign_in: SignIn
) -> None:
    """Once the agenda or the checklist showed the steps to this administrator; never to others, nor once it is put
    away."""
    client = sign_in(founder)
    assert STRIP not in client.get("/pro/patients/").content.decode()
    client.get("/pro/")
    page = page_text(client.get("/pro/patients/"))
    assert STRIP in page
    assert "Étapes faites : 0 sur 7." in page
    assert 'href="/pro/settings/identity/"' in page
    page = page_text(client.get("/pro/settings/identity/"))
    assert "Celle-ci" in page
    typed = {"practice": new_practice.pk, "name": "Cabinet des Tilleuls", "address": "1 rue Haute, 75001 Paris",
             "telephone": "01 40 00 00 00", "email": "", "time_zone": "Europe/Paris", "language": "fr"}  # fmt: skip
    page = page_text(client.post("/pro/settings/identity/", typed, follow=True))
    assert "Étapes faites : 1 sur 7." in page
    assert "Désigner qui signe" in page
    client.post(f"{PAGE}away/")
    assert STRIP not in client.get("/pro/patients/").content.decode()


def test_it_says_that_the_practice_is_ready(
    practice: Practice, carol: User, alice: User, marie: Patient, book_for: BookFixture, share: Share, sign_in: SignIn
) -> None:
    practice.address = "1 rue Haute"
    practice.save()
    appointment = book_for(marie)
    OpeningHours.objects.create(agenda=appointment.agenda, weekday=0, opens_at=time(9), closes_at=time(12))
    SignatureImage.objects.update_or_create(user=alice, defaults={"png": b"x"})
    client = sign_in(carol)
    assert "S’envoyer un document d’essai" in page_text(client.get("/pro/"))
    share(appointment)
    assert "Votre cabinet est prêt" in page_text(client.get(PAGE))
    assert "Mise en route du cabinet" not in page_text(client.get("/pro/"))
    assert STRIP not in client.get("/pro/patients/").content.decode()


def test_an_automatic_document_is_not_the_one_that_the_last_step_is_for(
    practice: Practice, carol: User, marie: Patient, book_for: BookFixture, access_plan: LibraryDocument
) -> None:
    save_rule(practice=practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    book_for(marie)
    assert send_due() == 1
    assert "S’envoyer un document d’essai" in headings(practice, carol)


def test_what_it_asks_the_database_does_not_grow(
    new_practice: Practice, founder: User, sign_in: SignIn, django_assert_num_queries: Any
) -> None:
    """One query while the steps are proposed, and none afterwards."""
    progress(new_practice, founder)  # what is loaded once
    with django_assert_num_queries(1):
        _found, few = counted(lambda: progress(new_practice, founder))
    Agenda.objects.bulk_create(Agenda(practice=new_practice, name=f"Salle {number}") for number in range(60))
    VisitReason.objects.bulk_create(
        VisitReason(practice=new_practice, name=f"Motif {number}") for number in range(60)
    )
    with django_assert_num_queries(1):
        found, many = counted(lambda: progress(new_practice, founder))
    assert found
    assert many <= few * 1.2, (few, many)
    client = sign_in(founder)
    asked = queries(client)
    put_checklist_away(practice=new_practice, by=founder)
    assert queries(client) == asked - 1


def queries(client: Client) -> int:
    """How many the agenda of an administrator takes."""
    client.get("/pro/")
    with CaptureQueriesContext(connection) as found:
        client.get("/pro/")
    return len(found)


def test_whoever_founded_the_practice_alone_is_led_to_sign(
    new_practice: Practice, founder: User, sign_in: SignIn
) -> None:
    client = sign_in(founder)
    page = page_text(client.get("/pro/settings/members/"))
    own = re.search(r'Personne ne signe encore.*?href="(/pro/settings/members/[^"]+/)"', page)
    assert own
    assert "se changent dans" in page_text(client.get(own[1]))
    answer = client.post(own[1], {"roles": ["admin", "practitioner"]}, follow=True)
    assert answer.redirect_chain[-1][0] == "/pro/account/"
    assert "complétez ici votre titre et votre RPPS" in page_text(answer)
    assert "Personne ne signe encore" not in page_text(client.get("/pro/settings/members/"))


@pytest.mark.parametrize("page", ["/pro/settings/identity/", "/start/practice/"])
def test_the_time_zones_offered_are_places(page: str, new_practice: Practice, founder: User, sign_in: SignIn) -> None:
    User.objects.filter(pk=founder.pk).update(is_staff=True, is_superuser=True)
    offered = re.findall(r'<option\s+value="([^"]+)"', sign_in(founder).get(page).content.decode())
    assert offered[0] == "Europe/Paris"
    assert {"America/Cayenne", "Asia/Tokyo"} <= set(offered)
    assert not [one for one in offered if re.match("localtime|Factory|[A-Z]{3}|Etc|US/|Japan", one)]


def test_a_zone_in_use_is_offered_whatever_its_name(new_practice: Practice, founder: User, sign_in: SignIn) -> None:
    Practice.objects.filter(pk=new_practice.pk).update(time_zone="Etc/UTC")
    page = sign_in(founder).get("/pro/settings/identity/").content.decode()
    assert re.search(r'<option\s+value="Etc/UTC"\s+selected', page)


@pytest.mark.parametrize("missing", ["agenda", "reason"])
def test_nothing_is_booked_where_something_is_missing(
    missing: str, new_practice: Practice, founder: User, sign_in: SignIn
) -> None:
    """The forms that book say what is missing, and lead to where it is made."""
    if missing == "reason":
        Agenda.objects.create(practice=new_practice, name="Salle 1")
    record = Patient.objects.create(
        practice=new_practice, first_name="Marie", last_name="Durand", birth_date="1944-03-02"
    )
    where = {"agenda": "/pro/settings/agendas/new/", "reason": "/pro/settings/visit-reasons/ready-made/"}
    for page in ("/pro/appointments/new/", f"/pro/patients/{record.pk}/share/"):
        assert f'href="{where[missing]}"' in page_text(sign_in(founder).get(page))
