"""Writes and reads the files of a backup, plain or encrypted to public keys.

Encrypted with age (https://age-encryption.org/v1), which its own command reads, too: `age --decrypt -i key.txt
database.age`. The public key is enough to write a backup, so the site never has the key that opens one.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyrage
from django.conf import settings

CHUNK = 1 << 20
ENDING = ".age"


class BackupFailed(Exception):
    """The message is a sentence for the operator."""


class Hashed:
    """Wraps a file and hashes (SHA-256) what is read from it."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self.source.read(size)
        self.digest.update(chunk)
        return chunk


@dataclass(frozen=True)
class Envelope:
    """Encrypts to `recipients` (`age1…`) and opens with `identities` (`AGE-SECRET-KEY-1…`); without either it leaves
    files as they are."""

    recipients: tuple[pyrage.x25519.Recipient, ...] = ()
    identities: tuple[pyrage.x25519.Identity, ...] = ()

    @property
    def encrypts(self) -> bool:
        return bool(self.recipients or self.identities)

    def path(self, folder: Path, name: str) -> Path:
        return folder / f"{name}{ENDING}" if self.encrypts else folder / name

    def write(self, source: IO[bytes], path: Path) -> str:
        """Write the content of `source`; returns its SHA-256 in hexadecimal."""
        hashed = Hashed(source)
        path.touch(mode=0o600)
        with path.open("wb") as target:
            path.chmod(0o600)
            if self.recipients:
                pyrage.encrypt_io(hashed, target, self.recipients)
            else:
                shutil.copyfileobj(hashed, target, CHUNK)
        return hashed.digest.hexdigest()

    @contextmanager
    def opened(self, folder: Path, name: str) -> Iterator[Path]:
        """A context with the path of the decrypted file. Raises BackupFailed."""
        path = self.path(folder, name)
        if not self.encrypts:
            yield path
            return
        scratch = Path(settings.FILE_UPLOAD_TEMP_DIR)  # where unencrypted documents may be stored
        with path.open("rb") as source, tempfile.NamedTemporaryFile(dir=scratch, prefix="restore-") as plain:
            try:
                pyrage.decrypt_io(source, plain, self.identities)
            except pyrage.DecryptError as error:
                raise BackupFailed(
                    f"{path.name} of this backup cannot be decrypted: --identity names another key than those that "
                    "the backup was made for, or the file is damaged."
                ) from error
            except OSError as error:
                if error.errno is not None:  # a fault of this machine, such as a full disk
                    raise
                raise BackupFailed(f"{path.name} of this backup was changed or damaged.") from error
            plain.flush()
            yield Path(plain.name)


def to_recipients(text: str) -> Envelope:
    """Parse BACKUP_RECIPIENT: public keys separated by commas; may be empty. Raises BackupFailed."""
    try:
        names = [name.strip() for name in text.split(",") if name.strip()]
        return Envelope(recipients=tuple(map(pyrage.x25519.Recipient.from_str, names)))
    except pyrage.RecipientError as error:
        raise BackupFailed(
            "BACKUP_RECIPIENT is not a public key of age (age1…). deploy/make_backup_key.py makes one."
        ) from error


def with_identities(path: Path) -> Envelope:
    """Read a file in the format of age-keygen: one private key a line, and comments. Raises BackupFailed."""
    try:
        lines = [line.strip() for line in path.read_text().splitlines()]
        keys = tuple(pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#"))
    except FileNotFoundError as error:
        raise BackupFailed(f"There is no file {path}.") from error
    except (pyrage.IdentityError, UnicodeDecodeError) as error:
        raise BackupFailed(f"{path} holds no private key of age (AGE-SECRET-KEY-1…).") from error
    if not keys:
        raise BackupFailed(f"{path} holds no private key of age (AGE-SECRET-KEY-1…).")
    return Envelope(identities=keys)
