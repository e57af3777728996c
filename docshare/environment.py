"""Environment variables, each of which may be set by a file: `X_FILE` is its path (secrets of containers)."""

from __future__ import annotations

from environ import FileAwareEnv
from environ.fileaware_mapping import FileAwareMapping


class SecretFiles(FileAwareMapping):
    def __getitem__(self, key: str) -> str:
        value: str = super().__getitem__(key)
        return value.rstrip("\r\n")  # editors end a file with a line break, which is not part of the password


class Environment(FileAwareEnv):
    ENVIRON = SecretFiles()
