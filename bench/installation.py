"""What measurements start: Django on an installation, the embedded default, the servers, the whole site, and another
machine's load."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.stack.stack import Stack

LOWEST_PRIORITY = 19


def set_up() -> None:
    """Create what an installation needs in DATA_DIR, as manage.py does, then load Django's registry of models."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")
    import django

    from docshare.embedded import prepare

    prepare()
    django.setup()


def demo() -> None:
    """Make the tables and the demo practice, and the static files that pages name."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    call_command("demo", verbosity=0, stdout=io.StringIO())


@contextmanager
def embedded() -> Iterator[None]:
    """The embedded default, empty, in a folder of its own and with its private queue."""
    with tempfile.TemporaryDirectory(prefix="docshare-bench-") as folder:
        os.environ["DATA_DIR"] = folder
        set_up()
        from django.conf import settings

        from docshare.queue import private_valkey

        with private_valkey(settings.VALKEY_SOCKET.parent):
            yield


def on_servers(module: str, *, sqlite: bool = False) -> None:
    """Run `python -m module here` on a PostgreSQL and a Redis of its own, and with `sqlite` once more on SQLite.
    Exits with 1 if one of them did not exit with 0."""
    from tools.stack.stack import Stack

    failed = False
    with tempfile.TemporaryDirectory(prefix="docshare-bench-", dir="/tmp") as folder:
        stack = Stack(Path(folder))
        try:
            stack.start_servers()
            databases = {"PostgreSQL": (stack.places.secrets / "database_url").read_text()}
            if sqlite:
                databases["SQLite"] = f"sqlite:///{folder}/bench.sqlite3"
            for name, url in databases.items():
                servers = {
                    "DATABASE_URL": url,
                    "REDIS_URL": stack.environment["REDIS_URL"],
                    "DATA_DIR": str(stack.places.data),
                    "DJANGO_SETTINGS_MODULE": "docshare.settings",
                }
                print(name, flush=True)
                command = [sys.executable, "-m", module, "here"]
                failed |= subprocess.run(command, env={**os.environ, **servers}, check=False).returncode != 0
        finally:
            stack.stop()
    if failed:
        sys.exit(1)


@contextmanager
def whole_site(stack: Stack) -> Iterator[None]:
    """Every part of production, until the end of the block."""
    try:
        stack.start()
        yield
    finally:
        stack.stop()


@contextmanager
def another_machine(*command: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m command` at the lowest priority, because it stands for other people's machines, with pipes to and
    from it; waits for its end."""
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        preexec_fn=_last_of_all,
    ) as process:  # fmt: skip
        yield process


def _last_of_all() -> None:
    os.nice(LOWEST_PRIORITY)
