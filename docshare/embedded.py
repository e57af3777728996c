"""What the embedded default keeps in DATA_DIR: secrets made once, and where its private queue listens."""

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

    A command that somebody starts without the site's environment would else make a database and secrets of its own,
    and answer as if the site were empty.
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
    """Make what an installation keeps in DATA_DIR, private to its user.

    Folders, the secrets of the embedded default, the file of a SQLite database. Called before settings are first read
    by whatever serves or stores: manage.py, web processes, workers. Harmless when repeated.
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


_kept = False


def keep_secrets(**_of_the_signal: object) -> None:
    """What a process that opens the database may seal must open again: the secrets that it made up are kept, once.

    Exits where another process was first with others.
    """
    global _kept
    from docshare.settings import installation

    if _kept or installation.PRODUCTION:
        return
    for name in SECRETS:
        value = getattr(installation, name)
        if not Environment().str(name, "") and local_secret(installation.DATA_DIR, name, value) != value:
            raise SystemExit(
                f"{installation.DATA_DIR} was new, and its secrets have only just been made. Start again."
            )
    _kept = True


def kept_secret(data_dir: Path, name: str) -> str:
    """The secret `name` that DATA_DIR keeps; "" where there is none yet."""
    path = data_dir / "secrets" / name.lower()
    return path.read_text() if path.exists() else ""


def local_secret(data_dir: Path, name: str, value: str = "") -> str:
    """The secret `name` of this installation, made by whichever process comes first: `value`, or 384 random bits."""
    folder = data_dir / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name.lower()
    if not path.exists():
        draft = folder / f".{name.lower()}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(value or secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # atomic: the first one wins, and nobody reads half a secret
        except FileExistsError:
            pass  # another process was first; its secret is the installation's
        finally:
            draft.unlink()
    return path.read_text()


def former_local_secrets(data_dir: Path, name: str) -> str:
    """Former values of a secret, one a line: `secrets/secret_key_fallbacks` beside `secrets/secret_key`."""
    path = data_dir / "secrets" / f"{name.lower()}_fallbacks"
    return path.read_text() if path.exists() else ""


LONGEST_SOCKET_PATH = 100  # bytes; sockaddr_un has room for 107 on Linux, 103 on macOS (unix(7))


def valkey_socket(data_dir: Path) -> Path:
    """Where the private Valkey of this DATA_DIR listens: inside it, or in /tmp where its path is too long.

    /tmp and not TMPDIR: a command beside the running site must come to the same answer.
    """
    inside = data_dir / "queue" / "valkey.sock"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_PATH:
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path("/tmp") / f"docshare-{os.getuid()}-{digest}" / "valkey.sock"  # noqa: S108 (ours alone: queue.py checks)
