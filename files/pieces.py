"""Pieces of files that are still being uploaded, in the storage of documents, below a folder of their own: the next
piece may reach another machine. They are neither scanned nor served; a complete file goes through files.intake."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from files.storage import documents_storage

FOLDER = "pieces"
LARGEST = 1 << 20  # bytes of one piece


class PiecesLost(Exception):
    """A piece is not in storage any more: after a restored backup, or when the storage was moved."""


class StorageUnsure(Exception):
    """A bucket, or something in front of it, did not answer with this piece: it may the next time."""


def keep(upload: uuid.UUID, content: bytes) -> str:
    """Store one piece; returns its id, which ends with its hash. Raises StorageUnsure, and the storage's own
    exceptions."""
    storage, piece = documents_storage(), f"{uuid.uuid4().hex}-{_hash(content)}"
    storage.save(_key(upload, piece), ContentFile(content))
    if not isinstance(storage, FileSystemStorage):  # "200 OK" may come from a proxy in front of S3: is it there?
        try:
            _content(upload, piece)
        except PiecesLost:
            raise StorageUnsure from None
    return piece


@contextmanager
def assembled(upload: uuid.UUID, pieces: Sequence[str], *, name: str, size: int) -> Iterator[UploadedFile[bytes]]:
    """The whole file of `size` bytes, as an upload. The pieces stay. Raises PiecesLost, StorageUnsure and the
    storage's own exceptions."""
    Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as whole:
        for piece in pieces:
            whole.write(_content(upload, piece))
        if whole.tell() != size:
            raise PiecesLost  # a piece was cut short when the machine stopped
        yield UploadedFile(whole, name=name, size=size)


def _content(upload: uuid.UUID, piece: str) -> bytes:
    storage, (_name, _dash, wanted) = documents_storage(), piece.partition("-")
    try:
        with storage.open(_key(upload, piece), "rb") as part:
            content: bytes = part.read()
    except FileNotFoundError:
        raise PiecesLost from None
    if wanted and _hash(content) != wanted:  # the id of one from before has no hash
        raise PiecesLost if isinstance(storage, FileSystemStorage) else StorageUnsure
    return content


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def remove(upload: uuid.UUID, piece: str) -> None:
    documents_storage().delete(_key(upload, piece))


def uploads(*, older_than: timedelta = timedelta()) -> set[uuid.UUID]:
    """The uploads that have pieces in storage, all of them older than `older_than`."""
    storage, newest = documents_storage(), timezone.now() - older_than
    try:
        folders, _files = storage.listdir(FOLDER)
    except FileNotFoundError:
        return set()  # nothing has been uploaded in pieces yet
    found = set()
    for folder in folders:
        with suppress(FileNotFoundError):  # it is being removed
            times = _modified(storage, f"{FOLDER}/{folder}")
            if times and max(times) <= newest:
                found.add(uuid.UUID(folder))
    return found


def _modified(storage: Storage, folder: str) -> list[datetime]:
    """When each piece was stored; of an empty folder on a disk, when that became so. A bucket may list a folder for a
    while after its last piece is gone: that is none."""
    names = storage.listdir(folder)[1]
    if not names and isinstance(storage, FileSystemStorage):
        return [storage.get_modified_time(folder)]
    return [storage.get_modified_time(f"{folder}/{name}") for name in names]


def remove_all(upload: uuid.UUID) -> None:
    """Remove every piece of an upload, named by a row or not."""
    storage = documents_storage()
    try:
        names = storage.listdir(f"{FOLDER}/{upload.hex}")[1]
    except FileNotFoundError:
        return
    for name in names:
        storage.delete(f"{FOLDER}/{upload.hex}/{name}")
    _remove_folder(upload.hex)


def _remove_folder(folder: str) -> None:
    storage = documents_storage()
    if not isinstance(storage, FileSystemStorage):
        return  # a bucket has no folders
    path = Path(storage.path(f"{FOLDER}/{folder}"))
    if path.exists() and not any(path.iterdir()):
        storage.delete(f"{FOLDER}/{folder}")


def _key(upload: uuid.UUID, piece: str) -> str:
    return f"{FOLDER}/{upload.hex}/{piece}"
