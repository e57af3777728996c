"""Looking before signing: after any change of what the paper or its sharing depends on, one looks again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.models import User
from appointments.models import Appointment
from appointments.moving import move
from documents.filling.filled import Filling, Place
from documents.models import Task
from documents.to_sign.looking import LookAgain, NotLookedAt, check_looked_at, mark_of, note_look
from documents.to_sign.preparing import change_task, withdraw_task
from patients.models import Patient
from patients.records import change_patient
from practices.models import Practice
from tests.documents.to_sign.conftest import Prepare, again, looked_at

pytestmark = pytest.mark.django_db


def test_it_is_looked_at_by_the_named_practitioner_alone(prepare: Prepare, alice: User, bob: User) -> None:
    task = prepare()
    with pytest.raises(NotLookedAt):
        check_looked_at(task)
    with pytest.raises(Task.DoesNotExist):
        note_look(task=task, mark=mark_of(task), by=bob)
    assert check_looked_at(looked_at(task, alice)) == mark_of(task)


def test_the_mark_of_something_else_is_no_look(prepare: Prepare, alice: User) -> None:
    task, other = prepare(), prepare()
    for mark in ("", "x", mark_of(other)):
        with pytest.raises(LookAgain):
            note_look(task=task, mark=mark, by=alice)
    assert again(task).looked_at is None


def corrected(task: Task, filling: Filling, bob: User) -> None:
    later = replace(filling, answers={"Date de reprise": "2027-04-01"})
    change_task(task=task, filling=later, practitioner=task.practitioner, revision=task.revision, by=bob)


def placed_elsewhere(task: Task, filling: Filling, bob: User) -> None:
    elsewhere = replace(filling, place=Place(1, 0.2, 0.2))
    change_task(task=task, filling=elsewhere, practitioner=task.practitioner, revision=task.revision, by=bob)


def record_corrected(task: Task, _filling: Filling, bob: User) -> None:
    change_patient(patient=task.appointment.patient, by=bob, last_name="Durant")


def appointment_moved(task: Task, _filling: Filling, bob: User) -> None:
    later = task.appointment.starts_at + timedelta(days=1)
    move(appointment=task.appointment, by=bob, starts_at=later)


def letterhead_changed(task: Task, _filling: Filling, _bob: User) -> None:
    Practice.objects.filter(pk=task.practice_id).update(address="2 rue Neuve")


def recipient_changed(task: Task, _filling: Filling, _bob: User) -> None:
    """The patient is a child now, whose booker receives."""
    birth_date = task.appointment.starts_at.date() - timedelta(days=900)
    Patient.objects.filter(pk=task.appointment.patient_id).update(birth_date=birth_date)


@pytest.mark.parametrize(
    "change",
    [corrected, placed_elsewhere, record_corrected, appointment_moved, letterhead_changed, recipient_changed],
)
def test_what_changed_is_looked_at_again(
    change: Callable[[Task, Filling, User], None], prepare: Prepare, filling: Filling, alice: User, bob: User
) -> None:
    task = looked_at(prepare(), alice)
    change(task, filling, bob)
    with pytest.raises(LookAgain):
        check_looked_at(again(task))
    assert check_looked_at(looked_at(task, alice))


def test_nothing_is_noted_about_what_no_longer_waits(
    prepare: Prepare, alice: User, bob: User, appointment: Appointment
) -> None:
    task = prepare()
    withdraw_task(task=task, by=bob)
    with pytest.raises(Exception, match="not_to_sign"):
        note_look(task=task, mark=mark_of(task), by=alice)
