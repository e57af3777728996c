"""Actions of patients during faults: they send files, take them back, answer, sign; the practice accepts and refuses.

The ledger records the answers, as actors.py does for practices.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from django.conf import settings

from tests.faults.actors import PATIENCE_SECONDS, Case, Unanswered, Wrong
from tests.scanner import EICAR

CSRF = "c" * 32
CODE_SECONDS = 60  # a patient who waits for an SMS asks for another one
SENTENCE = "J’ai lu les risques de l’intervention."


@dataclass(frozen=True)
class Account:
    """Of a patient. `record`: its id; `name` as on the record."""

    record: str
    name: str
    mobile: str
    token: str
    session: str  # of a browser


@dataclass
class Sent:
    """A file that was answered 201. `outcome`: what the practice, or the patient, did with it since."""

    request: str
    sha256: str
    outcome: str = "received"


@dataclass(kw_only=True)
class PatientCase(Case):
    """One appointment of a patient who has an account. `answers`: request -> the pain that was answered."""

    account: Account
    sent: dict[str, Sent] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)  # request -> the state that it must have
    answers: dict[str, int] = field(default_factory=dict)
    consents: dict[str, str] = field(default_factory=dict)  # document -> the state that its consent must have

    def patient(self) -> Any:
        return self.account.record

    def steps(self) -> dict[Callable[[], None], int]:
        return {
            self.send: 3, self.send_twice_at_once: 2, self.send_in_tenths: 3, self.send_in_tenths_twice_at_once: 2,
            self.send_a_virus: 2, self.take_back_sent: 2, self.settle: 2,
            self.take_back_while_accepting: 2, self.answer: 3, self.sign: 3, self.move: 1,
        }  # fmt: skip

    # --- Files ------------------------------------------------------------------------------------------------

    def send(self) -> None:
        self._send(self._ask(label="Ordonnance"), str(uuid.uuid4()), self._pdf())

    def send_twice_at_once(self) -> None:
        """A double click: the same key from two threads."""
        request, key, content = self._ask(label="Radio"), str(uuid.uuid4()), self._pdf()
        answers = both(lambda: self._send(request, key, content), lambda: self._send(request, key, content))
        if answers[0] != answers[1]:
            raise Wrong(f"one key, two files: {answers}")

    def send_in_tenths(self) -> None:
        """Then the form again, as after a lost answer; and the same file in another form: all of it is one file."""
        request, content, form = self._ask(label="Photo"), self._pdf(), str(uuid.uuid4())
        upload = self._upload(request, content)
        first, again = self._submit(request, form, upload), self._submit(request, form, upload)
        other = self._send(request, str(uuid.uuid4()), content)
        self._is_one(request, content, [*first, *again, other])

    def send_in_tenths_twice_at_once(self) -> None:
        """From two tabs, which go on with the same upload, and send a form each."""
        request, content = self._ask(label="Photo"), self._pdf()

        def tab() -> list[str]:
            return self._submit(request, str(uuid.uuid4()), self._upload(request, content))

        self._is_one(request, content, [pk for ids in both(tab, tab) for pk in ids])

    def send_a_virus(self) -> None:
        """Refused, whether or not the scanner answers at first."""
        if not self.world.scans:
            return
        request, content = self._ask(label="Bilan"), self._pdf() + b"\n%" + EICAR
        self._call(
            "POST", f"/me/requests/{request}/files/", {400}, key=str(uuid.uuid4()), token=self.account.token,
            files=lambda: {"file": ("bilan.pdf", io.BytesIO(content), "application/pdf")},
        )  # fmt: skip

    def _is_one(self, request: str, content: bytes, ids: list[str]) -> None:
        if len(set(ids)) != 1:
            raise Wrong(f"one file was sent, and became {ids}")
        self.sent[ids[0]] = Sent(request, hashlib.sha256(content).hexdigest())
        self.asked[request] = "received"

    def _upload(self, request: str, content: bytes) -> str:
        """Tenth by tenth, as static/js/pages_to_send.js does; returns the id of the upload. What was answered once is
        there for good."""
        address = f"/requests/{request}/pieces/"
        about = {"name": "ordonnance.pdf", "size": len(content), "fingerprint": hashlib.sha256(content).hexdigest()}
        begun = self._page("POST", address, {201}, data=about).json()
        offset, tenth = int(begun["offset"]), len(content) // 10 + 1
        while offset < len(content):
            piece = content[offset : offset + tenth]
            place = {"Upload-Offset": str(offset)}
            answer = self._page(
                "PATCH", f"{address}?upload={begun['id']}", {204, 409, 410}, data=piece, headers=place
            )
            if answer.status_code == 410:  # the other tab has sent it
                return self._upload(request, content)
            arrived = int(answer.headers["Upload-Offset"])
            if arrived < offset:
                raise Wrong(f"{offset} bytes had arrived, and {arrived} are left")
            offset = arrived
        return str(begun["id"])

    def _submit(self, request: str, form: str, upload: str) -> list[str]:
        """The form after its files; returns the ids of what came of it."""
        self._page("POST", f"/requests/{request}/", {201}, data={"upload": upload, "sending": form})
        listed = self._call("GET", "/me/requests/", {200}, token=self.account.token).json()["results"]
        (mine,) = [one for one in listed if one["id"] == request]
        return [str(one["id"]) for one in mine["files"]]

    def _page(
        self, method: str, path: str, right: set[int], *, data: Any, headers: dict[str, str] | None = None
    ) -> requests.Response:
        cookies = {settings.SESSION_COOKIE_NAME: self.account.session, settings.CSRF_COOKIE_NAME: CSRF}
        sent = {"X-CSRFToken": CSRF, "X-Requested-With": "pieces", **(headers or {})}
        return self._repeat(method, path, right, headers=sent, cookies=cookies, data=data, allow_redirects=False)

    def take_back_sent(self) -> None:
        if key := self._waiting():
            self._call("DELETE", f"/me/received/{key}/", {204}, again={404}, token=self.account.token)
            self._came(key, "taken back")

    def settle(self) -> None:
        """The practice accepts or refuses what waits."""
        if key := self._waiting():
            word, outcome = self.chance.choice([("accept", "accepted"), ("refuse", "refused")])
            # 409: a refusal whose answer was lost has settled it.
            self._call("POST", f"/received/{key}/{word}/", {200}, again={409}, json={"detail": "Illisible."})
            self._came(key, outcome)

    def take_back_while_accepting(self) -> None:
        """One of the two is first; the other one is refused."""
        key = self._waiting()
        if not key:
            return
        taken, accepted = both(
            lambda: (
                self._call(
                    "DELETE", f"/me/received/{key}/", {204, 409}, again={404}, token=self.account.token
                ).status_code
            ),
            lambda: self._call("POST", f"/received/{key}/accept/", {200, 404}, json={}).status_code,
        )
        if (taken == 409) is not (accepted == 200):
            raise Wrong(f"taken back: {taken}, and accepted: {accepted}")
        self._came(key, "accepted" if accepted == 200 else "taken back")

    def _send(self, request: str, key: str, content: bytes) -> str:
        answer = self._call(
            "POST", f"/me/requests/{request}/files/", {201}, key=key, token=self.account.token,
            files=lambda: {"file": ("ordonnance.pdf", io.BytesIO(content), "application/pdf")},
        )  # fmt: skip
        (made,) = answer.json()["results"]
        self.sent[made["id"]] = Sent(request, hashlib.sha256(content).hexdigest())
        self.asked[request] = "received"
        return str(made["id"])

    def _waiting(self) -> str:
        waiting = sorted(key for key, one in self.sent.items() if one.outcome == "received")
        return self.chance.choice(waiting) if waiting else ""

    def _came(self, key: str, outcome: str) -> None:
        one = self.sent[key]
        one.outcome = outcome
        self.asked[one.request] = "asked" if outcome == "taken back" else outcome

    # --- Answers ----------------------------------------------------------------------------------------------

    def answer(self) -> None:
        """A draft, changed once, and sent: with the last change, because none replaces another version than the one
        that it was made for."""
        request = self._ask(questionnaire=self.world.questionnaire)
        for pain in self.chance.sample(range(11), 2):
            item = [{"linkId": "pain", "answer": [{"valueInteger": pain}]}]
            draft = {"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": item}
            self._write(f"/me/requests/{request}/response/", draft)
        self._call("POST", f"/me/requests/{request}/submit/", {200}, token=self.account.token, json={})
        self.answers[request] = pain
        self.asked[request] = "accepted"

    def _write(self, where: str, draft: dict[str, Any]) -> None:
        """Read the version first; who is refused with a former one reads again, and perhaps it is written already."""
        for _attempt in range(3):
            read = self._call("GET", where, {200}, token=self.account.token)
            if read.json().get("item") == draft["item"]:
                return
            written = self._call(
                "PUT", where, {200}, again={412}, token=self.account.token, json=draft,
                if_match=read.headers["ETag"],
            )  # fmt: skip
            if written.status_code == 200:
                return
        raise Wrong("a draft that nobody else changes was another version three times")

    # --- Consents ---------------------------------------------------------------------------------------------

    def sign(self) -> None:
        """A document is shared, asks for a signature, and is signed, or refused; some are withdrawn later."""
        document = self._share(sign=False)
        consent = {"sentences": [SENTENCE]}
        self._post(f"/documents/{document}/consent/", consent)
        self.consents[document] = "asked"
        if self.chance.random() < 0.2:
            self._end(document, "refuse", "refused")
            return
        self._sign(document)
        self.consents[document] = "signed"
        if self.chance.random() < 0.3:
            self._end(document, "withdraw", "withdrawn")

    def _sign(self, document: str) -> None:
        """As a person does: whoever sees that it is not signed, and has no valid code, asks for another one."""
        where, deadline = f"/me/documents/{document}/sign/", time.monotonic() + PATIENCE_SECONDS
        given = {"pages": [1], "sentences": [SENTENCE], "name": self.account.name}
        while self._state(document) != "signed":
            if time.monotonic() > deadline:
                raise Unanswered(f"signing {document}")
            before = len(self._codes())
            self._call("POST", where, {200}, token=self.account.token, json=given)
            if code := self._next_code(before):
                # 400, 409: a try whose answer was lost used the code, had another one sent, or signed.
                right, coded = {200, 400, 409}, given | {"code": code}
                self._call("POST", where, right, token=self.account.token, json=coded)

    def _end(self, document: str, word: str, state: str) -> None:
        address = f"/me/documents/{document}/sign/{word}/"
        self._call("POST", address, {200}, again={409}, token=self.account.token, json={})
        if self._state(document) != state:
            raise Wrong(f"{word} was answered, and the consent is {self._state(document)}")
        self.consents[document] = state

    def _state(self, document: str) -> str:
        answer = self._call("GET", f"/me/documents/{document}/sign/", {200}, token=self.account.token)
        return str(answer.json()["state"])

    def _next_code(self, before: int) -> str:
        """ "" if no SMS comes."""
        deadline = time.monotonic() + CODE_SECONDS
        while len(codes := self._codes()) == before:
            if time.monotonic() > deadline:
                return ""
            time.sleep(0.2)
        return codes[-1]

    def _codes(self) -> list[str]:
        """Those that came to the patient's mobile."""
        texts = [json.loads(line) for line in self.world.texts.read_text().splitlines()]
        mine = [one["text"] for one in texts if one["to"] == self.account.mobile]
        return [found.group() for text in mine if (found := re.match(r"\d{6}\b", text))]

    def _ask(self, **what: str) -> str:
        request = str(self._post(f"/appointments/{self.appointment}/requests/", what)["id"])
        self.asked[request] = "asked"
        return request


def both(*calls: Callable[[], Any]) -> list[Any]:
    """The results of calls made at once. Raises what one of them raised."""
    results: list[Any] = [None] * len(calls)

    def call(number: int) -> None:
        try:
            results[number] = calls[number]()
        except (Unanswered, Wrong) as complaint:
            results[number] = complaint

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if complaints := [one for one in results if isinstance(one, Exception)]:
        raise complaints[0]
    return results
