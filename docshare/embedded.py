"""Secrets of the embedded default: made once, kept in DATA_DIR, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def local_secret(data_dir: Path, name: str) -> str:
    """The secret `name` of this installation, 384 random bits, created by whichever process comes first."""
    folder = data_dir / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name.lower()
    if not path.exists():
        draft = folder / f".{name.lower()}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # atomic: the first one wins, and nobody reads half a secret
        except FileExistsError:
            pass  # another process was first; its secret is the installation's
        finally:
            draft.unlink()
    return path.read_text()
