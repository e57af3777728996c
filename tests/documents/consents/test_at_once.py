"""Many browsers sign, or guess a code, at the same time: one signature, at most five tries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.consents.drafts import ConsentOver
from documents.consents.proving import WrongCode, begin_by_sms, pass_by_code
from documents.consents.signing import ProofOver, sign
from documents.invariants import consents_are_sealed, files_are_as_kept, files_are_named
from documents.models import ConsentChallenge, ConsentState
from tests.at_once import at_once
from tests.documents.consents.conftest import AskOf, again, code_sent, proved, read_and_tick

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def test_of_many_signatures_at_once_one_is_made(
    appointment: Appointment, ask_of: AskOf, maries_account: User, files_in_store: Callable[[], list[Path]]
) -> None:
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, "Marie Durand")
    before = len(files_in_store())

    def try_to_sign(_number: int) -> str:
        try:
            sign(consent=consent, challenge=challenge, by=maries_account)
        except (ConsentOver, ProofOver) as refused:
            return refused.code
        return "signed"

    results = at_once(try_to_sign, 6)
    assert results.count("signed") == 1
    assert set(results) <= {"signed", "consent_over", "proof_over"}
    assert again(consent).state == ConsentState.SIGNED
    assert AuditEvent.objects.filter(action="consent.signed").count() == 1
    assert len(files_in_store()) == before + 1  # the signed one beside the library's own
    assert [*files_are_as_kept(), *files_are_named(), *consents_are_sealed()] == []


def test_of_many_guesses_at_once_five_are_compared(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    consent = ask_of(appointment)
    read_and_tick(consent, maries_account, "Marie Durand")
    challenge = begin_by_sms(consent=again(consent), by=maries_account)
    right = code_sent(maries_account.mobile or "")

    def guess(number: int) -> bool:
        try:
            pass_by_code(
                challenge=challenge, digits=f"{(int(right) + 1 + number) % 1_000_000:06d}", by=maries_account
            )
        except WrongCode:
            return False
        return True

    assert not any(at_once(guess, 20))
    with pytest.raises(WrongCode):  # the tries are used up
        pass_by_code(challenge=challenge, digits=right, by=maries_account)
    assert ConsentChallenge.objects.get().passed_at is None
