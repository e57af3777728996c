"""Writes and verifies the archive of a practice: rows as JSON lines, documents, lines of the trail.

`manifest.json` names every file with its size and SHA-256 as stored, the number of rows of each model, and the
SHA-256 of each document. Every file is verified right after writing.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.core import serializers
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.utils import timezone

from files import storage
from files.models import StoredFile
from personal_data.folder import MANIFEST, as_json, sha256_of, write_private
from personal_data.sealing import Sealer, WrongPassphrase
from sealing.columns import unreadable_texts

FORMAT = 1
ROWS = 5000  # in one file


class ExactTimes(DjangoJSONEncoder):
    """Times with their microseconds, which DjangoJSONEncoder cuts to milliseconds: what came before something else
    still does where the archive is read."""

    def default(self, o: Any) -> Any:
        return o.isoformat().replace("+00:00", "Z") if isinstance(o, datetime) else super().default(o)


class CannotArchive(Exception):
    """The message is a sentence for the operator."""


@dataclass
class Archive:
    """An archive being written into `folder`; encrypted if there is a `sealer`."""

    folder: Path
    sealer: Sealer | None
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    documents: dict[str, str] = field(default_factory=dict)

    def add_rows(self, label: str, rows: QuerySet[Model], secret: Iterable[str] = ()) -> None:
        """Add rows in the format of Django's serializer, without the fields in `secret`."""
        self.add_lines(label, serialized(rows, frozenset(secret)))

    def add_lines(self, label: str, lines: Iterable[object]) -> None:
        """Add one JSON value a line, in files of ROWS lines."""
        left = iter(lines)
        number = 0
        while part := [json.dumps(one, cls=ExactTimes) for one in islice(left, ROWS)]:
            number += 1
            self._write(f"rows/{label}-{number:04d}.jsonl", ("\n".join(part) + "\n").encode())
            self.rows[label] += len(part)

    def add_document(self, stored: StoredFile) -> None:
        """Add a document's bytes, once. Raises CannotArchive if they are missing or changed; StoredFile.DoesNotExist
        if the row was deleted, too."""
        if stored.pk.hex in self.documents:
            return
        try:
            with storage.open_(stored) as source:
                content = source.read()
        except (FileNotFoundError, storage.BytesChanged) as error:
            raise CannotArchive(f"File {stored.pk}: {storage.why_not(error)}. See manage.py fsck.") from error
        if hashlib.sha256(content).hexdigest() != stored.sha256:
            raise CannotArchive(f"File {stored.pk}: {storage.CHANGED}. See manage.py fsck.")
        self._write(_document_path(stored.pk.hex), content)
        self.documents[stored.pk.hex] = stored.sha256

    def keep_only(self, documents: Iterable[uuid.UUID]) -> None:
        """Remove documents that were taken back since they were copied."""
        names = {pk.hex for pk in documents}
        for gone in set(self.documents) - names:
            del self.documents[gone]
            self._remove(_document_path(gone))

    def finish(self, facts: dict[str, Any]) -> str:
        """Write the manifest; returns its SHA-256."""
        manifest = {
            "format": FORMAT,
            **facts,
            "made_at": timezone.now().isoformat(timespec="seconds"),
            "salt": self.sealer.salt.hex() if self.sealer else None,
            "rows": dict(self.rows),
            "documents": self.documents,
            "files": self.files,
        }
        path = self.folder / MANIFEST
        stamp = self.sealer.stamp(as_json(manifest)) if self.sealer else None
        write_private(path, as_json({**manifest, "stamp": stamp}))
        return sha256_of(path)

    def _write(self, path: str, content: bytes) -> None:
        written = self.sealer.seal(content, path) if self.sealer else content
        write_private(self.folder / path, written)
        digest = hashlib.sha256(written).hexdigest()
        if sha256_of(self.folder / path) != digest:
            raise CannotArchive(f"{path} was written and reads otherwise: the disk is not to be trusted.")
        self.files[path] = {"size": len(written), "sha256": digest}

    def _remove(self, path: str) -> None:
        (self.folder / path).unlink()
        del self.files[path]


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """The manifest; None if the folder is no finished archive."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and "practice" in manifest else None


def is_archive_of(folder: Path, practice: uuid.UUID) -> bool:
    manifest = manifest_of(folder)
    return manifest is not None and manifest["practice"] == str(practice)


def verify(folder: Path, passphrase: str | None) -> Iterator[str]:
    """A sentence for each fault: files missing, changed or added, wrong numbers of rows, changed documents. Reads
    everything. Raises CannotArchive if the folder is no archive, or needs a passphrase."""
    manifest = manifest_of(folder)
    if manifest is None:
        raise CannotArchive(f"{folder} is no finished archive of a practice: it has no whole {MANIFEST}.")
    sealer = _sealer_of(manifest, passphrase)
    if passphrase and sealer is None:
        yield f"{MANIFEST}: not encrypted, though there is a passphrase: somebody may have put it in place of another"
    stamp = manifest.pop("stamp")
    if sealer and sealer.stamp(as_json(manifest)) != stamp:
        yield f"{MANIFEST}: changed, or the passphrase is wrong"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    yield from (f"{path}: not in the manifest" for path in sorted(there - set(manifest["files"])))
    lines: Counter[str] = Counter()
    for path, known in manifest["files"].items():
        if path not in there:
            yield f"{path}: missing"
        elif sha256_of(folder / path) != known["sha256"]:
            yield f"{path}: changed"
        else:
            try:
                content = read(folder, path, sealer)
            except WrongPassphrase:
                yield f"{path}: the passphrase is wrong"
                continue
            yield from _fault_in(path, content, manifest, lines)
    if lines != Counter(manifest["rows"]):
        yield f"rows: {sum(lines.values())} are there, the manifest says {sum(manifest['rows'].values())}"


def read(folder: Path, path: str, sealer: Sealer | None) -> bytes:
    """The content of one file, decrypted. Raises sealing.WrongPassphrase."""
    content = (folder / path).read_bytes()
    return sealer.open(content, path) if sealer else content


def open_into(folder: Path, passphrase: str | None, target: Path) -> None:
    """Decrypt an encrypted archive into another folder. Raises CannotArchive, sealing.WrongPassphrase."""
    manifest = manifest_of(folder)
    if manifest is None:
        raise CannotArchive(f"{folder} is no finished archive of a practice.")
    sealer = _sealer_of(manifest, passphrase)
    for path in manifest["files"]:
        write_private(target / path, read(folder, path, sealer))


def _fault_in(path: str, content: bytes, manifest: dict[str, Any], lines: Counter[str]) -> Iterator[str]:
    kind, _, name = path.partition("/")
    if kind == "rows":
        lines[name.rsplit("-", 1)[0]] += content.count(b"\n")
    elif hashlib.sha256(content).hexdigest() != manifest["documents"].get(name):
        yield f"{path}: not the document that was kept"


def _sealer_of(manifest: dict[str, Any], passphrase: str | None) -> Sealer | None:
    if manifest["salt"] is None:
        return None
    if not passphrase:
        raise CannotArchive("The archive is encrypted: give its passphrase (--passphrase-file).")
    return Sealer.with_salt(passphrase, bytes.fromhex(manifest["salt"]))


def _document_path(name: str) -> str:
    return f"files/{name}"


def serialized(rows: QuerySet[Model], secret: frozenset[str]) -> Generator[dict[str, Any], None, None]:
    """Rows in the format of Django's serializer, without their secret fields, which are not even read: they may be
    encrypted under a lost key. Another text that no key opens stands beside the fields, in `unreadable`, as the
    database has it."""
    fields = [
        field.name
        for field in (*rows.model._meta.local_fields, *rows.model._meta.local_many_to_many)
        if field.name not in secret
    ]
    many = [field.name for field in rows.model._meta.local_many_to_many if field.name in fields]
    for row in rows.order_by("pk").prefetch_related(*many).iterator(chunk_size=500):
        unreadable = {name: text for name, text in unreadable_texts(row).items() if name in fields}
        written = serializers.serialize("python", [row], fields=[name for name in fields if name not in unreadable])[
            0
        ]
        yield written | ({"unreadable": unreadable} if unreadable else {})
