"""Whether patients send what was not asked for."""

from __future__ import annotations

import pytest

from accounts.models import User
from audit.models import AuditEvent
from practices.models import Practice
from practices.roles import NotAllowed
from practices.unasked import take_unasked

pytestmark = pytest.mark.django_db


def test_only_an_administrator_allows_it_and_it_is_off_without_a_word(
    practice: Practice, carol: User, alice: User
) -> None:
    assert practice.takes_unasked is False
    with pytest.raises(NotAllowed):
        take_unasked(practice=practice, takes=True, by=alice)
    for _ in range(2):
        take_unasked(practice=practice, takes=True, by=carol)
    assert Practice.objects.get(pk=practice.pk).takes_unasked
    assert AuditEvent.objects.filter(action="practice.unasked_changed").count() == 1
