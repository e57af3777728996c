"""`python deploy/stop_with_parent.py command …`: becomes the command, which gets SIGTERM when its parent dies.

So a supervisor killed by -9 leaves nothing behind (prctl(2), PR_SET_PDEATHSIG, which survives exec). Only on Linux;
elsewhere the command just runs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie_to_parent() -> None:
    """Ask for SIGTERM when our parent dies."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # the parent died before the call
        sys.exit(1)


if __name__ == "__main__":
    tie_to_parent()
    os.execvp(sys.argv[1], sys.argv[1:])
