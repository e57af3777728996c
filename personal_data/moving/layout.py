"""The format of the archive: names, bounds, and the seal over all its bytes.

The archive is a zip. Its comment, the last 64 bytes of the file, is the SHA-256 of everything before, in hexadecimal:
no byte can change unnoticed, not even in the zip's own tables.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from pathlib import Path
from typing import BinaryIO

FORMAT = "docshare-practice"
VERSION = 1
ABOUT = "practice" + ".json"  # in one piece it would pass for an event of the trail
SUMS, README = "SHA256SUMS", "README.txt"
TABLES = (
    "patients",
    "appointments",
    "documents",
    "requests",
    "received",
    "library",
    "messages",
    "accesses",
    "activity",
)
PEOPLE, TRAIL, DOUBTS = "people", "audit", "contacts_to_confirm"  # lines of rows/ that are no model's

SEAL = 64  # bytes of the comment
CHUNK = 1 << 20
LONGEST_LINE = 8 << 20  # bytes of one row
LARGEST_ABOUT = 64 << 20  # bytes of practice.json
LARGEST_FILE = 256 << 20  # bytes of one document: an upload has at most 50 MB, and a signature adds some
LARGEST_RATIO = 100  # to 1: a text that deflates better than this is a bomb
RATIO_FROM = 1 << 20  # bytes; below, a ratio does no harm
MOST_ENTRIES = 2_000_000

_ROWS = re.compile(r"rows/([A-Za-z_]+(?:\.[A-Za-z_]+)?)\.jsonl")
_FILE = re.compile(r"files/([0-9a-f]{64})")


class CannotMove(Exception):
    """The message is a sentence for the operator."""


def rows_path(label: str) -> str:
    return f"rows/{label}.jsonl"


def file_path(sha256: str) -> str:
    return f"files/{sha256}"


def is_known(name: str) -> bool:
    """Whether an archive may have an entry of this name. A path that leaves the archive never matches."""
    tables = {f"{table}.csv" for table in TABLES} | {"patients.json"}
    return name in {ABOUT, SUMS, README} | tables or bool(_ROWS.fullmatch(name) or _FILE.fullmatch(name))


def file_of(name: str) -> str | None:
    """The SHA-256 that the name of a document states."""
    match = _FILE.fullmatch(name)
    return match[1] if match else None


def seal(path: Path) -> str:
    """Write the seal into the comment, durably; returns the SHA-256 of the whole file."""
    with path.open("r+b") as file:
        digest = _digest_of_all_but_seal(file)
        file.seek(-SEAL, os.SEEK_END)
        file.write(digest.encode())
        file.flush()
        os.fsync(file.fileno())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_seal(path: Path) -> str:
    """The SHA-256 of the whole file. Raises CannotMove."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) <= SEAL:
            raise CannotMove(f"{path} is no archive of a practice: it is too short.")
        digest = _digest_of_all_but_seal(file)
        if not hmac.compare_digest(digest.encode(), file.read(SEAL)):
            raise CannotMove(
                f"{path} is not as it was written: bytes were changed, or are missing. Copy it again from where it "
                "was made, and compare its SHA-256."
            )
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of_all_but_seal(file: BinaryIO) -> str:
    """Leaves the file at the seal."""
    left = file.seek(0, os.SEEK_END) - SEAL
    file.seek(0)
    digest = hashlib.sha256()
    while left:
        chunk = file.read(min(CHUNK, left))
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest()
