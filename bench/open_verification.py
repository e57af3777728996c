"""Measures pages of signed-in users during forty concurrent verifications of deliberately slow files.

`python -m bench.open_verification`: the whole of tools/stack on this machine, over TLS, load generator on the same
cores, in a process of its own at the lowest priority. Every wave of forty comes from another address, so each stays
within the documented limit. One person signs in and one looks at the agenda, one request after the other. Measured
right before: the same without strangers ("idle"), and beside the same files sent to an address that nginx refuses by
itself ("floor": what the connections, TLS and the generator cost on these cores).
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from bench.installation import another_machine, whole_site
from bench.slow_pdfs import SLOW
from tools.stack.places import Places
from tools.stack.stack import Stack

RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "30"))
AT_ONCE = 40
BETWEEN_WAVES = 4.0  # seconds
PAUSE = 0.05  # of a person
KINDS = ("pages_full_of_text", "forms_within_forms", "many_signatures", "fields_in_a_chain")
SIGN_IN = """
import json
from django.test import Client
from accounts.models import User
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
doctor = User.objects.get(email="dr.bernard@lilas.example")
TOTP.activate(doctor, generate_totp_secret())
client = Client()
client.force_login(doctor, backend="allauth.account.auth_backends.AuthenticationBackend")
print(json.dumps({"session": client.session.session_key}))
"""


class FromAddress(HTTPAdapter):
    """Connections from this address of the machine: all of 127.0.0.0/8 is."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **more, source_address=(self._address, 0))


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="docshare-bench-", dir="/tmp") as folder:
        stack = Stack(Path(folder), places=Places(Path(folder)))
        with whole_site(stack):
            Measurement(stack).report()


class Measurement:
    def __init__(self, stack: Stack) -> None:
        self.site = stack.places.site
        self.certificate = str(stack.places.secrets / "tls_certificate")
        doctor = next(member for member in stack.demo()["staff"] if member["email"].startswith("dr.bernard"))
        self.credentials = {"login": doctor["email"], "password": doctor["password"]}
        output = stack.manage("shell", "-v", "0", "-c", SIGN_IN).strip().splitlines()[-1]
        self.doctor = self.caller("127.0.0.1")
        self.doctor.cookies.set("__Host-session", json.loads(output)["session"], secure=True)
        self.addresses = addresses(1)

    def caller(self, address: str) -> requests.Session:
        return caller(self.site, self.certificate, address)

    def report(self) -> None:
        ratios: dict[str, list[float]] = {"sign-in": [], "agenda": []}
        for number in range(RUNS):
            idle = self.measure()
            with self.strangers(number, "/metrics", {404}):
                floor = self.measure()
            with self.strangers(number, "/api/v1/verify/", {200, 400, 503}) as answers:
                busy = self.measure()
            for name, values in ratios.items():
                values.append(p99(busy[name]) / p99(idle[name]))
                each = ", ".join(
                    f"{which} {p99(times[name]) * 1000:.0f} ms (median {statistics.median(times[name]) * 1000:.0f}, "
                    f"{len(times[name])} requests)"
                    for which, times in (("idle", idle), ("floor", floor), ("verifying", busy))
                )
                print(f"run {number + 1}, {name}: p99 {each}; {values[-1]:.2f} times idle", flush=True)
            counts = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
            print(f"run {number + 1}, strangers were answered: {counts}", flush=True)
        for name, values in ratios.items():
            print(
                f"open verification, {name}: p99 {statistics.median(values):.2f} times the idle one (goal: under 2)"
            )

    def measure(self) -> dict[str, list[float]]:
        """Seconds of each request."""
        with ThreadPoolExecutor(2) as pool:
            futures = {"sign-in": pool.submit(again, self.sign_in), "agenda": pool.submit(again, self.agenda)}
            return {name: times.result() for name, times in futures.items()}

    def sign_in(self) -> float:
        """Load the page and send the right password; the answer asks for the second factor."""
        session = self.caller(next(self.addresses))
        start = time.perf_counter()
        page = session.get(f"{self.site}/account/login/", timeout=60)
        form = {**self.credentials, "csrfmiddlewaretoken": session.cookies["__Host-csrf"]}
        response = session.post(page.url, data=form, timeout=60, allow_redirects=False)
        took = time.perf_counter() - start
        assert response.status_code == 302, response.status_code
        session.close()
        return took

    def agenda(self) -> float:
        start = time.perf_counter()
        response = self.doctor.get(f"{self.site}/pro/", timeout=60)
        took = time.perf_counter() - start
        assert response.status_code == 200, response.status_code
        assert "/account/" not in response.url, response.url
        return took

    @contextmanager
    def strangers(self, number: int, path: str, expected: set[int]) -> Iterator[Counter[int]]:
        """Send waves of forty until the end of the block; then the number of answers by status."""
        answers: Counter[int] = Counter()
        command = ["bench.open_verification", self.site, self.certificate, path, str(number)]
        with another_machine(*command) as generator:
            yield answers
            output, _ = generator.communicate("")
        answers.update({int(status): count for status, count in json.loads(output).items()})
        assert answers, "the generator sent nothing"
        assert set(answers) <= expected, answers


def waves(site: str, certificate: str, path: str, number: str) -> None:
    """Forty files at once, every four seconds, until standard input ends; prints the answers as JSON."""
    files = itertools.cycle([SLOW[kind]() for kind in KINDS])
    answers: Counter[int] = Counter()
    done = threading.Event()

    def send(session: requests.Session, content: bytes) -> None:
        response = session.post(f"{site}{path}", files={"file": ("a.pdf", content, "application/pdf")}, timeout=120)
        answers[response.status_code] += 1

    def wait_for_the_end() -> None:
        sys.stdin.read()
        done.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    own_addresses = addresses(100 + 2 * int(number) + (path == "/metrics"))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while not done.wait(BETWEEN_WAVES):
            session = caller(site, certificate, next(own_addresses))
            list(pool.map(send, [session] * AT_ONCE, itertools.islice(files, AT_ONCE)))
            session.close()
    print(json.dumps(answers))


def caller(site: str, certificate: str, address: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = certificate
    session.headers["Referer"] = f"{site}/"
    session.mount("https://", FromAddress(address))
    return session


def addresses(number: int) -> Iterator[str]:
    """Addresses of this machine, each once."""
    return (f"127.{number}.{b}.{c}" for b in range(1, 200) for c in range(1, 200))


def again(ask: Callable[[], float]) -> list[float]:
    """Call once to warm up, then until SECONDS are over."""
    ask()
    times, ends = [], time.monotonic() + SECONDS
    while time.monotonic() < ends:
        times.append(ask())
        time.sleep(PAUSE)
    return times


def p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[98]


if __name__ == "__main__":
    waves(*sys.argv[1:]) if sys.argv[1:] else run()
