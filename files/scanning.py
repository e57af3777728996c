"""Scans every upload with ClamAV if `CLAMD_URL` is set; an upload that was not scanned does not pass.

Fails closed: the file counts as not scanned if the scanner does not answer, sends an unknown reply, closes the
connection early, exceeds the deadline, or reports that the file is too long.
"""

from __future__ import annotations

import io
import logging
import time

from django.conf import settings
from django.utils.translation import gettext as _

from files.clamd import Clamd, ClosedEarly, NoAnswer, TooLong
from files.upload import Refused, TryLater, Upload

logger = logging.getLogger(__name__)
LONGEST_SCAN = 60  # seconds for a file in any case; 50 MB take a quarter of a second on a desktop computer
LONGEST_PING = 10  # seconds
SHORT = 1 << 20  # bytes; no scanner's StreamMaxLength is below this (its own default is a hundred times that)
TOO_LONG = "Heuristics.Limits.Exceeded"  # clamd's result beyond its MaxFileSize or MaxScanSize, with AlertExceedsMax


class ScannerUnavailable(TryLater):
    """Not scanned for now: the same file may pass once the scanner answers."""

    def __init__(self) -> None:
        super().__init__(
            "scanner_unavailable",
            _("L’antivirus ne répond pas pour l’instant. Rien n’a été partagé ; réessayez dans un instant."),
        )


def scan(upload: Upload) -> None:
    """Accept a file that the scanner reports as clean; raise for everything else."""
    if not settings.CLAMD_URL:
        return
    virus = _virus_in(upload)
    if virus is None:
        return
    if virus.startswith(TOO_LONG):
        raise _not_scanned(upload)
    logger.warning("An upload was refused: the virus scanner found %s", virus)
    raise Refused(
        "virus",
        _(
            "L’antivirus a trouvé un virus dans « %(name)s » : le fichier n’est pas accepté. "
            "Prévenez la personne qui vous l’a transmis."
        )
        % {"name": upload.name},
    )


def _virus_in(upload: Upload) -> str | None:
    """What the scanner found; None if it scanned the whole file and found nothing. Raises ScannerUnavailable,
    Refused."""
    clamd, until = Clamd(settings.CLAMD_URL), time.monotonic() + LONGEST_SCAN
    for _attempt in range(2):
        try:
            with upload.path.open("rb") as file:
                return clamd.find(file, until=until)
        except TooLong as error:
            raise _not_scanned(upload) from error
        except ClosedEarly as broken:
            if broken.sent < SHORT or not _scans(clamd, until):
                raise _unavailable(broken) from broken
        except NoAnswer as error:
            raise _unavailable(error) from error
    # It closes the connection within this file but scans others: beyond its StreamMaxLength it often closes before
    # its reply arrives. A single time might have been a restart.
    raise _not_scanned(upload)


def _scans(clamd: Clamd, until: float) -> bool:
    """Whether the scanner works at all: it scans a file of one letter."""
    try:
        return clamd.find(io.BytesIO(b"x"), until=until) is None
    except (NoAnswer, TooLong):
        return False


def answers() -> bool:
    """Whether the scanner answers."""
    try:
        Clamd(settings.CLAMD_URL).ping(until=time.monotonic() + LONGEST_PING)
    except NoAnswer:
        return False
    return True


def _unavailable(error: NoAnswer) -> ScannerUnavailable:
    logger.error("The virus scanner does not answer as it should (%s)", error)
    return ScannerUnavailable()


def _not_scanned(upload: Upload) -> Refused:
    logger.error("An upload was refused: too long for the virus scanner. Raise its StreamMaxLength and MaxFileSize.")
    return Refused(
        "not_scanned",
        _(
            "« %(name)s » est trop volumineux pour l’antivirus : il n’a pas été analysé, donc n’est pas accepté. "
            "Réduisez-le, ou demandez à l’administrateur du site d’augmenter la limite de l’antivirus."
        )
        % {"name": upload.name},
    )
