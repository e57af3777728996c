"""What a user may do is read once in a request that only reads, and never remembered beyond it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from practices.held import held_once
from practices.members import add_member, change_roles, remove_member
from practices.models import Membership, Practice, Role
from practices.roles import is_staff_of_any, may_administer, may_share, may_sign, roles_in

pytestmark = pytest.mark.django_db


def test_a_block_asks_once_for_all_practices_and_roles(
    alice: User, practice: Practice, other_practice: Practice, django_assert_num_queries: Any
) -> None:
    add_member(user=alice, practice=other_practice, roles=[Role.READER], by=None)
    with held_once(), django_assert_num_queries(1):
        assert may_share(alice, practice)
        assert may_sign(alice, practice)
        assert not may_administer(alice, practice)
        assert roles_in(alice, other_practice) == {Role.READER}
        assert not may_share(alice, other_practice)
        assert set(Practice.objects.ids_of(alice)) == {practice.pk, other_practice.pk}
        assert Practice.objects.ids_of(alice, Role.PRACTITIONER) == [practice.pk]
        assert is_staff_of_any(alice)
        assert not is_staff_of_any(alice, Role.ADMIN)
    with django_assert_num_queries(2):  # no block: a request that writes, a worker
        assert may_share(alice, practice)
        assert may_share(alice, practice)


def test_one_user_is_not_taken_for_another(alice: User, rita: User, charlie: User, practice: Practice) -> None:
    with held_once():
        assert may_share(alice, practice)
        assert not may_share(rita, practice)
        assert not roles_in(charlie, practice)


def test_a_change_counts_within_the_same_block(alice: User, carol: User, practice: Practice) -> None:
    membership = Membership.objects.get(user=alice)
    with held_once():
        assert may_sign(alice, practice)
        change_roles(membership=membership, roles=[Role.READER], by=carol)
        assert roles_in(alice, practice) == {Role.READER}
        remove_member(membership=membership, by=carol)
        assert not roles_in(alice, practice)
        assert roles_in(carol, practice)
        practice.suspended_at = timezone.now()
        practice.save()
        assert not roles_in(carol, practice)
        practice.suspended_at = None
        practice.save()
        carol.is_active = False
        carol.save()
        assert not roles_in(carol, practice)


def test_what_another_request_changes_counts_in_the_next_block(alice: User, practice: Practice) -> None:
    with held_once():
        assert may_share(alice, practice)
    Membership.objects.filter(user=alice).update(is_practitioner=False, is_reader=True)  # sends no signal
    with held_once():
        assert not may_share(alice, practice)
