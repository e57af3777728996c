"""`make run`: prepares the installation, starts its parts under supervisord, prints its address, and stops all of it.

No process outlives its parent: parts end with supervisord, supervisord with this process, and this process with make.
Orphans become children of this process (PR_SET_CHILD_SUBREAPER), so that nothing is left running at the end.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from deploy import healthy  # noqa: E402
from deploy.stop_with_parent import tie_to_parent  # noqa: E402

PR_SET_CHILD_SUBREAPER = 36
START_SECONDS = 60
STOP_SECONDS = 25  # longer than the parts' own stopwaitsecs
BIN = Path(sys.executable).parent
started: list[int] = []
# glibc would otherwise keep freed memory: comparing keys takes 16 MiB for a moment (mallopt(3)).
MALLOC = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "262144", "MALLOC_TRIM_THRESHOLD_": "262144"}


class CannotStart(Exception):
    """The message is a sentence for the person at the terminal."""


class Stopped(BaseException):
    """Ctrl-C, or a polite signal."""


def main() -> int:
    tie_to_parent()
    adopt_orphans()
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, stop)
    os.umask(0o077)  # logs, sockets and schedules of all parts are private
    data_dir = Path(os.environ.get("DATA_DIR") or ROOT / "data").resolve()
    port = os.environ.setdefault("PORT", "8000")
    os.environ["DATA_DIR"] = str(data_dir)
    os.chdir(ROOT)
    try:
        with only_one(data_dir) as lock:
            free_port(port)
            supervisor = start_parts(lock)
            prepared = what_was_prepared(supervisor)
            wait_until_ready(port, supervisor)
            announce(prepared, data_dir)
            while os.waitpid(-1, 0)[0] != supervisor.pid:  # reaps orphans, too
                continue
    except Stopped:
        print("\nStopping …", flush=True)
        return 0
    except CannotStart as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    else:
        print(f"The supervisor ended unexpectedly; {data_dir / 'logs'} tells why.", file=sys.stderr, flush=True)
        return 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        end_all()


def stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def adopt_orphans() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1)


def only_one(data_dir: Path) -> IO[str]:
    """A lock that this process and the supervisor hold, so that it lasts until both have ended."""
    try:
        (data_dir / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        data_dir.chmod(0o700)  # also a former version's; the settings restrict its contents
        lock = (data_dir / "run.lock").open("a+")
    except OSError as error:
        raise CannotStart(f"DATA_DIR cannot be used: {error.strerror} ({error.filename}).") from error
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read()
            # A killed run may have left a supervisor that is still stopping, so wait a little.
            if (holder and still_runs(int(holder))) or time.monotonic() > deadline:
                raise CannotStart(
                    f"docshare is running on {data_dir} already. Stop it, or set another DATA_DIR and PORT."
                ) from None
            time.sleep(0.1)
        else:
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            return lock


def free_port(port: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except (OSError, OverflowError) as error:
            raise CannotStart(
                f"Port {port} cannot be used ({error}). Start with another: PORT=8001 make run"
            ) from error
        except ValueError as error:
            raise CannotStart(f"PORT must be a number, not {port!r}.") from error


def start_parts(lock: IO[str]) -> subprocess.Popen[bytes]:
    """Start the process that prepares the installation and supervises its parts (deploy/parts.py)."""
    demo = "" if os.environ.get("DEMO") == "0" else " and the demo practice"
    print(f"Preparing database, texts, static files{demo} …", flush=True)
    private_queue = not (os.environ.get("REDIS_URL") or os.environ.get("REDIS_URL_FILE"))
    environment = {
        **MALLOC,
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "docshare.settings",
        "PYTHONPATH": str(ROOT),
        "DOCSHARE_BIN": shlex.quote(str(BIN)),
        "DOCSHARE_TIED": shlex.join([sys.executable, str(ROOT / "deploy" / "stop_with_parent.py")]),
        "DOCSHARE_PRIVATE_QUEUE": str(private_queue).lower(),
        "DOCSHARE_ROOT": str(ROOT),
        "DOCSHARE_LOCK": str(lock.fileno()),
    }
    command = [sys.executable, "deploy/parts.py", "-c", str(ROOT / "deploy" / "supervisord.conf")]
    if os.geteuid() == 0:
        command += ["--user", "root"]  # explicit, because supervisord warns otherwise
    supervisor = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        pass_fds=[lock.fileno()],
        process_group=0,  # this process handles Ctrl-C
    )
    started.append(supervisor.pid)
    return supervisor


def what_was_prepared(supervisor: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    """The description of the demo. With DEMO=0 the first operator's link; None if there is an operator."""
    assert supervisor.stdout is not None
    printed = supervisor.stdout.read()
    try:
        prepared: dict[str, Any] | None = json.loads(printed)
    except ValueError as error:
        raise CannotStart("docshare could not be prepared; the lines above say why.") from error
    return prepared


def wait_until_ready(port: str, supervisor: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if supervisor.poll() is not None:
            raise CannotStart("The supervisor did not start; the lines above say why.")
        if not healthy.web():
            return
        time.sleep(0.05)
    raise CannotStart(f"The site did not answer on port {port}; see {os.environ['DATA_DIR']}/logs.")


def announce(prepared: dict[str, Any] | None, data_dir: Path) -> None:
    demo = prepared if prepared and "staff" in prepared else None
    home = os.environ.get("PUBLIC_URL", f"http://localhost:{os.environ['PORT']}").rstrip("/")
    loaded = f"{demo['practice']['name']}, a demo practice, is loaded." if demo else "Nothing is loaded (DEMO=0)."
    print(f"\ndocshare is running (Ctrl-C stops it). {loaded}\n")
    places = [
        ("Practitioners and staff", f"{home}/pro/"),
        ("Patients", f"{home}/documents/"),
        ("Booking online", f"{home}/book/"),
        ("Administration", f"{home}/admin/"),
        ("API", f"{home}/api/v1/docs/"),
    ]
    if not (os.environ.get("EMAIL_URL") or os.environ.get("SMS_URL")):
        places.append(("Emails and SMS sent", f"{home}/outbox/"))
    for label, address in places:
        print(f"  {label:<26}{address}")
    if demo is None:
        if prepared:
            print(f"\n  Begin here; this link makes the first operator, once:\n\n  {prepared['link']}")
        print(f"\n  Data in {data_dir}, logs in {data_dir / 'logs'}\n", flush=True)
        return
    people = [("Login", "Email", "Password")]
    people += [(", ".join(person["roles"]), person["email"], person["password"]) for person in demo["staff"]]
    people.append(("account holder", demo["holder"]["email"], demo["holder"]["password"]))
    widths = [max(len(row[column]) for row in people) + 2 for column in range(3)]
    print()
    for row in people:
        print("  " + "".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)))
    print(f"\n  Data in {data_dir}, logs in {data_dir / 'logs'}\n", flush=True)


def end_all() -> None:
    """Ask every child to stop, adopted orphans included; kill them after STOP_SECONDS."""
    deadline = time.monotonic() + STOP_SECONDS
    signalled: set[int] = set()
    while children := living_children():
        late = time.monotonic() > deadline
        for child in children:
            if late or child not in signalled:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL if late else signal.SIGTERM)
                signalled.add(child)
        time.sleep(0.05)


def living_children() -> list[int]:
    """The children that still run; reaps those that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            continue
    except ChildProcessError:
        return []
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    if listed.exists():
        return [int(pid) for pid in listed.read_text().split()]
    return [pid for pid in started if still_runs(pid)]  # outside Linux, orphans are not adopted


def still_runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
