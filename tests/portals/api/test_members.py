"""Members in the API: for administrators of the practice of the call, and of that practice alone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Scope, User
from notifications.models import Message
from portals.models import IdempotentCall
from practices.joining import find_invitation, open_account, why_closed
from practices.models import ColleagueInvitation, Membership, Practice
from tests.portals.api.conftest import Api, errors

pytestmark = pytest.mark.django_db
MEMBERS = "/api/v1/members/"
DORA = {
    "email": "Dora@Lilas.example",
    "title": "Dr",
    "first_name": "Dora",
    "last_name": "Lenoir",
    "professional_number": "101 0101 0105",
    "roles": ["practitioner", "admin"],
}


def invite(api: Api, by: User, **changed: Any) -> Any:
    return api(by).post(MEMBERS, DORA | changed, format="json")


def link_to(pk: str) -> str:
    found = re.search(r"/join/([\w-]+)/", Message.objects.get(about=pk).body)
    assert found
    return found[1]


def test_an_invited_colleague_becomes_a_member_with_the_same_id(api: Api, carol: User) -> None:
    made = invite(api, carol)
    assert made.status_code == 201
    body = made.json()
    assert body | {"id": "", "expires_at": ""} == {
        "id": "",
        "email": "dora@lilas.example",
        "title": "Dr",
        "first_name": "Dora",
        "last_name": "Lenoir",
        "professional_number": "10101010105",
        "roles": ["admin", "practitioner"],
        "state": "invited",
        "valid_from": None,
        "valid_until": None,
        "expires_at": "",
    }
    one = f"{MEMBERS}{body['id']}/"
    assert api(carol).get(one).json() == body
    invitation = find_invitation(link_to(body["id"]))
    assert invitation is not None
    user = open_account(invitation=invitation, password="quatre mésanges sur le toit")
    active = api(carol).get(one).json()
    assert active == body | {"state": "active", "expires_at": None}
    assert api(user).get(MEMBERS).json()["results"] == api(carol).get(MEMBERS).json()["results"]
    assert active in api(carol).get(MEMBERS).json()["results"]
    assert not User.objects.filter(password="", email="dora@lilas.example").exists()


def test_the_list_has_members_and_invited_people_of_this_practice_alone(
    api: Api, carol: User, alice: User, bob: User, charlie: User
) -> None:
    invite(api, carol)
    ColleagueInvitation.objects.update(expires_at=timezone.now())
    listed = api(carol).get(MEMBERS).json()["results"]
    assert [(one["email"], one["state"]) for one in listed] == [
        (alice.email, "active"),
        (bob.email, "active"),
        (carol.email, "active"),
        ("dora@lilas.example", "expired"),
    ]


def test_roles_and_days_are_changed(api: Api, carol: User, bob: User) -> None:
    one = f"{MEMBERS}{Membership.objects.get(user=bob).public_id}/"
    today = timezone.localdate()
    changed = api(carol).patch(one, {"roles": ["reader"]}, format="json")
    assert (changed.status_code, changed.json()["roles"]) == (200, ["reader"])
    later = {"valid_from": str(today + timedelta(days=3)), "valid_until": str(today + timedelta(days=9))}
    changed = api(carol).patch(one, later, format="json").json()
    assert {name: changed[name] for name in later} == later
    assert (changed["state"], changed["roles"]) == ("upcoming", ["reader"])
    over = {"valid_from": None, "valid_until": str(today - timedelta(days=1))}
    assert api(carol).patch(one, over, format="json").json()["state"] == "ended"
    wrong = api(carol).patch(one, {"valid_from": str(today)}, format="json")
    assert (wrong.status_code, wrong.json()["errors"][0]["attr"]) == (400, "valid_until")


def test_an_invitation_is_corrected(api: Api, carol: User) -> None:
    made = invite(api, carol).json()
    one, first = f"{MEMBERS}{made['id']}/", link_to(made["id"])
    changed = api(carol).patch(one, {"email": "d.lenoir@lilas.example", "first_name": "Dorothée"}, format="json")
    assert changed.status_code == 200
    assert (changed.json()["email"], changed.json()["first_name"]) == ("d.lenoir@lilas.example", "Dorothée")
    assert find_invitation(first) is None
    assert find_invitation(link_to(made["id"])) is not None


def test_names_of_an_account_are_its_owners(api: Api, carol: User, bob: User) -> None:
    one = f"{MEMBERS}{Membership.objects.get(user=bob).public_id}/"
    same = api(carol).patch(one, {"first_name": "Bob", "roles": ["secretary"]}, format="json")
    assert same.status_code == 200
    refused = api(carol).patch(one, {"first_name": "Robert", "roles": ["reader"]}, format="json")
    assert (refused.status_code, errors(refused)) == (409, ["identity_of_account"])
    assert refused.json()["errors"][0]["attr"] == "first_name"
    assert Membership.objects.get(user=bob).is_secretary


def test_removed_members_are_out_at_the_next_request(api: Api, carol: User, bob: User) -> None:
    program = api(bob)
    assert program.get("/api/v1/patients/").status_code == 200
    one = f"{MEMBERS}{Membership.objects.get(user=bob).public_id}/"
    assert api(carol).delete(one).status_code == 204
    assert program.get("/api/v1/patients/").status_code in (401, 404)
    assert api(carol).delete(one).status_code == 404
    assert api(carol).get(one).status_code == 404


def test_a_revoked_invitation_is_gone(api: Api, carol: User) -> None:
    made = invite(api, carol).json()
    secret = link_to(made["id"])
    assert api(carol).delete(f"{MEMBERS}{made['id']}/").status_code == 204
    found = find_invitation(secret)
    assert found is not None
    assert why_closed(found) == "revoked"
    assert api(carol).get(f"{MEMBERS}{made['id']}/").status_code == 404


def test_the_last_administrator_stays(api: Api, carol: User) -> None:
    one = f"{MEMBERS}{Membership.objects.get(user=carol).public_id}/"
    until = {"valid_until": str(timezone.localdate() + timedelta(days=30))}
    for call in (
        api(carol).delete(one),
        api(carol).patch(one, {"roles": ["secretary"]}, format="json"),
        api(carol).patch(one, until, format="json"),
    ):
        assert (call.status_code, errors(call)) == (409, ["last_administrator"])
    assert api(carol).get(one).json()["roles"] == ["admin"]


def test_a_new_link_is_sent(api: Api, carol: User, bob: User) -> None:
    made = invite(api, carol).json()
    first = link_to(made["id"])
    again = api(carol).post(f"{MEMBERS}{made['id']}/invite-again/")
    assert (again.status_code, again.json()["state"]) == (200, "invited")
    assert find_invitation(first) is None
    member = Membership.objects.get(user=bob).public_id
    refused = api(carol).post(f"{MEMBERS}{member}/invite-again/")
    assert (refused.status_code, errors(refused)) == (410, ["invitation_over"])


@pytest.mark.parametrize(
    ("changed", "attr", "code", "status"),
    [
        ({"email": "dora"}, "email", "invalid", 400),
        ({"email": "bob@lilas.example"}, "email", "already_member", 409),
        ({"last_name": ""}, "last_name", "blank", 400),
        ({"roles": []}, "roles", "invalid", 400),
        ({"roles": ["boss"]}, "roles.0", "invalid_choice", 400),
        ({"roles": "admin"}, "roles", "not_a_list", 400),
        ({"professional_number": "10101010101"}, "professional_number", "wrong_key", 400),
        ({"valid_from": "2026-12-03", "valid_until": "2026-12-02"}, "valid_until", "invalid", 400),
        ({"valid_from": "demain"}, "valid_from", "invalid", 400),
    ],
)
def test_what_is_wrong_is_said_by_field(
    api: Api, carol: User, bob: User, changed: dict[str, Any], attr: str, code: str, status: int
) -> None:
    answer = invite(api, carol, **changed)
    assert (answer.status_code, errors(answer)) == (status, [code])
    assert answer.json()["errors"][0]["attr"] == attr
    assert not Message.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("alice", 403), ("bob", 403), ("rita", 403), ("hugo", 404)])
def test_the_ladder_of_readers(api: Api, carol: User, request: pytest.FixtureRequest, who: str, status: int) -> None:
    made = invite(api, carol).json()
    client = api(request.getfixturevalue(who))
    one = f"{MEMBERS}{made['id']}/"
    for call in (
        client.get(MEMBERS),
        client.post(MEMBERS, DORA, format="json"),
        client.get(one),
        client.patch(one, {"roles": ["admin"]}, format="json"),
        client.delete(one),
        client.post(f"{one}invite-again/"),
    ):
        assert call.status_code == status, call.content
    assert ColleagueInvitation.objects.pending().count() == 1


def test_another_practices_ids_are_not_there(
    api: Api, carol: User, charlie: User, practice: Practice, other_practice: Practice
) -> None:
    made = invite(api, carol).json()
    theirs = (made["id"], Membership.objects.get(user=carol).public_id)
    for pk in theirs:
        for query in ("", f"?practice={other_practice.pk}", f"?practice={practice.pk}"):
            one = f"{MEMBERS}{pk}/{query}"
            for call in (
                api(charlie).get(one),
                api(charlie).patch(one, {"roles": ["reader"]}, format="json"),
                api(charlie).delete(one),
                api(charlie).post(f"{MEMBERS}{pk}/invite-again/{query}"),
            ):
                assert call.status_code == 404
    assert api(charlie).post(f"{MEMBERS}?practice={practice.pk}", DORA, format="json").status_code == 404


def test_staff_of_several_say_which_practice(
    api: Api, carol: User, practice: Practice, other_practice: Practice
) -> None:
    Membership.objects.create(user=carol, practice=other_practice, is_admin=True)
    one = Membership.objects.get(user=carol, practice=practice).public_id
    for path in (MEMBERS, f"{MEMBERS}{one}/"):
        answer = api(carol).get(path)
        assert (answer.status_code, errors(answer)) == (400, ["required"])
        assert answer.json()["errors"][0]["attr"] == "practice"
    assert invite(api, carol).status_code == 400
    made = api(carol).post(f"{MEMBERS}?practice={other_practice.pk}", DORA, format="json")
    assert made.status_code == 201
    assert ColleagueInvitation.objects.get().practice == other_practice
    assert api(carol).get(f"{MEMBERS}{one}/?practice={practice.pk}").status_code == 200
    assert api(carol).get(f"{MEMBERS}{one}/?practice={other_practice.pk}").status_code == 404


def test_a_token_that_only_reads_changes_nobody(api: Api, carol: User) -> None:
    client = api(carol, Scope.READ)
    assert client.get(MEMBERS).status_code == 200
    assert client.post(MEMBERS, DORA, format="json").status_code == 403


def test_the_same_key_invites_once(api: Api, carol: User) -> None:
    client = api(carol)
    calls = [client.post(MEMBERS, DORA, format="json", HTTP_IDEMPOTENCY_KEY="k") for _ in range(2)]
    assert calls[0].json() == calls[1].json()
    assert Message.objects.count() == 1
    invitation = find_invitation(link_to(calls[0].json()["id"]))
    assert invitation is not None
    user = open_account(invitation=invitation, password="quatre mésanges sur le toit")
    again = client.post(MEMBERS, DORA, format="json", HTTP_IDEMPOTENCY_KEY="k")
    assert (again.status_code, again.json()) == (201, calls[0].json())
    client.delete(f"{MEMBERS}{Membership.objects.get(user=user).public_id}/")
    assert client.post(MEMBERS, DORA, format="json", HTTP_IDEMPOTENCY_KEY="k").status_code == 404


def test_a_call_that_died_before_its_answer_invites_once(
    api: Api, carol: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(*_args: object) -> None:
        raise RuntimeError("The process died here.")

    client = api(carol)
    with monkeypatch.context() as patch:
        patch.setattr("portals.api.idempotency.store_answer", died)
        assert client.post(MEMBERS, DORA, format="json", HTTP_IDEMPOTENCY_KEY="k").status_code == 500
    IdempotentCall.objects.update(lease_until="2020-01-01T00:00:00Z")
    again = client.post(MEMBERS, DORA, format="json", HTTP_IDEMPOTENCY_KEY="k")
    assert again.status_code == 201
    assert ColleagueInvitation.objects.get().pk == IdempotentCall.objects.get().object_id
    assert Message.objects.count() == 1
