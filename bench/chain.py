"""The chain at scale: bookings -> rules -> documents -> one email and one SMS each, with workers killed meanwhile.

`python -m bench.chain` (BOOKINGS, KILLS in the environment), on a PostgreSQL and a Redis of its own. Workers and beat
run as deployed; bench/sinks.py receives the messages. The floor, in the same run: as many empty tasks through the
same broker and workers. Without kills, a row of the table of goals.

`python -m bench.chain steady` (RATE, SECONDS): as many bookings a second, by one process beside the same workers, and
how long after its booking each message is handed over.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from redis import Redis

from bench import report
from bench.installation import on_servers, set_up
from bench.ports import free_port
from tools.stack.parts import MANY_SMS

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BOOKINGS = int(os.environ.get("BOOKINGS", "10000"))
KILLS = int(os.environ.get("KILLS", "10"))
WORKERS = 2
RATE, SECONDS = int(os.environ.get("RATE", "100")), int(os.environ.get("SECONDS", "600"))
STEADY = "CHAIN_STEADY"
MESSAGES_GOAL, WAIT_GOAL = 300.0, 5.0  # a second; seconds
START_SECONDS = 15  # until workers take tasks
STILL_SECONDS = 240  # seconds without progress, after which the run is given up


def here() -> None:
    with tempfile.TemporaryDirectory(prefix="docshare-chain-") as folder, ExitStack() as stack:
        chain = Chain(Path(folder), stack)
        if os.environ.get(STEADY):
            chain.prepare(RATE * SECONDS)
            chain.steady()
            return
        chain.prepare(BOOKINGS)
        floor = chain.floor()
        chain.book()
        chain.send(floor)


class Chain:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.taken = folder / "taken"
        smtp, sms = free_port(), free_port()
        os.environ |= {
            "DATA_DIR": str(folder / "data"),
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp}",
            "SMS_URL": f"http://127.0.0.1:{sms}/send",
            **MANY_SMS,
            "DJANGO_SETTINGS_MODULE": "docshare.settings",
        }
        self._stack = stack
        self._start(
            [sys.executable, "-m", "bench.sinks", str(smtp), str(sms), str(self.taken), str(folder / "state")]
        )

    def prepare(self, bookings: int) -> None:
        set_up()
        from django.core.management import call_command

        from bench.bookings import load

        Redis.from_url(os.environ["REDIS_URL"]).flushdb()
        call_command("migrate", verbosity=0)
        load(bookings)

    def floor(self) -> float:
        """Empty tasks per second."""
        from bench.empty_task import nothing

        count = 2 * BOOKINGS
        with nothing.app.connection_for_write() as connection, nothing.app.amqp.Producer(connection) as producer:
            for _ in range(count):
                nothing.apply_async(producer=producer)
        redis = Redis.from_url(os.environ["REDIS_URL"])
        with self._workers("bench.empty_task") as workers:
            started = _when(lambda: int(redis.llen("celery")) < count, workers)
            ended = _when(lambda: not redis.llen("celery") and not redis.hlen("unacked"), workers)
        rate = count / (ended - started)
        print(f"floor: {count} tasks that do nothing, {WORKERS} workers: {rate:.0f}/s", flush=True)
        return rate

    def book(self) -> None:
        """Book while no worker runs: nudges wait in the queue, planned rows in the database."""
        from bench.bookings import book_all

        seconds = book_all()
        median, p99 = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
        print(f"booked {len(seconds)}: median {median * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms each", flush=True)

    def send(self, floor: float) -> None:
        from bench.bookings import verdict

        beat = self._start(_celery("docshare", "beat", "--pidfile=", f"--schedule={self.folder / 'beat'}"))
        killed = 0
        chance = random.Random(20)
        marks = sorted(chance.uniform(0.02, 0.95) * 2 * BOOKINGS for _ in range(KILLS))
        with self._workers("docshare") as workers:
            started = time.time()
            seen, moved_at, before = 0, time.monotonic(), 0.0
            while (now := self._count()) < 2 * BOOKINGS or not _is_all_done():
                if now > seen:
                    before = before or _processor(workers)  # what it takes to start is not measured
                    seen, moved_at = now, time.monotonic()
                if time.monotonic() - moved_at > STILL_SECONDS:
                    sys.exit(f"Nothing moved for {STILL_SECONDS} s: {now} of {2 * BOOKINGS} messages.")
                while killed < len(marks) and now > marks[killed]:
                    victim = chance.randrange(WORKERS)
                    _kill(workers[victim])
                    workers[victim] = self._start(_worker("docshare"))
                    killed += 1
                time.sleep(0.1)
            used = _processor(workers) - before
        lines = [line.split() for line in self.taken.read_text().splitlines()]
        times = sorted(float(line[2]) for line in lines)
        seconds = times[-1] - started
        tail = times[int(len(times) * 0.99)] - started
        beat.terminate()
        copies = {kind: Counter(line[1] for line in lines if line[0] == kind) for kind in ("email", "sms")}
        twice = {kind: sum(count - 1 for count in messages.values()) for kind, messages in copies.items()}
        rate = sum(len(messages) for messages in copies.values()) / seconds
        print(
            f"{WORKERS} workers, {killed} × kill -9: {seconds:.0f} s, 99 % after {tail:.0f} s: {rate:.0f} messages/s"
        )
        print(f"  ratio to the floor: {rate / floor:.2f}")
        since_first = len(times) / (times[-1] - times[0])
        if not killed:
            report.at_least(
                "booking → messages handed over",
                since_first, MESSAGES_GOAL, "/s",
                ours=f"{len(times)} messages, {used / len(times) * 1000:.1f} ms of the workers each",
                beside=f"Celery tasks that do nothing: {floor:.0f}/s ({since_first / floor:.2f})",
                still="who may receive decided right before it leaves, history, one mark before and one after",
            )  # fmt: skip
        print(f"  first after {times[0] - started:.0f} s, from then on {since_first:.0f} messages/s", end="")
        print("" if killed else f"; workers: {used / len(times) * 1000:.1f} ms of processor time each")
        print(f"  sent twice (the message in flight): {twice['email']} emails, {twice['sms']} SMS of {killed} kills")
        verdict({kind: set(messages) for kind, messages in copies.items()})

    def steady(self) -> None:
        """Book at a steady rate while workers send."""
        from bench.bookings import book_steadily, moments_of_messages, verdict

        beat = self._start(_celery("docshare", "beat", "--pidfile=", f"--schedule={self.folder / 'beat'}"))
        with self._workers("docshare"):
            time.sleep(START_SECONDS)
            booked, behind = book_steadily(RATE)
            moved_at, seen = time.monotonic(), 0
            while (now := self._count()) < 2 * len(booked) or not _is_all_done():
                if now > seen:
                    moved_at, seen = time.monotonic(), now
                if time.monotonic() - moved_at > STILL_SECONDS:
                    sys.exit(f"Nothing moved for {STILL_SECONDS} s: {now} of {2 * len(booked)} messages.")
                time.sleep(0.2)
        beat.terminate()
        lines = [line.split() for line in self.taken.read_text().splitlines()]
        taken = {line[1]: float(line[2]) for line in lines}
        waited = sorted(taken[message] - begun for message, begun in moments_of_messages(booked).items())
        p50, p99 = waited[len(waited) // 2], waited[int(len(waited) * 0.99)]
        print(f"the last booking was {behind:.1f} s late; {len(waited)} messages, longest wait {waited[-1]:.1f} s")
        report.at_most(
            f"{RATE} bookings/s for {SECONDS} s: booking → message, p99", p99, WAIT_GOAL, " s",
            ours=f"median {p50:.2f} s, {len(waited)} messages", beside=f"bookings at most {behind:.1f} s late",
            still="as above",
        )  # fmt: skip
        verdict({kind: {line[1] for line in lines if line[0] == kind} for kind in ("email", "sms")})

    def _count(self) -> int:
        with self.taken.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))

    @contextmanager
    def _workers(self, app: str) -> Iterator[list[subprocess.Popen[bytes]]]:
        workers = [self._start(_worker(app)) for _ in range(WORKERS)]
        try:
            yield workers
        finally:
            for worker in workers:
                _kill(worker)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context((self.folder / "log").open("ab"))
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self._stack.callback(_kill, process)
        return process


def _worker(app: str) -> list[str]:
    """Start a worker like deploy/supervisord.conf and docker-compose.yml do."""
    return _celery(app, "worker", "--pool", "threads", "--concurrency", "8", "--loglevel", "warning",
                   "--without-gossip", "--without-mingle", "--hostname", f"{time.monotonic_ns()}@%h")  # fmt: skip


def _celery(app: str, *arguments: str) -> list[str]:
    return [str(BIN / "celery"), "--app", app, *arguments]


def _processor(workers: list[subprocess.Popen[bytes]]) -> float:
    """The seconds of processor time that these processes have taken, without those of children."""
    return sum(sum(psutil.Process(worker.pid).cpu_times()[:2]) for worker in workers)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.wait()


def _when(true: Callable[[], bool], workers: list[subprocess.Popen[bytes]]) -> float:
    while not true():
        assert all(worker.poll() is None for worker in workers), "a worker ended"
        time.sleep(0.02)
    return time.monotonic()


def _is_all_done() -> bool:
    """Nothing due waits. What the demo practice plans for later days does not count."""
    from django.utils import timezone

    from documents.models import AutoSend
    from notifications.models import Message

    due = {"due_at__lte": timezone.now()}
    return not (
        AutoSend.objects.filter(state="planned", **due).exists()
        or Message.objects.filter(state="queued", **due).exists()
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["here"]:
        here()
    else:
        os.environ |= {STEADY: "1"} if sys.argv[1:] == ["steady"] else {}
        on_servers("bench.chain")
