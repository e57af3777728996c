"""What storage holds, and the removal of what no row and no upload needs."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from django.utils import timezone

from files import sandbox, storage
from files.models import StoredFile

logger = logging.getLogger(__name__)
ORPHAN_AGE = timedelta(days=1)
STALE_UPLOAD_AGE = timedelta(hours=6)
FOLDER = re.compile(r"([0-9a-f]{32}/)?[0-9a-f]{2}")  # of a key; files/pieces.py has one of its own
ROWS = 500  # asked about at once


def keys() -> Iterator[str]:
    """All keys in storage, with or without a row."""
    return (key for key, _changed in _listed(storage.documents_storage()))


def orphans(*, older_than: timedelta = ORPHAN_AGE) -> Iterator[str]:
    """Keys in storage that no row names, of files older than `older_than`."""
    oldest, listed = timezone.now() - older_than, _listed(storage.documents_storage())
    while some := dict(islice(listed, ROWS)):
        known = set(StoredFile.objects.filter(key__in=some).values_list("key", flat=True))
        yield from (key for key, changed in some.items() if key not in known and changed <= oldest)


def sweep_orphans(*, older_than: timedelta = ORPHAN_AGE) -> int:
    """Remove orphans; returns their number."""
    removed = 0
    for key in list(orphans(older_than=older_than)):
        storage.documents_storage().delete(key)
        removed += 1
    if removed:
        logger.info("%d orphan files were removed from storage", removed)
    return removed


def sweep_stale_uploads(*, older_than: timedelta = STALE_UPLOAD_AGE) -> int:
    """Remove temporary files of interrupted uploads, and folders of children whose parent was killed."""
    limit = time.time() - older_than.total_seconds()
    removed = 0
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*"):
        with contextlib.suppress(FileNotFoundError):  # the request that owns it has just removed it
            if path.stat().st_mtime >= limit:
                continue
            if path.is_file():
                path.unlink()
                removed += 1
            elif path.suffix == sandbox.SCRATCH:
                shutil.rmtree(path, ignore_errors=True)
                removed += 1
    return removed


def _listed(disk: Storage) -> Iterator[tuple[str, datetime]]:
    """Each key below a folder of `key_of`, and when its file was last changed. A bucket lists a thousand objects an
    answer, in whichever folders they are."""
    if isinstance(disk, FileSystemStorage):
        found = _listed_below(Path(disk.location))
    else:
        found = ((one.key, one.last_modified) for one in cast("Any", disk).bucket.objects.all())
    return ((key, changed) for key, changed in found if FOLDER.fullmatch(key.rpartition("/")[0]))


def _listed_below(root: Path) -> Iterator[tuple[str, datetime]]:
    if not root.exists():
        return  # nothing has been stored yet
    # A folder may be on another disk, behind a link. One that cannot be listed is no empty one.
    for folder, folders, names in os.walk(root, followlinks=True, onerror=_raise):
        folders.sort()
        for path in (Path(folder, name) for name in names):
            with contextlib.suppress(FileNotFoundError):  # it was just removed
                changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield path.relative_to(root).as_posix(), changed


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # it was just removed
        raise error
