"""Where the storage keeps files: below the folder of their practice, in files and in a bucket; and files of the
previous release, which have no practice in their key."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files import File
from django.core.files.storage import storages

from files import pieces, storage, sweeping
from files.intake import Intake
from files.models import StoredFile
from practices.models import Practice
from tests.documents.conftest import PDF

Receive = Callable[..., Intake]
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("s3")]
ALL = timedelta()


@pytest.fixture(params=["files", "bucket"])
def stored(request: pytest.FixtureRequest, receive: Receive, practice: Practice) -> Iterator[StoredFile]:
    if request.param == "bucket":
        request.getfixturevalue("on_s3")
    one = storage.keep(receive(), practice=practice.pk)
    one.save()
    yield one
    storage.remove(one.key)


def of_the_previous_release(stored: StoredFile) -> StoredFile:
    pk = uuid.uuid4()
    former = StoredFile(id=pk, key=f"{pk.hex[:2]}/{pk.hex}", sha256=stored.sha256, media_type="application/pdf")
    with storage.local_copy(stored) as path:
        former.size = path.stat().st_size
        with path.open("rb") as file:
            storage.put(former, File(file))
    return former


def test_a_file_is_kept_below_the_folder_of_its_practice(stored: StoredFile, practice: Practice) -> None:
    assert re.fullmatch(rf"{practice.pk.hex}/{stored.pk.hex[:2]}/{stored.pk.hex}", stored.key)
    assert storage.verify(stored) is None
    assert stored.key in set(sweeping.keys())


def test_files_of_both_releases_are_listed_and_swept_if_no_row_names_them(
    stored: StoredFile, receive: Receive, practice: Practice
) -> None:
    former = of_the_previous_release(stored)
    former.save()
    lost, lost_before = storage.keep(receive(), practice=practice.pk), of_the_previous_release(stored)
    upload = uuid.uuid4()
    pieces.keep(upload, PDF)
    assert {stored.key, former.key, lost.key, lost_before.key} <= set(sweeping.keys())
    orphans = set(sweeping.orphans(older_than=ALL))  # other tests leave some
    assert orphans & {stored.key, former.key, lost.key, lost_before.key} == {lost.key, lost_before.key}
    assert sweeping.sweep_orphans() == 0  # too recent
    assert sweeping.sweep_orphans(older_than=ALL) == len(orphans)
    assert [storage.verify(one) for one in (stored, former)] == [None, None]
    assert pieces.uploads() == {upload}
    pieces.remove_all(upload)
    storage.remove(former.key)


def test_what_a_killed_erasure_left_goes_wherever_the_release_had_put_it(
    stored: StoredFile, receive: Receive, practice: Practice
) -> None:
    files = [storage.keep(receive(), practice=practice.pk), of_the_previous_release(stored)]
    asked = [one.pk for one in files] + [stored.pk]
    assert storage.remove_erased(asked, practice=practice.pk) == 2
    assert [storages["documents"].exists(one.key) for one in (*files, stored)] == [False, False, True]


def test_every_folder_above_a_file_is_closed_to_others(receive: Receive, practice: Practice) -> None:
    one = storage.keep(receive(), practice=practice.pk)
    path = Path(settings.DOCUMENTS_DIR, one.key)
    assert {folder.stat().st_mode & 0o777 for folder in path.parents[:3]} == {0o700}
    storage.remove(one.key)


def test_a_practice_whose_folder_is_on_another_disk_is_listed_too(
    receive: Receive, practice: Practice, tmp_path: Path
) -> None:
    one = storage.keep(receive(), practice=practice.pk)
    folder = Path(settings.DOCUMENTS_DIR, practice.pk.hex)
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    try:
        assert one.key in set(sweeping.keys())
        assert one.key in set(sweeping.orphans(older_than=ALL))
    finally:
        folder.unlink()


def test_no_folder_stays_of_a_practice_that_is_gone(stored: StoredFile, receive: Receive, practice: Practice) -> None:
    storage.remove_folders(practice.pk)
    assert storage.verify(stored) is None  # what is not empty stays
    storage.remove(stored.key)
    storage.remove_folders(practice.pk)
    assert not Path(settings.DOCUMENTS_DIR, practice.pk.hex).exists()
