"""The pages of followed calendars: add, try, switch on, answer, pause, remove; for administrators alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, VisitReason
from imports.models import CalendarSubscription
from patients.models import Patient
from tests.imports.calendar_server import CalendarServer, event, serving
from tests.imports.conftest import in_days, read, starts

SignIn = Callable[[User], Client]
URL = "/pro/settings/calendars/"
SECRET = "secret-of-the-calendar"  # of the address, see tests/imports/calendar_server.py


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    with serving() as shown:
        yield shown


@pytest.fixture
def page(
    sign_in: SignIn, carol: User, server: CalendarServer, agenda: Agenda, visit_reason: VisitReason, marie: Patient
) -> str:
    """Of a calendar that was added, and not yet read."""
    server.show(event("one", in_days(3)), event("two", in_days(5)), event("?", in_days(6), "Réunion"))
    form = {"name": "Doctomat", "address": server.url, "agenda": agenda.pk, "visit_reason": visit_reason.pk}
    answer = sign_in(carol).post(f"{URL}new/", form)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def read_it() -> CalendarSubscription:
    return read(CalendarSubscription.objects.get())


def text_of(client: Client, address: str) -> str:
    return client.get(address, follow=True).content.decode().replace("\u00a0", " ")


def test_a_calendar_is_tried_switched_on_paused_and_removed(sign_in: SignIn, carol: User, page: str) -> None:
    client = sign_in(carol)
    assert "hx-trigger" in text_of(client, f"{page}state/")
    read_it()
    shown = text_of(client, page)
    assert "Vérifié, pas encore activé" in shown
    assert re.search(r"Nouveaux</dt>\s*<dd>2</dd>", shown)
    assert "ne se distinguent pas" in shown
    assert starts() == []
    assert "activé" in client.post(f"{page}on/", follow=True).content.decode()
    read_it()
    assert starts() == [in_days(3), in_days(5)]
    assert "2 rendez-vous suivis" in text_of(client, page)
    assert "Lecture suspendue" in client.post(f"{page}pause/", follow=True).content.decode()
    assert "La lecture reprend" in client.post(f"{page}resume/", follow=True).content.decode()
    assert "La lecture est demandée" in client.post(f"{page}read/", follow=True).content.decode()
    assert "attendez une minute" in client.post(f"{page}read/", follow=True).content.decode()
    assert "Ses rendez-vous restent" in text_of(client, f"{page}remove/")
    client.post(f"{page}remove/")
    assert "Aucun calendrier" in text_of(client, URL)
    assert starts() == [in_days(3), in_days(5)]


def test_an_emptied_calendar_asks_and_both_answers_work(
    sign_in: SignIn, carol: User, bob: User, page: str, server: CalendarServer
) -> None:
    client = sign_in(carol)
    read_it()
    client.post(f"{page}on/")
    read_it()
    whole = server.body
    assert client.get(f"{page}held/").status_code == 302  # nothing to answer
    for decision, left in (("keep", 2), ("cancel", 0)):
        server.body = whole
        read_it()
        server.show()
        read_it()
        assert "Voir ces rendez-vous et répondre" in text_of(client, page)
        held = text_of(client, f"{page}held/")
        assert "Marie Durand" in held
        answers = re.findall(r'name="answers"\s+value="(\w+)"', held)[0]
        assert "relisez la liste" in client.post(f"{page}held/", {"decision": decision}, follow=True).content.decode()
        for member in (carol, bob):
            followed = text_of(sign_in(member), "/pro/deliveries/")
            assert "Des annulations ou des déplacements attendent votre réponse" in followed
            assert "À traiter (1)" in followed
            assert (page in followed) == (member == carol)
        client.post(f"{page}held/", {"decision": decision, "answers": answers})
        assert len(starts()) == left
        assert "À traiter (0)" in text_of(client, "/pro/deliveries/")


def test_another_address_is_read_without_a_change_and_compared(
    sign_in: SignIn, carol: User, page: str, server: CalendarServer
) -> None:
    client = sign_in(carol)
    read_it()
    client.post(f"{page}on/")
    read_it()
    refused = client.post(f"{page}address/", {"address": "ftp://x.example/a"})
    assert refused.status_code == 400
    assert 'value="ftp://x.example/a"' in refused.content.decode()
    server.show(event("one", in_days(3, hour=11)), event("new", in_days(8)))
    answer = client.post(f"{page}address/", {"address": server.url + "?other"}, follow=True)
    assert "d’abord lu sans rien changer" in answer.content.decode()
    read_it()
    told = text_of(client, page)
    for words, count in (("au même moment ici", 0), ("à un autre moment ici", 1), ("absents d’ici", 1)):
        assert re.search(rf"{words}</dt>\s+<dd>{count}</dd>", told)
    assert starts() == [in_days(3), in_days(5)]
    assert "?other" not in told
    client.post(f"{page}on/")
    read_it()
    assert starts() == [in_days(3, hour=11), in_days(5), in_days(8)]


def test_the_first_reading_is_undone(sign_in: SignIn, carol: User, page: str) -> None:
    client = sign_in(carol)
    read_it()
    assert "Annuler la première lecture" not in text_of(client, page)
    client.post(f"{page}on/")
    read_it()
    assert f"{page}undo/" in text_of(client, page)
    assert "Personne ne reçoit de message" in text_of(client, f"{page}undo/")
    assert "2 rendez-vous sont supprimés." in client.post(f"{page}undo/", follow=True).content.decode()
    assert starts() == []
    read_it()
    assert "Activer ce calendrier" in text_of(client, page)


def test_a_server_that_fails_is_counted_where_staff_see_failures(
    sign_in: SignIn, carol: User, page: str, server: CalendarServer
) -> None:
    client = sign_in(carol)
    read_it()
    client.post(f"{page}on/")
    server.status = 500
    read_it()
    assert "HTTP 500" in text_of(client, page)
    assert "À traiter (0)" in text_of(client, "/pro/deliveries/")  # a moment ago: it may pass
    CalendarSubscription.objects.update(failing_since=timezone.now() - timedelta(hours=2))
    assert "À traiter (1)" in text_of(client, "/pro/deliveries/")
    assert "La dernière lecture a échoué" in text_of(client, "/pro/settings/")


def test_the_address_is_never_shown_again(sign_in: SignIn, carol: User, page: str) -> None:
    client = sign_in(carol)
    read_it()
    for address in (URL, page, f"{page}state/", f"{page}remove/", "/pro/settings/", "/pro/settings/activity/"):
        assert SECRET not in text_of(client, address)
    assert "127.0.0.1/…" in text_of(client, page)


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    sign_in: SignIn, carol: User, agenda: Agenda, visit_reason: VisitReason
) -> None:
    client = sign_in(carol)
    answer = client.post(f"{URL}new/", {"name": "Doctomat", "address": "ftp://x.example/a", "agenda": agenda.pk})
    shown = answer.content.decode()
    assert answer.status_code == 400
    assert "Choisissez le motif de ses rendez-vous." in shown
    form = {"name": "Doctomat", "address": "agenda", "agenda": agenda.pk, "visit_reason": visit_reason.pk}
    answer = client.post(f"{URL}new/", form)
    assert answer.status_code == 400
    assert "https://logiciel.example/agenda.ics" in answer.content.decode()
    assert 'value="Doctomat"' in answer.content.decode()
    assert 'id="id_address_error"' in answer.content.decode()


def test_an_address_that_cannot_be_opened_shows_a_page_all_the_same(sign_in: SignIn, carol: User, page: str) -> None:
    read_it()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE imports_calendaritem SET detail = 'damaged' WHERE detail <> ''")
        cursor.execute("UPDATE imports_calendarsubscription SET address = 'damaged'")
    for address in (URL, page, f"{page}remove/"):
        assert sign_in(carol).get(address).status_code == 200
    sign_in(carol).post(f"{page}remove/")
    assert not CalendarSubscription.objects.exists()


def test_for_others_the_pages_do_not_exist(sign_in: SignIn, page: str, alice: User, bob: User, charlie: User) -> None:
    for other in (alice, bob, charlie):
        client = sign_in(other)
        if other != charlie:  # the administrator of another practice has calendars of his own
            assert client.get(URL).status_code == 404
            assert client.get(f"{URL}new/").status_code == 404
        for address in (page, f"{page}state/", f"{page}held/", f"{page}address/", f"{page}undo/", f"{page}remove/"):
            assert client.get(address).status_code == 404
        for verb in ("on", "pause", "resume", "read", "held", "address", "undo", "remove"):
            assert client.post(f"{page}{verb}/").status_code == 404


def test_a_calendar_belongs_to_agendas_of_its_own_practice(
    sign_in: SignIn, charlie: User, agenda: Agenda, visit_reason: VisitReason
) -> None:
    form = {"name": "x", "address": "https://a.example/", "agenda": agenda.pk, "visit_reason": visit_reason.pk}
    assert sign_in(charlie).post(f"{URL}new/", form).status_code == 400
    assert not CalendarSubscription.objects.exists()
