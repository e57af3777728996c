"""Measures a practice's pages while patients send large files.

`python -m bench.patients_sending`: the whole of tools/stack on this machine, over TLS, PostgreSQL; a hundred patients
send 20 MB each within ten minutes, from pages, half of them a scanned PDF, half five photographs of a telephone. The
patients are a process of its own at the lowest priority: it represents other people's machines. Two people of the
practice work meanwhile, one request after the other. Before and after it, they work alone ("idle").

PATIENTS and MINUTES set other numbers.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pikepdf
import requests
from PIL import Image

from bench.installation import another_machine, whole_site
from bench.open_verification import addresses, caller, p99
from tools.stack.places import Places
from tools.stack.stack import Stack

PATIENTS = int(os.environ.get("PATIENTS", "100"))
MINUTES = float(os.environ.get("MINUTES", "10"))
IDLE_SECONDS = 60  # before, and once more after
PAUSE = 0.2  # of a person of the practice
FOUR_MB, PHOTOGRAPHS = 4_000_000, 5
GOAL = 2  # times the idle p99
PREPARE = """
import json
from datetime import date
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils import timezone
from accounts.models import User
from appointments.models import Appointment
from documents.receiving.asking import Question, ask
from patients.invitations import accept_invitation, invitation_for
from patients.records import create_patient
ALLAUTH = "allauth.account.auth_backends.AuthenticationBackend"
def session(user):
    client = Client()
    client.force_login(user, backend=ALLAUTH)
    return client.session.session_key
doctor = User.objects.get(email="dr.bernard@lilas.example")
TOTP.activate(doctor, generate_totp_secret())
template = Appointment.objects.filter(patient__last_name="Durand").latest("starts_at")
around = Appointment.objects.select_related("practice", "patient__practice", "holder", "agenda__practitioner")
senders = []
for number in range(PATIENTS):
    contacts = {"email": f"envoi{number}@courriel.example", "mobile": f"+336990{number:05}"}
    born = date(1970, 1, 1)
    record = create_patient(practice=template.practice, first_name="Envoi", last_name=f"Numero{number}",
        birth_date=born, by=doctor, **contacts)
    user = User.objects.create_user(password=None, first_name="Envoi", last_name=f"Numero{number}",
        mobile_verified_at=timezone.now(), **contacts)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    accept_invitation(invitation=invitation_for(patient=record, by=None), user=user, birth_date=born)
    start = template.starts_at + timezone.timedelta(days=30, minutes=20 * number)
    appointment = Appointment.objects.create(practice=template.practice, agenda=template.agenda,
        visit_reason=template.visit_reason, patient=record, starts_at=start,
        ends_at=start + timezone.timedelta(minutes=15))
    request = ask(appointment=around.get(pk=appointment.pk), question=Question("Radiographies"), by=doctor)
    senders.append({"session": session(user), "request": str(request.pk)})
print(json.dumps({"doctor": session(doctor), "appointment": str(template.pk), "patient": str(template.patient_id),
    "senders": senders}))
"""


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="docshare-bench-", dir="/tmp") as folder:
        stack = Stack(Path(folder), places=Places(Path(folder)))
        with whole_site(stack):
            Measurement(stack).report()


class Measurement:
    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.site = stack.places.site
        self.certificate = str(stack.places.secrets / "tls_certificate")
        stack.demo()
        code = PREPARE.replace("PATIENTS", str(PATIENTS))
        self.there = json.loads(stack.manage("shell", "-v", "0", "-c", code).strip().splitlines()[-1])
        self.pages = {
            "agenda": "/pro/",
            "appointment": f"/pro/appointments/{self.there['appointment']}/",
            "record": f"/pro/patients/{self.there['patient']}/",
            "received": "/pro/received/",
        }

    def report(self) -> None:
        before = self.work(IDLE_SECONDS)
        with self.patients() as sent:
            busy = self.work(MINUTES * 60)
        after = self.work(IDLE_SECONDS)
        idle = {page: before[page] + after[page] for page in self.pages}
        for page in self.pages:
            print(f"{page}: {_both(idle[page], busy[page])}", flush=True)
        all_idle, all_busy = (list(itertools.chain(*times.values())) for times in (idle, busy))
        print(f"patients: {sent['counts']}; p99 of a sending {p99(sent['seconds']):.1f} s,", end=" ")
        print(f"median {statistics.median(sent['seconds']):.1f} s")
        print(f"patients send {PATIENTS} × 20 MB in {MINUTES:g} minutes: pages of the practice, p99", end=" ")
        print(f"{_both(all_idle, all_busy)} (goal: under {GOAL})")
        assert set(sent["counts"]) == {"302"}, "the figures count only if every file was taken"

    def work(self, seconds: float) -> dict[str, list[float]]:
        """Seconds of each request of two people, by page."""
        times: dict[str, list[float]] = {page: [] for page in self.pages}

        def person(number: int) -> None:
            session = caller(self.site, self.certificate, f"127.0.0.{number + 2}")
            session.cookies.set("__Host-session", self.there["doctor"], secure=True)
            ends, warm = time.monotonic() + seconds, False
            for page, path in itertools.cycle(self.pages.items()):
                if time.monotonic() > ends:
                    return
                start = time.perf_counter()
                response = session.get(f"{self.site}{path}", timeout=120)
                took = time.perf_counter() - start
                assert response.status_code == 200, (page, response.status_code)
                assert "/account/" not in response.url, response.url
                if warm:
                    times[page].append(took)
                warm = warm or page == "received"
                time.sleep(PAUSE)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(person, range(2)))
        return times

    @contextmanager
    def patients(self) -> Iterator[dict[str, Any]]:
        """They send during the block; then how it went."""
        sent: dict[str, Any] = {}
        command = ["bench.patients_sending", self.site, self.certificate, str(MINUTES * 60)]
        with another_machine(*command) as generator:
            assert generator.stdin
            assert generator.stdout
            assert generator.stdout.readline() == "ready\n"
            generator.stdin.write(json.dumps(self.there["senders"]) + "\n")
            generator.stdin.flush()
            yield sent
            output, _ = generator.communicate("")
        sent |= json.loads(output)


def _both(idle: list[float], busy: list[float]) -> str:
    each = ", ".join(
        f"{which} {p99(times) * 1000:.0f} ms (median {statistics.median(times) * 1000:.0f}, {len(times)} requests)"
        for which, times in (("idle", idle), ("busy", busy))
    )
    return f"{each}; {p99(busy) / p99(idle):.2f} times"


def send_all(site: str, certificate: str, seconds: str) -> None:
    """Makes the files, then reads senders from standard input; they begin at random moments of the time. Prints the
    answers as JSON."""
    scan, photographs = _scan(), [_photograph(number) for number in range(PHOTOGRAPHS)]
    print("ready", flush=True)
    senders = json.loads(sys.stdin.readline())
    chance = random.Random(20)
    moments = sorted(chance.uniform(0, float(seconds) * 0.95) for _ in senders)
    began, own_addresses = time.monotonic(), addresses(90)
    counts: Counter[str] = Counter()
    took: list[float] = []

    def send(number: int, sender: dict[str, str], address: str) -> None:
        time.sleep(max(0, began + moments[number] - time.monotonic()))
        files = [("file", ("scan.pdf", scan, "application/pdf"))]
        if number % 2:
            files = [("file", (f"{at}.jpg", one, "image/jpeg")) for at, one in enumerate(photographs)]
        session = _of_patient(caller(site, certificate, address), sender["session"])
        start = time.perf_counter()
        answer = session.post(
            f"{site}/requests/{sender['request']}/", files=files, timeout=300, allow_redirects=False
        )
        took.append(time.perf_counter() - start)
        counts[str(answer.status_code)] += 1

    threads = [
        threading.Thread(target=send, args=(number, sender, next(own_addresses)))
        for number, sender in enumerate(senders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"counts": counts, "seconds": took}))


def _of_patient(session: requests.Session, key: str) -> requests.Session:
    token = "b" * 32
    session.cookies.set("__Host-session", key, secure=True)
    session.cookies.set("__Host-csrf", token, secure=True)
    session.headers["X-CSRFToken"] = token
    return session


def _scan() -> bytes:
    """A PDF of five scanned pages, 20 MB in all."""
    pdf = pikepdf.Pdf.new()
    for number in range(PHOTOGRAPHS):
        page = pdf.add_blank_page(page_size=(595, 842))
        image = pikepdf.Stream(pdf, _photograph(10 + number))
        image.Type, image.Subtype, image.Filter = pikepdf.Name.XObject, pikepdf.Name.Image, pikepdf.Name.DCTDecode
        image.Width, image.Height, image.BitsPerComponent, image.ColorSpace = 4000, 3000, 8, pikepdf.Name.DeviceRGB
        page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Scan=pdf.make_indirect(image)))
        page.obj.Contents = pdf.make_stream(b"q 595 0 0 446 0 0 cm /Scan Do Q")
    written = io.BytesIO()
    pdf.save(written)
    return written.getvalue()


def _photograph(seed: int) -> bytes:
    """Twelve megapixels in 4 MB, as telephones make them."""
    small = Image.frombytes("RGB", (800, 600), random.Random(seed).randbytes(800 * 600 * 3))
    image = small.resize((4000, 3000), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=84)
    assert abs(buffer.tell() - FOUR_MB) < FOUR_MB / 10, buffer.tell()
    return buffer.getvalue()


if __name__ == "__main__":
    send_all(*sys.argv[1:]) if sys.argv[1:] else run()
