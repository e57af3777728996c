"""Preparing a document to sign: nothing is stored but the intention; corrected, sent back, withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from appointments.booking import delete
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.filling.filled import Filling
from documents.models import Task
from documents.to_sign.preparing import (
    NotToSign,
    change_task,
    prepare_task,
    send_back,
    withdraw_task,
)
from files.models import StoredFile
from practices.roles import NotAllowed
from tests.documents.to_sign.conftest import Prepare, again

pytestmark = pytest.mark.django_db


def actions(task: Task) -> list[str]:
    lines = AuditEvent.objects.filter(object_id=task.pk, record_id=task.appointment_id).order_by("id")
    return [line.action for line in lines]


def test_what_waits_is_the_intention_without_a_byte_and_with_sealed_answers(
    prepare: Prepare, alice_signs: User, bob: User, files_in_store: Callable[[], list[Path]], filling: Filling
) -> None:
    files, rows = len(files_in_store()), StoredFile.objects.count()
    task = prepare()
    assert (len(files_in_store()), StoredFile.objects.count()) == (files, rows)
    assert (task.state, task.practitioner, task.prepared_by) == ("waiting", alice_signs, bob)
    assert "2027" not in str(Task.objects.values("answers").get())
    assert actions(task) == ["task.prepared"]


def test_only_for_a_practitioner_of_the_practice_and_only_by_who_shares(
    appointment: Appointment, filling: Filling, alice_signs: User, bob: User, carol: User, charlie: User, rita: User
) -> None:
    for nobody in (carol, charlie):
        with pytest.raises(ValidationError):
            prepare_task(appointment=appointment, filling=filling, practitioner=nobody, by=bob)
    for stranger in (rita, charlie):
        with pytest.raises(NotAllowed):
            prepare_task(appointment=appointment, filling=filling, practitioner=alice_signs, by=stranger)
    unfilled = replace(filling, answers={})
    with pytest.raises(ValidationError):
        prepare_task(appointment=appointment, filling=unfilled, practitioner=alice_signs, by=bob)
    assert not Task.objects.exists()


def test_it_is_sent_back_with_a_sentence_corrected_and_waits_anew(
    prepare: Prepare, alice_signs: User, bob: User, filling: Filling
) -> None:
    task = prepare()
    with pytest.raises(ValidationError):
        send_back(task=task, sentence="  ", by=alice_signs)
    send_back(task=task, sentence="La date est fausse.", by=alice_signs)
    task = again(task)
    assert (task.state, task.sentence) == ("sent_back", "La date est fausse.")
    with pytest.raises(NotToSign):
        send_back(task=task, sentence="Encore.", by=alice_signs)
    corrected = replace(filling, answers={"Date de reprise": "2027-03-09"})
    change_task(task=task, filling=corrected, practitioner=alice_signs, revision=task.revision, by=bob)
    with pytest.raises(NotToSign):  # another tab, which has not seen the correction
        change_task(task=task, filling=filling, practitioner=alice_signs, revision=task.revision, by=bob)
    task = again(task)
    assert (task.state, task.revision, task.sentence) == ("waiting", 2, "")
    assert "2027-03-09" in task.answers
    assert actions(task) == ["task.prepared", "task.sent_back", "task.corrected"]


def test_nobody_but_the_named_practitioner_sends_it_back(
    prepare: Prepare, bob: User, charlie: User, carol: User
) -> None:
    task = prepare()
    for other in (bob, carol, charlie):
        with pytest.raises(Task.DoesNotExist):
            send_back(task=task, sentence="Non.", by=other)


def test_it_is_withdrawn_once_and_what_was_filled_in_is_gone(prepare: Prepare, bob: User, rita: User) -> None:
    task = prepare()
    with pytest.raises(NotAllowed):
        withdraw_task(task=task, by=rita)
    for _twice in range(2):
        withdraw_task(task=task, by=bob)
    assert (again(task).state, again(task).answers) == ("withdrawn", "")
    assert actions(task) == ["task.prepared", "task.withdrawn"]


def test_it_goes_with_its_appointment_and_the_trail_says_so(
    prepare: Prepare, appointment: Appointment, bob: User
) -> None:
    task = prepare()
    delete(appointment=appointment, by=bob)
    assert not Task.objects.exists()
    line = AuditEvent.objects.get(action="task.withdrawn")
    assert (line.object_id, line.detail["appointment_deleted"]) == (task.pk, True)
    with pytest.raises(NotToSign):
        withdraw_task(task=task, by=bob)
