"""Checks the disk space for uploads, files, the embedded database and queue."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from dataclasses import dataclass

from django.conf import settings

from files.limits import MAX_BYTES

LOW_SHARE = 0.1
LOW_BYTES = 10 << 30
PROBE = os.urandom(4096)  # random, so that a compressing file system needs space for it


class DiskFull(OSError):
    """Not enough space for one upload of the maximum size."""


@dataclass(frozen=True)
class Room:
    """Space on the file system of DATA_DIR, in bytes."""

    free: int
    total: int

    @property
    def is_full(self) -> bool:
        """Whether there is less space than one upload of the maximum size."""
        return self.free < MAX_BYTES

    @property
    def is_low(self) -> bool:
        return self.free < min(self.total * LOW_SHARE, LOW_BYTES)


def room() -> Room:
    usage = shutil.disk_usage(settings.DATA_DIR)
    return Room(free=usage.free, total=usage.total)


def check_room() -> None:
    """Raises DiskFull; OSError if a file cannot be written for another reason (read-only, quota, no inode)."""
    if room().is_full:
        raise DiskFull(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        file.write(PROBE)
        file.flush()
        os.fsync(file.fileno())
