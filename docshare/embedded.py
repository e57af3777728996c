"""Files of the embedded default in DATA_DIR: secrets, generated once, and the socket of its private queue."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from docshare.environment import Environment
from docshare.private_files import make_database_private, make_private

SECRETS = ("SECRET_KEY", "SIGNING_PASSPHRASE")
INSTALLED = Path("/etc/docshare")  # settings and secrets of the machine's installation (deploy/debian)


def refuse_second_installation(environment: Mapping[str, str], installed: Path = INSTALLED) -> None:
    """Raise ImproperlyConfigured if the machine has an installation and the environment names none.

    Otherwise a command started without the site's environment would create a database and secrets of its own, and
    answer as if the site were empty.
    """
    if installed.is_dir() and not (environment.get("DATA_DIR") or environment.get("DOCSHARE_ENV")):
        raise ImproperlyConfigured(
            f"This machine has an installation, whose settings are in {installed}. Start its commands with "
            "docsharectl: docsharectl check. For a trial beside it, set DATA_DIR to a folder of its own."
        )


def data_dir_of(env: Environment) -> Path:
    """DATA_DIR, or `data` in the checkout."""
    return Path(env.str("DATA_DIR", str(Path(__file__).resolve().parents[1] / "data"))).resolve()


def prepare() -> None:
    """Create an installation's files in DATA_DIR, private to its user.

    Folders, the secrets of the embedded default, the file of a SQLite database. manage.py, web processes and workers
    call it before they first read settings. Harmless when repeated.
    """
    env = Environment()
    refuse_second_installation(os.environ)
    data_dir = data_dir_of(env)
    make_private(data_dir)
    for folder in ("queue", "uploads"):
        (data_dir / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    if env.str("DOCSHARE_ENV", "embedded") != "production":
        for name in SECRETS:
            if not env.str(name, ""):
                local_secret(data_dir, name)
    from docshare.settings.database import SQLITE_PATH

    if SQLITE_PATH is not None:
        make_database_private(SQLITE_PATH)


_secrets_stored = False


def keep_secrets(**_of_the_signal: object) -> None:
    """Store this process's generated secrets, once, so that texts encrypted under them can be decrypted later.

    Exits if another process stored different ones first.
    """
    global _secrets_stored
    from docshare.settings import installation

    if _secrets_stored or installation.PRODUCTION:
        return
    for name in SECRETS:
        value = getattr(installation, name)
        if not Environment().str(name, "") and local_secret(installation.DATA_DIR, name, value) != value:
            raise SystemExit(
                f"{installation.DATA_DIR} was new, and its secrets have only just been made. Start again."
            )
    _secrets_stored = True


def stored_secret(data_dir: Path, name: str) -> str:
    """The secret `name` in DATA_DIR; "" if there is none yet."""
    path = data_dir / "secrets" / name.lower()
    return path.read_text() if path.exists() else ""


def local_secret(data_dir: Path, name: str, value: str = "") -> str:
    """The secret `name` of this installation. The first process creates it: `value`, or 384 random bits."""
    folder = data_dir / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name.lower()
    if not path.exists():
        partial = folder / f".{name.lower()}.{os.getpid()}"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(value or secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(partial, path)  # atomic: the first process wins, and nobody reads half a secret
        except FileExistsError:
            pass  # another process was first; its secret applies
        finally:
            partial.unlink()
    return path.read_text()


def former_local_secrets(data_dir: Path, name: str) -> str:
    """Former values of a secret, one a line: `secrets/secret_key_fallbacks` beside `secrets/secret_key`."""
    path = data_dir / "secrets" / f"{name.lower()}_fallbacks"
    return path.read_text() if path.exists() else ""


LONGEST_SOCKET_PATH = 100  # bytes; sockaddr_un has room for 107 on Linux, 103 on macOS (unix(7))


def valkey_socket(data_dir: Path) -> Path:
    """The socket of this DATA_DIR's private Valkey: inside it, or in /tmp if its path is too long.

    /tmp and not TMPDIR, so that a command beside the running site computes the same path.
    """
    inside = data_dir / "queue" / "valkey.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path("/tmp") / f"docshare-{os.getuid()}-{digest}" / "valkey.sock"  # noqa: S108 (ours alone: queue.py checks)
