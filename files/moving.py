"""Copies an installation's files to another storage, reads them back and compares their SHA-256.

May run beside a working site, and may be repeated: a list of verified files prevents copying them twice. Nothing is
ever removed from the old storage.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage

from files import storage
from files.models import StoredFile

CHUNK = 1 << 20
ROWS = 500


@dataclass
class Moved:
    """How many files this run copied, how many an earlier run copied, how many failed."""

    copied: int = 0
    known: int = 0
    failed: int = 0


def move_to(target: Storage, *, noted: Path, report: Callable[[str], None]) -> Moved:
    """Copy every stored file to `target`. `noted`: a file with the keys verified in `target`, one a line; grows
    during the run.

    `report` gets a sentence for each file that could not be copied; the run continues with the others.
    """
    done = set(noted.read_text().split()) if noted.exists() else set()
    result = Moved()
    noted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with noted.open("a") as notes:
        for stored in StoredFile.objects.order_by("pk").iterator(chunk_size=ROWS):
            if stored.key in done:
                result.known += 1
                continue
            fault = _copy(stored, target)
            if fault:
                result.failed += 1
                report(f"file {stored.pk}: {fault}")
                continue
            result.copied += 1
            notes.write(stored.key + "\n")
            notes.flush()
    return result


def _copy(stored: StoredFile, target: Storage) -> str | None:
    """The reason for a failure; None once the copy is verified."""
    fault = storage.fault_in(target, stored, whole=True)
    if fault is None:
        return None  # copied by a run that was stopped before it listed the key
    target.delete(stored.key)  # an incomplete copy, if any
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
        try:
            with storage.open_(stored) as source:
                shutil.copyfileobj(source, copy, CHUNK)
        except FileNotFoundError:
            return "missing from the storage of now"
        except storage.BytesChanged as error:
            return f"in the storage of now {error}"
        copy.seek(0)
        target.save(stored.key, File(copy, name=stored.key))
    return storage.fault_in(target, stored, whole=True)
