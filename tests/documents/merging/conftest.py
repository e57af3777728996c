"""A record and its double, made by telephone with another address and number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from accounts.models import User
from appointments.models import Appointment
from documents.models import Category, SharedDocument
from documents.sharing.access import visible_as_recipient
from documents.sharing.share import share_upload
from files.intake import Intake
from patients.models import Patient
from patients.records import create_patient
from practices.models import Practice
from tests.documents.conftest import *  # noqa: F403  # the same documents
from tests.documents.ways import account

Share = Callable[[Appointment], SharedDocument]


def seen(user: User) -> set[object]:
    return set(visible_as_recipient(user).values_list("pk", flat=True))


@pytest.fixture
def share(alice: User, receive: Callable[..., Intake], prescription: Category) -> Share:
    def _share(appointment: Appointment) -> SharedDocument:
        return share_upload(
            appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=alice
        )

    return _share


@pytest.fixture
def double(practice: Practice, bob: User) -> Patient:
    """Another record of Marie, made by telephone, with another address and number."""
    return create_patient(
        practice=practice,
        first_name="Marie-Claire",
        last_name="Durand",
        birth_date=date(1941, 2, 3),
        email="m.durand@ancienne.example",
        mobile="+33687654321",
        by=bob,
    )


@pytest.fixture
def own(marie: Patient) -> User:
    assert marie.email
    assert marie.mobile
    return account(marie.email, marie.mobile)
