"""A queue and a thread that posts its items, so that no request and no task waits for the server."""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

from notifications.channels.whole_answers import bound

logger = logging.getLogger(__name__)
ROOM = 1000  # items that wait
GATHER_SECONDS = 1.0
TIMEOUT = (3, 5)  # seconds to connect, and between two bytes
LONGEST_ANSWER = 10  # seconds in all
REST_SECONDS = 60  # after a refusal
LEAVING_SECONDS = 3.0


class Outgoing:
    """Drops items when the queue is full or while the server refuses, because reports matter less than work."""

    def __init__(
        self, url: str, headers: Mapping[str, str], body: Callable[[list[dict[str, Any]]], bytes], *, batch: int
    ) -> None:
        """`body`: makes the request body from at most `batch` items."""
        self._url, self._headers, self._body, self._batch = url, dict(headers), body, batch
        self._items: queue.Queue[dict[str, Any]] = queue.Queue(ROOM)
        self._lock = threading.Lock()
        self._process = 0  # id of the process with the thread: a forked child has none
        self._rests_until = 0.0
        atexit.register(self.flush, LEAVING_SECONDS)

    def put(self, item: dict[str, Any]) -> None:
        if time.monotonic() < self._rests_until:
            return
        try:
            self._items.put_nowait(item)
        except queue.Full:
            return
        if self._process != os.getpid():
            self._start()

    def flush(self, seconds: float) -> None:
        """Wait until all items are posted, at most so many seconds."""
        until = time.monotonic() + seconds
        while self._process == os.getpid() and self._items.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.02)

    def _start(self) -> None:
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                threading.Thread(target=self._run, name="telemetry", daemon=True).start()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # no proxy, no .netrc: the settings alone decide where requests go
            session.headers.update(self._headers)
            bound(session, LONGEST_ANSWER)
            while True:
                batch = self._gather()
                self._post(session, batch)
                for _item in batch:
                    self._items.task_done()

    def _gather(self) -> list[dict[str, Any]]:
        """At least one item, and those that arrive within a second after it."""
        batch, until = [self._items.get()], time.monotonic() + GATHER_SECONDS
        while len(batch) < self._batch and (left := until - time.monotonic()) > 0:
            try:
                batch.append(self._items.get(timeout=left))
            except queue.Empty:
                break
        return batch

    def _post(self, session: requests.Session, batch: list[dict[str, Any]]) -> None:
        try:
            response = session.post(self._url, data=self._body(batch), timeout=TIMEOUT, allow_redirects=False)
            fault = "" if response.ok else f"HTTP {response.status_code}"
        except requests.RequestException as error:
            fault = type(error).__name__
        if fault:
            self._rests_until = time.monotonic() + REST_SECONDS
            # A warning: an error would be reported to the same server.
            logger.warning("%d reports were not taken (%s); none is sent for a minute.", len(batch), fault)
