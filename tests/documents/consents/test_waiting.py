"""Consents that wait: what an account is to sign, and what staff are to see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.cancelling import cancel
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.consents.ending import refuse, withdraw
from documents.consents.waiting import consents_of, consents_to_see_to, note_seen
from documents.models import Consent
from documents.sharing.deliveries import attention_count
from practices.models import Membership, Practice
from practices.roles import NotAllowed
from tests.conftest import make_user
from tests.documents.consents.conftest import AskOf, again, sign_as

pytestmark = pytest.mark.django_db


def seen_by(user: User, practice: Practice) -> list[Consent]:
    return list(consents_to_see_to(user, practice))


def start_in(appointment: Appointment, hours: int) -> None:
    """Moves the row alone."""
    starts = timezone.now() + timedelta(hours=hours)
    Appointment.objects.filter(pk=appointment.pk).update(starts_at=starts, ends_at=starts + timedelta(minutes=20))


def test_an_account_has_what_it_may_sign_to_do_and_what_is_settled_behind(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    signed, asked = ask_of(appointment), ask_of(appointment)
    sign_as(signed, maries_account, "Marie Durand")
    found = consents_of(maries_account)
    assert [(one.consent, one.is_to_do) for one in found] == [(asked, True), (signed, False)]


def test_who_sees_the_document_and_may_not_sign_has_nothing_to_do(
    appointment: Appointment, ask_of: AskOf, maries_account: User, bob: User
) -> None:
    ask_of(appointment)
    maries_account.record_ties.update(suspended_at=timezone.now() + timedelta(minutes=1))
    assert consents_of(maries_account) == []
    assert consents_of(bob) == []


def test_a_refusal_is_to_be_seen_until_somebody_noted_it(
    appointment: Appointment, ask_of: AskOf, maries_account: User, bob: User, practice: Practice
) -> None:
    consent = ask_of(appointment)
    start_in(appointment, hours=48)
    assert seen_by(bob, practice) == []
    refuse(consent=consent, sentence="Non.", by=maries_account)
    assert (seen_by(bob, practice), attention_count(bob, practice)) == ([consent], 1)
    note_seen(consent=again(consent), by=bob)
    note_seen(consent=again(consent), by=bob)
    assert (seen_by(bob, practice), attention_count(bob, practice)) == ([], 0)
    assert AuditEvent.objects.filter(action="consent.seen", object_id=consent.pk, actor_id=bob.pk).count() == 1


def test_a_withdrawal_is_to_be_seen_though_the_wait_for_the_signature_was_noted(
    appointment: Appointment, ask_of: AskOf, maries_account: User, bob: User, practice: Practice
) -> None:
    consent = ask_of(appointment)
    start_in(appointment, hours=2)
    note_seen(consent=again(consent), by=bob)
    sign_as(consent, maries_account, "Marie Durand")
    assert seen_by(bob, practice) == []
    withdraw(consent=again(consent), sentence="", by=maries_account)
    assert seen_by(bob, practice) == [consent]


def test_what_waits_is_late_once_the_appointment_is_near_and_no_more_when_it_is_cancelled(
    appointment: Appointment, ask_of: AskOf, bob: User, practice: Practice
) -> None:
    consent = ask_of(appointment)
    for hours, expected in ((25, []), (23, [consent]), (-24 * 29, [consent]), (-24 * 31, [])):
        start_in(appointment, hours)
        assert seen_by(bob, practice) == expected, hours
    start_in(appointment, hours=23)
    cancel(appointment=Appointment.objects.get(pk=appointment.pk), by=bob)
    assert seen_by(bob, practice) == []


def test_strangers_see_nothing_and_readers_note_nothing(
    appointment: Appointment, ask_of: AskOf, maries_account: User, practice: Practice
) -> None:
    consent = ask_of(appointment)
    refuse(consent=consent, sentence="", by=maries_account)
    reader = make_user("lise@lilas.example", "Lise", "Petit")
    assert seen_by(reader, practice) == []
    Membership.objects.create(user=reader, practice=practice, is_reader=True)
    assert seen_by(reader, practice) == [consent]
    with pytest.raises(NotAllowed):
        note_seen(consent=again(consent), by=reader)
