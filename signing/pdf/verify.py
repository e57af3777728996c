"""Verifies the signatures of a PDF: who signed, and whether the file is unchanged."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast, get_args

from files import sandbox
from files.answers import Refusal
from signing.pdf import signature_answers, verifying_child
from signing.pdf.field_facts import Judgement
from signing.pdf.signature_answers import JudgedFile, JudgedSignature

logger = logging.getLogger(__name__)


class CannotVerify(Exception):
    """The file can't be read as a PDF, or needs a password. `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class SignatureReport:
    """One signature. `judgement`: whether the signed bytes are unchanged and the signature matches; `trusted`: its
    certificate leads to one of the given roots; `covers_whole_document`: only validation data was added after it;
    `level`: the PAdES level that the file supports, empty for another kind."""

    signer: str
    signed_at: datetime | None
    judgement: Judgement
    trusted: bool
    covers_whole_document: bool
    level: str = ""

    @property
    def valid(self) -> bool:
        return self.judgement == "valid"

    @classmethod
    def of(cls, judged: JudgedSignature) -> SignatureReport:
        return cls(
            signer=judged.signer,
            signed_at=judged.timestamped_at or judged.signed_at,
            judgement=judged.judgement,
            trusted=judged.trusted,
            covers_whole_document=judged.covers_whole_document,
            level=judged.level,
        )

    def as_json(self) -> dict[str, str | bool | None]:
        """As stored with a shared document and returned by the API."""
        return {
            "signer": self.signer,
            "signed_at": self.signed_at.isoformat() if self.signed_at else None,
            "valid": self.valid,
            "judgement": self.judgement,
            "covers_whole_document": self.covers_whole_document,
            "level": self.level,
        }


def verify(path: Path, *, roots: Sequence[bytes]) -> list[SignatureReport]:
    """Each signature of the PDF, oldest first. `roots`: trusted certificates, DER. Raises CannotVerify."""
    return [SignatureReport.of(each) for each in judged(path, roots).signatures]


def stored_judgement(stored: Mapping[str, object]) -> Judgement:
    """The judgement in a stored `as_json`. Older rows lack this key: a signature that was not valid may have been of
    an unknown kind."""
    value = stored.get("judgement")
    for judgement in get_args(Judgement):
        if value == judgement:
            return cast("Judgement", judgement)
    return "valid" if stored.get("valid") else "not_judged"


NOT_JUDGED = SignatureReport(
    signer="", signed_at=None, judgement="not_judged", trusted=False, covers_whole_document=False
)


def judged(path: Path, roots: Sequence[bytes], time_roots: Sequence[bytes] = ()) -> JudgedFile:
    """Verify in a child process of the sandbox. Raises CannotVerify."""
    try:
        answer = sandbox.run(
            verifying_child.verify_file, str(path), list(roots), False, None, list(time_roots), reads=[path]
        )
        file = signature_answers.judged_file(answer)
    except sandbox.SandboxError as error:
        logger.warning("A PDF could not be verified: %s %s", type(error).__name__, error)
        raise CannotVerify("too_complex") from error
    if isinstance(file, Refusal):
        raise CannotVerify(file.code)
    return file
