"""The faults. Each begins, lasts a while, and ends; killed processes restart by themselves."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg
from redis import ConnectionError as RedisConnectionError
from redis import Redis

from bench import sinks
from bench.server_states import WELL
from tests.faults import between
from tests.faults.installation import Installation
from tests.faults.parts import Part

T = TypeVar("T")
STATES = sinks.STATES | between.STATES
Strike = Callable[[Installation, random.Random], AbstractContextManager[None]]
FIRST, LAST = 0.3, 8.0  # seconds after the actors began
# A worker's lease of a message, the longest wait (delivery.LEASE), plus a margin, at pace 1.
BEYOND_THE_LEASE, BEYOND_THE_CALL = 70, 130


@dataclass(frozen=True)
class Planned:
    kind: str
    at: float
    seconds: float


def plan(chance: random.Random, kinds: list[str], pace: float) -> list[Planned]:
    """One to three faults, some of them at the same time."""
    planned = []
    for kind in chance.sample(kinds, min(chance.randint(1, 3), len(kinds))):
        at, seconds = chance.uniform(FIRST, LAST), chance.uniform(1, 6)
        if "stopped" in kind:
            beyond = BEYOND_THE_CALL if kind.startswith("web") else BEYOND_THE_LEASE
            seconds = beyond / pace if kind.startswith(("web", "worker")) else chance.uniform(3, 12)
        elif kind == "database away":
            seconds = 60 / pace
        elif kind.partition(" ")[2] in between.STATES.get(kind.partition(" ")[0], ()):
            # Few calls need S3 or clamd, and half of these get correct answers; so do half of all on a broken line.
            at, seconds = chance.uniform(FIRST, LAST / 2), chance.uniform(3, 10)
        planned.append(Planned(kind, at, seconds))
    return sorted(planned, key=lambda one: one.at)


def kinds_of(installation: Installation, asked: Sequence[str] = ()) -> list[str]:
    """The faults that are possible here; with `asked`, those whose names begin so."""
    there = [name for name in KINDS if name.split()[0] not in ("s3", "clamd", "disk")]
    there += [name for name in KINDS if name.split()[0] in ("s3", "clamd") and name.split()[0] in installation.parts]
    if installation.small_disk:
        there.append("disk full")
    return [kind for kind in there if not asked or kind.startswith(tuple(asked))]


def _any(installation: Installation, name: str, chance: random.Random) -> Part:
    return installation.parts[f"{name}{chance.randrange(2)}" if name in ("web", "worker") else name]


def _killed(name: str) -> Strike:
    @contextmanager
    def strike(installation: Installation, chance: random.Random) -> Iterator[None]:
        _any(installation, name, chance).kill()
        yield

    return strike


def _stopped(name: str) -> Strike:
    return lambda installation, chance: _any(installation, name, chance).stopped()


def _away(name: str) -> Strike:
    return lambda installation, chance: _any(installation, name, chance).away()


def _state(part: str, state: str) -> Strike:
    @contextmanager
    def strike(installation: Installation, chance: random.Random) -> Iterator[None]:
        installation.set_state(part, state)
        yield
        if installation.states[part] == state:  # unless a later fault has changed it
            installation.set_state(part, WELL)

    return strike


@contextmanager
def _one_child(installation: Installation, chance: random.Random) -> Iterator[None]:
    _any(installation, "web", chance).kill_one_child(chance)
    yield


@contextmanager
def _everything(installation: Installation, chance: random.Random) -> Iterator[None]:
    """Power failure: kills every process at once."""
    with ExitStack() as stack:
        for name in ("web0", "web1", "worker0", "worker1", "beat", "redis", "database"):
            stack.enter_context(installation.parts[name].away())
        yield


def _once_there(act: Callable[[], T], away: type[Exception]) -> T:
    """Acts as soon as a server answers that another strike may have taken away."""
    for _ in range(300):
        try:
            return act()
        except away:
            time.sleep(0.2)
    return act()


@contextmanager
def _flushed(installation: Installation, chance: random.Random) -> Iterator[None]:
    _once_there(Redis.from_url(installation.environment["REDIS_URL"]).flushall, RedisConnectionError)
    yield


@contextmanager
def _cut(installation: Installation, chance: random.Random) -> Iterator[None]:
    reach = partial(psycopg.connect, installation.environment["DATABASE_URL"], autocommit=True)
    with _once_there(reach, psycopg.OperationalError) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    yield


@contextmanager
def _disk_full(installation: Installation, chance: random.Random) -> Iterator[None]:
    ballast = installation.data / "ballast"
    fill(ballast, leave=chance.choice([0, 4096, 65536]))
    try:
        yield
    finally:
        ballast.unlink()


def fill(ballast: Path, *, leave: int) -> None:
    """Write until the disk is full; then release `leave` bytes."""
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    written, size = 0, 1 << 20
    while size:
        try:
            written += os.write(descriptor, b"\0" * size)
        except OSError:
            size //= 2
    os.ftruncate(descriptor, max(0, written - leave))
    os.close(descriptor)


KINDS: dict[str, Strike] = {
    "web killed": _killed("web"),
    "web process killed": _one_child,
    "web stopped": _stopped("web"),
    "worker killed": _killed("worker"),
    "worker stopped": _stopped("worker"),
    "beat killed": _killed("beat"),
    "beat stopped": _stopped("beat"),
    "redis killed": _killed("redis"),
    "redis away": _away("redis"),
    "redis stopped": _stopped("redis"),
    "redis flushed": _flushed,
    "database cut": _cut,
    "database restarted": _killed("database"),
    "database away": _away("database"),
    "power lost": _everything,
    "disk full": _disk_full,
    "s3 killed": _killed("s3"),
    "s3 away": _away("s3"),
    "s3 stopped": _stopped("s3"),
    "clamd killed": _killed("clamd"),
    "clamd away": _away("clamd"),
    "clamd stopped": _stopped("clamd"),
    "messages away": _away("sinks"),
    **{
        f"{part} {state}": _state(part, state) for part, states in STATES.items() for state in states if state != WELL
    },
}
