"""Roles change in one place, which writes the trail (docs/security-cases.md, 53)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models import User
from practices.members import add_member, change_roles
from practices.models import Membership, Practice, Role

WRITES = re.compile(
    r"(?<!class )Membership\(|Membership\.objects\.(create|update|bulk|get_or|filter\([^)]*\)\.(update|delete))"
)
ROOMS = ("docshare", *settings.ROOMS)


def test_nothing_but_its_use_cases_changes_a_membership() -> None:
    modules = [path for room in ROOMS for path in Path(settings.BASE_DIR, room).rglob("*.py")]
    writing = {path.name for path in modules if "migrations" not in path.parts and WRITES.search(path.read_text())}
    assert writing == {"members.py"}


def test_a_member_has_at_least_one_role(bob: User, practice: Practice, other_practice: Practice) -> None:
    with pytest.raises(ValidationError, match="au moins un rôle"):
        add_member(user=bob, practice=other_practice, roles=[], by=None)
    with pytest.raises(ValidationError, match="au moins un rôle"):
        change_roles(membership=Membership.objects.get(user=bob), roles=[], by=None)
    with pytest.raises(ValidationError):
        add_member(user=bob, practice=practice, roles=[Role.ADMIN], by=None)
    assert Membership.objects.get(user=bob).roles == {Role.SECRETARY}
