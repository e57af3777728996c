"""`manage.py fsck` finds what is missing, changed, or nobody's."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.files import storage
from documents.files.intake import Intake
from documents.models import Category, SharedDocument
from documents.sharing import share_upload

Receive = Callable[..., Intake]


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store without what other tests left."""
    own = FileSystemStorage(location=tmp_path, file_permissions_mode=0o600)
    monkeypatch.setattr(storage, "_storage", lambda: own)


@pytest.fixture
def document(
    _own_store: None, appointment: Appointment, bob: User, prescription: Category, receive: Receive
) -> SharedDocument:
    return share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob
    )


def fsck(*arguments: str) -> tuple[int, list[str]]:
    output = io.StringIO()
    try:
        call_command("fsck", *arguments, stdout=output, stderr=io.StringIO())
    except SystemExit as stop:
        return int(str(stop.code)), output.getvalue().splitlines()
    return 0, output.getvalue().splitlines()


def test_all_is_well(document: SharedDocument) -> None:
    assert fsck() == (0, [])


def test_one_changed_byte_is_told(document: SharedDocument) -> None:
    with storage.local_copy(document.file) as path:
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)
    assert fsck() == (1, [f"file {document.file.pk}: sha256 differs: the bytes were changed"])
    with pytest.raises(storage.BytesChanged):
        storage.check_unchanged(document.file)


def test_missing_and_short_files_are_told(document: SharedDocument) -> None:
    with storage.local_copy(document.file) as path:
        path.write_bytes(path.read_bytes()[:-1])
        assert "size is" in fsck()[1][0]
        path.unlink()
        assert fsck() == (1, [f"file {document.file.pk}: missing from storage"])


def test_orphans_are_told_and_only_old_ones_removed(document: SharedDocument, receive: Receive) -> None:
    """What a crash between moving a file and committing its row leaves behind."""
    young, old = storage.keep(receive()), storage.keep(receive())
    assert fsck()[0] == 1
    two_days_ago = (timezone.now() - timedelta(days=2)).timestamp()
    with storage.local_copy(old) as path:
        os.utime(path, (two_days_ago, two_days_ago))
    code, lines = fsck("--repair")
    assert code == 1
    assert lines == [f"orphan {young.key}: in storage, but no row names it"]
    assert storage.verify(old) == "missing from storage"
    assert storage.verify(document.file) is None


def test_a_row_that_nothing_names_is_told(document: SharedDocument) -> None:
    SharedDocument.objects.all().delete()
    assert fsck() == (1, [f"file {document.file.pk}: neither a shared document nor the library names it"])


def test_the_sweep_leaves_what_is_young(document: SharedDocument, receive: Receive) -> None:
    kept = storage.keep(receive())
    assert storage.sweep_orphans() == 0
    assert storage.verify(kept) is None
    stale = Path(settings.FILE_UPLOAD_TEMP_DIR) / "x.upload"
    stale.write_bytes(b"broken off")
    os.utime(stale, (0, 0))
    assert storage.sweep_stale_uploads() >= 1
    assert not stale.exists()
