"""A request for Marie, and files as telephones make them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentRequest
from documents.receiving.access import all_requests
from documents.receiving.asking import Question, ask
from tests.documents.bookings import *  # noqa: F403  # accounts that book online or own a record
from tests.documents.conftest import *  # noqa: F403  # the same documents

Ask = Callable[..., DocumentRequest]


def again(request: DocumentRequest) -> DocumentRequest:
    """As the database has it now."""
    return all_requests().get(pk=request.pk)


@pytest.fixture
def ask_for(bob: User) -> Ask:
    def _ask(appointment: Appointment, label: str = "Ordonnance de votre médecin traitant") -> DocumentRequest:
        found = Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=appointment.pk)
        return again(ask(appointment=found, question=Question(label), by=bob))

    return _ask
