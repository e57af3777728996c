"""One process of the installation, in a process group of its own; restarted when it ends, as by a supervisor."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

AGAIN_SECONDS = 0.5


@dataclass
class Part:
    name: str
    command: list[str]
    environment: Mapping[str, str]
    logs: Path
    user: str | None = None
    gentle: signal.Signals = signal.SIGKILL
    wanted: bool = field(default=False, init=False)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        with (self.logs / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=dict(self.environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, user=self.user,
            )  # fmt: skip
        self.wanted = True

    def signal(self, number: int) -> None:
        """Signal the whole group: masters, workers, children of the sandbox."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self.signal(self.gentle)
        if self.process is not None:
            self.process.wait(60)

    def end(self) -> None:
        self.wanted = False
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(60)

    def kill_one_child(self, chance: random.Random) -> None:
        """Kill one worker process of a master."""
        if self.process is not None:
            with suppress(psutil.Error):
                if children := psutil.Process(self.process.pid).children():
                    chance.choice(children).kill()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    @contextmanager
    def away(self) -> Iterator[None]:
        self.wanted = False
        self.kill()
        try:
            yield
        finally:
            self.start()

    def is_missed(self) -> bool:
        return self.wanted and self.process is not None and self.process.poll() is not None


def tend(parts: list[Part], until: threading.Event) -> None:
    """The supervisor: restarts every part that ended and should run."""
    while not until.wait(0.1):
        for part in parts:
            if part.is_missed():
                time.sleep(AGAIN_SECONDS)
                if part.is_missed():
                    part.start()
