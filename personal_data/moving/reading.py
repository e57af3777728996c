"""Opens an archive, and verifies every byte of it before anything is made of it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from personal_data.moving.layout import (
    ABOUT,
    CHUNK,
    FORMAT,
    LARGEST_ABOUT,
    LARGEST_FILE,
    LARGEST_RATIO,
    LONGEST_LINE,
    MOST_ENTRIES,
    RATIO_FROM,
    SUMS,
    VERSION,
    CannotMove,
    check_seal,
    file_of,
    file_path,
    is_known,
    rows_path,
)

_SUM = re.compile(rb"([0-9a-f]{64})  ([!-~]+)\n")
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError)


class OpenArchive:
    """A verified archive. `sha256`: of the whole file."""

    def __init__(self, content: zipfile.ZipFile, sha256: str, about: dict[str, Any]) -> None:
        self._zip = content
        self.sha256 = sha256
        self.about = about

    def rows(self, label: str) -> Iterator[dict[str, Any]]:
        """The rows of one file of rows/, or of practice.json. Raises CannotMove."""
        inline = self.about["settings"].get(label)
        if inline is not None:
            yield from inline
            return
        if rows_path(label) not in self._zip.NameToInfo:
            raise CannotMove(f"The archive has no {rows_path(label)}.")
        with self._zip.open(rows_path(label)) as file:
            while line := file.readline(LONGEST_LINE):
                if not line.endswith(b"\n"):
                    raise CannotMove(f"{rows_path(label)}: a row is longer than {LONGEST_LINE} bytes.")
                yield _an_object(line, rows_path(label))

    def has_file(self, sha256: str) -> bool:
        return file_path(sha256) in self._zip.NameToInfo

    def head(self, sha256: str, size: int) -> tuple[bytes, int]:
        """The first bytes of a document, and how many it has."""
        with self._zip.open(file_path(sha256)) as source:
            return source.read(size), self._zip.getinfo(file_path(sha256)).file_size

    def extract(self, sha256: str, target: Path) -> None:
        with self._zip.open(file_path(sha256)) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, CHUNK)


@contextmanager
def open_archive(path: Path) -> Iterator[OpenArchive]:
    """Verifies it whole. Raises CannotMove, OSError."""
    sha256 = check_seal(path)
    try:
        with zipfile.ZipFile(path) as content:
            _check_safe(content, path.stat().st_size)
            about = _about(content)
            _check_names(content)
            _check_sums(content)
            yield OpenArchive(content, sha256, about)
    except BROKEN as error:
        raise CannotMove(f"{path} is no zip that can be read: {error}") from error


def _check_safe(content: zipfile.ZipFile, size: int) -> None:
    """No bombs, no links, nothing twice. Reads only the table of contents."""
    entries = content.infolist()
    if len(entries) > MOST_ENTRIES:
        raise CannotMove(f"The archive has {len(entries)} entries; {MOST_ENTRIES} are the most.")
    if len({one.filename for one in entries}) != len(entries):
        raise CannotMove("The archive has two entries of one name.")
    if sum(one.compress_size for one in entries) > size:  # entries that share their bytes
        raise CannotMove("The archive's entries overlap.")
    for one in entries:
        kind = stat.S_IFMT(one.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise CannotMove(f"{one.filename!r} is a link or a folder: an archive has plain files alone.")
        if one.flag_bits & 0x1:
            raise CannotMove(f"{one.filename!r} is encrypted.")
        if file_of(one.filename) and one.file_size > LARGEST_FILE:
            raise CannotMove(f"{one.filename}: {one.file_size} bytes are more than a document has.")
        if one.file_size > max(RATIO_FROM, one.compress_size * LARGEST_RATIO):
            raise CannotMove(f"{one.filename!r} would grow from {one.compress_size} to {one.file_size} bytes.")


def _about(content: zipfile.ZipFile) -> dict[str, Any]:
    if ABOUT not in content.NameToInfo or content.getinfo(ABOUT).file_size > LARGEST_ABOUT:
        raise CannotMove(f"This is no archive of a practice: it has no {ABOUT}.")
    about = _an_object(content.read(ABOUT), ABOUT)
    if about.get("format") != FORMAT:
        raise CannotMove(f"This is no archive of a practice: {ABOUT} does not name the format {FORMAT}.")
    if about.get("version") != VERSION:
        raise CannotMove(
            f"The archive has version {about.get('version')!r} of the format; this installation reads version "
            f"{VERSION}. Use the release of docshare that wrote it, or a newer one."
        )
    shapes = {"practice": str, "made_at": str, "settings": dict, "rows": dict, "practitioners": dict, "members": list}
    for name, shape in shapes.items():
        if not isinstance(about.get(name), shape):
            raise CannotMove(f"{ABOUT} is incomplete: {name} is missing.")
    return about


def _check_names(content: zipfile.ZipFile) -> None:
    for name in content.namelist():
        if not is_known(name):
            raise CannotMove(f"{name!r} has no place in an archive of a practice.")


def _check_sums(content: zipfile.ZipFile) -> None:
    """Every entry but the list itself is in the list, once, with its SHA-256; documents have theirs as their name."""
    if SUMS not in content.NameToInfo:
        raise CannotMove(f"The archive has no {SUMS}.")
    left = set(content.namelist()) - {SUMS}
    with content.open(SUMS) as sums:
        while line := sums.readline(CHUNK):
            match = _SUM.fullmatch(line)
            name = match[2].decode() if match else ""
            if match is None or name not in left:
                raise CannotMove(f"{SUMS}: {line[:100]!r} is no line about a file of the archive.")
            left.remove(name)
            stated = match[1].decode()
            with content.open(name) as file:
                if _digest(cast("BinaryIO", file)) != stated or file_of(name) not in (None, stated):
                    raise CannotMove(f"{name} was changed: it does not have the SHA-256 that {SUMS} states.")
    if left:
        raise CannotMove(f"{min(left)} is not in {SUMS}.")


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _an_object(text: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CannotMove(f"{where} is not JSON.") from error
    if not isinstance(value, dict):
        raise CannotMove(f"{where} is not as documented.")
    return value
