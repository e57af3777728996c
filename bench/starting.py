"""Measures `make run` when it is started for the second time: seconds, the first page, and memory.

`python -m bench.starting`: an installation with the demo practice in a temporary folder, started again and again. The
floor of the memory is one bare Python process. Memory is the proportional set size (PSS), so shared pages count once.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bench import report
from bench.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = (
    *("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SMS_URL", "DJANGO_SETTINGS_MODULE", "PUBLIC_URL"),
    "PYTHONDONTWRITEBYTECODE",  # it would compile all code at each start
)
START_SECONDS = 240
SETTLE_SECONDS = 15  # until everything is up and the first periodic tasks have run
MIB = 1 << 20
READY_GOAL, FIRST_PAGE_GOAL, MEMORY_GOAL = 4, 50, 400  # seconds, milliseconds, MiB
STILL = "static files compared, migrations asked for, the demo looked at"
SIGN_IN = """
from django.test import Client
from accounts.models import User
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
doctor = User.objects.get(email="dr.bernard@lilas.example")
TOTP.activate(doctor, generate_totp_secret())
client = Client()
client.force_login(doctor, backend="allauth.account.auth_backends.AuthenticationBackend")
print(client.session.session_key)
"""


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="docshare-bench-", dir="/tmp") as folder:
        installation = Installation(Path(folder))
        with installation.running() as seconds:
            print(f"first start: ready after {seconds:.1f} s", flush=True)
            session = installation.manage("shell", "-v", "0", "-c", SIGN_IN).strip().splitlines()[-1]
            agenda = installation.address_behind("/pro/", session)
        for path, cookie in (("/account/login/", ""), (agenda, session)):
            with installation.running() as seconds:
                report.at_most("second `make run`: ready", seconds, READY_GOAL, " s", still=STILL)
                installation.ask_ten_times(path, cookie)
        with installation.running():
            time.sleep(SETTLE_SECONDS)
            report_memory(installation.processes(), "idle memory of the embedded default", goal=MEMORY_GOAL)
            for _ in range(10):
                installation.ask(agenda, session)
                installation.ask("/account/login/", "")
            time.sleep(SETTLE_SECONDS)
            report_memory(installation.processes(), "its memory after twenty pages")


class Installation:
    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.output = folder / "output.txt"
        self.port = free_port()
        inherited = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
        self.environment = {**inherited, "DATA_DIR": str(self.data_dir), "PORT": str(self.port), "MAKEFLAGS": ""}
        self.make: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[float]:
        """Start it, and stop it as Ctrl-C does; yields the seconds until it answers that it is ready."""
        began = time.perf_counter()
        with self.output.open("w") as output:
            self.make = subprocess.Popen(
                ["make", "run"], cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            while not self._is_ready():
                if self.make.poll() is not None or time.perf_counter() > began + START_SECONDS:
                    raise RuntimeError(self.output.read_text())
                time.sleep(0.02)
            yield time.perf_counter() - began
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.make.pid, signal.SIGINT)
            self.make.wait(60)

    def _is_ready(self) -> bool:
        with suppress(OSError):
            return self.ask("/readyz", "")[0] == 200
        return False

    def ask(self, path: str, session: str) -> tuple[int, float]:
        """Status, and milliseconds of one request on a connection of its own."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"session={session}"} if session else {})
        answer = connection.getresponse()
        answer.read()
        milliseconds = (time.perf_counter() - began) * 1000
        connection.close()
        return answer.status, milliseconds

    def address_behind(self, path: str, session: str) -> str:
        """The path that `path` redirects to in the end."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        while True:
            connection.request("GET", path, headers={"Cookie": f"session={session}"})
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                connection.close()
                return path
            path = answer.headers["Location"]

    def ask_ten_times(self, path: str, session: str) -> None:
        answers = [self.ask(path, session) for _ in range(10)]
        assert all(status == 200 for status, _ in answers), answers
        times = [milliseconds for _, milliseconds in answers]
        first, tenth, longest = times[0], times[-1], max(times)
        name = "sign-in" if path == "/account/login/" else "agenda"
        others = f"tenth {tenth:.0f} ms, slowest of ten {longest:.0f} ms"
        report.at_most(f"first page after a start: {name}", first, FIRST_PAGE_GOAL, " ms", ours=others)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def processes(self) -> list[psutil.Process]:
        assert self.make is not None
        make = psutil.Process(self.make.pid)
        return [make, *make.children(recursive=True)]


def report_memory(processes: list[psutil.Process], work: str, *, goal: float | None = None) -> None:
    sizes = [(proportional(process.pid), " ".join(process.cmdline())[-90:]) for process in processes]
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bare:
        time.sleep(1)
        floor = proportional(bare.pid)
        assert bare.stdin is not None
        bare.communicate(b"\n")
    for size, command in sizes:
        print(f"    {size / MIB:6.1f} MiB  {command}")
    whole = sum(size for size, _ in sizes)
    report.at_most(
        work, whole / MIB, goal, " MiB", ours=f"{len(sizes)} processes",
        beside=f"a bare Python process {floor / MIB:.1f} MiB", still="each part a process; proportional set size",
    )  # fmt: skip


def proportional(pid: int) -> int:
    """The proportional set size of a process, in bytes (proc_pid_smaps(5))."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"The kernel reports no memory of process {pid}.")


if __name__ == "__main__":
    run()
