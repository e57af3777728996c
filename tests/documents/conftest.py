"""Documents to share, and practitioners able to sign."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from accounts.models import Practice, User
from appointments.models import Appointment
from docshare.demo.paper import letter, signature
from documents.files import storage
from documents.files.intake import Intake, accept
from documents.library import import_document
from documents.models import Category, LibraryDocument
from documents.sharing import share_upload
from documents.signatures import set_signature_image
from documents.signing.placement import Placement
from tests.documents.signing.conftest import pdfsig
from tests.notifications.conftest import *  # noqa: F403  # a mail server, an SMS gateway

PDF = letter("Ordonnance", ["Paracétamol 1 g, trois fois par jour."], heading="Cabinet des Lilas")


@pytest.fixture
def announced_together(settings: Settings) -> None:
    """However slow the machine, what one shares in a row is announced in one message."""
    settings.SHARE_NOTICE_DELAY = timedelta(minutes=5)


@pytest.fixture
def receive() -> Callable[..., Intake]:
    """What the server makes of an upload."""

    def _receive(content: bytes = PDF, name: str = "ordonnance.pdf") -> Intake:
        return accept(SimpleUploadedFile(name, content))

    return _receive


@pytest.fixture
def alice_signs(alice: User) -> User:
    """Alice, with her signature set up."""
    upload = SimpleUploadedFile("signature.png", signature(1), "image/png")
    set_signature_image(user=alice, upload=upload, by=alice)
    return alice


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
def files_in_store() -> Callable[[], list[Path]]:
    def _files() -> list[Path]:
        folders = [settings.DOCUMENTS_DIR, Path(settings.FILE_UPLOAD_TEMP_DIR)]
        return [path for folder in folders for path in folder.rglob("*") if path.is_file()]

    return _files


@pytest.fixture
def signed_by_alice(
    appointment: Appointment, alice_signs: User, receive: Callable[..., Intake], prescription: Category
) -> Callable[[], str]:
    """What pdfsig says of a document that Alice has just signed and shared."""

    def _signed() -> str:
        document = share_upload(
            appointment=appointment, intake=receive(), category=prescription, title="",
            placement=Placement(page=1, x=0.7, y=0.9), by=alice_signs,
        )  # fmt: skip
        with storage.local_copy(document.file) as path:
            return pdfsig(path)

    return _signed
