"""The page of a practice: who consults there, when, and how one books."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments.closings import close
from appointments.models import Agenda, OpeningHours, VisitReason
from appointments.slots import free_slots
from portals.practice_address import page_path, slug_of
from portals.public import practice_page
from portals.public.practice_page import town_of
from practices.models import BookingOpenTo, Practice, PracticeLogo
from tests.appointments.conftest import *  # noqa: F403  # an open agenda
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def shown(practice: Practice, open_agenda: Agenda) -> Practice:
    practice.address = "12 rue des Lilas\n75020 Paris"
    practice.save()
    return practice


def page_of(practice: Practice, client: Client | None = None) -> str:
    answer = (client or Client()).get(page_path(practice))
    assert answer.status_code == 200
    return one_line(answer.content.decode())


def test_it_names_the_practice_and_leads_to_it(shown: Practice) -> None:
    page = page_of(shown)
    assert re.search(r"<title>\s*Cabinet des Lilas, Paris – docshare\s*</title>", page)
    assert "12 rue des Lilas<br>75020 Paris" in page
    assert 'href="tel:+33140000000"' in page
    [on_map] = re.findall(r'" href="(https://www\.openstreetmap\.org/[^"]+)" rel="noreferrer"', page)
    assert on_map.endswith("query=12+rue+des+Lilas+75020+Paris")
    assert not re.findall(r'(?:src|srcset|action|poster)="(?:https?:)?//', page)
    assert f'<link rel="canonical" href="{settings.PUBLIC_URL}{page_path(shown)}">' in page
    assert '<meta name="description" content="Cabinet des Lilas, Paris. ' in page


def test_each_reason_has_its_next_time_and_leads_to_it(
    shown: Practice, open_agenda: Agenda, visit_reason: VisitReason
) -> None:
    today = timezone.localdate(timezone=shown.zone)
    first = free_slots(agenda=open_agenda, visit_reason=visit_reason, first=today, last=today + timedelta(days=7))[
        0
    ].start
    page = page_of(shown)
    assert re.search(rf"Prochain créneau\s: \S+ {first.day}(?:er)? \S+ {first.year} à {first:%H:%M}", page)
    address = f"/book/{open_agenda.pk}/{visit_reason.pk}/in_person/?from={first:%Y-%m-%d}"
    assert f'href="{address}"' in page
    assert Client().get(address).status_code == 200
    assert f'href="/book/{shown.pk}/"' in page
    OpeningHours.objects.all().update(closes_at=time(9, 5))
    assert "Pas de créneau libre dans les quatre semaines." in page_of(shown)


def test_hours_and_closings_to_come_are_shown_without_why(shown: Practice, open_agenda: Agenda, carol: User) -> None:
    starts = timezone.now().replace(microsecond=0) + timedelta(days=10)
    close(
        practice=shown, starts_at=starts, ends_at=starts + timedelta(days=3), reason="Opération de Carole",
        agendas=(), by=carol,
    )  # fmt: skip
    page = page_of(shown)
    assert page.count('<dd class="tabular">09:00–12:00</dd>') == 7
    assert "Fermetures à venir" in page
    assert "Opération" not in page


@pytest.mark.parametrize(
    ("open_to", "words", "offers"),
    [
        (BookingOpenTo.EVERYBODY, "Tout le monde peut y prendre rendez-vous en ligne", True),
        (BookingOpenTo.KNOWN, "Pour un premier rendez-vous, appelez-le.", True),
        (BookingOpenTo.NOBODY, "Appelez-le pour en prendre un.", False),
    ],
)
def test_it_says_who_may_book_and_what_others_do(
    shown: Practice, open_to: BookingOpenTo, words: str, offers: bool
) -> None:
    Practice.objects.update(booking_open_to=open_to)
    page = page_of(shown)
    assert words in page
    assert ("Prendre rendez-vous</a>" in page) is offers
    assert ('href="/book/' in page.partition("<main")[2]) is offers


def test_who_does_not_book_online_is_named_only_if_the_practice_shows_them(shown: Practice, carol: User) -> None:
    User.objects.filter(pk=carol.pk).update(title="Pr", first_name="Zita", last_name="Quintal")
    carol.refresh_from_db()
    quiet = Agenda.objects.create(
        practice=shown, name="Salle du fond", practitioner=carol, books_online=False, specialty="cardiology"
    )
    page = page_of(shown)
    assert not any(word in page for word in ("Salle du fond", "Quintal", "Cardiologie"))
    quiet.is_shown = True
    quiet.save()
    page = page_of(shown)
    assert all(word in page for word in ("Salle du fond", "Pr Zita Quintal", "Cardiologie", "Pas de rendez-vous en"))
    carol.is_active = False
    carol.save()
    assert "Quintal" not in page_of(shown)
    User.objects.filter(pk=carol.pk).update(is_active=True)
    assert "Quintal" in page_of(shown)
    shown.memberships.filter(user=carol).delete()  # removed from the practice; the agenda stays hers until changed
    assert "Quintal" not in page_of(shown)


def test_staff_without_an_agenda_are_never_named(shown: Practice, bob: User, carol: User) -> None:
    page = page_of(shown)
    assert bob.last_name not in page
    assert carol.last_name not in page
    assert shown.email not in page


def test_a_practice_that_nobody_books_and_that_is_not_listed_has_no_page(shown: Practice) -> None:
    path = page_path(shown)
    Practice.objects.update(is_listed=False)
    assert "noindex" in page_of(shown)
    Practice.objects.update(booking_open_to=BookingOpenTo.NOBODY)
    missing = Client().get(path)
    assert missing.status_code == 404
    unknown = Client().get("/cabinets/cabinet-000000000000/")
    assert missing.content.replace(path.encode(), b"") == unknown.content.replace(
        b"/cabinets/cabinet-000000000000/", b""
    )
    Practice.objects.update(is_listed=True)
    assert Client().get(path).status_code == 200
    Agenda.objects.update(is_active=False)
    Practice.objects.update(booking_open_to=BookingOpenTo.EVERYBODY, is_listed=False)
    assert Client().get(path).status_code == 404


def test_a_former_name_leads_to_the_page(shown: Practice) -> None:
    former = page_path(shown)
    shown.name = "Maison de santé du Vieux-Port"
    shown.save()
    for path in (former, former.upper().replace("/CABINETS/", "/cabinets/"), f"/cabinets/{former[-13:-1]}/"):
        answer = Client().get(path)
        assert (answer.status_code, answer["Location"]) == (301, page_path(shown)), path
    assert page_path(shown).startswith("/cabinets/maison-de-sante-du-vieux-port-")


@pytest.mark.parametrize("name", ["Центр", "…", "A" * 200, "Œuvre & Cie <b>", "漢字 Paris"])
def test_every_name_makes_an_address(practice: Practice, name: str) -> None:
    practice.name = name
    practice.save()
    assert re.fullmatch(r"([a-z0-9]+-)*[0-9a-f]{12}", slug_of(practice))
    assert len(slug_of(practice)) <= 93
    assert Client().get(page_path(practice)).status_code == 200


@pytest.mark.parametrize(
    "slug", ["x", "lilas", "lilas-zzzzzzzzzzzz", "-", "..", "{}", "١٢٣٤٥٦٧٨٩٠١٢", "lilas-12345678901"]
)
def test_other_addresses_are_missing(shown: Practice, slug: str) -> None:
    assert Client().get(f"/cabinets/{slug}/").status_code == 404


def test_the_logo_of_a_discreet_practice_is_not_asked_for(shown: Practice) -> None:
    shown.logo_version = "1"
    shown.save()
    PracticeLogo.objects.create(practice=shown, png=b"png", width=10, height=10)
    assert f"/logo/{shown.pk}/" in page_of(shown)
    shown.discreet_name = "Cabinet"
    shown.save()
    assert "/logo/" not in page_of(shown)


def test_twenty_agendas_cost_as_many_statements_as_one(
    shown: Practice, open_agenda: Agenda, visit_reason: VisitReason, alice: User
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            page_of(shown)
        return len(asked)

    page_of(shown)
    few = statements()
    for number in range(20):
        agenda = Agenda.objects.create(practice=shown, name=f"Agenda {number}", practitioner=alice)
        visit_reason.agendas.add(agenda)
        for other in range(3):
            reason, _new = VisitReason.objects.get_or_create(practice=shown, name=f"Motif {other}")
            reason.agendas.add(agenda)
        for weekday in range(7):
            OpeningHours.objects.create(agenda=agenda, weekday=weekday, opens_at=time(9), closes_at=time(12))
    assert statements() <= few + 1 <= 21


def test_one_address_may_not_read_pages_without_end(shown: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice_page, "PAGES_A_MINUTE", 2)
    answers = [Client().get(page_path(shown), REMOTE_ADDR="192.0.2.7") for _ in range(4)]
    assert 429 in [one.status_code for one in answers]
    assert answers[-1]["Retry-After"] == "60"


@pytest.mark.parametrize(
    ("address", "town"),
    [
        ("12 rue des Lilas\n75020 Paris", "Paris"),
        ("12 rue des Lilas\r\n13002  Marseille Cedex 02", ""),
        ("1 place X, 93200 Saint-Denis\nFrance", "Saint-Denis"),
        ("", ""),
    ],
)
def test_the_town_is_what_follows_the_postcode(address: str, town: str) -> None:
    assert town_of(address) == town


def test_someone_signed_in_keeps_their_menu(shown: Practice, sign_in: SignIn, hugo: User) -> None:
    page = page_of(shown, sign_in(hugo))
    assert "Mes documents" in page
    assert "Prendre rendez-vous</a>" in page
