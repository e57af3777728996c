"""Documents to share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment
from documents.library.catalogue import import_document
from documents.models import Category, LibraryDocument
from documents.sharing.share import share_upload
from files import storage
from files.intake import Intake
from practices.models import Practice
from signing.pdf.placement import Placement
from tests.conftest import PDF as PDF
from tests.notifications.conftest import *  # noqa: F403  # a mail server, an SMS gateway
from tests.signing.conftest import pdfsig


@pytest.fixture
def announced_together(settings: Settings) -> None:
    """However slow the machine, documents shared in a row are announced in one message."""
    settings.SHARE_NOTICE_DELAY = timedelta(minutes=5)


@pytest.fixture
def access_plan(practice: Practice, carol: User, receive: Callable[..., Intake]) -> LibraryDocument:
    return import_document(
        practice=practice,
        intake=receive(name="plan.pdf"),
        title="Plan d’accès",
        category=Category.objects.get(code="information"),
        by=carol,
    )


@pytest.fixture
def signed_by_alice(
    appointment: Appointment, alice_signs: User, receive: Callable[..., Intake], prescription: Category
) -> Callable[[], str]:
    """The output of pdfsig about a document that Alice has just signed and shared."""

    def _signed() -> str:
        document = share_upload(
            appointment=appointment, intake=receive(), category=prescription, title="",
            placement=Placement(page=1, x=0.7, y=0.9), by=alice_signs,
        )  # fmt: skip
        with storage.local_copy(document.file) as path:
            return pdfsig(path)

    return _signed
