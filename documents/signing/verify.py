"""What is signed in a PDF, by whom, and whether it is whole."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from documents.files import sandbox
from documents.signing import signing_child

logger = logging.getLogger(__name__)


class CannotVerify(Exception):
    """The file can't be read as a PDF, or needs a password. `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class SignatureReport:
    """One signature. `valid`: the signed bytes are unchanged and the signature is right; `trusted`: its certificate
    leads to a root given; `covers_whole_document`: nothing came after it."""

    signer: str
    signed_at: datetime | None
    valid: bool
    trusted: bool
    covers_whole_document: bool
    level: str = "B-B"


def verify(path: Path, *, roots: Sequence[bytes]) -> list[SignatureReport]:
    """Each signature of the PDF, oldest first. `roots`: trusted certificates, DER. Raises CannotVerify."""
    try:
        answer = sandbox.run(signing_child.verify_file, str(path), list(roots))
    except sandbox.SandboxError as error:
        logger.warning("A PDF could not be verified: %s %s", type(error).__name__, error)
        raise CannotVerify("too_complex") from error
    if "refused" in answer:
        raise CannotVerify(answer["refused"])
    return [
        SignatureReport(
            signer=report["signer"],
            signed_at=datetime.fromisoformat(report["signed_at"]) if report["signed_at"] else None,
            valid=report["valid"],
            trusted=report["trusted"],
            covers_whole_document=report["covers_whole_document"],
        )
        for report in answer["signatures"]
    ]
