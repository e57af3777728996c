"""OPTIONS has the same form for every address: its name, and what it reads and answers."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from practices.members import change_roles
from practices.models import Membership, Practice, Role
from tests.portals.api.conftest import Api
from tests.security.addresses import address, routes
from tests.security.conftest import *  # noqa: F403  # a practice in use

BEGINNING = "api/v1/"
ADDRESSES = [one for one in routes() if one.startswith(BEGINNING) and "^" not in one]


@pytest.mark.django_db
def test_options(ids: dict[str, Any], api: Api, alice: User, practice: Practice) -> None:
    """Asking changes nothing: one practice in use serves for all addresses."""
    alone = Membership.objects.get(user=alice, practice=practice)
    change_roles(membership=alone, roles=[Role.PRACTITIONER, Role.ADMIN], by=None)
    client = api(alice)
    assert len(ADDRESSES) > 50
    for route in ADDRESSES:
        answer = client.options(address(route, ids))
        assert answer.status_code == 200, route
        assert {"name", "description", "renders", "parses"} == set(answer.data), route
