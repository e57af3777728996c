"""Detects failures because of a full disk: this machine's, its quota, or the database's."""

from __future__ import annotations

import errno
import sqlite3

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
POSTGRES_DISK_FULL = "53100"  # SQLSTATE disk_full


def is_no_room(error: BaseException | None) -> bool:
    """Whether a full disk caused this exception, directly or through its causes."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return True
        if getattr(error, "sqlstate", None) == POSTGRES_DISK_FULL:
            return True
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
