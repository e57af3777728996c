"""The work of a practice and its patients: every call is made once, and must get the right answer."""

from __future__ import annotations

import hashlib
import io
import random
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pikepdf
import requests

from tests.faults.installation import wait_until

ACTORS = 3  # at the same time
PAUSE = 0.3  # seconds at most before a call, as users pause
CALLS = 60  # in total, in a phase without another end
LINK = re.compile(r"/d/[\w.\-]+")


class Refused(Exception):
    """The case cannot continue."""


@dataclass
class Practice:
    """`bases`: the web servers, any of them for any call. `demo`: the output of `manage.py demo --json`."""

    bases: list[str]
    demo: dict[str, Any]
    outbox: Path
    phase: str = ""
    refused: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    shared: dict[str, dict[str, str]] = field(
        default_factory=dict
    )  # appointment -> document -> SHA-256, "" if signed
    held: dict[str, str] = field(default_factory=dict)  # documents sent to the holder -> SHA-256
    holders: list[str] = field(default_factory=list)  # appointments of the holder

    def __post_init__(self) -> None:
        self.staff = {role: person["token"] for person in self.demo["staff"] for role in person["roles"]}
        self.doctor = self.demo["staff"][0]["token"]
        self.reason = next(one["id"] for one in self.demo["visit_reasons"] if one["name"] == "Consultation de suivi")
        self.agenda = self.demo["agendas"][0]["id"]
        self._over = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        actors = [threading.Thread(target=self._work, args=(random.Random(seed),)) for seed in range(ACTORS)]
        for actor in actors:
            actor.start()
        try:
            yield
        finally:
            self._over.set()
            for actor in actors:
                actor.join(120)

    def go_on(self, phase: str) -> None:
        """Return after CALLS answers in this phase."""
        self.phase = phase
        enough = self.calls[phase] + CALLS
        wait_until(lambda: self.calls[phase] >= enough or bool(self.refused), 120, f"{CALLS} calls {phase}")

    def _work(self, chance: random.Random) -> None:
        while not self._over.is_set():
            try:
                self._case(chance)
            except Refused as refused:
                self.refused.append(f"{self.phase}: {refused}")

    def _case(self, chance: random.Random) -> None:
        """A patient comes, gets documents, and reads; an appointment is moved; a document is taken back."""
        name, start = uuid.uuid4().hex[:10], datetime.now(UTC) + timedelta(days=chance.randint(20, 60))
        patient = {
            "first_name": "Essai", "last_name": name, "birth_date": "1970-01-01", "email": f"{name}@courriel.example",
            "mobile": f"+3361{chance.randrange(10**7):07}",
        }  # fmt: skip
        body = {"agenda": self.agenda, "visit_reason": self.reason, "patient": patient, "start": start.isoformat()}
        appointment = self.call("POST", "/api/v1/appointments/", 201, json=body)["id"]
        address = f"/api/v1/appointments/{appointment}/"
        documents = self.shared.setdefault(appointment, {})
        for sign in (True, False):
            content = _pdf(chance)
            documents[self.share(address, content, sign=sign)] = "" if sign else _sha256(content)
        one = self.call("POST", f"{address}documents/", 201, json={"library_document": self.demo["library"][0]["id"]})
        self.call("DELETE", f"/api/v1/documents/{one['id']}/", 204)
        self.call("PATCH", address, 200, json={"start": (start + timedelta(hours=1)).isoformat()})
        self.call("PATCH", f"/api/v1/patients/{self.patient_of(address)}/", 200, json={"first_name": "Essai corrigé"})
        for document, sha256 in documents.items():
            self.read(f"/api/v1/documents/{document}/content/", sha256)
        self.call("GET", f"{address}history/", 200)
        self.call("GET", "/api/v1/patients/", 200, params={"search": name})
        self.of_holder(chance)
        self.by_link(chance)

    def patient_of(self, address: str) -> str:
        patient = self.call("GET", address, 200)["patient"]
        return str(patient["id"] if isinstance(patient, dict) else patient)

    def of_holder(self, chance: random.Random) -> None:
        """Shared from the account's own appointment, and read in the account."""
        content = _pdf(chance)
        document = self.share(f"/api/v1/appointments/{chance.choice(self.holders)}/", content, sign=False)
        self.held[document] = _sha256(content)
        token = self.demo["holder"]["token"]
        self.call("GET", "/api/v1/me/documents/", 200, token=token)
        self.read(f"/api/v1/me/documents/{document}/content/", self.held[document], token=token)

    def by_link(self, chance: random.Random) -> None:
        """Read an automatic document without an account, by a link that either version sent."""
        emails = sorted(self.outbox.glob("*.eml"))
        for email in chance.sample(emails, min(len(emails), 20)):
            text = message_from_bytes(email.read_bytes(), policy=policy.default).get_body(("plain",))
            if text and (found := LINK.search(text.get_content())):
                self.call("GET", found[0], 200, token="")
                self.read(f"{found[0]}/1", token="", method="POST")
                return

    def book_online(self) -> None:
        """Booked by the account holder for himself."""
        first, token = datetime.now(UTC).date() + timedelta(days=3), self.demo["holder"]["token"]
        query = {"visit_reason": self.reason, "from": first, "to": first + timedelta(days=14)}
        slots = self.call("GET", f"/api/v1/agendas/{self.agenda}/slots/", 200, params=query, token="")["results"]
        body = {"agenda": self.agenda, "visit_reason": self.reason, "kind": "in_person", "booked_for": "self"}
        body["start"] = slots[len(self.holders)]["start"]
        self.holders.append(self.call("POST", "/api/v1/bookings/", 201, json=body, token=token)["id"])

    def share(self, address: str, content: bytes, *, sign: bool) -> str:
        form: dict[str, Any] = {"category": "report", "title": "Compte rendu", "sign": str(sign).lower()}
        if sign:
            form |= {"page": 1, "x": 0.5, "y": 0.5}
        file = {"file": ("compte-rendu.pdf", io.BytesIO(content), "application/pdf")}
        return str(self.call("POST", f"{address}documents/", 201, data=form, files=file)["id"])

    def read(self, path: str, sha256: str = "", *, token: str | None = None, method: str = "GET") -> None:
        answer = self.answer(method, path, 200, token=token)
        if not answer.content.startswith(b"%PDF") or (sha256 and _sha256(answer.content) != sha256):
            raise Refused(f"{method} {path}: {len(answer.content)} bytes that are not the document's")

    def call(self, method: str, path: str, right: int, **body: Any) -> dict[str, Any]:
        answer = self.answer(method, path, right, **body)
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return dict(answer.json()) if is_json else {}

    def answer(
        self, method: str, path: str, right: int, *, token: str | None = None, **body: Any
    ) -> requests.Response:
        """Call once: any other status than the right one is a refusal."""
        time.sleep(random.uniform(0, PAUSE))
        base = random.choice(self.bases)  # read it at once: a version that stops is removed from the list first
        key = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        token = self.doctor if token is None else token
        headers = key | ({"Authorization": f"Bearer {token}"} if token else {})
        what = f"{method} {path} of {base}"
        try:
            answer = requests.request(method, f"{base}{path}", headers=headers, timeout=60, **body)
        except requests.RequestException as error:
            raise Refused(f"{what}: {error}") from error
        self.calls[self.phase] += 1
        if answer.status_code != right:
            raise Refused(f"{what}: {answer.status_code} {answer.text[:300]}")
        return answer


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _pdf(chance: random.Random) -> bytes:
    pdf = pikepdf.Pdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    page.obj.Scan = pdf.make_indirect(pikepdf.Stream(pdf, chance.randbytes(1 << 10)))
    buffer = io.BytesIO()
    pdf.save(buffer, compress_streams=False)
    return buffer.getvalue()
