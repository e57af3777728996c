"""Patients find practices by name, town, postcode and specialty."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from appointments.agendas import AgendaFacts, change_agenda
from appointments.models import Agenda, OpeningHours, VisitReason
from portals.public import practice_search
from practices.find_text import find_text
from practices.founding import rename_practice
from practices.identity import set_identity
from practices.models import BookingOpenTo, Practice
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
NAMES = re.compile(r'<h2 class="mt-0">\s*<a href="[^"]+">([^<]+)</a>')


def found(asked: str, client: Client | None = None, **more: str) -> list[str]:
    page = (client or Client()).get("/cabinets/", {"q": asked, **more})
    assert page.status_code == 200
    return [name.strip() for name in NAMES.findall(page.content.decode())]


def made(name: str, address: str = "", *, listed: bool = True) -> Practice:
    return Practice.objects.create(name=name, address=address, is_listed=listed)


def open_agenda(practice: Practice, name: str, specialty: str = "", **more: bool) -> Agenda:
    agenda = Agenda.objects.create(practice=practice, name=name, specialty=specialty, **more)
    reason, _new = VisitReason.objects.get_or_create(practice=practice, name="Consultation")
    reason.agendas.add(agenda)
    OpeningHours.objects.create(agenda=agenda, weekday=0, opens_at=time(9), closes_at=time(12))
    return agenda


@pytest.fixture
def several() -> None:
    port = made("Maison de santé du Vieux-Port", "3 quai d’Orléans\n13002 Marseille")
    open_agenda(port, "Dr Anne-Sophie Le Goff", "paediatrics")
    denis = made("Cabinet Saint-Denis", "1 place de l’Église\n93200 Saint-Denis")
    open_agenda(denis, "Salle 1", "dentistry")
    made("Centre St Étienne", "12 av. des Œillets\n42000 St-Étienne")
    made("Cabinet secret", "5 rue Cachée\n13002 Marseille", listed=False)


PORT, DENIS, ETIENNE = "Maison de santé du Vieux-Port", "Cabinet Saint-Denis", "Centre St Étienne"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("vieux port", [PORT]),
        ("PORT VIEUX", [PORT]),
        ("Vieux-Port", [PORT]),
        ("sante", [PORT]),
        ("mais sant", [PORT]),
        ("13002", [PORT]),
        ("130", [PORT]),
        ("marseille pédiatre", [PORT]),
        ("PEDIATRIE", [PORT]),
        ("pédiatre à Marseille", [PORT]),
        ("le goff", [PORT]),
        ("docteur anne sophie", [PORT]),
        ("dentiste", [DENIS]),
        ("dentist", [DENIS]),
        ("chirurgien dentiste 93200", [DENIS]),
        ("st denis", [DENIS]),
        ("saint", [DENIS, ETIENNE]),
        ("St", [DENIS, ETIENNE]),
        ("saint etienne", [ETIENNE]),
        ("SAINT-ÉTIENNE", [ETIENNE]),
        ("œillets", [ETIENNE]),
        ("oeillets", [ETIENNE]),
        ("cabinet", [DENIS]),
        ("secret", []),
        ("cachée", []),
        ("ort", []),
        ("pédiatre dentiste", []),
        ("---", []),
        ("%", []),
        ("_", []),
        ("\x00", []),
    ],
)
def test_it_finds(several: None, asked: str, expected: list[str]) -> None:
    assert found(asked) == expected


def test_nothing_asked_lists_all_that_are_listed(several: None) -> None:
    assert found("") == found("  ") == [DENIS, ETIENNE, PORT]


def test_whoever_renames_it_the_new_name_is_found_and_the_former_is_not(practice: Practice, carol: User) -> None:
    agenda = open_agenda(practice, "Dr Rémi Cachou")
    set_identity(practice=practice, changes={"name": "Cabinet du Phare", "address": "29200 Brest"}, by=carol)
    change_agenda(agenda=agenda, facts=replace(AgendaFacts.of(agenda), name="Dr Léa Vue"), by=carol)
    assert found("brest") == found("phare") == found("vue") == ["Cabinet du Phare"]
    assert found("lilas") == found("cachou") == []
    operator = User.objects.create_superuser("operator@site.example", PASSWORD)
    rename_practice(practice=Practice.objects.get(), name="Cabinet du Sémaphore", by=operator)
    assert found("semaphore brest") == ["Cabinet du Sémaphore"]
    assert found("phare") == []


def test_staff_and_agendas_that_are_not_shown_find_nothing() -> None:
    practice = made("Cabinet des Tilleuls")
    hidden = open_agenda(practice, "Dr Rémi Cachou", "urology", books_online=False)
    assert found("cachou") == found("urologue") == []
    hidden.is_shown = True
    hidden.save()
    assert found("cachou") == found("urologue") == ["Cabinet des Tilleuls"]
    hidden.is_active = False
    hidden.save()
    assert found("cachou") == []
    open_one = open_agenda(practice, "Dr Léa Vue", "optics")
    assert found("opticien") == ["Cabinet des Tilleuls"]
    Practice.objects.update(booking_open_to=BookingOpenTo.NOBODY)
    assert found(open_one.name) == []


def test_a_result_says_who_may_book() -> None:
    made("Un")
    page = Client().get("/cabinets/").content.decode()
    assert "Rendez-vous par téléphone" not in page
    Practice.objects.update(booking_open_to=BookingOpenTo.KNOWN)
    assert "déjà connus du cabinet" in Client().get("/cabinets/").content.decode()
    Practice.objects.update(booking_open_to=BookingOpenTo.NOBODY)
    assert "Rendez-vous par téléphone" in Client().get("/cabinets/").content.decode()


def test_no_result_and_no_practice_say_what_to_do() -> None:
    assert "Aucun cabinet ne figure" in Client().get("/cabinets/?q=lilas").content.decode()
    made("Un")
    page = Client().get("/cabinets/?q=lilas%3Cb%3E").content.decode()
    assert "Aucun cabinet ne correspond à «\u00a0lilas&lt;b&gt;\u00a0»" in page
    assert "Essayez un seul mot" in page
    assert "Voir tous les cabinets" in page


def test_pages_follow_one_another() -> None:
    for number in range(45):
        made(f"Cabinet {number:02}")
    client = Client()
    pages = [found("cabinet", client, page=str(number)) for number in (1, 2, 3)]
    assert [len(one) for one in pages] == [20, 20, 5]
    assert [name for one in pages for name in one] == [f"Cabinet {number:02}" for number in range(45)]
    second = client.get("/cabinets/?q=cabinet&page=2").content.decode()
    assert '"?q=cabinet&amp;page=1"' in second
    assert '"?q=cabinet&amp;page=3"' in second
    for odd in ("0", "-1", "99", "x", "\x00"):
        assert found("cabinet", client, page=odd)


@pytest.mark.parametrize("asked", ["a b c d e f g h i", "x" * 201, "a-b-c-d-e-f-g-h-i"])
def test_a_search_is_bounded_and_what_was_typed_stays(asked: str) -> None:
    answer = Client().get("/cabinets/", {"q": asked})
    assert answer.status_code == 400
    assert "au plus" in answer.content.decode()
    assert asked in answer.content.decode()


def test_one_address_may_not_search_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice_search, "SEARCHES_A_MINUTE", 2)
    answers = [Client().get("/cabinets/?q=lilas", REMOTE_ADDR="2001:db8::1") for _ in range(3)]
    assert 429 in [one.status_code for one in answers]
    assert answers[-1]["Retry-After"] == "60"
    assert 'value="lilas"' in answers[-1].content.decode()
    assert Client().get("/cabinets/", REMOTE_ADDR="2001:db8:1::1").status_code == 200


def test_ten_thousand_practices_cost_as_many_statements_as_one() -> None:
    practices = [
        Practice(name=f"Cabinet {number}", address=f"{number % 95_000:05} Ville-{number}", is_listed=True)
        for number in range(10_000)
    ]
    for one in practices:
        one.find_text = find_text(one.name, one.address)
    Practice.objects.bulk_create(practices, batch_size=1000)
    for number in range(0, 10_000, 500):
        open_agenda(practices[number], "Dr X", "dermatology")
    client = Client()
    for asked in ("", "cabinet", "cabinet ville 09999", "dermatologue cabinet", "a b c d e f g h"):
        with CaptureQueriesContext(connection) as statements:
            client.get("/cabinets/", {"q": asked})
        assert len(statements) <= 4, asked
    assert found("09999") == ["Cabinet 9999"]
    assert len(found("dermatologue")) == 20


def test_a_search_without_a_space_for_the_postcode_of_a_town_with_several() -> None:
    made("Un", "69003 Lyon")
    made("Deux", "69007 Lyon")
    assert found("6900") == ["Deux", "Un"]
    assert found("lyon 69003") == ["Un"]
