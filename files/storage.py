"""Stores, reads, checks and removes the bytes of a StoredFile, in files or in S3."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import transaction
from django.utils.translation import gettext_lazy

from files.intake import Intake
from files.models import StoredFile
from refusals import Kind, Refusal

logger = logging.getLogger(__name__)
CHUNK = 1 << 20
SETTLED_SECONDS = 2  # a file changed twice within one tick of its file system's clock has the same times
CHANGED = "sha256 differs: the bytes were changed"
CHECKED_WHOLE = 1 << 20  # objects up to this size are fetched and hashed before S3 serves them


class BytesChanged(Refusal):
    """The stored bytes are not the bytes that were stored originally, so they are not served (docs/security-cases.md,
    33)."""

    code = "unavailable"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Ce document n’est plus intact dans notre stockage : il n’est donc pas affiché. L’incident est enregistré. "
        "Prévenez le cabinet, qui peut le partager de nouveau."
    )

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def __str__(self) -> str:
        return self.fault


class NotKept(Exception):
    """The storage reported success but does not have the file: the user must try again."""


def keep(intake: Intake, *, practice: uuid.UUID | None) -> StoredFile:
    """Hash the file and move it into storage: a rename where the storage is files, an upload on S3. Consumes the
    intake.

    Returns an unsaved row: the caller saves it in the transaction that saves the reference to it. A crash before that
    leaves an orphan, which the nightly sweep removes. Raises FileExistsError, NotKept and the storage's own
    exceptions.
    """
    with intake:
        return keep_path(intake.path, intake.media_type, practice=practice)


def keep_path(path: Path, media_type: str, *, practice: uuid.UUID | None, pk: uuid.UUID | None = None) -> StoredFile:
    """As `keep`, for a file that the site itself made, or that has its id from another installation. `practice`: None
    for an account's own export."""
    pk = pk or uuid.uuid4()
    stored = StoredFile(
        id=pk,
        practice_id=practice,
        key=key_of(pk, practice=practice),
        sha256=sha256_of(path),
        size=path.stat().st_size,
        media_type=media_type,
    )
    storage = documents_storage()
    if isinstance(storage, FileSystemStorage):
        _move(path, Path(storage.path(stored.key)), below=Path(storage.location))
    else:
        with path.open("rb") as file:
            put(stored, File(file))
        path.unlink(missing_ok=True)
    return stored


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_of(pk: uuid.UUID, *, practice: uuid.UUID | None) -> str:
    """The storage key of the row `pk`, below the folder of its practice: made from ids alone, so that no user's file
    name becomes a path. Rows of 0.1.0, and accounts' own exports, have keys without a practice."""
    key = f"{pk.hex[:2]}/{pk.hex}"
    return f"{practice.hex}/{key}" if practice else key


def put(stored: StoredFile, content: File[bytes]) -> None:
    """Store the bytes under exactly this key; on S3, check that they are there. Raises FileExistsError, because a
    stored file is never replaced, NotKept and the storage's own exceptions."""
    storage = documents_storage()
    if storage.exists(stored.key):
        raise FileExistsError(stored.key)
    saved = storage.save(stored.key, content)
    if saved != stored.key:
        storage.delete(saved)
        raise FileExistsError(stored.key)
    # "200 OK" may come from a proxy in front of S3, whose own answer to an upload has no content.
    if not isinstance(storage, FileSystemStorage) and (
        fault := fault_in(storage, stored, whole=stored.size <= CHECKED_WHOLE)
    ):
        raise NotKept(fault)


def remove(key: str) -> None:
    """Remove bytes. The caller must know that no row names them."""
    documents_storage().delete(key)


def remove_folders(practice: uuid.UUID) -> None:
    """Remove the folders of a practice that is gone, as far as they are empty; a bucket has none."""
    storage = documents_storage()
    if not isinstance(storage, FileSystemStorage):
        return
    for folder, _folders, _names in os.walk(storage.path(practice.hex), topdown=False):
        with contextlib.suppress(OSError):  # not empty
            Path(folder).rmdir()


def open_(stored: StoredFile) -> BinaryIO:
    """The bytes, for reading. Raises FileNotFoundError; StoredFile.DoesNotExist if the row was deleted, too;
    BytesChanged if a bucket returned other bytes."""
    storage = documents_storage()
    try:
        file = cast("BinaryIO", storage.open(stored.key, "rb"))
    except FileNotFoundError:
        _check_row_exists(stored)
        raise
    if not isinstance(storage, FileSystemStorage):  # the copy just fetched must be checked, not a later one
        if _sha256(file) != stored.sha256:
            file.close()
            raise BytesChanged(CHANGED)
        file.seek(0)
    return file


def why_not(error: FileNotFoundError | BytesChanged) -> str:
    """A sentence about why open_ failed."""
    return str(error) if isinstance(error, BytesChanged) else "missing from storage"


def presigned_url(stored: StoredFile, parameters: Mapping[str, str]) -> str:
    """An address of the storage itself, valid for a minute, for a browser to follow; S3 only.

    `parameters`: response headers, by the names of S3's GetObject.
    """
    address: str = storages["documents-presigned"].url(
        stored.key,
        parameters=dict(parameters),  # type: ignore[call-arg]  # django-storages' S3Storage takes them
    )
    return address


@contextlib.contextmanager
def local_copy(stored: StoredFile) -> Iterator[Path]:
    """A path of the bytes on this machine: the stored file itself, or a temporary copy of an S3 object.

    Raises the same exceptions as open_.
    """
    storage = documents_storage()
    if isinstance(storage, FileSystemStorage):
        yield Path(storage.path(stored.key))
        return
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".copy") as copy:
        with open_(stored) as source:
            shutil.copyfileobj(source, copy, CHUNK)
        copy.flush()
        yield Path(copy.name)


def check_unchanged(stored: StoredFile) -> None:
    """Check a file before serving it. Raises BytesChanged, after an alert to the operator; StoredFile.DoesNotExist if
    the row was deleted.

    A file is hashed the first time (50 MB take some 40 ms), and again only if its inode has changed, so that requests
    for ranges of one document do not hash it each time. `manage.py fsck` detects changes by a failing disk. A large
    object of S3 is not fetched, because S3 checks its own bytes: only its size is compared.
    """
    fault = _fault_before_serving(documents_storage(), stored)
    if fault:
        _check_row_exists(stored)
        logger.critical("Stored file %s is not served: %s", stored.pk, fault)
        raise BytesChanged(fault)


def _fault_before_serving(storage: Storage, stored: StoredFile) -> str | None:
    if not isinstance(storage, FileSystemStorage):
        return fault_in(storage, stored, whole=stored.size <= CHECKED_WHOLE)
    try:
        seen = Path(storage.path(stored.key)).stat()
    except FileNotFoundError:
        return "missing from storage"
    if time.time() - seen.st_ctime < SETTLED_SECONDS:
        return fault_in(storage, stored, whole=True)
    inode = (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
    return _fault_of_inode(stored.key, stored.size, stored.sha256, inode)


@lru_cache(maxsize=10_000)
def _fault_of_inode(key: str, size: int, sha256: str, inode: tuple[int, ...]) -> str | None:
    """Cached by inode, which every write or rename over it changes: no program can set st_ctime."""
    return fault_in(documents_storage(), StoredFile(key=key, size=size, sha256=sha256), whole=True)


def _check_row_exists(stored: StoredFile) -> None:
    """Bytes that were deleted with their row are not lost. Raises StoredFile.DoesNotExist."""
    StoredFile.objects.only("pk").get(pk=stored.pk)


def verify(stored: StoredFile) -> str | None:
    """What is wrong with the bytes of this row; None if they are intact. Reads the whole file."""
    return fault_in(documents_storage(), stored, whole=True)


def purge(stored: StoredFile) -> None:
    """Delete the row now, and the bytes after the commit."""
    key = stored.key
    stored.delete()
    transaction.on_commit(lambda: documents_storage().delete(key), robust=True)


def abandon(stored: StoredFile) -> None:
    """Remove the bytes after a failure, unless a committed row names them."""
    if not StoredFile.objects.filter(pk=stored.pk).exists():
        documents_storage().delete(stored.key)


def remove_erased(files: Iterable[uuid.UUID], *, practice: uuid.UUID | None) -> int:
    """Remove bytes of a practice whose rows were erased by a run that was killed before it removed them; returns how
    many existed."""
    removed = 0
    for pk in files:
        if StoredFile.objects.filter(pk=pk).exists():
            continue
        for key in {key_of(pk, practice=practice), key_of(pk, practice=None)}:
            if documents_storage().exists(key):
                documents_storage().delete(key)
                removed += 1
    return removed


def documents_storage() -> Storage:
    return storages["documents"]


def fault_in(storage: Storage, stored: StoredFile, *, whole: bool) -> str | None:
    """What is wrong with this row's bytes in `storage`; None if they are intact.

    `whole`: read all bytes and compare their SHA-256, not only the size.
    """
    try:
        size = storage.size(stored.key)
        if size != stored.size:
            return f"size is {size}, should be {stored.size}"
        if whole:
            with storage.open(stored.key, "rb") as file:
                if _sha256(file) != stored.sha256:
                    return CHANGED
    except FileNotFoundError:
        return "missing from storage"
    return None


def _sha256(file: Any) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def make_folders(target: Path, *, below: Path) -> list[Path]:
    """Make the folders above a file, closed to others; returns them, the file's own first, `below` last.

    `mkdir(parents=True)` gives its mode to the last one alone."""
    folders = [below / one for one in target.relative_to(below).parents]
    for folder in reversed(folders):
        folder.mkdir(mode=0o700, exist_ok=True)
    return folders


def _move(source: Path, target: Path, *, below: Path) -> None:
    """Rename, made durable: the file and its entry are on disk before any row names it."""
    folders = make_folders(target, below=below)
    source.chmod(0o600)
    _fsync(source)
    try:
        source.rename(target)
    except OSError:  # FILE_UPLOAD_TEMP_DIR on another file system: a copy, then
        partial_copy = target.with_suffix(".part")
        shutil.copyfile(source, partial_copy)
        partial_copy.chmod(0o600)
        _fsync(partial_copy)
        partial_copy.rename(target)
        source.unlink()
    for folder in folders:  # each may be new
        _fsync(folder)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def answers() -> None:
    """Ask the storage for a file that does not exist. Raises the storage's exception if it does not answer, and
    NotKept if it reports that the file exists, as a proxy in front of S3 does that answers 200 to everything."""
    if documents_storage().exists("readyz"):
        raise NotKept("readyz")
