"""Parses the address of the document storage: a folder of this machine, or a bucket of any S3 server.

`file:///srv/documents`, or `s3://key:secret@bucket?endpoint=https://s3.example&region=fr-par`, with the options

- `public=https://files.example`: the endpoint for browsers, if it differs (presigned addresses);
- `encryption=AES256` (the default), `aws:kms`, `aws:kms:<key id>`: how the server encrypts each object (SSE-S3,
  SSE-KMS); `none` if the bucket or volume does so by itself.

If the address has no key and secret, S3_ACCESS_KEY and S3_SECRET_KEY apply. Special characters in the address are
percent-encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 3, 20, 3
PRESIGNED_SECONDS = 60
PARAMETERS = {"endpoint", "region", "public", "encryption"}


@dataclass(frozen=True)
class DocumentStorage:
    """`backend`: an entry of STORAGES. `presigning`: another entry, for addresses that browsers follow; None without
    such. `public_origin`: the origin of these addresses."""

    backend: dict[str, Any]
    presigning: dict[str, Any] | None = None
    public_origin: str = ""


def document_storage(url: str, *, access_key: str = "", secret_key: str = "") -> DocumentStorage:
    """Raises ImproperlyConfigured with a sentence."""
    address = urlsplit(url)
    if address.scheme == "file":
        return DocumentStorage(_folder(Path(unquote(address.path))))
    if address.scheme != "s3" or not address.hostname:
        raise ImproperlyConfigured("STORAGE_URL is neither file:///folder nor s3://key:secret@bucket?endpoint=….")
    parameters = {name: values[0] for name, values in parse_qs(address.query).items()}
    if unknown := parameters.keys() - PARAMETERS:
        raise ImproperlyConfigured(f"STORAGE_URL has a parameter nobody knows: {', '.join(sorted(unknown))}.")
    options = {
        # Not `hostname`, which is lower case: names of old buckets may have capitals.
        "bucket_name": address.netloc.rpartition("@")[2],
        "access_key": unquote(address.username or "") or access_key or None,
        "secret_key": unquote(address.password or "") or secret_key or None,
        "endpoint_url": parameters.get("endpoint"),
        "region_name": parameters.get("region"),
        # files.storage.put checks for an existing file first. django-storages would search for a free name, and for
        # ever if the server reports every name as taken.
        "file_overwrite": True,
        "querystring_auth": True,
        "querystring_expire": PRESIGNED_SECONDS,
        "default_acl": None,
        "object_parameters": _encryption(parameters.get("encryption", "AES256")),
        "client_config": _client(),
    }
    public = parameters.get("public") or parameters.get("endpoint") or _amazon(parameters.get("region"))
    return DocumentStorage(
        _s3(options), presigning=_s3({**options, "endpoint_url": public}), public_origin=_origin(public)
    )


def _folder(path: Path) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": str(path),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


def _s3(options: dict[str, Any]) -> dict[str, Any]:
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def _client() -> Any:
    """Options with time-outs, so that a server that does not answer can't block a request for minutes."""
    from botocore.config import Config

    return Config(
        s3={"addressing_style": "path"},
        signature_version="s3v4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"max_attempts": ATTEMPTS, "mode": "standard"},
    )


def _encryption(value: str) -> dict[str, str]:
    if value == "none":
        return {}
    if value in ("AES256", "aws:kms"):
        return {"ServerSideEncryption": value}
    if value.startswith("aws:kms:"):
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": value.removeprefix("aws:kms:")}
    raise ImproperlyConfigured("encryption in STORAGE_URL is AES256, aws:kms, aws:kms:<key id> or none.")


def _amazon(region: str | None) -> str:
    return f"https://s3.{region}.amazonaws.com" if region else "https://s3.amazonaws.com"


def _origin(url: str) -> str:
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc}"
