"""An unexpected error with one row must not hold up the others: the loop over the rows catches it and logs it."""

from __future__ import annotations

import logging
import traceback


def log_row_error(logger: logging.Logger, kind: str, pk: object, error: Exception) -> None:
    """Log the class of the error and its place, not its message: the message may contain a name or an address."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("%s %s: %s at %s:%s", kind, pk, type(error).__name__, place.filename, place.lineno)
