"""A practice keeps an administrator whose access has no end; days of access are judged in the practice's zone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Scope, User
from accounts.tokens import issue_token
from audit.models import AuditEvent
from practices import members
from practices.administration import note_practice_deleted
from practices.colleagues import Identity, invite, remove_colleague
from practices.members import (
    LastAdministrator,
    add_member,
    change_roles,
    remove_all_members,
    remove_member,
    set_period,
)
from practices.models import ColleagueInvitation, Membership, Practice, Role
from practices.periods import Period
from practices.roles import is_staff_of_any, may_administer, roles_in, scopes_for
from tests.accounts.people import browser_of, with_proved_mailbox
from tests.at_once import at_once

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def membership(user: User) -> Membership:
    return Membership.objects.get(user=user)


# --- The last administrator -----------------------------------------------------------------------------------


def test_the_last_administrator_neither_goes_nor_loses_the_role(practice: Practice, carol: User, bob: User) -> None:
    until = Period(None, timezone.localdate(timezone=practice.zone) + timedelta(days=9))
    with pytest.raises(LastAdministrator):
        remove_member(membership=membership(carol), by=carol)
    with pytest.raises(LastAdministrator):
        change_roles(membership=membership(carol), roles=[Role.SECRETARY], by=carol)
    with pytest.raises(LastAdministrator):
        set_period(membership=membership(carol), period=until, by=carol)
    assert may_administer(carol, practice)
    assert not AuditEvent.objects.exists()
    change_roles(membership=membership(bob), roles=[Role.ADMIN], by=carol)
    remove_member(membership=membership(carol), by=carol)


def test_a_replacement_and_a_closed_account_are_no_administrators_who_stay(
    practice: Practice, carol: User, bob: User, alice: User
) -> None:
    today = timezone.localdate(timezone=practice.zone)
    set_period(membership=membership(bob), period=Period(None, today), by=carol)
    change_roles(membership=membership(bob), roles=[Role.ADMIN], by=carol)
    change_roles(membership=membership(alice), roles=[Role.PRACTITIONER, Role.ADMIN], by=carol)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(LastAdministrator):
        remove_member(membership=membership(carol), by=carol)


def test_all_members_go_with_their_practice(practice: Practice, carol: User, bob: User) -> None:
    root = User.objects.create_superuser("root@docshare.example", "x" * 20)
    note_practice_deleted(practice=practice, by=root)
    assert not practice.memberships.exists()
    assert AuditEvent.objects.filter(action="member.removed").count() == 2
    assert remove_all_members(practice=practice, by=root) == 0


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not wait for the other has changed the rows before either looks at them."""
    check = members._check_an_administrator_stays

    def look(practice: Practice) -> None:
        time.sleep(0.5)
        check(practice)

    monkeypatch.setattr(members, "_check_an_administrator_stays", look)


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("slowly")
def test_two_administrators_who_remove_each_other_at_once_leave_one(
    practice: Practice, carol: User, bob: User
) -> None:
    change_roles(membership=membership(bob), roles=[Role.ADMIN], by=carol)
    both = {carol.pk: membership(bob), bob.pk: membership(carol)}

    def act(number: int) -> str:
        by = (carol, bob)[number]
        try:
            remove_member(membership=both[by.pk], by=by)
        except LastAdministrator as refused:
            return refused.code
        return "removed"

    answers = at_once(act, 2)
    assert sorted(answers) == ["last_administrator", "removed"]
    assert Membership.objects.filter(practice=practice, is_admin=True).count() == 1


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("slowly")
def test_two_administrators_who_give_up_the_role_at_once_leave_one(
    practice: Practice, carol: User, bob: User
) -> None:
    change_roles(membership=membership(bob), roles=[Role.ADMIN], by=carol)
    own = {user.pk: membership(user) for user in (carol, bob)}

    def act(number: int) -> str:
        by = (carol, bob)[number]
        try:
            change_roles(membership=own[by.pk], roles=[Role.READER], by=by)
        except LastAdministrator as refused:
            return refused.code
        return "changed"

    answers = at_once(act, 2)
    assert sorted(answers) == ["changed", "last_administrator"]


# --- What ends with a member ----------------------------------------------------------------------------------


def test_leaving_the_last_practice_ends_tokens_and_sessions(practice: Practice, carol: User, bob: User) -> None:
    client = browser_of(with_proved_mailbox(bob))
    token, _secret = issue_token(user=bob, name="Logiciel", scopes=[Scope.READ], by=bob)
    assert client.get("/pro/").status_code == 200
    remove_member(membership=membership(bob), by=carol)
    assert not UserSession.objects.filter(user=bob).exists()
    token.refresh_from_db()
    assert token.revoked_at
    answer = client.get("/pro/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")
    line = AuditEvent.objects.get(action="account.sessions_ended")
    assert (line.actor_id, line.object_id) == (carol.pk, bob.pk)


def test_tokens_and_sessions_stay_for_another_practice_and_see_it_alone(
    practice: Practice, other_practice: Practice, carol: User, bob: User
) -> None:
    add_member(user=bob, practice=other_practice, roles=[Role.SECRETARY], by=None)
    client = browser_of(with_proved_mailbox(bob))
    token, _secret = issue_token(user=bob, name="Logiciel", scopes=[Scope.READ], by=bob)
    remove_member(membership=membership_in(bob, practice), by=carol)
    token.refresh_from_db()
    assert not token.revoked_at
    assert client.get("/pro/").status_code == 200
    assert list(Practice.objects.of(bob)) == [other_practice]


def membership_in(user: User, practice: Practice) -> Membership:
    return Membership.objects.get(user=user, practice=practice)


@pytest.mark.parametrize("act", ["removed", "demoted"])
def test_invitations_stand_on_the_right_of_their_sender(practice: Practice, carol: User, bob: User, act: str) -> None:
    change_roles(membership=membership(bob), roles=[Role.ADMIN], by=carol)
    for by in (bob, carol):
        identity = Identity(f"{by.first_name}.invites@lilas.example", "Dora", "Lenoir")
        invite(practice=practice, identity=identity, roles=[Role.ADMIN], by=by)
    if act == "removed":
        remove_colleague(membership=membership(bob), by=carol)
    else:
        change_roles(membership=membership(bob), roles=[Role.SECRETARY], by=carol)
    assert ColleagueInvitation.objects.pending().get().invited_by == carol
    line = AuditEvent.objects.get(action="member.invitation_revoked")
    assert (line.actor_id, line.detail) == (carol.pk, {"reason": "inviter_left"})


# --- Days of access -------------------------------------------------------------------------------------------


def on(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.mark.parametrize("zone", ["Pacific/Noumea", "Europe/Paris", "America/Guadeloupe"])
def test_a_replacement_sees_nothing_before_and_nothing_after(
    practice: Practice, bob: User, carol: User, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the second, on whole days of the practice."""
    Practice.objects.filter(pk=practice.pk).update(time_zone=zone)
    practice.refresh_from_db()
    first, last = date(2026, 12, 3), date(2026, 12, 14)
    set_period(membership=membership(bob), period=Period(first, last), by=carol)
    begins = datetime(2026, 12, 3, tzinfo=practice.zone).astimezone(UTC)
    ends = datetime(2026, 12, 15, tzinfo=practice.zone).astimezone(UTC)
    second = timedelta(seconds=1)
    for moment, held in ((begins - second, False), (begins, True), (ends - second, True), (ends, False)):
        on(moment, monkeypatch)
        assert is_staff_of_any(bob) is held, moment
        assert roles_in(bob, practice) == ({Role.SECRETARY} if held else frozenset())
        assert list(Practice.objects.of(bob)) == ([practice] if held else [])


def test_each_practice_judges_by_its_own_clock(
    practice: Practice, other_practice: Practice, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Practice.objects.filter(pk=practice.pk).update(time_zone="Pacific/Noumea")
    today = Period(date(2026, 12, 3), date(2026, 12, 3))
    set_period(membership=membership(bob), period=today, by=None)
    add_member(user=bob, practice=other_practice, roles=[Role.PRACTITIONER], period=today, by=None)
    on(datetime(2026, 12, 2, 14, tzinfo=UTC), monkeypatch)  # 3 December, 01:00, in Nouméa; the 2nd in Paris
    assert list(Practice.objects.of(bob)) == [practice]
    assert Scope.SIGN not in scopes_for(bob)
    on(datetime(2026, 12, 3, 14, tzinfo=UTC), monkeypatch)
    assert list(Practice.objects.of(bob)) == [other_practice]
    assert Scope.SIGN in scopes_for(bob)


@pytest.mark.parametrize("days", [(1, 9), (-9, -1)])
def test_every_door_is_shut_outside_the_days(
    practice: Practice, bob: User, carol: User, sign_in: SignIn, days: tuple[int, int]
) -> None:
    client = sign_in(bob)
    _token, secret = issue_token(user=bob, name="Logiciel", scopes=[Scope.READ], by=bob)
    program: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert client.get("/pro/").status_code == 200
    assert Client().get("/api/v1/patients/", **program).status_code == 200
    today = timezone.localdate(timezone=practice.zone)
    first, last = (today + timedelta(days=one) for one in days)
    set_period(membership=membership(bob), period=Period(first, last), by=carol)
    assert client.get("/pro/").status_code == 404
    assert client.get("/pro/patients/").status_code == 404
    assert Client().get("/api/v1/patients/", **program).status_code == 404


def test_held_by_is_the_only_way_to_a_right() -> None:
    """Or list_held_by, which reads it. Who reads memberships otherwise decides about no right: the list says what
    for."""
    rights = "held_by|list_held_by|staying_administrators|in_force"
    reads = re.compile(rf"Membership\.objects\.(?!{rights})\w+|\.memberships\.\w+")
    found = {
        path.relative_to(settings.BASE_DIR).as_posix()
        for room in ("docshare", *settings.ROOMS)
        for path in (settings.BASE_DIR / room).rglob("*.py")
        if "migrations" not in path.parts and reads.search(path.read_text())
    }
    assert found == {
        "appointments/agendas.py",  # whose agenda it is
        "docshare/demo/remove.py",  # whom removing the demo would concern
        "documents/sharing/wrong_patient.py",  # names that are staff's
        "personal_data/closing.py",  # staff do not close their account
        "personal_data/erase_account.py",
        "personal_data/export_account.py",
        "personal_data/fhir.py",  # words of the trail
        "personal_data/moving/out.py",  # whom the new installation invites
        "portals/activity_words.py",  # the same
        "portals/operator/practice.py",  # counts administrators
        "portals/operator/start.py",  # whether a first practice comes next
        "portals/practitioner/cabinet/index.py",  # counts
        "portals/practitioner/set_up_steps.py",  # what a new practice has
        "practices/activity.py",  # what they did on their days
        "practices/admin.py",
        "practices/colleagues.py",  # who is a member already
        "practices/joining.py",  # the same
        "practices/members.py",  # writes them
        "practices/team.py",  # the list of members
        "practices/wording.py",  # when access begins, for who has none yet
    }
