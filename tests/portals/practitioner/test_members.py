"""The pages of members: for administrators of this practice alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from notifications.models import Message
from practices.colleagues import Identity, invite
from practices.joining import find_invitation
from practices.models import ColleagueInvitation, Membership, Practice, Role

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
MEMBERS = "/pro/settings/members/"
DORA = {
    "email": "dora@lilas.example",
    "title": "Dr",
    "first_name": "Dora",
    "last_name": "Lenoir",
    "professional_number": "10101010105",
    "roles": ["practitioner"],
}


@pytest.fixture
def invited(practice: Practice, carol: User) -> ColleagueInvitation:
    identity = Identity("dora@lilas.example", "Dora", "Lenoir", "Dr")
    return invite(practice=practice, identity=identity, roles=[Role.PRACTITIONER], by=carol)


def page_of(user: User) -> str:
    return f"{MEMBERS}{Membership.objects.get(user=user).public_id}/"


def test_an_administrator_invites_with_words_for_roles(carol: User, sign_in: SignIn) -> None:
    client = sign_in(carol)
    assert "Membres" in client.get("/pro/settings/").content.decode()
    assert "peut signer" in client.get(f"{MEMBERS}new/").content.decode()
    answer = client.post(f"{MEMBERS}new/", DORA, follow=True)
    text = answer.content.decode()
    for words in ("L’invitation part à dora@lilas.example", "Dr Dora Lenoir", "peut partager, peut signer", "Invité"):
        assert words in text
    assert Message.objects.get().to == "dora@lilas.example"
    assert not User.objects.filter(email="dora@lilas.example").exists()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"professional_number": "10101010101"}, "dernier chiffre"),
        ({"professional_number": "1010"}, "11 chiffres"),
        ({"roles": []}, "Cochez au moins un rôle"),
        ({"email": "bob@lilas.example"}, "déjà membre"),
        ({"email": "dora"}, "adresse"),
        ({"last_name": ""}, "Saisissez le nom"),
        ({"valid_from": "2026-12-03", "valid_until": "2026-12-01"}, "avant le premier"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    carol: User, bob: User, sign_in: SignIn, changed: dict[str, Any], sentence: str
) -> None:
    answer = sign_in(carol).post(f"{MEMBERS}new/", DORA | changed, follow=True)
    text = answer.content.decode()
    assert sentence in text
    assert "Il y a un problème" in text
    assert 'value="Dora"' in text
    assert not Message.objects.exists()


def test_an_invitation_is_sent_again_corrected_and_revoked(
    carol: User, invited: ColleagueInvitation, sign_in: SignIn
) -> None:
    client, one = sign_in(carol), f"{MEMBERS}{invited.pk}/"
    first = invited.token_hash
    assert "Un nouveau lien" in client.post(f"{one}again/", follow=True).content.decode()
    invited.refresh_from_db()
    assert invited.token_hash != first
    assert 'value="Lenoir"' in client.get(one).content.decode()
    client.post(one, DORA | {"last_name": "Lenoir-Petit", "roles": ["reader"]})
    invited.refresh_from_db()
    assert (invited.last_name, invited.roles) == ("Lenoir-Petit", frozenset({Role.READER}))
    assert "Retirer l’invitation" in client.get(f"{one}remove/").content.decode()
    assert ColleagueInvitation.objects.pending().exists()
    client.post(f"{one}remove/")
    assert not ColleagueInvitation.objects.pending().exists()
    assert client.get(one).status_code == 404


def test_an_expired_invitation_says_so(carol: User, invited: ColleagueInvitation, sign_in: SignIn) -> None:
    ColleagueInvitation.objects.update(expires_at=timezone.now())
    assert "Invitation expirée" in sign_in(carol).get(MEMBERS).content.decode()


def test_a_members_roles_and_days_are_changed(carol: User, bob: User, sign_in: SignIn) -> None:
    client = sign_in(carol)
    today = timezone.localdate()
    typed = {"roles": ["reader"], "valid_from": str(today), "valid_until": str(today + timedelta(days=9))}
    text = client.post(page_of(bob), typed, follow=True).content.decode()
    assert "Les changements sont enregistrés" in text
    assert "lit seulement" in text
    assert re.search(r"du \d", text)
    assert 'name="first_name"' not in client.get(page_of(bob)).content.decode()  # the account is Bob's
    activity = client.get("/pro/settings/activity/").content.decode()
    for words in ("Rôles changés", "Jours d’accès changés", "Par Carol Roux"):
        assert words in activity


def test_a_member_is_removed_after_a_question(carol: User, bob: User, sign_in: SignIn) -> None:
    client, theirs = sign_in(carol), sign_in(bob)
    assert "Retirer Bob Petit du cabinet" in client.get(f"{page_of(bob)}remove/").content.decode()
    assert theirs.get("/pro/").status_code == 200
    text = client.post(f"{page_of(bob)}remove/", follow=True).content.decode()
    assert "Bob Petit n’a plus accès au cabinet" in text
    assert theirs.get("/pro/").status_code in (302, 404)


def test_the_last_administrator_is_told_what_to_do(carol: User, bob: User, sign_in: SignIn) -> None:
    client = sign_in(carol)
    text = client.post(f"{page_of(carol)}remove/", follow=True).content.decode()
    assert "C’est le dernier administrateur du cabinet" in text
    text = client.post(page_of(carol), {"roles": ["reader"]}, follow=True).content.decode()
    assert "C’est le dernier administrateur du cabinet" in text
    client.post(page_of(bob), {"roles": ["admin"]})
    answer = client.post(f"{page_of(carol)}remove/")
    assert answer.status_code == 302
    assert not Membership.objects.filter(user=carol).exists()


def test_invitations_are_in_the_activity_with_their_names(
    carol: User, invited: ColleagueInvitation, sign_in: SignIn
) -> None:
    text = sign_in(carol).get("/pro/settings/activity/").content.decode()
    assert "Invitation envoyée" in text
    assert "Dr Dora Lenoir" in text


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_nobody_else_has_these_pages(
    who: str, carol: User, invited: ColleagueInvitation, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    own = page_of(carol)
    client = sign_in(request.getfixturevalue(who))
    for one in (own, f"{MEMBERS}{invited.pk}/"):
        for page in (one, f"{one}remove/"):
            assert client.get(page).status_code == 404
            assert client.post(page, DORA | {"roles": ["admin"]}).status_code == 404
        assert client.post(f"{one}again/").status_code == 404
    if who != "charlie":  # who administers another practice, and sees its pages alone
        assert client.get(MEMBERS).status_code == 404
        assert client.post(f"{MEMBERS}new/", DORA).status_code == 404
    else:
        assert "Carol" not in client.get(MEMBERS).content.decode()
    assert ColleagueInvitation.objects.pending().get() == invited
    assert Membership.objects.get(user=carol).is_admin


def test_a_form_of_another_practices_page_invites_nobody(
    carol: User, practice: Practice, charlie: User, sign_in: SignIn
) -> None:
    assert sign_in(charlie).post(f"{MEMBERS}new/", DORA | {"practice": practice.pk}).status_code == 404
    assert find_invitation("") is None
    assert not ColleagueInvitation.objects.exists()
