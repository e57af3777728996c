"""`python3 deploy/make_secrets.py secrets`: writes a file for each secret that can be generated; replaces none.

Standard library only: it runs before anything is installed. It lists missing values that only you can know.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path

TO_WRITE = {
    "email_url": "the mail server, smtp+tls://user:password@host:587",
    "sms_url": "the SMS gateway, https://… or an apprise URL",
    "tls_certificate": "the certificate of SITE_HOST (and FILES_HOST) with its chain, PEM",
    "tls_key": "its private key, PEM",
}


def make(folder: Path, *, database: str = "postgres:5432") -> None:
    """Make the secrets that docker-compose.yml names. `database`: host and port of PostgreSQL."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_up(folder, ("secret_key", "signing_passphrase", "database_password", "metrics_token", "s3_encryption_key"))
    password = (folder / "database_password").read_text()
    _write(folder / "database_url", f"postgres://docshare:{password}@{database}/docshare")
    credentials = [{"accessKey": secrets.token_urlsafe(16), "secretKey": secrets.token_urlsafe(32)}]
    identity = {"name": "docshare", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}
    _write(folder / "s3_identities", json.dumps({"identities": [identity]}))
    make_empty(folder, ("sms_token", "storage_url", "secret_key_fallbacks", "signing_passphrase_fallbacks"))


def make_up(folder: Path, names: Iterable[str]) -> None:
    """Write 384 random bits into each of these files that is missing."""
    for name in names:
        _write(folder / name, secrets.token_urlsafe(48))


def make_empty(folder: Path, names: Iterable[str]) -> None:
    """Create empty files for optional secrets: no token for a gateway, files on the volume, no former keys."""
    for name in names:
        _write(folder / name, "")


def bucket_url(folder: Path, server: str, *, public: str) -> str:
    """The value of storage_url for a bucket of our own S3 server at `server`."""
    (identity,) = json.loads((folder / "s3_identities").read_text())["identities"]
    (key,) = identity["credentials"]
    return (
        f"s3://{key['accessKey']}:{key['secretKey']}@documents?endpoint=http://{server}&region=local&public={public}"
    )


def _write(path: Path, content: str) -> None:
    """Write atomically, because a secret left empty by an interruption would never be replaced."""
    if path.exists():
        return
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(content)
    partial.replace(path)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    make(target)
    if len(sys.argv) > 2:  # the host name of the bucket for browsers
        (target / "storage_url").chmod(0o600)
        (target / "storage_url").write_text(bucket_url(target, "s3:8333", public=f"https://{sys.argv[2]}"))
    for name, what in TO_WRITE.items():
        if not (target / name).exists():
            print(f"{target / name} is yours to write: {what}")
