"""An administrator requests the archive of a practice; a worker makes it; it disappears after a week."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from audit.models import AuditEvent
from files import storage, sweeping
from files.models import StoredFile
from notifications.models import Message
from personal_data import practice_exports
from personal_data.models import KEPT, DataExportState, PracticeExport
from personal_data.moving.reading import open_archive
from personal_data.practice import delete_without_archive
from personal_data.practice_exports import (
    MAX_ATTEMPTS,
    export_of_practice,
    make_next,
    note_practice_download,
    remove_expired,
    request_practice_export,
)
from practices.roles import NotAllowed
from tests.docshare.test_fsck import fsck
from tests.personal_data.house import House, account, furnish

pytestmark = pytest.mark.django_db
OnCommit = Callable[..., AbstractContextManager[list[Callable[[], None]]]]


@pytest.fixture
def house() -> House:
    house = furnish("lilas", mobile="+33612345678")
    PracticeExport.objects.all().delete()
    return house


def made(house: House) -> PracticeExport:
    request_practice_export(practice=house.practice, by=house.admin)
    assert make_next()
    found = export_of_practice(house.practice)
    assert found
    return found


def test_a_worker_makes_it_and_every_administrator_hears_of_it(house: House) -> None:
    second = account("second@lilas.example", "Denis", "Petit")
    house.practice.memberships.create(user=second, is_admin=True)
    archive = made(house)
    assert archive.state == DataExportState.READY
    assert archive.file
    assert archive.copied == archive.documents > 0
    with storage.local_copy(archive.file) as path, open_archive(path) as opened:
        assert opened.about["name"] == house.practice.name
        assert opened.sha256 == archive.file.sha256
    note_practice_download(archive=archive, by=second)
    for action, by in (("practice.export_requested", house.admin), ("practice.export_downloaded", second)):
        line = AuditEvent.objects.get(action=action)
        assert (line.actor_id, line.practice_id) == (by.pk, house.practice.pk)
    letters = Message.objects.filter(about=house.practice.pk)
    asked, taken = (letters.filter(subject__contains=word) for word in ("demandée", "téléchargée"))
    for those in (asked, taken):
        assert set(those.values_list("to", flat=True)) == {house.admin.email, second.email}
    for letter in letters:
        assert "/pro/settings/archive/" in letter.body
        assert "Marie" not in letter.body + letter.subject
        assert str(archive.pk) not in letter.body
    assert list(letters.filter(subject__contains="prête").values_list("to", flat=True)) == [house.admin.email]
    assert fsck()[0] == 0


def test_only_administrators_request_and_download(house: House) -> None:
    for user in (house.doctor, house.own):
        with pytest.raises(NotAllowed):
            request_practice_export(practice=house.practice, by=user)
    archive = made(house)
    for user in (house.doctor, house.own):
        with pytest.raises(NotAllowed):
            note_practice_download(archive=archive, by=user)
    assert not AuditEvent.objects.filter(action="practice.export_downloaded").exists()


def test_one_at_a_time_for_each_practice(house: House, django_capture_on_commit_callbacks: OnCommit) -> None:
    first = request_practice_export(practice=house.practice, by=house.admin)
    assert request_practice_export(practice=house.practice, by=house.admin) == first
    assert make_next()
    assert not make_next()
    former = PracticeExport.objects.get().file
    assert former
    with django_capture_on_commit_callbacks(execute=True):
        request_practice_export(practice=house.practice, by=house.admin)
    assert not StoredFile.objects.filter(pk=former.pk).exists()
    assert former.key not in set(sweeping.keys())


def test_it_disappears_after_a_week(house: House, django_capture_on_commit_callbacks: OnCommit) -> None:
    archive = made(house)
    assert archive.file
    PracticeExport.objects.update(ended_at=timezone.now() - KEPT)
    assert export_of_practice(house.practice) is None
    with django_capture_on_commit_callbacks(execute=True):
        remove_expired()
    assert not PracticeExport.objects.exists()
    assert archive.file.key not in set(sweeping.keys())


def test_it_goes_with_its_practice(house: House, django_capture_on_commit_callbacks: OnCommit) -> None:
    archive = made(house)
    assert archive.file
    with django_capture_on_commit_callbacks(execute=True):
        delete_without_archive(house.practice)
    assert not PracticeExport.objects.exists()
    assert archive.file.key not in set(sweeping.keys())


def test_what_a_killed_worker_began_is_made_by_the_next(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    request_practice_export(practice=house.practice, by=house.admin)
    with monkeypatch.context() as patch:
        patch.setattr(practice_exports, "_finish", killed)
        with pytest.raises(SystemExit):
            make_next()
    assert not make_next()
    PracticeExport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert make_next()
    assert PracticeExport.objects.get().state == DataExportState.READY


def test_a_worker_that_lost_its_lease_stores_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    request_practice_export(practice=house.practice, by=house.admin)
    renew = practice_exports._renew

    def taken(row: PracticeExport, **progress: int) -> None:
        PracticeExport.objects.update(attempts=7)  # by another worker
        renew(row, **progress)

    monkeypatch.setattr(practice_exports, "_renew", taken)
    before = set(sweeping.keys())
    assert make_next()
    assert PracticeExport.objects.get().state == DataExportState.REQUESTED
    assert set(sweeping.keys()) == before
    assert not [path for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*") if list(path.glob("archive.zip"))]


def test_a_missing_document_is_tried_again_and_then_given_up(house: House, own_store: Path) -> None:
    request_practice_export(practice=house.practice, by=house.admin)
    (own_store / house.document.file.key).unlink()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        PracticeExport.objects.update(due_at=timezone.now())
        assert make_next(), attempt
    archive = PracticeExport.objects.get()
    assert (archive.state, archive.file) == (DataExportState.FAILED, None)
    assert request_practice_export(practice=house.practice, by=house.admin).state == DataExportState.REQUESTED
