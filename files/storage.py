"""A StoredFile in and out: the only place that touches the storage API (files or S3)."""

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
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from files import sandbox
from files.intake import Intake
from files.models import StoredFile
from refusals import Kind, Refusal

logger = logging.getLogger(__name__)
ORPHAN_AGE = timedelta(days=1)
STALE_UPLOAD_AGE = timedelta(hours=6)
CHUNK = 1 << 20
SETTLED_SECONDS = 2  # a file changed twice within one tick of its file system's clock has the same times
CHANGED = "sha256 differs: the bytes were changed"
CHECKED_WHOLE = 1 << 20  # objects up to this size are fetched and hashed before S3 serves them


class BytesChanged(Refusal):
    """What the storage holds is not what was kept: not served (docs/security-cases.md, 33)."""

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
    """The storage said that it had kept a file, and does not have it: whoever shares must try again."""


def keep(intake: Intake) -> StoredFile:
    """Hash the file and move it into storage: a rename where the storage is files, an upload on S3.

    The row is returned unsaved: the caller saves it in the transaction of what names it. A crash before that
    leaves an orphan, which the nightly sweep removes. Raises FileExistsError, NotKept, and what the storage raises.
    """
    with intake.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    pk = uuid.uuid4()
    stored = StoredFile(
        id=pk,
        key=key_of(pk),
        sha256=sha256,
        size=intake.path.stat().st_size,
        media_type=intake.media_type,
    )
    storage = _storage()
    if isinstance(storage, FileSystemStorage):
        _move(intake.path, Path(storage.path(stored.key)))
    else:
        with intake.path.open("rb") as file:
            put(stored, File(file))
        intake.path.unlink(missing_ok=True)
    return stored


def key_of(pk: uuid.UUID) -> str:
    """Where the bytes of the row `pk` are: ours alone, no name ever becomes a path."""
    return f"{pk.hex[:2]}/{pk.hex}"


def put(stored: StoredFile, content: File[bytes]) -> None:
    """Its bytes under exactly its key; on S3, seen to be there. Raises FileExistsError: what is stored is never
    replaced; NotKept, and what the storage raises."""
    storage = _storage()
    if storage.exists(stored.key):
        raise FileExistsError(stored.key)
    saved = storage.save(stored.key, content)
    if saved != stored.key:
        storage.delete(saved)
        raise FileExistsError(stored.key)
    # "200 OK" may be the word of something in front of S3, whose own answer to an upload has no content.
    if not isinstance(storage, FileSystemStorage) and (
        fault := fault_in(storage, stored, whole=stored.size <= CHECKED_WHOLE)
    ):
        raise NotKept(fault)


def remove(key: str) -> None:
    """Bytes that no row names, as the caller knows."""
    _storage().delete(key)


def open_(stored: StoredFile) -> BinaryIO:
    """The bytes, for reading. Raises FileNotFoundError, or StoredFile.DoesNotExist where they went with their row;
    BytesChanged where a bucket's answer was something else."""
    storage = _storage()
    try:
        file = cast("BinaryIO", storage.open(stored.key, "rb"))
    except FileNotFoundError:
        _check_kept(stored)
        raise
    if not isinstance(storage, FileSystemStorage):  # a copy of this moment, and it is this copy that must be right
        if _sha256(file) != stored.sha256:
            file.close()
            raise BytesChanged(CHANGED)
        file.seek(0)
    return file


def why_not(error: FileNotFoundError | BytesChanged) -> str:
    """Why open_ did not open, in words."""
    return str(error) if isinstance(error, BytesChanged) else "missing from storage"


def presigned_url(stored: StoredFile, parameters: Mapping[str, str]) -> str:
    """An address of the storage itself that a browser may follow, for a minute; S3 only.

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

    Raises as open_.
    """
    storage = _storage()
    if isinstance(storage, FileSystemStorage):
        yield Path(storage.path(stored.key))
        return
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, suffix=".copy") as copy:
        with open_(stored) as source:
            shutil.copyfileobj(source, copy, CHUNK)
        copy.flush()
        yield Path(copy.name)


def check_unchanged(stored: StoredFile) -> None:
    """Before serving. Raises BytesChanged, and raises the alarm; StoredFile.DoesNotExist where it was taken back.

    A file is hashed the first time (50 MB cost some 40 ms), and again once its inode tells that it was touched: a
    reader that asks for a document range by range does not have it hashed for each. What a disk changes by itself is
    found by fsck. A large object of S3, which checks its own bytes, is not fetched for it: its size is asked.
    """
    fault = _fault_before_serving(_storage(), stored)
    if fault:
        _check_kept(stored)
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
    """Asked once for each inode, which any write or rename over it changes: nobody sets st_ctime."""
    return fault_in(_storage(), StoredFile(key=key, size=size, sha256=sha256), whole=True)


def _check_kept(stored: StoredFile) -> None:
    """Bytes that went with their row are nobody's loss. Raises StoredFile.DoesNotExist."""
    StoredFile.objects.only("pk").get(pk=stored.pk)


def verify(stored: StoredFile) -> str | None:
    """What is wrong with the bytes of this row; None where all is well. Reads the whole file."""
    return fault_in(_storage(), stored, whole=True)


def purge(stored: StoredFile) -> None:
    """Delete the row now and the bytes once that is committed."""
    key = stored.key
    stored.delete()
    transaction.on_commit(lambda: _storage().delete(key), robust=True)


def abandon(stored: StoredFile) -> None:
    """After a failure: remove bytes that no committed row names. Never those of a committed row."""
    if not StoredFile.objects.filter(pk=stored.pk).exists():
        _storage().delete(stored.key)


def remove_erased(files: Iterable[uuid.UUID]) -> int:
    """Bytes whose rows were erased by a run that was killed before it removed them. How many were still there."""
    removed = 0
    for pk in files:
        if not StoredFile.objects.filter(pk=pk).exists() and _storage().exists(key_of(pk)):
            _storage().delete(key_of(pk))
            removed += 1
    return removed


def keys() -> Iterator[str]:
    """Everything in storage, whether a row names it or not."""
    storage = _storage()
    for folder in sorted(_folders(storage)):
        yield from (f"{folder}/{name}" for name in storage.listdir(folder)[1])


def orphans(*, older_than: timedelta = ORPHAN_AGE) -> Iterator[str]:
    """Keys in storage that no row names, of files older than `older_than`."""
    storage = _storage()
    oldest = timezone.now() - older_than
    for folder in sorted(_folders(storage)):
        keys = [f"{folder}/{name}" for name in storage.listdir(folder)[1]]
        known = set(StoredFile.objects.filter(key__in=keys).values_list("key", flat=True))
        for key in keys:
            if key not in known and storage.get_modified_time(key) <= oldest:
                yield key


def sweep_orphans(*, older_than: timedelta = ORPHAN_AGE) -> int:
    """Remove orphans; how many there were."""
    removed = 0
    for key in list(orphans(older_than=older_than)):
        _storage().delete(key)
        removed += 1
    if removed:
        logger.info("%d orphan files were removed from storage", removed)
    return removed


def sweep_stale_uploads(*, older_than: timedelta = STALE_UPLOAD_AGE) -> int:
    """Remove temporary files of uploads that broke off, and folders of children whose parent was killed."""
    limit = time.time() - older_than.total_seconds()
    removed = 0
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*"):
        with contextlib.suppress(FileNotFoundError):  # its own request has just removed it
            if path.stat().st_mtime >= limit:
                continue
            if path.is_file():
                path.unlink()
                removed += 1
            elif path.suffix == sandbox.SCRATCH:
                shutil.rmtree(path, ignore_errors=True)
                removed += 1
    return removed


def _storage() -> Storage:
    return storages["documents"]


def _folders(storage: Storage) -> list[str]:
    try:
        return storage.listdir("")[0]
    except FileNotFoundError:
        return []  # nothing was ever stored


def fault_in(storage: Storage, stored: StoredFile, *, whole: bool) -> str | None:
    """What is wrong with the bytes that `storage` keeps of this row; None where all is well.

    `whole`: read them all and hold them against their SHA-256, not the size alone.
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


def _move(source: Path, target: Path) -> None:
    """Rename, made durable: the file and its entry are on disk before any row names it."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source.chmod(0o600)
    _fsync(source)
    try:
        source.rename(target)
    except OSError:  # FILE_UPLOAD_TEMP_DIR on another file system: a copy, then
        draft = target.with_suffix(".part")
        shutil.copyfile(source, draft)
        draft.chmod(0o600)
        _fsync(draft)
        draft.rename(target)
        source.unlink()
    for folder in (target.parent, target.parent.parent):  # the folder may be new
        _fsync(folder)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def answers() -> None:
    """Asked for a file that nobody has. Raises whatever the storage raises when it does not answer; NotKept where it
    says that the file is there, as something in front of S3 does that says 200 to everything."""
    if _storage().exists("readyz"):
        raise NotKept("readyz")
