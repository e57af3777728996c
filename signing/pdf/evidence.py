"""The evidence of a consent: what a practice's seal attests about the person who signed.

JSON in an entry of the signature's dictionary, so the signature covers it (ISO 32000-2, 12.8.1). Imports no Django.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Final, Literal, cast, get_args

KEY: Final = "/Docshare_Consent"
VERSION: Final = 1
LONGEST: Final = 60_000  # characters of JSON, which writes a letter beyond ASCII as six, or twelve
Capacity = Literal["patient", "guardian", "holder"]
Means = Literal["sms", "passkey"]


class NoEvidence(ValueError):
    """The text is not the evidence of a consent."""


@dataclass(frozen=True)
class Evidence:
    """Who signed, by which right, and how this is known. `account`, `challenge`: opaque ids; the code itself is
    nowhere. `email`, `mobile`: of the account, proved, masked. `read_sha256`, `read_size` (bytes): of the file whose
    pages were read, the beginning of the sealed file. `at`: ISO 8601 with its zone. `sentences`: those ticked."""

    signer: str
    capacity: Capacity
    patient: str
    account: str
    email: str
    mobile: str
    means: Means
    challenge: str
    at: str
    read_sha256: str
    read_size: int
    pages: int
    sentences: tuple[str, ...]

    def as_json(self) -> str:
        return json.dumps({"version": VERSION, **asdict(self)}, separators=(",", ":"))

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


def evidence_in(text: str) -> Evidence:
    """Raises NoEvidence for anything that `as_json` does not write."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoEvidence("no JSON") from error
    if not isinstance(found, dict) or found.pop("version", None) != VERSION:
        raise NoEvidence("another version")
    if set(found) != {field.name for field in fields(Evidence)}:
        raise NoEvidence("other entries")
    sentences = found.pop("sentences")
    numbers = {name: found.pop(name) for name in ("read_size", "pages")}
    if not all(isinstance(value, str) for value in found.values()):
        raise NoEvidence("entries of another kind")
    if not all(type(value) is int and value >= 0 for value in numbers.values()):
        raise NoEvidence("no number")
    if not isinstance(sentences, list) or not all(isinstance(one, str) for one in sentences):
        raise NoEvidence("no sentences")
    if found["capacity"] not in get_args(Capacity) or found["means"] not in get_args(Means):
        raise NoEvidence("an unknown capacity or means")
    evidence = Evidence(
        sentences=tuple(sentences),
        **numbers,
        **cast("dict[str, str]", found),  # type: ignore[arg-type]  # checked
    )
    _check_moment(evidence)
    return evidence


def _check_moment(evidence: Evidence) -> None:
    try:
        if evidence.moment.tzinfo is None:
            raise NoEvidence("no zone")
    except ValueError as error:
        raise NoEvidence("no moment") from error
