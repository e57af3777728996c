"""Loaded once by the fork server of the sandbox; every job is a fork of it. Imports no Django.

Jobs are never defined in the main module, so a child does not need it; loading it (a web server, a test runner) would
take longer than most jobs.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
from multiprocessing import spawn

from files import confinement

confinement.forget_secrets_of_the_environment()

import documents.library.writing.rendering  # noqa: E402, F401  # after secrets are gone
import files.binding  # noqa: E402
import files.decoding  # noqa: E402
import files.sandbox_child  # noqa: E402
import signing.pdf.signing_child  # noqa: E402
import signing.pdf.stamp_drawing  # noqa: E402
import signing.pdf.warming  # noqa: E402


def _leave_main_alone(name_or_path: str) -> None:
    """Replaces spawn's functions that import the parent's main module into the child."""


for private in ("_fixup_main_from_name", "_fixup_main_from_path"):
    setattr(spawn, private, _leave_main_alone)

with contextlib.suppress(OSError):  # there may be no temporary folder to write to
    signing.pdf.warming.warm()

confinement.prepare()
atexit.register(files.sandbox_child.end_children)
gc.collect()
gc.freeze()  # jobs then neither scan nor copy the objects loaded for all of them
