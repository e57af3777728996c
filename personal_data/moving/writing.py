"""Writes the zip entry by entry, in bounded memory, with the SHA-256 of each entry."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from personal_data.moving.layout import CHUNK, SEAL, SUMS, seal

MODE = (stat.S_IFREG | 0o600) << 16


class ArchiveWriter:
    """A context in which entries are added; leaving it without an exception adds the sums and the seal."""

    def __init__(self, path: Path) -> None:
        self.sums: dict[str, str] = {}
        self.sha256 = ""
        self._path = path
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
        self._zip = zipfile.ZipFile(self._file, "w")

    def __enter__(self) -> ArchiveWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.sums.items()))
                self.add(SUMS, [sums.encode()])
                self._zip.comment = b"0" * SEAL
            self._zip.close()
        finally:
            self._file.close()
        if error is None:
            self.sha256 = seal(self._path)

    def add(self, name: str, chunks: Iterable[bytes], *, compressed: bool = True) -> str:
        """Returns the SHA-256 of what was added."""
        entry = zipfile.ZipInfo(name)
        entry.external_attr = MODE
        entry.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
        digest = hashlib.sha256()
        with self._zip.open(entry, "w", force_zip64=True) as target:
            for chunk in chunks:
                digest.update(chunk)
                target.write(chunk)
        self.sums[name] = digest.hexdigest()
        return self.sums[name]

    def add_file(self, name: str, source: BinaryIO) -> str:
        """Documents are compressed already: they are stored as they are."""
        return self.add(name, iter(lambda: source.read(CHUNK), b""), compressed=False)
