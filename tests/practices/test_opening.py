"""An administrator opens online booking to everybody, to known patients, or to nobody."""

from __future__ import annotations

import pytest

from accounts.models import User
from audit.models import AuditEvent
from practices.models import BookingOpenTo, Practice
from practices.opening import open_booking_to
from practices.roles import NotAllowed


def test_it_is_set_and_recorded_once(practice: Practice, carol: User) -> None:
    assert practice.booking_open_to == BookingOpenTo.EVERYBODY
    for _twice in range(2):
        open_booking_to(practice=practice, whom=BookingOpenTo.NOBODY, by=carol)
    practice.refresh_from_db()
    assert practice.booking_open_to == BookingOpenTo.NOBODY
    line = AuditEvent.objects.get()
    assert (line.action, line.detail) == (
        "practice.booking_opening_changed",
        {"open_to": "nobody", "open_to_before": "everybody"},
    )


@pytest.mark.parametrize("who", ["alice", "bob", "rita", "charlie", "hugo"])
def test_nobody_else_sets_it(practice: Practice, who: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(NotAllowed):
        open_booking_to(practice=practice, whom=BookingOpenTo.NOBODY, by=request.getfixturevalue(who))
