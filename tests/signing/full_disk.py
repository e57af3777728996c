"""Signing in a child whose files cannot grow, as on a full disk. Imports no Django, as children must not."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

from signing.pdf import signing_child
from signing.pdf.verifying_child import Answer

_sign_file = signing_child.sign_file


def sign_file(path: str, job: signing_child.SigningJob, *, ask: signing_child.Ask) -> Answer:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = Path(path).stat().st_size + 100
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    return _sign_file(path, job, ask=ask)
