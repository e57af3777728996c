"""Refusing, withdrawing, and what staff can no longer do with what was signed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.booking import delete
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.consents.drafts import ConsentOver, MayNotSign, end_old_drafts
from documents.consents.ending import refuse, withdraw
from documents.consents.keeping import SignedByPatient
from documents.invariants import consents_are_in_order, consents_are_sealed, files_are_named
from documents.models import Consent, ConsentDraft, ConsentState, SharedDocument
from documents.sharing.replacing import NotReplaceable, check_replaceable
from documents.sharing.share import take_back
from documents.undoing.sharing import take_back_for_now, undo_take_back
from files import storage
from tests.documents.consents.conftest import AskOf, again, read_and_tick, sign_as
from tests.documents.ways import on_day

pytestmark = pytest.mark.django_db
NAME = "Marie Durand"


def test_only_who_may_sign_refuses_and_only_once(
    appointment: Appointment, ask_of: AskOf, maries_account: User, hugo: User
) -> None:
    consent = ask_of(appointment)
    with pytest.raises(MayNotSign):
        refuse(consent=consent, sentence="", by=hugo)
    refuse(consent=consent, sentence="Non.", by=maries_account)
    with pytest.raises(ConsentOver):
        refuse(consent=consent, sentence="Non.", by=maries_account)
    with pytest.raises(ConsentOver):
        withdraw(consent=consent, sentence="", by=maries_account)
    line = AuditEvent.objects.get(action="consent.refused")
    assert "Non." not in str(line.detail)
    assert not list(consents_are_in_order())


def test_only_who_may_sign_withdraws_what_is_signed(
    appointment: Appointment, ask_of: AskOf, maries_account: User, hugo: User
) -> None:
    consent = ask_of(appointment)
    with pytest.raises(ConsentOver):
        withdraw(consent=consent, sentence="", by=maries_account)
    sign_as(consent, maries_account, NAME)
    with pytest.raises(MayNotSign):
        withdraw(consent=consent, sentence="", by=hugo)
    withdraw(consent=consent, sentence="J’ai changé d’avis.", by=maries_account)
    now = again(consent)
    assert (now.state, now.withdrawn_by, now.sentence) == (
        ConsentState.WITHDRAWN, maries_account, "J’ai changé d’avis.",
    )  # fmt: skip
    assert not [*consents_are_sealed(), *consents_are_in_order()]


def test_staff_take_back_and_replace_nothing_that_was_signed_but_delete_its_appointment(
    appointment: Appointment, ask_of: AskOf, maries_account: User, alice: User
) -> None:
    consent = ask_of(appointment)
    sign_as(consent, maries_account, NAME)
    document = SharedDocument.objects.get()
    with pytest.raises(SignedByPatient):
        take_back(document=document, by=alice)
    with pytest.raises(SignedByPatient):
        take_back_for_now(document=document, by=alice, session="s")
    SharedDocument.objects.update(library_version=None)
    document.refresh_from_db()
    with pytest.raises(NotReplaceable):
        check_replaceable(document, recipient=cast("Any", None))  # not asked for
    delete(appointment=Appointment.objects.get(pk=appointment.pk), by=alice)
    assert not Consent.objects.exists()
    assert not list(files_are_named())


def test_a_document_taken_back_and_put_back_asks_again(
    appointment: Appointment, ask_of: AskOf, alice: User, settings: Settings
) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)
    consent = ask_of(appointment)
    act = take_back_for_now(document=SharedDocument.objects.get(), by=alice, session="s")
    assert act
    assert not Consent.objects.exists()
    undo_take_back(act=act, by=alice)
    assert again(consent).state == ConsentState.ASKED


def test_a_changed_byte_of_a_signed_file_is_found_by_the_checks(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    consent = ask_of(appointment)
    sign_as(consent, maries_account, NAME)
    assert list(consents_are_sealed()) == []
    file = again(consent).document.file
    with storage.local_copy(file) as path:
        content = bytearray(path.read_bytes())
        content[content.index(b"Ordonnance") + 1] ^= 1
        path.chmod(0o600)
        path.write_bytes(content)
    assert "does not begin with what was read" in next(iter(consents_are_sealed()))


def test_steps_untouched_for_thirty_days_are_forgotten(
    appointment: Appointment, ask_of: AskOf, maries_account: User
) -> None:
    consent = ask_of(appointment)
    read_and_tick(consent, maries_account, NAME)
    assert end_old_drafts() == 0
    with on_day(timezone.now() + timedelta(days=31)):
        assert end_old_drafts() == 1
    assert not ConsentDraft.objects.exists()
