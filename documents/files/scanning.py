"""Viruses: every upload is shown to ClamAV where `CLAMD_URL` is set, and nothing passes that it has not seen.

Fails closed: a scanner that does not answer, breaks off, or says that the file is too long for it has not scanned.
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from clamav_client.clamd import (
    BufferTooLongError,
    ClamdError,
    ClamdNetworkSocket,
    ClamdUnixSocket,
)
from django.conf import settings
from django.utils.translation import gettext as _

from documents.files.draft import Draft, Refused

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS = 60  # for each answer; 50 MB take a quarter of a second on a desk
TOO_LONG = "Heuristics.Limits.Exceeded"  # what clamd finds with AlertExceedsMax beyond its MaxFileSize, MaxScanSize


class ScannerUnavailable(Refused):
    """Not scanned, for now: the same upload may be sent again, and goes through once the scanner answers."""

    retry_after = 10  # seconds

    def __init__(self) -> None:
        super().__init__(
            "scanner_unavailable",
            _("L’antivirus ne répond pas pour l’instant. Rien n’a été partagé ; réessayez dans un instant."),
        )


def scan(draft: Draft) -> None:
    """Pass what the scanner calls clean; raise for everything else."""
    if not settings.CLAMD_URL:
        return
    status, found = _answer(draft)
    if status == "OK":
        return
    if status == "FOUND" and not str(found).startswith(TOO_LONG):
        logger.warning("An upload was refused: the virus scanner found %s", found)
        raise Refused(
            "virus",
            _(
                "L’antivirus a trouvé un virus dans « %(name)s » : le fichier n’est pas accepté. "
                "Prévenez la personne qui vous l’a transmis."
            )
            % {"name": draft.name},
        )
    if status == "FOUND":
        raise _not_scanned(draft)
    logger.error("The virus scanner answered %s", status)
    raise ScannerUnavailable


def _answer(draft: Draft) -> tuple[str, str | None]:
    """ "OK", "FOUND" with what, or "ERROR". Raises ScannerUnavailable, Refused."""
    for _attempt in range(2):
        try:
            with draft.path.open("rb") as file:
                return client(settings.CLAMD_URL).instream(file)["stream"]
        except BufferTooLongError as error:
            raise _not_scanned(draft) from error
        except (ClamdError, OSError, KeyError) as error:  # KeyError: it closed the connection without a word
            if not answers():
                logger.error("The virus scanner does not answer (%s)", type(error).__name__)  # noqa: TRY400  # our paths
                raise ScannerUnavailable from error
    # It breaks off in the middle of this file and is there all the same: beyond its StreamMaxLength it closes the
    # connection, often before its own sentence gets through. Once might have been a restart.
    raise _not_scanned(draft)


def answers() -> bool:
    """Whether the scanner is there."""
    try:
        return "PONG" in client(settings.CLAMD_URL).ping()
    except (ClamdError, OSError):
        return False


def client(url: str) -> ClamdNetworkSocket:
    """Of `tcp://host:port` or `unix:///path`. Raises ValueError, with a sentence, for anything else."""
    parts = urlsplit(url)
    if parts.scheme == "unix" and parts.path and not parts.netloc:
        return ClamdUnixSocket(path=parts.path, timeout=TIMEOUT_SECONDS)
    if parts.scheme == "tcp" and parts.hostname and parts.port:
        return ClamdNetworkSocket(host=parts.hostname, port=parts.port, timeout=TIMEOUT_SECONDS)
    raise ValueError(f"CLAMD_URL is {url}. Set CLAMD_URL to tcp://host:3310 or unix:///run/clamav/clamd.ctl.")


def _not_scanned(draft: Draft) -> Refused:
    logger.error("An upload was refused: too long for the virus scanner. Raise its StreamMaxLength and MaxFileSize.")
    return Refused(
        "not_scanned",
        _(
            "« %(name)s » est trop volumineux pour l’antivirus : il n’a pas été analysé, donc n’est pas accepté. "
            "Réduisez-le, ou demandez à l’administrateur du site d’augmenter la limite de l’antivirus."
        )
        % {"name": draft.name},
    )
