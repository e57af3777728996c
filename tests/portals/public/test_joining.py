"""From the link of an invitation to the practice's first page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from audit.models import AuditEvent
from notifications.models import Message
from practices.colleagues import Identity, invite, invite_again, revoke_invitation
from practices.models import ColleagueInvitation, Membership, Practice, Role
from practices.periods import Period
from tests.accounts.people import type_password, with_proved_mailbox

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
PHRASE = "quatre mésanges sur le toit"


@pytest.fixture
def invited(practice: Practice, carol: User) -> ColleagueInvitation:
    identity = Identity("dora@lilas.example", "Dora", "Lenoir", "Dr", "10101010105")
    return invite(practice=practice, identity=identity, roles=[Role.PRACTITIONER, Role.ADMIN], by=carol)


def link_of(invitation: ColleagueInvitation) -> str:
    found = re.search(r"/join/[\w-]+/", Message.objects.get(about=invitation.pk).body)
    assert found
    return found[0]


def test_a_link_leads_to_an_account_of_ones_own(invited: ColleagueInvitation) -> None:
    client, link = Client(), link_of(invited)
    for _ in range(3):  # mail scanners
        page = client.get(link)
        assert page.status_code == 200
        assert page["Referrer-Policy"] == "no-referrer"
    text = page.content.decode()
    for words in ("Cabinet des Lilas", "Carol Roux", "peut partager, peut signer, administre"):
        assert words in text
    answer = client.post(link)
    assert answer["Location"] == "/join/account/"
    assert "Vous seul connaîtrez" in client.get("/join/account/").content.decode()
    assert "12 caractères" in client.post("/join/account/", {"password": "court"}).content.decode()
    answer = client.post("/join/account/", {"password": PHRASE})
    assert (answer.status_code, answer["Location"]) == (302, "/pro/")
    user = User.objects.get(email="dora@lilas.example")
    assert user.check_password(PHRASE)
    assert Membership.objects.get(user=user).public_id == invited.pk
    assert UserSession.objects.filter(user=user).count() == 1
    text = client.get("/pro/").content.decode()
    assert "Vous faites partie de l’équipe" in text
    assert "Dr Dora Lenoir" in text
    assert AuditEvent.objects.filter(action="account.signed_in", object_id=user.pk).exists()


def test_a_link_serves_once(invited: ColleagueInvitation) -> None:
    client, link = Client(), link_of(invited)
    client.post(link)
    client.post("/join/account/", {"password": PHRASE})
    for other in (Client(), client):
        for answer in (other.get(link), other.post(link)):
            assert answer.status_code == 410
            assert "Ce lien a déjà servi" in answer.content.decode()
    assert Client().get("/join/account/").status_code == 404
    assert Membership.objects.filter(practice=invited.practice).count() == 2


def test_staff_need_their_second_factor_where_the_installation_asks_for_it(
    invited: ColleagueInvitation, settings: Settings
) -> None:
    settings.STAFF_SECOND_FACTOR = True
    client = Client()
    client.post(link_of(invited))
    client.post("/join/account/", {"password": PHRASE})
    answer = client.get("/pro/")
    assert (answer.status_code, answer["Location"]) == (302, "/account/2fa/totp/activate/")
    assert client.get("/account/2fa/totp/activate/").status_code == 200  # the password is not asked for again


def test_the_links_that_are_over_say_what_to_do(invited: ColleagueInvitation, carol: User) -> None:
    first = link_of(invited)
    invite_again(invitation=invited, by=carol)
    lost = Client().get(first)
    assert lost.status_code == 404
    assert "e-mail plus récent" in lost.content.decode()
    second = link_of(invited)
    opened = Client()
    opened.post(second)
    ColleagueInvitation.objects.update(expires_at=timezone.now())
    assert "Ce lien a expiré" in Client().get(second).content.decode()
    assert opened.post("/join/account/", {"password": PHRASE}).status_code == 410
    revoke_invitation(invitation=invited, by=carol)
    assert "Cette invitation est retirée" in Client().get(second).content.decode()
    assert Client().get("/join/nothing/").status_code == 404
    assert not User.objects.filter(email="dora@lilas.example").exists()


def test_whoever_has_an_account_signs_in_and_accepts_as_themselves(
    practice: Practice, carol: User, charlie: User, other_practice: Practice
) -> None:
    with_proved_mailbox(charlie)
    identity = Identity(charlie.email, "Charlie", "Noir")
    invitation = invite(practice=practice, identity=identity, roles=[Role.SECRETARY], by=carol)
    client = Client()
    answer = client.post(link_of(invitation))
    assert answer["Location"] == "/account/login/?next=%2Fjoin%2Fconfirm%2F"
    assert client.get("/join/account/")["Location"] == answer["Location"]
    assert client.get("/join/passkey/")["Location"] == answer["Location"]
    type_password(client, charlie)
    assert "Dr Charlie Noir" in client.get("/join/confirm/").content.decode()
    assert not Membership.objects.filter(user=charlie, practice=practice).exists()
    answer = client.post("/join/confirm/")
    assert answer["Location"] == "/pro/"
    text = client.get("/pro/").content.decode()
    assert "Cabinet des Lilas" in text
    assert set(Practice.objects.of(charlie)) == {practice, other_practice}


def test_another_account_does_not_accept_for_somebody_else(
    practice: Practice, carol: User, charlie: User, hugo: User, sign_in: SignIn
) -> None:
    invitation = invite(
        practice=practice, identity=Identity(charlie.email, "Charlie", "Noir"), roles=[Role.ADMIN], by=carol
    )
    client = sign_in(hugo)
    assert client.post(link_of(invitation))["Location"] == "/join/confirm/"
    for answer in (client.get("/join/confirm/"), client.post("/join/confirm/")):
        assert answer.status_code == 409
        assert "pour un autre compte" in answer.content.decode()
    assert not Membership.objects.filter(user=hugo).exists()


def test_a_closed_account_is_told_so(practice: Practice, carol: User, hugo: User) -> None:
    User.objects.filter(pk=hugo.pk).update(is_active=False)
    invitation = invite(
        practice=practice, identity=Identity(hugo.email, "Hugo", "Martin"), roles=[Role.READER], by=carol
    )
    answer = Client().post(link_of(invitation))
    assert answer.status_code == 410
    assert "Ce compte est fermé" in answer.content.decode()


def test_a_replacement_reads_when_the_access_begins(practice: Practice, carol: User) -> None:
    first = timezone.localdate(timezone=practice.zone) + timedelta(days=2)
    invitation = invite(
        practice=practice,
        identity=Identity("dora@lilas.example", "Dora", "Lenoir"),
        roles=[Role.SECRETARY],
        period=Period(first, first + timedelta(days=5)),
        by=carol,
    )
    client, link = Client(), link_of(invitation)
    assert re.search(r"du \d", client.get(link).content.decode())
    client.post(link)
    answer = client.post("/join/account/", {"password": PHRASE}, follow=True)
    assert "votre accès commence le" in answer.content.decode()
    assert client.get("/pro/").status_code == 404


def test_a_passkey_makes_no_account_before_it_exists(invited: ColleagueInvitation) -> None:
    client = Client()
    client.post(link_of(invited))
    page = client.get("/join/passkey/")
    assert page.status_code == 200
    assert "creation_options" in page.content.decode()
    answer = client.post("/join/passkey/", {"name": "Mon téléphone", "credential": ""})
    assert answer.status_code == 400
    assert "La clé n’a pas été créée" in answer.content.decode()
    forged = client.post("/join/passkey/", {"name": "Mon téléphone", "credential": '{"id": "x"}'})
    assert forged.status_code == 400
    assert not User.objects.filter(email="dora@lilas.example").exists()
