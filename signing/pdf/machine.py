"""Faults of the machine and of no document: a full disk must not be told as a damaged file. Imports no Django."""

from __future__ import annotations

import errno

FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE}


class Fault(Exception):
    """Something here is not as this software needs it."""


def is_to_blame(error: BaseException | None) -> bool:
    """Whether such a fault is at the root of what a library raised."""
    while error is not None:
        if isinstance(error, Fault | ImportError) or (isinstance(error, OSError) and error.errno in FAULTS):
            return True
        error = error.__cause__ or error.__context__
    return False
