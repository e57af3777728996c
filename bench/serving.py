"""Measures documents behind nginx: downloads against plain files, slow readers, uploads against cp and sha256sum.

`python -m bench.serving`: the whole of tools/stack on this machine, over TLS, load generator on the same cores.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import requests

from bench import report
from bench.client import Patient, copied_and_hashed
from bench.installation import whole_site
from bench.samples import large_pdf
from docshare.demo.letters import letter
from files.clamd import Clamd
from tools.stack.places import Places
from tools.stack.stack import Stack

SIZES = {"1 kB": 1 << 10, "1 MB": 1 << 20, "50 MB": 52_428_800}
GOALS = {"1 kB": 0.6, "50 MB": 0.9}
FLOORS = {"bare": "a bare view behind the session", "nginx": "nginx's own files"}
STILL = "access decided, the bytes still those of the record, each one a reading in the history"
SIGNED = {"sign": "true", "page": "4", "x": "0.8", "y": "0.9"}
WIRE_GOAL = 0.5
UPLOAD_GOAL = 2.0  # × cp + sha256sum and the scan alone
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "8"))
# Marie Durand's record becomes the account holder's own, whose session is used.
SIGN_IN = """
import json
from django.test import Client
from accounts.models import User
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from patients.models import Patient, RecordTie
holder = User.objects.get(email="hugo.lefevre@courriel.example")
patient = Patient.objects.filter(last_name="Durand", email__isnull=False, mobile__isnull=False).first()
RecordTie.objects.get_or_create(user=holder, patient=patient, relationship="self",
    proved_email=patient.email, proved_mobile=patient.mobile)
TOTP.activate(User.objects.get(email="dr.bernard@lilas.example"), generate_totp_secret())
client = Client()
client.force_login(holder, backend="allauth.account.auth_backends.AuthenticationBackend")
appointment = patient.appointments.latest("starts_at")
print(json.dumps({"session": client.session.session_key, "appointment": str(appointment.pk)}))
"""


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="docshare-bench-", dir="/tmp") as folder:
        places = Places(Path(folder), settings_module="bench.stack_settings")
        stack = Stack(Path(folder), places=places)
        floor = places.data / "floor"
        floor.mkdir(parents=True)
        places.more_nginx = static_floor(places, floor)
        with whole_site(stack):
            measure(stack, floor)


def static_floor(places: Places, floor: Path) -> str:
    """A server block of nginx for plain files, over TLS like the site."""
    return f"""
    server {{
        listen 127.0.0.1:{places.port("floor")} ssl http2;
        server_name localhost;
        root {floor};
    }}
"""


def measure(stack: Stack, floor: Path) -> None:
    demo = stack.demo()
    signed_in = json.loads(stack.manage("shell", "-v", "0", "-c", SIGN_IN).strip().splitlines()[-1])
    doctor = next(person["token"] for person in demo["staff"] if person["email"].startswith("dr.bernard"))
    patient = Patient(stack, signed_in["session"])
    share = Sharing(stack, doctor, signed_in["appointment"])
    documents = {}
    for name, size in SIZES.items():
        content = padded(size)
        (floor / f"{size}.pdf").write_bytes(content)
        documents[name] = share(content)["id"]
    downloads(patient, documents)
    slow_readers(patient, documents["50 MB"])
    on_the_wire(patient)
    uploads(stack, share)


def on_the_wire(patient: Patient) -> None:
    """The bytes of a page of HTML that nginx sends to a browser, beside its length."""
    address = f"{patient.base}/documents/"
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(patient.stack.places.secrets / "tls_certificate")
        headers = {**patient.headers, "Accept-Encoding": "gzip, deflate, br, zstd"}
        answer = session.get(address, headers=headers, stream=True, timeout=30)
        sent = len(answer.raw.read(decode_content=False))
        whole = len(session.get(address, headers={**headers, "Accept-Encoding": "identity"}, timeout=30).content)
    report.at_most(
        "HTML on the wire, behind nginx", sent / whole, WIRE_GOAL, " of its length",
        ours=f"{sent} bytes, {answer.headers.get('Content-Encoding', 'not compressed')}", beside=f"{whole} bytes",
    )  # fmt: skip


def padded(size: int) -> bytes:
    """A PDF of exactly so many bytes, or the smallest possible one if that is larger."""
    pdf = letter("Compte rendu", ["x"], heading="Cabinet")
    return pdf + b"\n" * max(0, size - len(pdf))


class Sharing:
    def __init__(self, stack: Stack, token: str, appointment: str) -> None:
        self.address = f"{stack.places.site}/api/v1/appointments/{appointment}/documents/"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(stack.places.secrets / "tls_certificate")
        self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, content: bytes, **more: str) -> Any:
        response = self.session.post(
            self.address,
            files={"file": ("scan.pdf", content, "application/pdf")},
            data={"category": "report", "title": "Scan", **more},
            timeout=120,
        )
        assert response.status_code == 201, response.text
        return response.json()


def downloads(patient: Patient, documents: dict[str, str]) -> None:
    bare, static = "/bench/session/", patient.at_floor()
    for name, size in SIZES.items():
        path = f"/documents/{documents[name]}/download/"
        ratios: dict[str, list[float]] = {"nginx": [], "bare": []}
        for _ in range(RUNS):
            ours = patient.rate(path, method="POST", seconds=SECONDS)
            floor = static.rate(f"/{size}.pdf", seconds=SECONDS)
            session = patient.rate(bare, seconds=SECONDS)
            assert ours.failed == floor.failed == session.failed == 0
            ratios["nginx"].append(ours.a_second / floor.a_second)
            ratios["bare"].append(ours.a_second / session.a_second)
        kind = "bare" if name == "1 kB" else "nginx"
        of_static, of_bare = statistics.median(ratios["nginx"]), statistics.median(ratios["bare"])
        figures = f"{ours.a_second:.1f}/s"
        if name in GOALS:
            report.at_least(
                f"download {name}, behind nginx", statistics.median(ratios[kind]), GOALS[name], f" of {FLOORS[kind]}",
                ours=figures, beside=f"nginx {floor.a_second:.0f}/s, bare view {session.a_second:.0f}/s", still=STILL,
            )  # fmt: skip
        else:
            print(f"download {name}: {figures}, {of_static:.2f} of nginx, {of_bare:.2f} of a bare view", flush=True)


def slow_readers(patient: Patient, document: str) -> None:
    idle = patient.rate("/documents/", seconds=SECONDS)
    with patient.slow_readers(f"/documents/{document}/download/", 50):
        busy = patient.rate("/documents/", seconds=SECONDS)
    print(
        f"50 slow downloads: p99 of the list of documents {busy.p99 * 1000:.0f} ms, idle {idle.p99 * 1000:.0f} ms, "
        f"{busy.p99 / idle.p99:.2f} times; {busy.failed} failed",
        flush=True,
    )


def uploads(stack: Stack, share: Sharing) -> None:
    """Each upload is another file: clamd remembers what it has scanned, and readers search all of a file that ends in
    line feeds, as `padded` makes them."""
    source = stack.places.data / "upload.pdf"
    clamd = Clamd(f"tcp://127.0.0.1:{stack.places.port('clamd')}")
    taken: dict[str, list[float]] = {"plain": [], "signed": [], "floor": [], "scan": []}
    for _ in range(RUNS + 2):
        taken["plain"].append(seconds_of(partial(share, large_pdf())))
        taken["signed"].append(seconds_of(partial(share, large_pdf(), **SIGNED)))
        source.write_bytes(large_pdf())
        taken["floor"].append(seconds_of(partial(copied_and_hashed, source)))
        with source.open("rb") as file:
            taken["scan"].append(seconds_of(partial(clamd.find, file, until=time.monotonic() + 60)))
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    floor, scan = medians["floor"], medians["scan"]
    for name in ("plain", "signed"):
        seconds = medians[name]
        report.at_most(
            f"upload of 50 MB, {name}, behind nginx", seconds / (floor + scan), UPLOAD_GOAL, " × the floor",
            ours=f"{seconds:.2f} s ({seconds / floor:.1f} × cp and sha256sum)",
            beside=f"cp, sha256sum and the scan alone: {floor:.2f} + {scan:.2f} s",
            still="scanned, decoded, hashed, stored" + (", signed, verified" if name == "signed" else ""),
        )  # fmt: skip


def seconds_of(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    run()
