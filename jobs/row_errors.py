"""A fault of ours with one row must not hold up the others: whoever works rows off catches it, and writes it here."""

from __future__ import annotations

import logging
import traceback


def note(logger: logging.Logger, what: str, pk: object, error: Exception) -> None:
    """The kind of the fault and its place, for the log: its words may hold a name or an address."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("%s %s: %s at %s:%s", what, pk, type(error).__name__, place.filename, place.lineno)
