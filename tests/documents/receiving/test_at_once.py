"""Seeing and taking back at the same moment: one of the two is first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from appointments.models import Appointment
from documents.models import ReadingMeans, ReceivedDocument, RequestState
from documents.receiving.access import all_received
from documents.receiving.seeing import note_seen
from documents.receiving.sending import AlreadySeen, send_files, take_back
from files.intake import Intake
from tests.at_once import at_once
from tests.documents.receiving.conftest import Ask, again

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def test_what_is_seen_is_not_taken_back_and_what_is_taken_back_is_not_seen(
    appointment: Appointment, ask_for: Ask, maries_account: User, receive: Callable[..., Intake], alice: User
) -> None:
    request = ask_for(appointment)
    for turn in range(6):
        (sent,) = send_files(request=again(request), intakes=[receive()], by=maries_account)
        found = [all_received().get(pk=sent.pk) for _ in range(2)]

        def act(number: int, found: list[ReceivedDocument] = found, turn: int = turn) -> str:
            try:
                if (number + turn) % 2:
                    note_seen(received=found[number], by=alice, means=ReadingMeans.VIEWED)
                    return "seen"
                take_back(received=found[number], by=maries_account)
            except (AlreadySeen, ReceivedDocument.DoesNotExist):
                return "too late"
            return "taken back"

        outcome = sorted(at_once(act, count=2))
        left = ReceivedDocument.objects.filter(pk=sent.pk).first()
        if left is None:
            assert outcome == ["taken back", "too late"]
            assert again(request).state == RequestState.ASKED
        else:
            assert outcome == ["seen", "too late"]
            assert left.seen_at is not None
            ReceivedDocument.objects.filter(pk=sent.pk).update(seen_at=None)
            take_back(received=all_received().get(pk=sent.pk), by=maries_account)
