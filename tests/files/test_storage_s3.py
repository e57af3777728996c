"""Documents in a bucket of a real S3 server: stored, served by presigned addresses, encrypted, moved."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import call_command
from django.test import RequestFactory
from pytest_django import Settings
from storages.backends.s3 import S3Storage

from docshare.document_storage import document_storage
from files import storage, sweeping
from files.intake import Intake
from files.models import StoredFile
from files.moving import move_to
from files.serving import respond
from tests.documents.conftest import PDF

Receive = Callable[..., Intake]
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("s3")]


@pytest.fixture
def stored(on_s3: str, receive: Receive) -> StoredFile:
    stored = storage.keep(receive(), practice=None)
    stored.save()
    return stored


def address_of(stored: StoredFile, name: str = "Ordonnance « d’été ».pdf") -> str:
    response = respond(stored, title=name, request=RequestFactory().get("/"))
    assert response.status_code == 303
    assert response["Cache-Control"] == "no-store, private"
    return response["Location"]


def test_what_is_kept_is_there_whole_and_no_copy_stays_behind(stored: StoredFile) -> None:
    assert storage.verify(stored) is None
    with storage.local_copy(stored) as path:
        assert path.read_bytes() == PDF
    assert list(sweeping.orphans()) == []


def test_bytes_that_changed_or_went_are_told(stored: StoredFile) -> None:
    bucket = storages["documents"]
    bucket.delete(stored.key)
    assert storage.verify(stored) == "missing from storage"
    with pytest.raises(storage.BytesChanged):
        storage.check_unchanged(stored)
    bucket.save(stored.key, ContentFile(PDF[:-1] + b"x"))
    assert storage.verify(stored) == "sha256 differs: the bytes were changed"


def test_a_presigned_address_gives_the_file_by_its_name_and_type(stored: StoredFile) -> None:
    answer = requests.get(address_of(stored), timeout=5)
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''Ordonnance")
    assert answer.headers["Cache-Control"] == "no-store, private"


def test_a_presigned_address_answers_ranges(stored: StoredFile) -> None:
    answer = requests.get(address_of(stored), headers={"Range": "bytes=5-9"}, timeout=5)
    assert (answer.status_code, answer.content) == (206, PDF[5:10])
    assert answer.headers["Content-Range"] == f"bytes 5-9/{len(PDF)}"


def test_a_presigned_address_ends_soon_and_opens_nothing_else(stored: StoredFile, receive: Receive) -> None:
    address = urlsplit(address_of(stored))
    assert int(parse_qs(address.query)["X-Amz-Expires"][0]) <= 60
    other = storage.keep(receive(), practice=None)
    for changed in (
        address._replace(query=""),
        address._replace(path=address.path.replace(stored.key, other.key)),
        address._replace(query=address.query.replace("attachment", "inline")),
    ):
        assert requests.get(changed.geturl(), timeout=5).status_code == 403


def test_what_no_row_names_is_swept_from_the_bucket(stored: StoredFile, receive: Receive) -> None:
    orphan = storage.keep(receive(), practice=None)
    assert list(sweeping.orphans(older_than=timedelta())) == [orphan.key]
    assert sweeping.sweep_orphans() == 0  # too recent
    assert sweeping.sweep_orphans(older_than=timedelta()) == 1
    assert storage.verify(stored) is None


def test_a_key_that_is_taken_is_never_replaced(on_s3: str, receive: Receive, monkeypatch: pytest.MonkeyPatch) -> None:
    same = uuid.uuid4()
    monkeypatch.setattr("files.storage.uuid.uuid4", lambda: same)
    first = storage.keep(receive(), practice=None)
    with pytest.raises(FileExistsError):
        storage.keep(receive(), practice=None)
    assert storage.verify(first) is None


def test_objects_are_encrypted_by_the_server_unless_it_is_told_not_to(stored: StoredFile, on_s3: str) -> None:
    def how(key: str) -> Any:
        return S3Storage(**document_storage(on_s3).backend["OPTIONS"]).bucket.Object(key).server_side_encryption

    assert how(stored.key) == "AES256"
    plain = storages.create_storage(document_storage(on_s3 + "&encryption=none").backend)
    plain.save("aa/plain", ContentFile(b"x"))
    assert how("aa/plain") is None


def test_an_installation_moves_from_files_to_s3_and_can_be_stopped_on_the_way(
    bucket: str, receive: Receive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    rows = [storage.keep(receive(), practice=None) for _ in range(3)]
    for row in rows:
        row.save()
    target = storages.create_storage(document_storage(bucket).backend)
    rows.sort(key=lambda row: row.pk)
    target.save(rows[0].key, ContentFile(b"half a copy"))
    with storage.local_copy(rows[2]) as path:
        path.write_bytes(b"changed on disk")
    reported: list[str] = []
    noted = tmp_path / "moving" / "noted"

    moved = move_to(target, noted=noted, report=reported.append)

    assert (moved.copied, moved.known, moved.failed) == (2, 0, 1)
    assert reported == [f"file {rows[2].pk}: size is 15, should be {len(PDF)}"]
    with storage.local_copy(rows[2]) as path:
        path.write_bytes(PDF)
    monkeypatch.setenv("NEW_STORAGE_URL", bucket)
    settings.DATA_DIR = tmp_path
    errors = io.StringIO()
    call_command("move_storage", stderr=errors)
    assert "3 files copied, 0 were there, 0 failed." in errors.getvalue()
    assert all(storage.fault_in(target, row, whole=True) is None for row in rows)
    errors = io.StringIO()
    call_command("move_storage", stderr=errors)
    assert "0 files copied, 3 were there, 0 failed." in errors.getvalue()
