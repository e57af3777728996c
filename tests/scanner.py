"""A real clamd on this machine, with its own signature folder: only the EICAR test string."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from files.clamd import Clamd as Client
from files.clamd import NoAnswer

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # where Debian installs clamd, not on every user's PATH


@dataclass
class Clamd:
    """The test starts and stops it; limits as in clamd.conf."""

    folder: Path  # short: paths of unix sockets are limited to a hundred bytes
    stream_max_length: str = "52M"
    max_file_size: str = "100M"
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/clamd.ctl"

    @property
    def command(self) -> list[str]:
        program = shutil.which("clamd", path=f"{os.environ['PATH']}:{SBIN}")
        assert program, "Install clamd: apt-get install clamav-daemon (make test does)."
        return [program, "-c", str(self.folder / "clamd.conf")]

    def write_settings(self) -> None:
        signatures = self.folder / "signatures"
        signatures.mkdir(parents=True, exist_ok=True)
        (signatures / "eicar.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
        (self.folder / "clamd.conf").write_text(
            f"LocalSocket {self.folder}/clamd.ctl\nDatabaseDirectory {signatures}\nForeground yes\n"
            f"StreamMaxLength {self.stream_max_length}\nMaxFileSize {self.max_file_size}\nAlertExceedsMax yes\n"
        )

    def start(self) -> None:
        self.write_settings()
        with (self.folder / "clamd.log").open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "clamd.log").read_text()
            assert time.monotonic() < deadline, "clamd did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def _answers(self) -> bool:
        try:
            Client(self.url).ping(until=time.monotonic() + 5)
        except NoAnswer:  # not ready: retry until the deadline
            return False
        return True
