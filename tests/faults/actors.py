"""Actions of users during faults: through the HTTP API, like a practice's own software, repeated until answered.

Each case is one patient and one appointment; the ledger records the answers.
"""

from __future__ import annotations

import io
import itertools
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import requests
from django.utils import timezone

PATIENCE_SECONDS = 900  # for a busy machine; a call without an answer for so long is a fault
LATER = {409, 429}  # 409: the first call with this key is still running


class Unanswered(Exception):
    """No definite answer within PATIENCE_SECONDS."""


class Wrong(Exception):
    """An answer that this call must not get."""


@dataclass
class World:
    """What the actors know about the installation."""

    bases: list[str]
    doctor: str  # tokens
    secretary: str
    agenda: str
    visit_reason: str
    library: list[str]
    read_seconds: float
    scans: bool  # whether a virus is found
    questionnaire: str
    texts: Path
    retries: int = 0
    calls: int = 0


@dataclass
class Case:
    """One appointment from its actor's view. `shares`: key -> document in the answer."""

    number: str
    world: World
    chance: random.Random
    appointment: str = ""
    start: datetime = field(default_factory=timezone.now)
    shares: dict[str, str] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)  # of documents whose bytes must stay unchanged
    taken_back: set[str] = field(default_factory=set)
    cancelled: bool = False
    deleted: bool = False
    complaint: str = ""

    def run(self) -> None:
        """A case: book, share, change one's mind."""
        try:
            self.book()
            weights = self.steps()
            for step in self.chance.choices(
                list(weights), weights=list(weights.values()), k=self.chance.randint(2, 4)
            ):
                step()
                time.sleep(self.chance.uniform(0, 1.5))
            last: Callable[[], None] | None = self.chance.choice([None, None, self.cancel, self.delete])
            if last:
                last()
        except (Unanswered, Wrong) as complaint:
            self.complaint = f"{type(complaint).__name__}: {complaint}"

    def steps(self) -> dict[Callable[[], None], int]:
        """With their weights."""
        return {
            self.share_signed: 4, self.share_unsigned: 2, self.share_from_library: 2, self.share_twice_at_once: 2,
            self.take_back: 2, self.move: 1, self.read: 3,
        }  # fmt: skip

    def book(self) -> None:
        self.start = timezone.now() + timedelta(days=self.chance.randint(20, 60), minutes=self.chance.randint(0, 900))
        body = {"agenda": self.world.agenda, "visit_reason": self.world.visit_reason, "patient": self.patient()}
        made = self._post("/appointments/", {**body, "start": self.start.isoformat()}, token=self.world.secretary)
        self.appointment = made["id"]

    def patient(self) -> Any:
        """A new record, or the id of one."""
        return {
            "first_name": "Essai", "last_name": self.number, "birth_date": "1970-01-01",
            "email": f"{self.number}@courriel.example", "mobile": f"+3361{self.chance.randrange(10**7):07}",
        }  # fmt: skip

    def share_signed(self) -> None:
        self._share(sign=True)

    def share_unsigned(self) -> None:
        self._share(sign=False)

    def share_from_library(self) -> None:
        key = str(uuid.uuid4())
        body = {"library_document": self.chance.choice(self.world.library)}
        self.shares[key] = self._post(f"/appointments/{self.appointment}/documents/", body, key=key)["id"]

    def share_twice_at_once(self) -> None:
        """A double click: the same key from two threads."""
        key, content = str(uuid.uuid4()), self._pdf()
        answers: list[Any] = []

        def click() -> None:
            try:
                answers.append(self._share(sign=True, key=key, content=content))
            except (Unanswered, Wrong) as complaint:
                answers.append(complaint)

        second = threading.Thread(target=click)
        second.start()
        click()
        second.join()
        if complaints := [one for one in answers if isinstance(one, Exception)]:
            raise complaints[0]
        if len(set(answers)) != 1:
            raise Wrong(f"one key, two documents: {answers}")

    def take_back(self) -> None:
        if document := self._any_document():
            self._call("DELETE", f"/documents/{document}/", {204}, again={404})
            self.taken_back.add(document)

    def read(self) -> None:
        """Our servers return the right bytes, whatever S3 returned to them (direct reads from S3 may get
        anything)."""
        document = self._any_document()
        content = self.contents.get(document)

        def is_whole(answer: requests.Response) -> bool:
            if answer.content == content or (content is None and answer.content.startswith(b"%PDF")):
                return True
            if answer.url.startswith(tuple(self.world.bases)):
                raise Wrong(f"document {document}: {len(answer.content)} bytes that are not its own")
            return False

        if document:
            self._call("GET", f"/documents/{document}/content/", {200}, accepted=is_whole)

    def _any_document(self) -> str:
        there = sorted(set(self.shares.values()) - self.taken_back)
        return self.chance.choice(there) if there else ""

    def move(self) -> None:
        self.start += timedelta(days=1)
        address = f"/appointments/{self.appointment}/"
        self._call("PATCH", address, {200}, json={"start": self.start.isoformat()})

    def cancel(self) -> None:
        self._post(f"/appointments/{self.appointment}/cancel/", {}, status=200)
        self.cancelled = True

    def delete(self) -> None:
        self._call("DELETE", f"/appointments/{self.appointment}/", {204}, again={404})
        self.deleted = True

    def _share(self, *, sign: bool, key: str | None = None, content: bytes | None = None) -> str:
        key = key or str(uuid.uuid4())
        form: dict[str, Any] = {"category": "report", "title": "Compte rendu", "sign": str(sign).lower()}
        if sign:
            form |= {"page": 1, "x": 0.5, "y": 0.5}
        address = f"/appointments/{self.appointment}/documents/"
        content = content or self._pdf()
        answer = self._call(
            "POST", address, {201}, key=key, data=form,
            files=lambda: {"file": ("compte-rendu.pdf", io.BytesIO(content), "application/pdf")},
        )  # fmt: skip
        self.shares[key] = answer.json()["id"]
        if not sign:
            self.contents[self.shares[key]] = content
        return self.shares[key]

    def _pdf(self) -> bytes:
        pdf = pikepdf.Pdf.new()
        page = pdf.add_blank_page(page_size=(595, 842))
        scan = self.chance.randbytes(self.chance.choice([1, 40, 900]) << 10)
        page.obj.Scan = pdf.make_indirect(pikepdf.Stream(pdf, scan))
        buffer = io.BytesIO()
        pdf.save(buffer, compress_streams=False)
        return buffer.getvalue()

    def _post(self, path: str, body: Any, *, key: str = "", token: str = "", status: int = 201) -> dict[str, Any]:
        answer = self._call("POST", path, {status}, key=key or str(uuid.uuid4()), token=token, json=body)
        return dict(answer.json())

    def _call(
        self, method: str, path: str, right: set[int], *, key: str = "", token: str = "",
        again: set[int] | None = None, if_match: str = "", files: Callable[[], Any] | None = None,
        accepted: Callable[[requests.Response], bool] = lambda answer: True, **body: Any,
    ) -> requests.Response:  # fmt: skip
        """Of the API, repeated until answered. `again`: statuses also accepted once an earlier attempt may have
        succeeded."""
        headers = {"Authorization": f"Bearer {token or self.world.doctor}"}
        if key:
            headers["Idempotency-Key"] = key
        if if_match:
            headers["If-Match"] = if_match
        return self._repeat(
            method, f"/api/v1{path}", right, headers=headers, again=again, files=files, accepted=accepted, **body
        )

    def _repeat(
        self, method: str, path: str, right: set[int], *, headers: dict[str, str], again: set[int] | None = None,
        files: Callable[[], Any] | None = None, accepted: Callable[[requests.Response], bool] = lambda answer: True,
        **body: Any,
    ) -> requests.Response:  # fmt: skip
        deadline = time.monotonic() + PATIENCE_SECONDS
        last: object = None
        self.world.calls += 1
        bases = itertools.cycle(self.chance.sample(self.world.bases, len(self.world.bases)))
        for attempt, base in enumerate(bases):
            self.world.retries += attempt > 0
            try:
                answer = requests.request(
                    method, f"{base}{path}", headers=headers, timeout=(3, self.world.read_seconds),
                    files=files() if files else None, **body,
                )  # fmt: skip
            except requests.RequestException as error:
                last = type(error).__name__
            else:
                last = answer.status_code
                ours = answer.url.startswith(tuple(self.world.bases))
                if answer.status_code in right or (attempt and answer.status_code in (again or ())):
                    if accepted(answer):
                        return answer
                elif ours and answer.status_code < 500 and answer.status_code not in LATER:
                    raise Wrong(f"{method} {path.split('/')[-2]}: {answer.status_code} {answer.text[:200]}")
            if time.monotonic() > deadline:
                raise Unanswered(f"{method} {path}: {last}")
            time.sleep(0.3 + 0.2 * min(attempt, 10))
        raise AssertionError("bases cycle for ever")
