"""Which installation this is: its folder, its address, its secrets."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from docshare.embedded import data_dir_of, former_local_secrets, refuse_second_installation, stored_secret
from docshare.environment import Environment

BASE_DIR = Path(__file__).resolve().parents[2]
env = Environment()
refuse_second_installation(os.environ)

PRODUCTION = env.str("DOCSHARE_ENV", "embedded") == "production"
DEBUG = env.bool("DEBUG", False)
DATA_DIR = data_dir_of(env)
PORT = env.int("PORT", 8000)
PUBLIC_URL = env.str("PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")
PUBLIC_ADDRESS = urlsplit(PUBLIC_URL)
SECURE = PUBLIC_ADDRESS.scheme == "https"


def _secret(name: str) -> str:
    """A secret of the installation: from the environment; in the embedded default, from DATA_DIR.

    Reading settings writes nothing. If DATA_DIR has no secret yet, the process uses a random one, enough for tools
    that only inspect the code; processes that serve or store data call `docshare.embedded.prepare` first.
    """
    value = str(env.str(name, ""))
    if value:
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(
            f"{name} is not set. Set {name}, or {name}_FILE to the path of a file that holds it, and start again."
        )
    return stored_secret(DATA_DIR, name) or secrets.token_urlsafe(48)


def _fallbacks(name: str, written: str, separators: str) -> list[str]:
    """Former values of the secret `name`, one a line, which still decrypt older data (`manage.py rotate_keys`)."""
    former = written or ("" if PRODUCTION else former_local_secrets(DATA_DIR, name))
    return [each.strip() for each in re.split(f"[{separators}]", former) if each.strip()]


SECRET_KEY = _secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = _fallbacks("SECRET_KEY", env.str("SECRET_KEY_FALLBACKS", ""), "\n,")
# Encrypts the private keys of practitioners' signing certificates at rest.
SIGNING_PASSPHRASE = _secret("SIGNING_PASSPHRASE")
# Separated by lines only, because a passphrase may contain a comma.
SIGNING_PASSPHRASE_FALLBACKS = _fallbacks("SIGNING_PASSPHRASE", env.str("SIGNING_PASSPHRASE_FALLBACKS", ""), "\n")

ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[PUBLIC_ADDRESS.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
