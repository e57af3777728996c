"""A process that is killed (-9) between signing and commit, or right after: nothing is lost, nothing there twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.models import User
from appointments.models import Appointment
from documents.filling.drafts import keep_draft
from documents.filling.filled import Filling, share_filled
from documents.invariants import files_are_as_kept, files_are_named
from documents.models import FillingDraft, SharedDocument, Task
from documents.to_sign.preparing import NotToSign
from documents.to_sign.sign_tasks import sign_task
from files import sweeping
from files.models import StoredFile
from notifications.models import Message
from tests.documents.to_sign.conftest import *  # noqa: F403  # what Bob prepares for Alice
from tests.documents.to_sign.conftest import Prepare, again, looked_at
from tests.prepared_process import run

pytestmark = pytest.mark.django_db(transaction=True)
# Signs two documents in children of its own, each of which kills itself at the given place.
KILLED = """
import os, signal, sys, uuid
import django; django.setup()
from accounts.models import User
from appointments.models import Appointment
from documents.filling import filled
from documents.models import Category, LibraryVersion, Task
from documents.to_sign import sign_tasks
from documents.to_sign.preparing import PARTS
place, doctor, appointment, version, key, task = sys.argv[1:]
def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)
def fill():
    user = User.objects.get(pk=doctor)
    related = Appointment.objects.select_related("practice", "patient__practice", "agenda", "visit_reason")
    at = related.get(pk=appointment)
    filling = filled.Filling(
        LibraryVersion.objects.select_related("document").get(pk=version), {"Date de reprise": "2027-03-02"},
        Category.objects.get(code="certificate"), "Arrêt de travail", filled.Place(),
    )
    filled.share_filled(appointment=at, filling=filling, by=user, pk=uuid.UUID(key))
def sign():
    found = Task.objects.select_related(*PARTS).get(pk=task)
    sign_tasks.sign_task(task=found, by=User.objects.get(pk=doctor))
if place == "before":
    filled.end_draft = sign_tasks._end = die
for do in (fill, sign):
    if not (child := os.fork()):
        do()
        die()
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
"""


def killed(place: str, *arguments: object) -> None:
    done = run("-c", KILLED, place, *map(str, arguments))
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_filled_in_and_a_prepared_document_are_signed_once_whenever_the_process_is_killed(
    appointment: Appointment,
    filling: Filling,
    prepare: Prepare,
    alice_signs: User,
    files_in_store: Callable[[], list[Path]],
) -> None:
    task, key = looked_at(prepare(), alice_signs), uuid.uuid4()
    keep_draft(appointment=appointment, version=filling.version, typed={"blank_1": "2027-03-02"}, by=alice_signs)
    before, rows, told = set(files_in_store()), StoredFile.objects.count(), Message.objects.count()
    arguments = (alice_signs.pk, appointment.pk, filling.version.pk, key, task.pk)

    killed("before", *arguments)
    assert (SharedDocument.objects.count(), StoredFile.objects.count(), Message.objects.count()) == (0, rows, told)
    assert (again(task).state, FillingDraft.objects.count()) == ("waiting", 1)
    left = set(files_in_store()) - before
    assert [b"/ByteRange" in path.read_bytes() for path in left] == [True, True]  # signed; never a byte unsigned
    sweeping.sweep_orphans(older_than=timedelta())  # also what other tests left
    before = set(files_in_store())
    assert not left & before

    killed("after", *arguments)
    assert (SharedDocument.objects.count(), FillingDraft.objects.count()) == (2, 0)
    once = Message.objects.count()
    assert once > told
    assert share_filled(appointment=appointment, filling=filling, by=alice_signs, pk=key).pk == key
    with pytest.raises(NotToSign):
        sign_task(task=Task.objects.select_related().get(pk=task.pk), by=alice_signs)
    assert (SharedDocument.objects.count(), Message.objects.count()) == (2, once)
    assert again(task).document
    assert [*files_are_as_kept(), *files_are_named()] == []
    assert len(set(files_in_store()) - before) == 2
