"""A process that is killed (-9) between the seal and the commit, or right after it: nothing is lost, nothing there
twice."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.consents.drafts import ConsentOver
from documents.consents.signing import sign
from documents.invariants import consents_are_sealed, files_are_as_kept, files_are_named
from documents.models import ConsentState
from files import sweeping
from files.models import StoredFile
from notifications.models import Message
from tests.documents.consents.conftest import AskOf, again, proved
from tests.prepared_process import run

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
KILLED = """
import os, signal, sys
import django; django.setup()
from accounts.models import User
from documents.consents import signing
from documents.models import Consent, ConsentChallenge
place, consent, challenge, user = sys.argv[1:]
def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)
if place == "before":
    signing._settle = die
signing.sign(
    consent=Consent.objects.get(pk=consent), challenge=ConsentChallenge.objects.get(pk=challenge),
    by=User.objects.get(pk=user),
)
die()
"""


def killed(place: str, *arguments: object) -> None:
    done = run("-c", KILLED, place, *map(str, arguments))
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_document_is_signed_once_whenever_the_process_is_killed(
    appointment: Appointment, ask_of: AskOf, maries_account: User, files_in_store: Callable[[], list[Path]]
) -> None:
    consent = ask_of(appointment)
    challenge = proved(consent, maries_account, "Marie Durand")
    before, rows, told = set(files_in_store()), StoredFile.objects.count(), Message.objects.count()
    arguments = (consent.pk, challenge.pk, maries_account.pk)

    killed("before", *arguments)
    assert again(consent).state == ConsentState.ASKED
    assert (StoredFile.objects.count(), Message.objects.count()) == (rows, told)
    assert len(set(files_in_store()) - before) == 1  # sealed, and no row names it
    sweeping.sweep_orphans(older_than=timedelta())
    assert set(files_in_store()) <= before

    killed("after", *arguments)  # with the same challenge: no other code was needed
    assert again(consent).state == ConsentState.SIGNED
    with pytest.raises(ConsentOver):
        sign(consent=consent, challenge=challenge, by=maries_account)
    assert AuditEvent.objects.filter(action="consent.signed").count() == 1
    assert Message.objects.filter(topic="consent_signed").count() == 1
    assert [*files_are_as_kept(), *files_are_named(), *consents_are_sealed()] == []
