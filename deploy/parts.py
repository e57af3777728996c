"""Prepares the installation, then runs the parts of `make run` as forks of this process, under supervisord.

This process loads Django and all code once and the parts share that memory, so each starts at once and needs little
of its own. It opens no connection, no database and no thread, because forks would inherit them: the preparation runs
in a fork, too. Its result is printed on the standard output, which ends there (deploy/prepare.py).

Outside Linux each part is a program of its own: libraries of macOS do not survive a fork.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from types import ModuleType

from supervisor.medusa import asyncore_25 as asyncore
from supervisor.options import ServerOptions
from supervisor.supervisord import Supervisor

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from deploy import prepare  # noqa: E402
from deploy.stop_with_parent import tie_to_parent  # noqa: E402
from files import fork_servers  # noqa: E402

PR_SET_NAME = 15  # prctl(2)
LONGEST_NAME = 15  # bytes
FORKED = sys.platform.startswith("linux")
HANDLED = (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD, signal.SIGUSR2)  # by supervisord
# What the parts import as they start, beside the applications of Django.
LOADED = [
    "docshare.urls",
    "docshare.queue",
    "docshare.wrong_keys",
    "files.sandbox",
    "gunicorn.app.wsgiapp",
    "gunicorn.workers.gthread",
    "celery.bin.celery",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.thread",
    "celery.worker.autoscale",
    "celery.worker.consumer",
    "kombu.transport.redis",
    "django.contrib.sessions.backends.cached_db",
    "django.core.cache.backends.redis",
    "django.db.backends.sqlite3.base",
]
# The SANDBOX_PRELOADED of the settings, which are not read yet.
SANDBOXED = ["imports.reading.occurrences", "documents.preload"]
# Of them, what the parts load as well. Imports no Django.
LOADED_BY_BOTH = ["files.decoding", "files.sandbox_child", "imports.reading.occurrences", "signing.pdf.signing_child"]
# Of the first pages after that of the sign-in.
TEMPLATES = [
    *("practitioner/agenda.html", "staff_base.html", "practitioner/_agenda_toolbar.html"),
    *("practitioner/_agenda_slot.html", "practitioner/_agenda_gap.html", "practitioner/_agenda_drag.html"),
    *("practitioner/_agenda_keys.html", "components/session_dialogs.html", "components/messages.html"),
]


def main() -> None:
    tie_to_parent()
    if FORKED:
        name_process("docshare-parts")
    gc.disable()  # what is loaded stays; a collection would only take time
    if FORKED:
        start_sandbox()
    with counters_folder():
        prepare.set_up()
        preparing = in_a_fork(prepare.prepare_installation)
        if FORKED:
            load()
        _, status = os.waitpid(preparing, 0)
        if status:
            sys.exit(1)
        os.dup2(2, 1)  # before any process is started that would keep the output open
        if FORKED:
            resource_tracker.ensure_running()  # which multiprocessing gives each fork server: one for all parts
            answer_first_page()
        supervise()


@contextmanager
def counters_folder() -> Iterator[None]:
    """Choose a folder for the counters before prometheus_client is imported, which decides then where it writes."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ or not FORKED:
        yield
        return
    folder = tempfile.mkdtemp(prefix="docshare-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = os.environ["DOCSHARE_COUNTERS"] = folder
    try:
        yield
    finally:  # forks never come here
        shutil.rmtree(folder, ignore_errors=True)


def start_sandbox() -> None:
    """Start what the fork servers of the sandbox are forked from, before this process knows a secret."""
    for module in LOADED_BY_BOTH:
        importlib.import_module(module)
    assert "django" not in sys.modules
    fork_servers.start_origin(SANDBOXED, fork=in_a_fork)


def load() -> None:
    leave_out_shell()
    for module in LOADED:
        importlib.import_module(module)
    from django.conf import settings
    from django.urls import get_resolver
    from django.utils import translation

    from docshare.celery import app

    for middleware in settings.MIDDLEWARE:
        importlib.import_module(middleware.rpartition(".")[0])
    app.loader.init_worker()  # imports the tasks and runs Django's checks; the parts then do not
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            get_resolver()._populate()


def leave_out_shell() -> None:
    """celery's command line imports an interactive shell, 9 MiB of libraries, which no part opens."""
    shell = ModuleType("click_repl")
    vars(shell)["register_repl"] = lambda _group: None
    sys.modules["click_repl"] = shell


def answer_first_page() -> None:
    """Answer the page of the sign-in once, which reads no row, so that a part's first page is as quick as others.

    After the preparation, because the static files that it collects are listed here.
    """
    from wsgiref.util import setup_testing_defaults

    from django.conf import settings
    from django.core.cache import caches
    from django.db import connections
    from django.template.loader import get_template
    from django.urls import reverse

    from docshare.wsgi import application

    def start_response(_status: str, _headers: object, _error: object = None, /) -> Callable[[bytes], object]:
        return len  # nobody reads the answer

    for name in TEMPLATES:
        get_template(name)
    host = settings.PUBLIC_URL.partition("://")[2]
    asked = {"HTTP_HOST": host, "PATH_INFO": reverse(settings.LOGIN_URL), "wsgi.url_scheme": "https"}
    setup_testing_defaults(asked)
    list(application(asked, start_response))
    assert all(connection.connection is None for connection in connections.all())
    assert not any("_cache" in vars(cache) for cache in caches.all(initialized_only=True))  # Redis' client


def in_a_fork(function: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        run_and_exit(function)
    return child


def run_and_exit(function: Callable[[], object]) -> None:
    """Run a function as the whole program of this process, which is a fork."""
    status = 1
    try:
        tie_to_parent()
        function()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    except BaseException:  # the process ends with it
        traceback.print_exc()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as the interpreter does at its end
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def supervise() -> None:
    assert threading.active_count() == 1
    os.chdir(os.environ["DATA_DIR"])
    gc.freeze()  # a collection in a part then leaves the shared memory alone
    lock = int(os.environ.pop("DOCSHARE_LOCK"))
    options = Options(of_objects=open_descriptors() - {lock} if FORKED else set())
    options.realize(sys.argv[1:])
    options.first, options.test = True, False
    with suppress(asyncore.ExitNow):
        AtOnce(options).main()


def open_descriptors() -> set[int]:
    """Of those that supervisord closes in each fork (its `minfds`)."""
    found = set()
    for number in range(3, 1024):
        with suppress(OSError):
            os.fstat(number)
            found.add(number)
    return found


class AtOnce(Supervisor):
    """Starts the parts at once; supervisord would wait a second."""

    def runforever(self) -> None:
        for group in self.process_groups.values():
            group.transition()
        super().runforever()


class Options(ServerOptions):
    """Supervisord's, which calls `close_fd` and `execve` in the fork that is to become a part."""

    def __init__(self, of_objects: set[int]) -> None:
        super().__init__()
        self.of_objects = of_objects

    def close_fd(self, fd: int) -> None:
        """Leave open what belongs to an object: its end would close another file that has the number by then."""
        if fd not in self.of_objects:
            super().close_fd(fd)

    def execve(self, filename: str, argv: list[str], env: dict[str, str]) -> None:
        command = argv[2:] if argv[1].endswith("stop_with_parent.py") else argv
        name = "queue" if command[1:] == ["-m", "docshare.queue"] else Path(command[0]).name
        if not FORKED or name not in PROGRAMS:
            super().execve(filename, argv, env)
            return
        os.environ.clear()
        os.environ.update(env)
        for number in HANDLED:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        name_process(f"docshare-{env['SUPERVISOR_PROCESS_NAME']}")
        sys.argv = command
        gc.enable()
        run_and_exit(PROGRAMS[name])


def web() -> None:
    from gunicorn.app import wsgiapp

    count_apart()
    wsgiapp.run(prog="gunicorn")


def tasks() -> None:
    from celery.bin.celery import main

    count_apart()
    main()


def count_apart() -> None:
    """Give this part a folder of counters of its own: /metrics shows those of web processes."""
    if "DOCSHARE_COUNTERS" in os.environ:
        folder = Path(os.environ["DOCSHARE_COUNTERS"], os.environ["SUPERVISOR_PROCESS_NAME"])
        folder.mkdir(mode=0o700, exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def queue() -> None:
    from docshare.queue import become_server

    become_server()


PROGRAMS: dict[str, Callable[[], None]] = {"gunicorn": web, "celery": tasks, "queue": queue}


def name_process(name: str) -> None:
    """The name that `ps -e` and `top` show."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode()[:LONGEST_NAME], 0, 0, 0)


if __name__ == "__main__":
    main()
