"""Environment variables, any of which can be given as a file: `X_FILE` holds the path (secrets of containers)."""

from __future__ import annotations

from environ import FileAwareEnv
from environ.fileaware_mapping import FileAwareMapping


class SecretFiles(FileAwareMapping):  # type: ignore[misc]  # the package ships no types
    def __getitem__(self, key: str) -> str:
        value: str = super().__getitem__(key)
        return value.rstrip("\r\n")  # editors end a file with a line break; no password does


class Environment(FileAwareEnv):  # type: ignore[misc]
    ENVIRON = SecretFiles()
