"""A person requests the archive of their own data; a worker makes it; it disappears after a week."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import close_old_connections, connection
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from files import storage, sweeping
from files.models import StoredFile
from notifications.models import Message
from personal_data import data_exports
from personal_data.closing import close_account
from personal_data.data_exports import MAX_ATTEMPTS, export_of, make_next, remove_expired, request_export
from personal_data.models import KEPT, DataExport, DataExportState
from tests.docshare.test_fsck import fsck
from tests.personal_data.house import House, furnish

pytestmark = pytest.mark.django_db
OnCommit = Callable[..., AbstractContextManager[list[Callable[[], None]]]]


@pytest.fixture
def house() -> House:
    house = furnish("lilas", mobile="+33612345678")
    DataExport.objects.all().delete()
    return house


def made(user: User) -> DataExport:
    request_export(by=user)
    assert make_next()
    found = export_of(user)
    assert found
    return found


def names_in(archive: DataExport) -> list[str]:
    assert archive.file
    with storage.open_(archive.file) as file, zipfile.ZipFile(io.BytesIO(file.read())) as content:
        return content.namelist()


def test_the_archive_has_ones_own_documents_and_the_rest_as_fhir(house: House) -> None:
    archive = made(house.own)
    assert archive.state == DataExportState.READY
    names = names_in(archive)
    assert {"bundle.json", "manifest.json"} <= set(names)
    assert any("Ordonnance lilas" in name for name in names)
    assert not any("Paul" in name for name in names)
    letter = Message.objects.filter(about=house.own.pk, to=house.own.email).latest("created_at")
    assert "archive" in letter.subject
    assert "/my-account/data/" in letter.body
    assert fsck()[0] == 0


def test_nothing_is_made_twice(house: House) -> None:
    first = request_export(by=house.own)
    assert request_export(by=house.own) == first
    assert make_next()
    assert not make_next()
    assert AuditEvent.objects.filter(action="account.export_requested").count() == 1


def test_a_new_request_removes_the_former_archive(house: House, django_capture_on_commit_callbacks: OnCommit) -> None:
    former = made(house.own).file
    assert former
    with django_capture_on_commit_callbacks(execute=True):
        request_export(by=house.own)
    assert not StoredFile.objects.filter(pk=former.pk).exists()
    assert former.key not in set(sweeping.keys())
    assert make_next()


def test_an_archive_disappears_after_a_week(house: House, django_capture_on_commit_callbacks: OnCommit) -> None:
    archive = made(house.own)
    assert archive.file
    DataExport.objects.update(ended_at=timezone.now() - KEPT)
    assert export_of(house.own) is None
    with django_capture_on_commit_callbacks(execute=True):
        remove_expired()
    assert not DataExport.objects.exists()
    assert archive.file.key not in set(sweeping.keys())


def test_an_archive_of_a_killed_worker_is_made_by_the_next(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    request_export(by=house.own)
    with monkeypatch.context() as patch:
        patch.setattr(data_exports, "_finish", killed)
        with pytest.raises(SystemExit):
            make_next()
    assert not make_next()
    DataExport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert make_next()
    assert names_in(DataExport.objects.get())


def test_a_missing_document_is_tried_again_and_then_given_up(house: House, own_store: Path) -> None:
    request_export(by=house.own)
    (own_store / house.document.file.key).unlink()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        DataExport.objects.update(due_at=timezone.now())
        assert make_next(), attempt
    archive = DataExport.objects.get()
    assert (archive.state, archive.file) == (DataExportState.FAILED, None)
    assert request_export(by=house.own).state == DataExportState.REQUESTED


def test_an_account_closed_meanwhile_leaves_no_archive(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    request_export(by=house.own)
    finish = data_exports._finish

    def close_first(row: DataExport, archive: Path) -> None:
        close_account(by=house.own)
        finish(row, archive)

    monkeypatch.setattr(data_exports, "_finish", close_first)
    assert make_next()
    assert not DataExport.objects.exists()
    assert fsck()[0] == 0
    assert len(set(sweeping.keys())) == StoredFile.objects.count()


@pytest.mark.servers("SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_make_one_archive() -> None:
    own = furnish("lilas", mobile="+33612345678").own
    DataExport.objects.all().delete()

    def request(_: int) -> object:
        try:
            return request_export(by=own).pk
        finally:
            close_old_connections()
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(request, range(8)))) == 1
    assert DataExport.objects.count() == 1
