"""An administrator shows the practice in searches, or takes it out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Agenda
from audit.models import AuditEvent
from portals.practice_address import page_path
from practices.listing import set_listed
from practices.models import BookingOpenTo, Practice
from practices.roles import NotAllowed

SignIn = Callable[[User], Client]
PAGE = "/pro/settings/online/"


def test_it_is_set_and_recorded_once(practice: Practice, carol: User) -> None:
    for listed in (False, False, True, True):
        set_listed(practice=practice, listed=listed, by=carol)
        practice.refresh_from_db()
        assert practice.is_listed is listed
    assert [one.action for one in AuditEvent.objects.order_by("pk")] == ["practice.unlisted", "practice.listed"]


def test_a_new_practice_is_not_listed(db: None) -> None:
    assert not Practice.objects.create(name="Cabinet neuf").is_listed


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_nobody_else_sets_it(practice: Practice, who: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(NotAllowed):
        set_listed(practice=practice, listed=False, by=request.getfixturevalue(who))


def test_the_page_of_settings_says_where_the_practice_is_found(
    practice: Practice, agenda: Agenda, carol: User, sign_in: SignIn
) -> None:
    client = sign_in(carol)
    page = client.get(PAGE).content.decode()
    assert f"{page_path(practice)}</a>" in page
    assert "en cherchant ici ou dans un moteur de recherche" in page
    client.post(PAGE, {"open_to": BookingOpenTo.NOBODY})
    practice.refresh_from_db()
    assert (practice.is_listed, practice.booking_open_to) == (False, BookingOpenTo.NOBODY)
    assert "Le cabinet n’a pas de page" in client.get(PAGE).content.decode()
    client.post(PAGE, {"open_to": BookingOpenTo.NOBODY, "listed": "on"})
    assert Client().get(page_path(practice)).status_code == 200


def test_an_agenda_has_a_specialty_and_is_shown(
    practice: Practice, agenda: Agenda, carol: User, sign_in: SignIn
) -> None:
    client, address = sign_in(carol), f"/pro/settings/agendas/{agenda.pk}/"
    typed = {"name": agenda.name, "specialty": "cardiology", "shown": "on"}
    wrong = client.post(address, typed | {"specialty": "wizardry"})
    assert (wrong.status_code, "Choisissez une spécialité proposée." in wrong.content.decode()) == (400, True)
    assert client.post(address, typed).status_code == 302
    agenda.refresh_from_db()
    assert (agenda.specialty, agenda.is_shown, agenda.books_online) == ("cardiology", True, False)
    assert "Cardiologie" in Client().get(page_path(practice)).content.decode()
