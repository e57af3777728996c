"""Documents that Bob, the secretary, prepares for Alice to sign."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from appointments.models import Appointment
from documents.filling.filled import Filling, Place
from documents.library.catalogue import write_document
from documents.models import Category, LibraryDocument, Task
from documents.to_sign.looking import mark_of, note_look
from documents.to_sign.preparing import PARTS, prepare_task
from practices.models import Practice
from tests.documents.conftest import *  # noqa: F403  # the same documents

BODY = "<p>{{ patient_name }}, le {{ appointment_date }} : arrêt jusqu’au {{ ? Date de reprise | date }}.</p>"
Prepare = Callable[..., Task]


def again(task: Task) -> Task:
    """As the database has it now."""
    return Task.objects.select_related(*PARTS).get(pk=task.pk)


def looked_at(task: Task, by: User) -> Task:
    note_look(task=task, mark=mark_of(again(task)), by=by)
    return again(task)


@pytest.fixture
def template(practice: Practice, carol: User) -> LibraryDocument:
    return write_document(
        practice=practice, body=BODY, title="Arrêt", category=Category.objects.get(code="certificate"), by=carol
    )


@pytest.fixture
def filling(template: LibraryDocument) -> Filling:
    return Filling(
        template.current,
        {"Date de reprise": "2027-03-02"},
        Category.objects.get(code="certificate"),
        "Arrêt de travail",
        Place(),
    )


@pytest.fixture
def prepare(appointment: Appointment, filling: Filling, alice_signs: User, bob: User) -> Prepare:
    def _prepare(at: Appointment = appointment, practitioner: User = alice_signs) -> Task:
        return again(prepare_task(appointment=at, filling=filling, practitioner=practitioner, by=bob))

    return _prepare
