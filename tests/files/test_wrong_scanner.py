"""A scanner that answers wrongly, or never finishes: no file passes, and it waits as if the scanner were down."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from files import sandbox, scanning
from files.intake import Intake, Refused, ScannerUnavailable
from tests.documents.conftest import PDF
from tests.faults.between import STATES, standing
from tests.scanner import Clamd

Receive = Callable[..., Intake]
WRONG = [state for state in STATES["clamd"] if state != "well"]


@dataclass
class Crooked:
    state: str = "well"


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """The tests measure the wait for the scanner, not the start of the sandbox."""
    sandbox.run(len, [])


@pytest.fixture(scope="module")
def clamd() -> Iterator[Clamd]:
    scanner = Clamd(Path(tempfile.mkdtemp(prefix="clamd-")))
    scanner.start()
    yield scanner
    scanner.stop()
    shutil.rmtree(scanner.folder)


@pytest.fixture
def crooked(clamd: Clamd, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crooked]:
    """A faulty proxy in front of the real clamd."""
    monkeypatch.setattr(scanning, "LONGEST_SCAN", 2)
    monkeypatch.setattr(scanning, "LONGEST_PING", 1)
    crooked = Crooked()
    with standing("clamd", f"{clamd.folder}/clamd.ctl", lambda: crooked.state) as address:
        settings.CLAMD_URL = f"tcp://{address}"
        yield crooked


@pytest.mark.parametrize("state", WRONG)
def test_a_wrong_answer_is_never_clean_and_the_file_goes_through_later(
    state: str, crooked: Crooked, receive: Receive
) -> None:
    crooked.state = state
    began = time.monotonic()
    with pytest.raises(Refused) as caught:
        receive(PDF)
    assert isinstance(caught.value, ScannerUnavailable)
    assert time.monotonic() - began < 30  # it drips for ever
    crooked.state = "well"
    assert receive().size == len(PDF)


@pytest.mark.parametrize("state", [state for state in WRONG if state != "closing"])
def test_a_wrong_answer_to_ping_is_no_sign_of_life(state: str, crooked: Crooked) -> None:
    crooked.state = state
    assert not scanning.answers()
    crooked.state = "well"
    assert scanning.answers()


@pytest.mark.parametrize(
    "answer",
    [
        b"stream: some thing OK\n",
        b"other: OK\n",
        b"stream: OK\nstream: Eicar FOUND\n",
        b"stream: OK" + b" " * 5000 + b"\n",
    ],
)
def test_only_what_clamd_says_of_a_clean_file_is_clean(answer: bytes, settings: Any, receive: Receive) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def say() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, connection.makefile("rb") as asked:
                        if asked.readline() == b"nINSTREAM\n":
                            while size := int.from_bytes(asked.read(4)):
                                asked.read(size)
                        connection.sendall(answer)

        threading.Thread(target=say, daemon=True).start()
        settings.CLAMD_URL = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ScannerUnavailable):
            receive(PDF)
