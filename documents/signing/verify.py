"""What is signed in a PDF, by whom, and whether it is whole."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from documents.files import sandbox
from documents.signing import verifying_child

logger = logging.getLogger(__name__)


class CannotVerify(Exception):
    """The file can't be read as a PDF, or needs a password. `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class SignatureReport:
    """One signature. `valid`: the signed bytes are unchanged and the signature is right; `trusted`: its certificate
    leads to a root given; `covers_whole_document`: nothing came after it but what helps to validate it; `level`: the
    PAdES level that the file bears out, empty for another kind of signature."""

    signer: str
    signed_at: datetime | None
    valid: bool
    trusted: bool
    covers_whole_document: bool
    level: str = ""

    @classmethod
    def from_answer(cls, answer: verifying_child.Answer) -> SignatureReport:
        """From what the sandbox told of one signature."""
        signed_at = answer["timestamped_at"] or answer["signed_at"]
        return cls(
            signer=answer["signer"],
            signed_at=datetime.fromisoformat(signed_at) if signed_at else None,
            valid=answer["valid"],
            trusted=answer["trusted"],
            covers_whole_document=answer["covers_whole_document"],
            level=answer["level"],
        )

    def as_json(self) -> dict[str, str | bool | None]:
        """As kept beside a shared document and told by the API."""
        return {
            "signer": self.signer,
            "signed_at": self.signed_at.isoformat() if self.signed_at else None,
            "valid": self.valid,
            "covers_whole_document": self.covers_whole_document,
            "level": self.level,
        }


def verify(path: Path, *, roots: Sequence[bytes]) -> list[SignatureReport]:
    """Each signature of the PDF, oldest first. `roots`: trusted certificates, DER. Raises CannotVerify."""
    return [SignatureReport.from_answer(answer) for answer in judged(path, roots)]


def judged(path: Path, roots: Sequence[bytes], time_roots: Sequence[bytes] = ()) -> list[verifying_child.Answer]:
    """What the sandbox tells of each signature, oldest first. Raises CannotVerify."""
    try:
        answer = sandbox.run(verifying_child.verify_file, str(path), list(roots), False, None, list(time_roots))
    except sandbox.SandboxError as error:
        logger.warning("A PDF could not be verified: %s %s", type(error).__name__, error)
        raise CannotVerify("too_complex") from error
    if "refused" in answer:
        raise CannotVerify(answer["refused"])
    return list(answer["signatures"])
