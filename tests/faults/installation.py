"""A whole installation on this machine: two web servers, two workers, beat, and one server of each kind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import requests

from bench.ports import free_port
from docshare.queue import server_binary
from tests.faults.between import STATES
from tests.faults.parts import Part, tend
from tests.files.conftest import BUCKET, PORTS, s3_url, wait_until_it_stores
from tests.scanner import SBIN, Clamd
from tools.stack.parts import MANY_SMS

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
BETWEEN = "between"
DISK_MIB = 192  # size of the small disk that tests fill


class Installation:
    """`on_s3`: documents in a bucket; otherwise on a small disk (if this process may mount one)."""

    def __init__(self, folder: Path, *, on_s3: bool) -> None:
        self.folder = folder
        self.on_s3 = on_s3
        self.logs = folder / "logs"
        self.data = folder / "data"
        self.taken, self.state, self.texts = folder / "taken", folder / "state", folder / "texts"
        self.states: dict[str, str] = {}
        for made in (self.logs, self.data):
            made.mkdir()
        folder.chmod(0o711)  # PostgreSQL runs as another user, and must reach its own folder
        self.small_disk = not on_s3 and _mount(self.data)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.endswith("_URL") and name != "PORT"
        } | {
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self.data),
            "SECRET_KEY": "of the fault suite, fifty characters or more, and no other",
            "SIGNING_PASSPHRASE": "of the fault suite",
            "WEB_CONCURRENCY": "2",
            "WEB_THREADS": "4",
            "SHARE_NOTICE_DELAY_SECONDS": "1",
            "UNDO_SECONDS": "0",  # messages leave at once
            "CODES_AN_HOUR": "100",  # who lost an answer asks for another
        }
        self.parts: dict[str, Part] = {}
        self.clamd: Clamd | None = None
        self._over = threading.Event()
        self._changing = threading.Lock()

    def start(self) -> None:
        self._database()
        self._queue()
        self._clamd()
        self._sinks()
        if self.on_s3:
            self._s3()
        os.environ.clear()
        os.environ.update(self.environment)
        if (s3 := self.parts.get("s3")) and s3.process:
            wait_until_it_stores(self.s3_endpoint, s3.process, self.logs / "s3.log")  # first to need settings
        self.sites = [f"127.0.0.1:{free_port()}" for _ in range(2)]
        lines = [f"127.0.0.1:{free_port()}" for _ in self.sites]
        self.bases = [f"http://{line}" for line in lines]  # for users
        for number, line in enumerate(lines):
            self._between("line", line, self.sites[number], number)

    def start_site(self) -> None:
        (self.data / "queue").mkdir(exist_ok=True)
        for number, site in enumerate(self.sites):
            gunicorn = [str(BIN / "gunicorn"), "--config", "deploy/gunicorn.conf.py", "docshare.wsgi"]
            serving = {"DOCUMENT_SERVING": "direct"} if number else {}  # one of the servers proxies S3's bytes itself
            self._part(f"web{number}", gunicorn, BIND=site, **serving)
        celery = [str(BIN / "celery"), "--app", "docshare"]
        for number in range(2):
            self._part(
                f"worker{number}",
                [*celery, "worker", "--pool", "threads", "--concurrency", "8", "--loglevel", "info",
                 "--without-gossip", "--without-mingle", "--hostname", f"worker{number}@%h"],
            )  # fmt: skip
        self._part("beat", [*celery, "beat", "--loglevel", "info", "--pidfile="])
        threading.Thread(target=tend, args=(list(self.parts.values()), self._over), daemon=True).start()
        wait_until(self.ready, 180, "the site is ready")

    def stop(self) -> None:
        self._over.set()
        for part in reversed(self.parts.values()):
            part.end()
        if self.small_disk:
            subprocess.run(["umount", "--lazy", str(self.data)], check=True)

    def ready(self) -> bool:
        """Whether both web servers report ready: database, queue, storage and a worker answer."""
        try:
            return all(requests.get(f"http://{site}/readyz", timeout=10).status_code == 200 for site in self.sites)
        except requests.RequestException:
            return False

    def wronged(self) -> int:
        """The number of requests that the proxies have answered wrongly."""
        written = (line for log in self.logs.glob(f"{BETWEEN} *.log") for line in log.read_text().splitlines())
        return sum(line.partition(" ")[2] in STATES.get(line.partition(" ")[0], ()) for line in written)

    def set_state(self, part: str, state: str) -> None:
        """Set the state of a sink or a proxy; the others keep theirs."""
        with self._changing:
            self.states[part] = state
            draft = self.state.with_suffix(".new")
            draft.write_text(json.dumps(self.states))
            draft.replace(self.state)

    def _part(self, name: str, command: list[str], *, user: str | None = None, **more: str) -> Part:
        gentle = signal.SIGQUIT if name == "database" else signal.SIGKILL  # postgres -m immediate; -9 for the rest
        part = self.parts[name] = Part(name, command, {**self.environment, **more}, self.logs, user, gentle)
        part.start()
        return part

    def _database(self) -> None:
        folder, port = self.folder / "postgres", free_port()
        folder.mkdir()
        user = "postgres" if os.geteuid() == 0 else None  # initdb refuses to run as root
        if user:
            shutil.chown(folder, user)
        initdb, postgres = _of_postgresql("initdb"), _of_postgresql("postgres")
        subprocess.run(
            [initdb, "-D", str(folder), "-U", "docshare", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, stdout=subprocess.DEVNULL, user=user, cwd="/",
        )  # fmt: skip
        self._part(
            "database",
            [postgres, "-D", str(folder), "-p", str(port), "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories=", "-c", "shared_buffers=64MB"],
            user=user,
        )  # fmt: skip
        server = f"postgres://docshare@127.0.0.1:{port}"
        self.environment["DATABASE_URL"] = f"{server}/docshare"
        wait_until(lambda: _executed(f"{server}/postgres", "CREATE DATABASE docshare"), 60, "PostgreSQL answers")

    def _queue(self) -> None:
        port = free_port()
        self.environment["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        self._part(
            "redis", [server_binary(), "--port", str(port), "--save", "", "--appendonly", "no", "--dir", "/tmp"]
        )

    def _s3(self) -> None:
        folder = self.folder / "s3"
        folder.mkdir()
        credentials = [{"accessKey": "docshare", "secretKey": "with/a+slash"}]
        who = {"name": "docshare", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List"]}
        (folder / "identities.json").write_text(json.dumps({"identities": [who]}))
        ports = {name: free_port() for name in PORTS}
        self._part(
            "s3",
            [str(BIN / "weed"), "server", "-dir", str(folder), "-s3", "-ip", "127.0.0.1", "-ip.bind", "127.0.0.1",
             "-s3.config", str(folder / "identities.json"), "-s3.iam=false", "-s3.port.iceberg=0",
             "-s3.port.lance=0", "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=8",
             *(f"-{name}={port}" for name, port in ports.items())],
            WEED_S3_SSE_KEY="faults",
        )  # fmt: skip
        port = free_port()
        self._between("s3", f"127.0.0.1:{port}", f"127.0.0.1:{ports['s3.port']}")
        self.s3_endpoint = f"http://127.0.0.1:{port}"
        self.environment["STORAGE_URL"] = s3_url(self.s3_endpoint, BUCKET)

    def _clamd(self) -> None:
        if shutil.which("clamd", path=f"{os.environ['PATH']}:{SBIN}") is None:
            return
        clamd = Clamd(self.folder / "clamd")
        clamd.write_settings()
        self._part("clamd", clamd.command)
        listen = f"127.0.0.1:{free_port()}" if self.on_s3 else f"{self.folder}/clamd.ctl"
        self.environment["CLAMD_URL"] = f"tcp://{listen}" if self.on_s3 else f"unix://{listen}"
        self._between("clamd", listen, f"{clamd.folder}/clamd.ctl")

    def _between(self, kind: str, listen: str, upstream: str, number: int = 0) -> None:
        command = [sys.executable, "-m", "tests.faults.between", kind, listen, upstream, str(self.state)]
        self._part(f"{BETWEEN} {kind}-{number}", command)

    def _sinks(self) -> None:
        smtp, sms = free_port(), free_port()
        self.environment |= {"EMAIL_URL": f"smtp://127.0.0.1:{smtp}", "SMS_URL": f"http://127.0.0.1:{sms}/send"}
        self.environment |= MANY_SMS  # one practice, with many bookings
        self.taken.touch()
        self.texts.touch()
        files = map(str, (self.taken, self.state, self.texts))
        self._part("sinks", [sys.executable, "-m", "bench.sinks", str(smtp), str(sms), *files])


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.3)


def _executed(database: str, statement: str) -> bool:
    try:
        with psycopg.connect(database, autocommit=True, connect_timeout=3) as connection:
            connection.execute(statement)
    except psycopg.OperationalError:
        return False
    return True


def _of_postgresql(program: str) -> str:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian: not on the PATH
    found = shutil.which(program, path=os.pathsep.join([os.environ["PATH"], *map(str, versions)]))
    assert found, f"The fault suite needs PostgreSQL's {program}: apt-get install postgresql."
    return found


def _mount(folder: Path) -> bool:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=700", "tmpfs", str(folder)],
        check=False, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode == 0
