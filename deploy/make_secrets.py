"""`python3 deploy/make_secrets.py secrets`: a file for each secret that can be made up; none is ever replaced.

Standard library only: it runs before anything is installed. Of what only you can know it says what is missing.
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
    """What docker-compose.yml names. `database`: host and port of PostgreSQL."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_up(folder, ("secret_key", "signing_passphrase", "database_password", "metrics_token", "s3_encryption_key"))
    password = (folder / "database_password").read_text()
    _write(folder / "database_url", f"postgres://docshare:{password}@{database}/docshare")
    credentials = [{"accessKey": secrets.token_urlsafe(16), "secretKey": secrets.token_urlsafe(32)}]
    who = {"name": "docshare", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}
    _write(folder / "s3_identities", json.dumps({"identities": [who]}))
    make_empty(folder, ("sms_token", "storage_url", "secret_key_fallbacks", "signing_passphrase_fallbacks"))


def make_up(folder: Path, names: Iterable[str]) -> None:
    """384 random bits in each of these files that is not there yet."""
    for name in names:
        _write(folder / name, secrets.token_urlsafe(48))


def make_empty(folder: Path, names: Iterable[str]) -> None:
    """Unset, but there to be set: a gateway without a token; files on the volume; no former keys."""
    for name in names:
        _write(folder / name, "")


def bucket_url(folder: Path, server: str, *, public: str) -> str:
    """What storage_url holds where documents lie in the bucket of our own S3 server at `server`."""
    (who,) = json.loads((folder / "s3_identities").read_text())["identities"]
    (key,) = who["credentials"]
    return (
        f"s3://{key['accessKey']}:{key['secretKey']}@documents?endpoint=http://{server}&region=local&public={public}"
    )


def _write(path: Path, content: str) -> None:
    """Whole or not at all: a secret that a stop left empty would never be made up again."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(content)
    draft.replace(path)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    make(target)
    if len(sys.argv) > 2:  # the host name at which browsers find the bucket
        (target / "storage_url").chmod(0o600)
        (target / "storage_url").write_text(bucket_url(target, "s3:8333", public=f"https://{sys.argv[2]}"))
    for name, what in TO_WRITE.items():
        if not (target / name).exists():
            print(f"{target / name} is yours to write: {what}")
