"""The child process that opens uploads: limited, and isolated."""

from __future__ import annotations

import os

from files import sandbox


def test_what_libraries_say_of_a_document_is_in_no_log() -> None:
    assert [sandbox.run(os.readlink, f"/proc/self/fd/{number}") for number in (1, 2)] == [os.devnull] * 2


def test_a_child_loads_nothing_of_django() -> None:
    """Each child would load it again, at a higher cost than most jobs."""
    assert sandbox.run(eval, "[name for name in __import__('sys').modules if name.split('.')[0] == 'django']") == []
