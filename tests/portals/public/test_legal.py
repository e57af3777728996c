"""The pages of the law, open to all, and the footer that leads to them from every page."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from patients.models import Patient, RecordTie
from practices.models import Practice
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGES = ["/legal/", "/privacy/", "/accessibility/", "/help/", "/site-map/"]
UNKNOWN = "L’exploitant du site n’a pas encore renseigné cette mention."


def read(client: Client, address: str) -> str:
    return one_line(unescape(client.get(address).content.decode()))


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(("language", "word"), [("fr", "Plan du site"), ("en", "Site map")])
def test_everybody_may_read_it_in_both_languages(client: Client, address: str, language: str, word: str) -> None:
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert word in answer.content.decode()
    assert client.post(address).status_code == 405


def test_a_mention_that_nobody_filled_in_says_so(client: Client) -> None:
    assert read(client, "/legal/").count(UNKNOWN) == 4
    assert UNKNOWN in read(client, "/privacy/")


def test_the_settings_fill_the_pages(client: Client, settings: Settings) -> None:
    settings.PUBLISHER = ["Maison de santé des Lilas <SARL>", "1 rue des Lilas, 75020 Paris"]
    settings.PUBLICATION_DIRECTOR = "Jeanne Leroy"
    settings.HOSTING_PROVIDER = ["Hébergeur de santé", "2 quai du Port, 33000 Bordeaux"]
    settings.LEGAL_EMAIL = "site@lilas.example"
    settings.DATA_PROTECTION_OFFICER = "Paul Morin"
    notice = read(client, "/legal/")
    assert UNKNOWN not in notice
    for words in (
        "1 rue des Lilas, 75020 Paris",
        *settings.HOSTING_PROVIDER,
        "Jeanne Leroy",
        "mailto:site@lilas.example",
    ):
        assert words in notice
    assert "Maison de santé des Lilas &lt;SARL&gt;<br>" in client.get("/legal/").content.decode()
    assert "Paul Morin" in read(client, "/privacy/")
    assert "site@lilas.example" in read(client, "/accessibility/")


@pytest.mark.parametrize(
    ("level", "mention"),
    [("none", "non conforme"), ("partial", "partiellement conforme"), ("full", "totalement conforme")],
)
def test_the_mention_of_accessibility_follows_the_audit(
    client: Client, settings: Settings, level: str, mention: str
) -> None:
    settings.ACCESSIBILITY = level
    assert f"Accessibilité\u00a0: {mention}" in client.get("/account/login/").content.decode()


def test_each_practice_has_its_notice(client: Client, practice: Practice) -> None:
    practice.address, practice.telephone = "3 rue Haute\n75020 Paris", "+33140000000"
    practice.save()
    page = read(client, f"/privacy/{practice.pk}/")
    assert practice.name in page
    assert "01 40 00 00 00" in page.replace("\u00a0", " ")
    assert "R1112-7" in page
    assert client.get(f"/privacy/{uuid.uuid4()}/").status_code == 404


def test_a_discreet_practice_hides_its_own_address(client: Client, practice: Practice) -> None:
    practice.email, practice.discreet_name = "addictologie@lilas.example", "Cabinet L."
    practice.save()
    assert "addictologie@" not in read(client, f"/privacy/{practice.pk}/")


def test_a_patient_finds_the_notices_of_their_practices_alone(
    hugo: User, marie: Patient, other_practice: Practice, sign_in: SignIn
) -> None:
    RecordTie.objects.create(user=hugo, patient=marie, relationship="self", proved_email="x", proved_mobile="y")
    page = read(sign_in(hugo), "/privacy/")
    assert f"/privacy/{marie.practice_id}/" in page
    assert f"/privacy/{other_practice.pk}/" not in page
    assert f"/privacy/{marie.practice_id}/" not in read(Client(), "/privacy/")


def test_every_page_has_the_footer(client: Client, hugo: User, alice: User, sign_in: SignIn) -> None:
    of_anybody = ["/account/login/", "/verify/", "/d/unknown", "/nothing/", *PAGES]
    of_patients = ["/documents/", "/my-appointments/", "/my-account/", "/cabinets/"]
    of_staff = ["/pro/", "/pro/patients/", "/pro/library/", "/account/2fa/"]
    for who, addresses in ((client, of_anybody), (sign_in(hugo), of_patients), (sign_in(alice), of_staff)):
        for address in addresses:
            page = read(who, address)
            assert page.count('<footer class="site-foot">') == 1, address
            assert "/legal/" in page.split("<footer")[1]


def test_staff_are_led_to_the_notice_of_their_practice(alice: User, practice: Practice, sign_in: SignIn) -> None:
    assert f"/privacy/{practice.pk}/" in read(sign_in(alice), "/pro/")


def test_the_map_leads_everywhere_that_the_menus_lead(
    hugo: User, alice: User, carol: User, rita: User, sign_in: SignIn
) -> None:
    for user, home in ((hugo, "/documents/"), (alice, "/pro/"), (carol, "/pro/"), (rita, "/pro/")):
        client = sign_in(user)
        menu = re.search("<nav.*?</nav>", client.get(home).content.decode(), flags=re.DOTALL)
        assert menu
        links = re.findall('href="([^"]+)"', menu[0])
        site_map = client.get("/site-map/").content.decode().split("<main")[1].split("</main>")[0]
        assert len(links) >= 3
        assert [link for link in links if f'href="{link}"' not in site_map] == []
