"""Erasing and deleting while people work, and after a kill: in one order or the other, never partially."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from appointments.booking_limits import AccountClosed
from appointments.models import Appointment, AppointmentKind, BookedFor, OpeningHours
from appointments.online import book_online
from audit import chain
from documents.models import SharedDocument
from documents.sharing.uploads import RecipientNotReady
from notifications.models import Message, MessageState
from patients.invitations import InvitationOver, accept_invitation, invitation_for
from patients.models import Patient, RecordTie, Relationship
from personal_data.archive import verify
from personal_data.erase import erase
from personal_data.people import Asked
from personal_data.practice import delete_practice
from practices.models import Practice
from practices.roles import NotAllowed
from tests import prepared_process
from tests.docshare.test_fsck import fsck
from tests.personal_data.house import House, furnish, whole_database
from tests.personal_data.test_delete_practice import run, stored
from tests.personal_data.test_erase import MOBILE, TAG, of_the_person

pytestmark = pytest.mark.django_db(transaction=True)
Act = Callable[[House], object]


@pytest.fixture
def house() -> House:
    house = furnish(TAG, mobile=MOBILE)
    for weekday in range(7):
        OpeningHours.objects.update_or_create(
            agenda=house.agenda, weekday=weekday, defaults={"opens_at": "00:00", "closes_at": "23:59"}
        )
    return house


def overlapping(first: Callable[[], object], second: Callable[[], object]) -> list[BaseException | None]:
    """Run `second` while `first` is done but not committed. Returns the exception of each, or None."""
    done = threading.Event()

    def one() -> None:
        try:
            with transaction.atomic():
                first()
                done.set()
                time.sleep(0.4)
        finally:
            done.set()
            connection.close()

    def two() -> None:
        try:
            done.wait(30)
            second()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return [one.exception(60) for one in [pool.submit(one), pool.submit(two)]]


def share_with_the_patient(house: House) -> object:
    return house.share(Appointment.objects.get(pk=house.past.pk))


def share_with_the_holder(house: House) -> object:
    """Shares a document about the child, for whom the account booked."""
    return house.share(Appointment.objects.filter(patient=house.child).earliest("starts_at"))


def book(house: House) -> object:
    tomorrow = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    return book_online(
        holder=house.own, agenda=house.agenda, visit_reason=house.reason, starts_at=tomorrow,
        kind=AppointmentKind.IN_PERSON, booked_for=BookedFor.SELF,
    )  # fmt: skip


def follow_an_invitation(house: House) -> object:
    """Ties the account to another record at another practice."""
    patient = Patient.objects.get(first_name="Marie", practice__name="Cabinet neuf")
    return accept_invitation(
        invitation=patient.invitations.get(), user=User.objects.get(pk=house.own.pk), birth_date=patient.birth_date
    )


REFUSED: dict[Act, type[Exception]] = {
    share_with_the_patient: RecipientNotReady,
    share_with_the_holder: RecipientNotReady,
    book: AccountClosed,
    follow_an_invitation: InvitationOver,
}


@pytest.mark.parametrize("erased_first", [False, True])
@pytest.mark.parametrize("act", REFUSED)
def test_erasing_comes_wholly_before_or_wholly_after(house: House, act: Act, erased_first: bool) -> None:
    new = Patient.objects.create(
        practice=Practice.objects.create(name="Cabinet neuf"), first_name="Marie", last_name="Durand",
        birth_date=house.marie.birth_date,
        email=house.marie.email, mobile=house.marie.mobile,
    )  # fmt: skip
    invitation_for(patient=new, by=None)
    asked = Asked(account=house.own.pk)
    if erased_first:
        raised = overlapping(lambda: erase(asked), lambda: act(house))
        assert [type(one) for one in raised] == [type(None), REFUSED[act]]
    else:
        raised = overlapping(lambda: act(house), lambda: erase(asked))
        assert raised == [None, None]
    account = User.objects.get(pk=house.own.pk)
    assert account.is_erased
    assert not RecordTie.objects.filter(user=account).exists()
    assert not RecordTie.objects.filter(patient=house.marie, relationship=Relationship.SELF).exists()
    assert not Appointment.objects.upcoming().filter(holder=account).exists()
    waiting = Message.objects.filter(state=MessageState.QUEUED)
    assert not [one.to for one in waiting if (TAG in one.to and "marie" in one.to) or "erased" in one.to]
    elsewhere = {
        str(new.pk),
        *map(str, new.invitations.values_list("pk", flat=True)),
    }  # of a practice that was not asked for
    assert [key for key in of_the_person(whole_database()) if key.split()[1] not in elsewhere] == []
    chain.seal()
    assert fsck() == (0, [])


def test_a_share_in_a_practice_that_is_being_deleted_is_archived_or_refused(house: House, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    raised = overlapping(
        lambda: share_with_the_patient(house), lambda: delete_practice(house.practice, archive, None)
    )
    assert raised == [None, None]
    assert list(verify(archive, None)) == []
    assert (archive / "rows" / "documents.SharedDocument-0001.jsonl").read_text().count('Ordonnance"') == 1
    assert not SharedDocument.objects.exists()
    chain.seal()
    assert fsck() == (0, [])


def test_a_share_after_a_practice_was_deleted_is_refused_and_leaves_nothing(
    house: House, own_store: Path, tmp_path: Path
) -> None:
    raised = overlapping(
        lambda: delete_practice(house.practice, tmp_path / "archive", None), lambda: share_with_the_patient(house)
    )
    assert raised[0] is None
    assert isinstance(raised[1], NotAllowed | ObjectDoesNotExist | IntegrityError)
    assert not SharedDocument.objects.exists()
    assert stored(own_store) == {}
    chain.seal()
    assert fsck() == (0, [])


KILLED = """
import os, signal, sys
import django; django.setup()
from pathlib import Path
from uuid import UUID
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from personal_data import erase, practice
from files import storage
own = FileSystemStorage(location=sys.argv[1], file_permissions_mode=0o600)
storage.documents_storage = lambda: own
places = {"erase": (erase, "erase_account"), "rows": (practice, "record"), "bytes": (practice, "_remove")}
module, name = places[sys.argv[2]]
setattr(module, name, lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL))
call_command(*sys.argv[3:])
"""


def killed(store: Path, where: str, *command: str) -> None:
    """Run the command in a process of its own on this database, and kill it in the middle."""
    done = prepared_process.run("-c", KILLED, str(store), where, *command)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.slow
def test_erasing_that_is_killed_in_the_middle_changed_nothing_and_is_ended_by_another_run(
    house: House, own_store: Path
) -> None:
    before = whole_database()
    killed(own_store, "erase", "erase_person", "--account", str(house.own.pk), "--yes")
    assert whole_database() == before
    erase(Asked(account=house.own.pk))
    assert of_the_person(whole_database()) == []


@pytest.mark.slow
def test_deleting_that_is_killed_is_ended_by_another_run_wherever_it_was(
    house: House, own_store: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    command = ["delete_practice", str(house.practice.pk), "--archive", str(archive), "--yes"]
    before: tuple[Any, ...] = (whole_database(), stored(own_store))
    killed(own_store, "rows", *command)
    assert (whole_database(), stored(own_store)) == before
    assert archive.is_dir()  # complete, and nothing was deleted yet
    killed(own_store, "bytes", *command)
    assert not Practice.objects.exists()
    assert stored(own_store) == before[1]
    run(*command[1:])
    assert stored(own_store) == {}
    assert list(verify(archive, None)) == []
    chain.seal()
    assert fsck() == (0, [])
