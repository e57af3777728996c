"""Loaded once by the fork server of the sandbox; every job is a fork of what stands here. Imports no Django.

Jobs never stand in the main module, so a child has no use for it; loading it (a web server, a test runner) would
cost more than most jobs.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
from multiprocessing import spawn

from files import confinement

confinement.forget_secrets_of_the_environment()

import documents.library.writing.rendering  # noqa: E402, F401  # after secrets are gone
import files.decoding  # noqa: E402
import files.sandbox_child  # noqa: E402
import signing.pdf.signing_child  # noqa: E402
import signing.pdf.warming  # noqa: E402


def _leave_main_alone(name_or_path: str) -> None:
    """In place of importing the parent's main module into the child."""


spawn._fixup_main_from_name = _leave_main_alone  # type: ignore[attr-defined]
spawn._fixup_main_from_path = _leave_main_alone  # type: ignore[attr-defined]

with contextlib.suppress(OSError):  # no temporary folder to write to
    signing.pdf.warming.warm()

confinement.prepare()
atexit.register(files.sandbox_child.end_children)
gc.freeze()  # jobs neither walk nor copy what was loaded for all of them
