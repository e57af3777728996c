"""A bare Debian on this machine: created by mmdebstrap, started with its own systemd, in namespaces of its own.

It has only a loopback network: downloads go through our proxy, which reaches package registries only.
"""

from __future__ import annotations

import ctypes
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from tests.debian.proxy import Proxy

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "docshare-machines"
# In every Debian machine: systemd, and the certificates for its package manager and pip.
PACKAGES = "ca-certificates,dbus,systemd,systemd-sysv"
CERTIFICATES = Path("/usr/local/share/ca-certificates")  # of the test machine's own network
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PROXY_PORT = 3128
START_SECONDS = 60
CLONE_NEWNET = 0x40000000  # sched.h
Answer = TypeVar("Answer")
BOOT = r"""
root=$1
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do touch dev/$name; mount --bind /dev/$name dev/$name; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
ip link set lo up
hostname debian
mkdir run/outside
pivot_root . run/outside
umount -l run/outside
exec env -i container=docshare PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init systemd.log_target=console
"""


class Failed(Exception):
    """A step did not do what the documentation says."""


class Machine:
    """`folder`: must not exist. `start` starts the machine, `end` deletes it."""

    def __init__(self, folder: Path, suite: str) -> None:
        self.folder = folder
        self.suite = suite
        self.root = folder / "root"
        self.outside: subprocess.Popen[bytes] | None = None
        self.leader = 0
        self.cgroup = _cgroup2() / f"docshare-machine-{os.getpid()}"

    # --- making ----------------------------------------------------------------------------------------------

    def make(self) -> None:
        archive = CACHE / f"{self.suite}.tar"
        if not archive.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            draft = archive.with_suffix(f".{os.getpid()}.tar")
            call("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", self.suite, draft)
            draft.rename(archive)
        self.root.mkdir()
        call("tar", "--extract", "--file", archive, "--directory", self.root)
        if CERTIFICATES.is_dir():
            shutil.copytree(CERTIFICATES, self.root / str(CERTIFICATES).lstrip("/"), dirs_exist_ok=True)
            call("chroot", self.root, "update-ca-certificates")
        proxy = f"http://127.0.0.1:{PROXY_PORT}"
        (self.root / "etc/apt/apt.conf.d/50proxy").write_text(f'Acquire::http::Proxy "{proxy}";\n')

    def start(self) -> None:
        """Raises Failed unless systemd reports that the machine runs, or only an irrelevant unit failed."""
        self.cgroup.mkdir()
        namespaces = ("--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--propagation", "private")
        with (self.folder / "console.log").open("wb") as console:
            self.outside = subprocess.Popen(
                ["unshare", *namespaces, "--fork", "--kill-child", "sh", "-euc", BOOT, "sh", str(self.root)],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                preexec_fn=lambda: (self.cgroup / "cgroup.procs").write_text(str(os.getpid())) and None,
            )  # fmt: skip
        children = Path(f"/proc/{self.outside.pid}/task/{self.outside.pid}/children")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError):
                self.leader = int((children.read_text().split() or ["0"])[0])
            if self.leader and Path(f"/proc/{self.leader}/comm").read_text().strip() == "systemd":
                state = self.try_run("systemctl is-system-running --wait")
                if state.stdout.strip() in ("running", "degraded"):
                    break
            time.sleep(0.1)
        else:
            raise Failed(f"The machine did not start: {(self.folder / 'console.log').read_text()[-2000:]}")
        self.proxy = Proxy(self.in_network(lambda: socket.create_server(("127.0.0.1", PROXY_PORT))))

    def end(self) -> None:
        if self.outside:
            with suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGKILL)  # this kills every process in its namespace
            self.outside.wait(30)
        for folder in sorted(self.cgroup.rglob("*/"), reverse=True):
            with suppress(OSError):
                folder.rmdir()
        with suppress(OSError):
            self.cgroup.rmdir()

    def in_network(self, action: Callable[[], Answer]) -> Answer:
        return in_network(self.leader, action)

    # --- commands --------------------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        proxy = f"http://127.0.0.1:{PROXY_PORT}"
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "http_proxy": proxy,
            "https_proxy": proxy,
            "no_proxy": "127.0.0.1,localhost,documents.example",
            # pip, uv and Node.js each have their own list of authorities.
            **dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), BUNDLE),
        }

    def inside(self, command: str) -> list[str]:
        """The command line that runs `command` in the machine, in a root shell."""
        enter = ["nsenter", f"--target={self.leader}", "--all", "--root", f"--wd=/proc/{self.leader}/root/root"]
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        return [*enter, "env", "-i", *variables, "bash", "-c", command]

    def try_run(self, command: str, *, content: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.inside(command), input=content, capture_output=True, text=True, check=False)

    def run(self, command: str, *, content: str = "") -> str:
        """The output of both streams. Raises Failed unless it succeeds."""
        done = self.try_run(command, content=content)
        if done.returncode != 0:
            raise Failed(f"{command}\nexit status {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout + done.stderr

    def journal(self) -> str:
        """The last log lines of the site's units, to diagnose a failed step."""
        if not self.leader:
            return ""
        units = "-u 'docshare-*' -u clamav-daemon -u redis-server@docshare -u postgresql"
        # Omits successes, and what a worker logs at start.
        well = '"level": "INFO"|"status": [23]|celery.[0-9]+.: [^{T]'
        told = f"journalctl --no-pager {units} | grep --invert-match --extended-regexp '{well}' | tail -30"
        return self.try_run(told).stdout

    def converse(self, command: str, answers: dict[str, str], *, seconds: float = 60) -> str:
        """Run it on a terminal and enter the answer to each question, in turn. Raises Failed."""
        pid, terminal = pty.fork()
        if pid == 0:
            arguments = self.inside(command)
            os.execvp(arguments[0], arguments)
        said, waiting = "", dict(answers)
        deadline = time.monotonic() + seconds
        os.set_blocking(terminal, False)
        while time.monotonic() < deadline:
            try:
                read = os.read(terminal, 4096)
                said += read.decode(errors="replace")
            except BlockingIOError:
                time.sleep(0.05)
            except OSError:  # the other side has closed
                break
            for question, answer in list(waiting.items()):
                if said.rstrip().endswith(question):
                    os.write(terminal, f"{answer}\n".encode())
                    del waiting[question]
                    said += "\n"
        else:
            os.kill(pid, signal.SIGKILL)
        _pid, status = os.waitpid(pid, 0)
        os.close(terminal)
        if status != 0 or waiting:
            raise Failed(
                f"{command}\nexit status {os.waitstatus_to_exitcode(status)}, not asked: {list(waiting)}\n{said}"
            )
        return said


def call(*command: str | Path) -> None:
    """Run it. Raises Failed unless it succeeds."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\n{done.stderr[-2000:]}")


def _cgroup2() -> Path:
    """Where this machine mounts its cgroup2 hierarchy: alone, or beside version 1."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        if re.match(r"\S+ \S+ cgroup2 ", line):
            return Path(line.split()[1])
    raise Failed("This machine has no cgroup2, which systemd needs.")


def in_network(leader: int, action: Callable[[], Answer]) -> Answer:
    """The result of `action` in the network of that process: in a thread of its own, because namespaces are per
    thread."""
    libc = ctypes.CDLL(None, use_errno=True)

    def act() -> Answer:
        with Path(f"/proc/{leader}/ns/net").open() as network:
            if libc.setns(network.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        return action()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(act).result()
