"""Prepares `make run`: database, texts, static files and the demo practice, which is printed as JSON.

DEMO=0 loads no demo, and prints the link that makes the first operator, or null if there is one.

Repeats a step only if something changed. `--checkout`: only texts and static files.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")


def set_up() -> None:
    """Load the settings and models of this installation, whose files are created first."""
    with one_at_a_time():
        from deploy.texts import compile_texts

        compile_texts()  # before Django reads them
        import django

        from docshare.embedded import prepare

        prepare()
        django.setup()


def prepare_installation() -> None:
    with one_at_a_time():
        collect_static_files()
    from django.conf import settings
    from django.core.management import call_command

    for folder in (settings.DATA_DIR, Path(settings.FILE_UPLOAD_TEMP_DIR), settings.OUTBOX_DIR):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with queue_server():
        call_command("migrate", verbosity=0, interactive=False)
        if os.environ.get("DEMO") != "0":
            call_command("demo", "--json", "--rich", stdout=sys.stdout)
        elif has_operator():
            print("null")
        else:
            call_command("first_run", "--json", stdout=sys.stdout)


def has_operator() -> bool:
    from accounts.operators import operators

    return operators().exists()


def prepare_checkout() -> None:
    """Prepare texts and static files, which all installations of this checkout share.

    They need settings but neither a new installation nor the machine's.
    """
    with tempfile.TemporaryDirectory(prefix="docshare-checkout-") as data_dir:
        os.environ["DATA_DIR"] = data_dir
        os.environ.pop("DOCSHARE_ENV", None)
        set_up()
        with one_at_a_time():
            collect_static_files()


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """A lock, because two installations of one checkout share compiled texts and static files."""
    with (ROOT / "manage.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def queue_server() -> Iterator[None]:
    """Run the private queue for the demo; the supervisor starts the permanent one later."""
    from django.conf import settings

    from docshare.queue import private_valkey

    if settings.REDIS_URL:
        yield
        return
    with private_valkey(settings.VALKEY_SOCKET.parent):
        yield


def collect_static_files() -> None:
    """Run collectstatic if a file of ours or of a package changed (name, size or time), or the way of collecting."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    from docshare import static_files

    fingerprint = hashlib.sha256(Path(static_files.__file__).read_bytes())
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            fingerprint.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    memory = Path(settings.STATIC_ROOT) / ".collected"
    readable = (
        memory.exists() and memory.stat().st_mode & 0o777 == static_files.FILE
    )  # former versions created all of them with mode 0600
    if readable and memory.read_text() == fingerprint.hexdigest():
        return
    if not readable:
        shutil.rmtree(settings.STATIC_ROOT, ignore_errors=True)
    memory.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, stdout=io.StringIO())
    memory.write_text(fingerprint.hexdigest())
    memory.chmod(static_files.FILE)


if __name__ == "__main__":
    if sys.argv[1:] == ["--checkout"]:
        prepare_checkout()
    else:
        set_up()
        prepare_installation()
