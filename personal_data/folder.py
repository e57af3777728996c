"""Writes a folder or a zip atomically, readable only by this process's user (0700, 0600)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.utils import timezone

CHUNK = 1 << 20
MANIFEST = "manifest.json"


class CannotWrite(Exception):
    """The message is a sentence for the operator."""


def publish(target: Path, write: Callable[[Path], None], *, last: Callable[[], None]) -> None:
    """`write` fills a hidden folder, which then takes the name `target`; a target that ends in .zip becomes a zip of
    it. `last` runs just before. Raises CannotWrite."""
    with draft_of(target) as draft:
        content = draft / "content"
        content.mkdir(mode=0o700)
        write(content)
        ready = _zipped(content, draft) if target.suffix == ".zip" else content
        last()
        place(ready, target)


@contextmanager
def draft_of(target: Path, *, may_replace: Callable[[Path], bool] = lambda _path: False) -> Iterator[Path]:
    """A hidden folder beside `target`, for one run at a time. A killed run leaves it, and the next run with the same
    target removes it. Raises CannotWrite, also if `target` exists and may not be replaced."""
    if target.exists() and not may_replace(target):
        raise CannotWrite(f"{target} is there already: choose another name.")
    if not target.parent.is_dir():
        raise CannotWrite(f"{target.parent} is no folder: make it first.")
    draft = target.with_name(f".{target.name}.part")
    draft.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(draft, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotWrite(f"Another run is writing {target}: wait until it ends.") from None
        for path in draft.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    finally:
        os.close(lock)


def place(ready: Path, target: Path) -> None:
    """Rename the finished draft to its final name, durably; a previous target is removed with the draft's folder."""
    for folder in [ready, *(path for path in ready.rglob("*") if path.is_dir())] if ready.is_dir() else []:
        _fsync(folder)
    if target.exists():
        target.rename(ready.parent / "replaced")
    ready.rename(target)
    _fsync(target.parent)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file, durably."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def copy_private(source: BinaryIO, path: Path) -> str:
    """Write a new file with these bytes; returns their SHA-256."""
    digest = hashlib.sha256()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def as_json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    """Write the manifest, which names every other file with its size and SHA-256. Call it last: a folder without a
    manifest is unfinished."""
    files = [
        {"path": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    made_at = timezone.now().isoformat(timespec="seconds")
    write_private(folder / MANIFEST, as_json({**facts, "made_at": made_at, "files": files}))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _zipped(content: Path, draft: Path) -> Path:
    made = draft / "content.zip"
    with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(content.rglob("*")):
                archive.write(path, path.relative_to(content).as_posix())
        file.flush()
        os.fsync(file.fileno())
    return made


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
