"""The health check of the installation's keys."""

from __future__ import annotations

from collections.abc import Iterator

from docshare.wrong_keys import wrong_keys
from signing.key_checks import silent_service


def faults_of_keys() -> Iterator[str]:
    """A sentence for each key that cannot be used, with what to do about it.

    Does not ask a security module: a wrong PIN every minute would lock its token.
    """
    yield from wrong_keys()
    yield from silent_service()
