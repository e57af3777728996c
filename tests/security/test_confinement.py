"""A child that parses a document can access nothing but its file (docs/security-cases.md, 59): attempts the attacks
of a document that has taken over its parser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import CheckMessage

from docshare import checks
from files import confinement, sandbox
from files.confinement import Protections
from tests.security.attempts import (
    connect,
    connect_unix,
    in_own_folder,
    limit_parent,
    link,
    listed,
    listen,
    make,
    open_up,
    own_limits,
    read,
    remove,
    run_program,
    start_process,
    stop_group,
    stop_parent,
    trace_parent,
    write,
)

pytestmark = pytest.mark.skipif(
    not (confinement.protections().landlock and confinement.protections().seccomp),
    reason="this kernel has no Landlock or no seccomp",
)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document.pdf"
    path.write_bytes(b"%PDF-")
    return path


@pytest.fixture
def another(tmp_path: Path) -> Path:
    """Another patient's file, in the same folder."""
    path = tmp_path / "another.pdf"
    path.write_bytes(b"%PDF-")
    return path


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()


REFUSED = "PermissionError"


def test_a_child_reads_its_document_and_writes_its_output(document: Path, another: Path) -> None:
    assert sandbox.run(read, str(document), reads=[document]) == "done"
    assert sandbox.run(write, str(another), reads=[document], writes=[another]) == "done"
    assert another.read_bytes() == b"x"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "/etc/hostname", "/proc/self/environ", "/proc/1/cmdline",
        str(settings.BASE_DIR / "manage.py"), str(settings.BASE_DIR / "docshare" / "settings" / "__init__.py"),
    ],
)  # fmt: skip
def test_a_child_reads_no_other_file_of_the_machine(document: Path, path: str) -> None:
    assert sandbox.run(read, path, reads=[document]) == REFUSED


def test_a_child_reads_no_other_document_nor_secret(document: Path, another: Path) -> None:
    secret = settings.DATA_DIR / "secrets" / "secret_key"
    for path in (another, secret, settings.DATA_DIR / "tests.sqlite3", Path(f"/proc/{os.getpid()}/environ")):
        if path.exists():
            assert sandbox.run(read, str(path), reads=[document]) == REFUSED
    assert sandbox.run(listed, str(document.parent), reads=[document]) == REFUSED
    assert secret.exists() or "SECRET_KEY" in os.environ


def test_a_document_is_read_and_never_written(document: Path) -> None:
    assert sandbox.run(write, str(document), reads=[document]) == REFUSED
    assert document.read_bytes() == b"%PDF-"


@pytest.mark.parametrize("change", [open_up, remove])
def test_what_a_child_writes_stays_where_it_is_and_whose_it_is(document: Path, change: Callable[[str], str]) -> None:
    assert sandbox.run(change, str(document), writes=[document]) == REFUSED
    assert document.exists()


def test_a_child_makes_nothing_outside_its_own_folder(document: Path, tmp_path: Path) -> None:
    assert sandbox.run(write, str(tmp_path / "new"), writes=[document]) == REFUSED
    assert sandbox.run(make, str(tmp_path / "new"), writes=[document]) == REFUSED
    assert sandbox.run(link, str(document), str(tmp_path / "new"), writes=[document]) == REFUSED
    assert sandbox.run(write, "/dev/shm/new", writes=[document]) == REFUSED


def test_a_folder_of_its_own_is_gone_with_the_child() -> None:
    answer: Any = sandbox.run(in_own_folder, scratch=True)
    *done, folder = answer
    assert done == ["done"] * 3
    assert Path(folder).parents[1] == Path(settings.FILE_UPLOAD_TEMP_DIR)
    assert not Path(folder).parent.exists()


def test_a_child_connects_to_nothing(server: tuple[str, int], document: Path) -> None:
    assert sandbox.run(connect, list(server), reads=[document]) == REFUSED
    assert sandbox.run(listen, reads=[document]) == REFUSED
    if settings.VALKEY_SOCKET.exists():
        assert sandbox.run(connect_unix, str(settings.VALKEY_SOCKET), reads=[document]) == REFUSED


def test_a_child_that_asks_for_time_stamps_reaches_servers_and_no_socket_of_this_machine(
    server: tuple[str, int], tmp_path: Path
) -> None:
    """The queue is a socket: whoever reaches it can run tasks."""
    assert sandbox.run(connect, list(server), network=True) == "done"
    assert sandbox.run(listen, network=True) == REFUSED
    with socket.socket(socket.AF_UNIX) as queue:
        queue.bind(str(tmp_path / "queue.sock"))
        queue.listen()
        assert sandbox.run(connect_unix, str(tmp_path / "queue.sock"), network=True) == REFUSED


@pytest.mark.parametrize("call", [run_program, start_process, stop_parent, stop_group, limit_parent])
def test_a_child_starts_no_program_and_touches_no_process(call: Callable[[], str]) -> None:
    assert sandbox.run(call) == REFUSED
    assert sandbox.run(call, network=True) == REFUSED


def test_a_child_traces_no_process() -> None:
    assert sandbox.run(trace_parent) == os.strerror(1)


def test_what_libraries_need_still_works() -> None:
    assert sandbox.run(own_limits) == 5


@pytest.mark.lengthy
def test_a_child_holds_no_secret_of_the_environment(tmp_path: Path) -> None:
    """In a separate process: this one's fork server was started earlier."""
    secret = "a-secret-of-forty-characters-for-this-test"
    said = python(
        """
        import django; django.setup()
        from files import sandbox
        from tests.security.attempts import environment
        print(sandbox.run(environment))
        """,
        SECRET_KEY=secret, DATA_DIR=str(tmp_path / "data"), LC_ALL="C.UTF-8",
        DJANGO_SETTINGS_MODULE="docshare.settings",
    )  # fmt: skip
    assert "C.UTF-8" in said
    assert secret not in said


def test_secrets_are_overwritten_where_the_kernel_put_them() -> None:
    said = python(
        """
        from pathlib import Path
        from files.confinement import forget_secrets_of_the_environment
        before = Path("/proc/self/environ").read_text()
        forget_secrets_of_the_environment()
        print("a-secret" in before, "a-secret" in Path("/proc/self/environ").read_text())
        """,
        SECRET_KEY="a-secret",
    )
    assert said == "True False"


def test_what_holds_here_is_said_and_what_does_not_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def warnings(held: Protections) -> list[CheckMessage]:
        monkeypatch.setattr(checks, "protections", lambda: held)
        return checks.confined_children()

    assert warnings(Protections(landlock=7, seccomp=True)) == []
    (none,) = warnings(Protections(landlock=0, seccomp=False))
    assert "read and change every file" in none.msg
    assert "start programs" in none.msg
    (without_landlock,) = warnings(Protections(landlock=0, seccomp=True))
    assert "read and change every file" in without_landlock.msg
    assert "start programs" not in without_landlock.msg
    assert confinement.protections().sentence == f"Landlock {confinement.protections().landlock}, seccomp"


@pytest.mark.parametrize(
    ("landlock", "seccomp", "said"),
    [
        (0, True, "done PermissionError"),
        (confinement.protections().landlock, False, "PermissionError PermissionError"),
        *[(version, True, "PermissionError PermissionError") for version in (1, 2, 3, 4, 5)],
    ],
)
def test_an_older_kernel_holds_what_it_can(landlock: int, seccomp: bool, said: str) -> None:
    assert said == python(
        f"""
        from files import confinement
        from tests.security.attempts import read, run_program
        confinement.protections = lambda: confinement.Protections(landlock={landlock}, seccomp={seccomp})
        confinement.confine(confinement.Access())
        print(read("/etc/passwd"), run_program())
        """
    )


def test_a_child_that_cannot_be_confined_does_not_run() -> None:
    """The kernel reports a protection, but refuses to apply it."""
    said = python(
        """
        from files import confinement
        confinement.protections = lambda: confinement.Protections(landlock=1, seccomp=False)
        confinement.RESTRICT_SELF = 9999
        try:
            confinement.confine(confinement.Access())
        except OSError:
            print("refused")
        """
    )
    assert said == "refused"


def python(script: str, **environment: str) -> str:
    """The output of a script in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=settings.BASE_DIR, env={**os.environ, **environment}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_signals_of_its_own_still_stop_it() -> None:
    with pytest.raises(sandbox.SandboxCrashed, match=str(-signal.SIGABRT)):
        sandbox.run(os.abort)
