"""Faults of the machine, not of a document: a full disk must not be reported as a damaged file. Imports no Django."""

from __future__ import annotations

import errno

FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE}


class Fault(Exception):
    """This machine or process lacks what the software needs."""


def is_machine_fault(error: BaseException | None) -> bool:
    """Whether such a fault caused the exception, directly or through its causes."""
    while error is not None:
        if isinstance(error, Fault | ImportError) or (isinstance(error, OSError) and error.errno in FAULTS):
            return True
        error = error.__cause__ or error.__context__
    return False
