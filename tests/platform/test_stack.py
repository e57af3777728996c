"""The whole production site: nginx, two web processes, two workers, beat, PostgreSQL, Redis, S3, clamd.

tools/stack starts it from docker-compose.yml; all requests go through nginx.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from docshare.demo.letters import letter
from portals.api.throttling import WRONG_TOKENS_A_MINUTE
from tests.platform.stacks import Caller, running
from tools.stack.parts import LOOPBACK_IPV6
from tools.stack.stack import Stack, until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.stack, pytest.mark.timeout(600)]
# One stack for the tests of each storage, the two side by side.
ON_FILES = pytest.param("files", marks=pytest.mark.xdist_group("stack on files"))
IN_A_BUCKET = pytest.param("s3", marks=pytest.mark.xdist_group("stack in a bucket"))
PDF = letter("Ordonnance", ["Une ligne."], heading="Cabinet")
NAME = "Ordonnance « d’été ».pdf"
# For tests that do not depend on the storage.
ONCE = pytest.mark.parametrize("stack", [ON_FILES], indirect=True, scope="module")
TOKEN = "Vd3k9sLq-2bXo_7TzR4mWcA0"
MISSING = "11111111-2222-4333-8444-555555555555"


# SMS leave at any hour of the test.
NEVER_NIGHT = """
from datetime import time
from appointments.models import ReminderPolicy
from practices.models import Practice
for practice in Practice.objects.all():
    ReminderPolicy.objects.update_or_create(
        practice=practice, defaults={"quiet_from": time(0), "quiet_until": time(0)}
    )
"""


@pytest.fixture(scope="module", params=[ON_FILES, IN_A_BUCKET])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    with running(request.param) as stack:
        yield stack


@pytest.fixture(autouse=True)
def _it_is_well(stack: Stack) -> None:
    """Restore it, whatever the previous test broke."""
    until(lambda: {Caller(stack).get("/readyz").status_code for _ in range(4)} == {200}, 60)


@pytest.fixture(scope="module")
def doctors(stack: Stack) -> list[Caller]:
    """The doctors created so far."""
    return []


@pytest.fixture
def doctor(stack: Stack, doctors: list[Caller]) -> Caller:
    """A doctor of the demo practice, which is reloaded after a test has emptied the database.

    The API of production requires a second factor of staff: this doctor has one.
    """
    if not doctors or doctors[-1].get("/api/v1/me/").status_code != 200:
        in_shell(  # rows that migrations create
            stack,
            "from importlib import import_module\nfrom django.apps import apps\n"
            "import_module('documents.migrations.0002_categories').add_categories(apps, None)",
        )
        demo = stack.demo()
        in_shell(stack, NEVER_NIGHT)
        in_shell(
            stack,
            "from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret\n"
            "from accounts.models import User\n"
            "TOTP.activate(User.objects.get(email='dr.bernard@lilas.example'), generate_totp_secret())",
        )
        token = next(person["token"] for person in demo["staff"] if person["email"].startswith("dr.bernard"))
        doctors.append(Caller(stack, token))
    return doctors[-1]


def in_shell(stack: Stack, code: str) -> str:
    return stack.manage("shell", "-v", "0", "-c", code).strip()


@pytest.fixture
def appointment(doctor: Caller) -> str:
    """An appointment of Marie Durand's."""
    found = doctor.get("/api/v1/patients/?search=Durand").json()["results"]
    patient = next(one for one in found if one["last_name"] == "Durand" and one["email"] and one["mobile"])
    return str(doctor.get(f"/api/v1/appointments/?patient={patient['id']}").json()["results"][0]["id"])


def share(
    doctor: Caller, appointment: str, content: bytes = PDF, *, headers: dict[str, str] | None = None, **more: Any
) -> Any:
    return doctor.post(
        f"/api/v1/appointments/{appointment}/documents/",
        files={"file": (NAME, content, "application/pdf")},
        data={"category": "prescription", "title": "Ordonnance « d’été »", **more},
        headers=headers,
    )


@pytest.fixture
def document(doctor: Caller, appointment: str) -> Any:
    answer = share(doctor, appointment)
    assert answer.status_code == 201, answer.text
    return answer.json()


def content_of(doctor: Caller, document: Any, **headers: str) -> Any:
    return doctor.get(f"/api/v1/documents/{document['id']}/content/", headers=headers, allow_redirects=True)


def test_every_part_is_there_as_often_as_compose_says_and_well(stack: Stack) -> None:
    services = {part.service for part in stack.started.values()} - {""}
    expected = {name for name, one in stack.parts.services.items() if one.health_check}
    assert services == (expected if stack.storage == "s3" else expected - {"s3"})
    assert {"web-1", "web-2", "worker-1", "worker-2", "beat-1"} <= set(stack.running)
    stack.wait_until_healthy()


@ONCE
def test_check_deploy_is_clean(stack: Stack) -> None:
    stack.manage("check", "--deploy", "--fail-level", "WARNING")


def test_a_file_leaves_with_the_headers_that_we_decided(doctor: Caller, document: Any, stack: Stack) -> None:
    answer = content_of(doctor, document)
    assert (answer.status_code, answer.content) == (200, PDF)
    headers = answer.headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith("attachment; filename*=utf-8''Ordonnance%20%C2%AB%20d%E2%80%99")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cache-Control"] == "no-store, private"
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "Referrer-Policy" in headers
    assert "X-Accel-Redirect" not in headers
    assert answer.url.startswith(stack.places.site if stack.storage == "files" else stack.places.files)
    if stack.storage == "files":
        assert headers["X-Frame-Options"] == "DENY"
        assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"])


def test_ranges_are_answered(doctor: Caller, document: Any) -> None:
    answer = content_of(doctor, document, Range="bytes=5-9")
    assert (answer.status_code, answer.content) == (206, PDF[5:10])
    assert answer.headers["Content-Range"] == f"bytes 5-9/{len(PDF)}"
    assert content_of(doctor, document, Range=f"bytes={len(PDF)}-").status_code == 416


def test_stored_bytes_have_no_other_address(stack: Stack, doctor: Caller, document: Any) -> None:
    content_of(doctor, document)
    key = stack.manage(
        "shell", "-v", "0", "-c",
        "from documents.models import SharedDocument\n"
        f"print(SharedDocument.objects.get(pk='{document['id']}').file.key)",
    ).strip()  # fmt: skip
    for who in (Caller(stack), doctor):
        for beginning in ("/internal-documents/", "/data/files/", "/files/", "/media/", "/static/../files/"):
            assert who.get(beginning + key).status_code in (302, 404)
        assert who.get("/internal-documents/" + key, headers={"X-Accel-Redirect": "/"}).status_code == 404
        assert who.get("/internal-documents/../internal-documents/" + key).status_code == 404
    assert Caller(stack).get("/metrics").status_code == 404
    if stack.storage == "s3":
        for path in (f"/documents/{key}", "/documents/", "/", f"/documents/{key}?X-Amz-Expires=60"):
            assert Caller(stack).get(stack.places.files + path).status_code == 403
        put = Caller(stack).ask("PUT", f"{stack.places.files}/documents/x", data=b"x")
        assert put.status_code == 403


@ONCE
def test_what_a_caller_says_of_itself_is_not_believed(stack: Stack) -> None:
    nobody = Caller(stack)
    for host in ("evil.example", "web", "localhost.evil.example"):
        assert nobody.get("/account/login/", headers={"Host": host}).status_code in (400, 421)
    forged = {
        "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "1",
        "Forwarded": "host=evil.example;proto=http", "X-Request-ID": "chosen-by-a-stranger",
    }  # fmt: skip
    answer = nobody.get("/documents/", headers=forged)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(("/account/login/", f"{stack.places.site}/account/login/"))
    assert answer.headers["X-Request-ID"] != "chosen-by-a-stranger"
    plain = nobody.get(f"http://127.0.0.1:{stack.places.port('http')}/pro/", headers={"Host": "evil.example"})
    assert (plain.status_code, plain.headers["Location"]) == (301, f"{stack.places.site}/pro/")


@ONCE
def test_whoever_guesses_tokens_is_counted_by_the_address_that_nginx_saw(stack: Stack) -> None:
    """Whatever address a caller claims: counted by it, no number of guesses would reach the limit."""
    guesses = (
        Caller(stack, "wrong").get("/api/v1/me/", headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(2 * WRONG_TOKENS_A_MINUTE + 1)  # the limit is for a minute, which may change meanwhile
    )
    assert 429 in guesses


def by_ipv6(stack: Stack, path: str, **headers: str) -> int:
    """The status of a request over TLS by IPv6; on a machine without it, to the other IPv4 address."""
    there = LOOPBACK_IPV6.strip("[]"), stack.places.port("https")
    trusted = ssl.create_default_context(cafile=stack.places.secrets / "tls_certificate")
    call = http.client.HTTPSConnection("localhost", there[1], timeout=60, context=trusted)
    call.sock = trusted.wrap_socket(socket.create_connection(there, timeout=60), server_hostname="localhost")
    call.request("GET", path, headers={"Host": urlsplit(stack.places.site).netloc, **headers})
    status = call.getresponse().status
    call.close()
    return status


@ONCE
def test_a_caller_by_ipv6_is_answered_and_counted_by_its_own_address(stack: Stack) -> None:
    assert by_ipv6(stack, "/account/login/") == 200
    guesses = 2 * WRONG_TOKENS_A_MINUTE + 1
    assert 429 in [Caller(stack, "wrong").get("/api/v1/me/").status_code for _ in range(guesses)]
    assert by_ipv6(stack, "/api/v1/me/", Authorization="Bearer wrong") == 401


@ONCE
def test_the_cookies_are_for_this_host_and_tls_alone(stack: Stack) -> None:
    cookies = Caller(stack).get("/account/login/").headers["Set-Cookie"]
    assert cookies.startswith("__Host-")
    assert "Secure" in cookies


@ONCE
def test_too_large_is_told_alike_by_nginx_and_by_us(doctor: Caller, appointment: str) -> None:
    limit = 52_428_800
    over = share(doctor, appointment, PDF + b"\n" * (limit + 1 - len(PDF)))  # one byte too large, but nginx accepts
    far_over = share(doctor, appointment, b"0" * (limit + (2 << 20)))
    for answer in (over, far_over):
        assert answer.status_code == 413
        assert answer.json()["errors"][0]["code"] == "too_large"


@ONCE
def test_a_virus_is_refused(doctor: Caller, appointment: str) -> None:
    eicar = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    answer = share(doctor, appointment, PDF + b"\n%" + eicar)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "virus")


@ONCE
def test_messages_go_out_by_smtp_and_by_the_sms_gateway(stack: Stack, document: Any) -> None:
    until(lambda: list(stack.places.outbox.glob("*.eml")) and list(stack.places.outbox.glob("*.sms.json")))


@ONCE
def test_a_worker_that_hangs_is_not_healthy(stack: Stack) -> None:
    part, process = stack.started["worker-2"], stack.running["worker-2"]
    process.send_signal(signal.SIGSTOP)
    try:
        until(lambda: not stack.is_healthy(part), 40)
        assert stack.is_healthy(stack.started["worker-1"])
    finally:
        process.send_signal(signal.SIGCONT)
    until(lambda: stack.is_healthy(part))


@ONCE
def test_one_web_process_goes_and_nobody_notices(stack: Stack) -> None:
    process = stack.running["web-2"]
    process.kill()
    process.wait()
    try:
        assert {Caller(stack).get("/account/login/").status_code for _ in range(20)} == {200}
    finally:
        stack.launch(stack.started["web-2"])
        stack.wait_until_healthy()


@ONCE
def test_what_one_address_verifies_beside_six_others_is_refused_unread(stack: Stack) -> None:
    site = urlsplit(stack.places.site)
    trusted = ssl.create_default_context(cafile=stack.places.secrets / "tls_certificate")
    open_calls = []
    for _ in range(6):
        call = socket.create_connection(("127.0.0.1", stack.places.port("https")), timeout=60)
        call = trusted.wrap_socket(call, server_hostname="localhost")
        call.sendall(f"POST /api/v1/verify/ HTTP/1.1\r\nHost: {site.netloc}\r\nContent-Length: 9999\r\n\r\n".encode())
        open_calls.append(call)
    try:
        nobody = Caller(stack)
        file = {"file": ("a.pdf", PDF, "application/pdf")}
        answers = [nobody.post(path, files=file) for path in ("/api/v1/verify/", "/verify/")]
        assert [answer.status_code for answer in answers] == [503, 503]
        assert answers[0].json()["errors"][0]["code"] == "busy"
        assert "Trop de vérifications" in answers[1].content.decode()
        assert [answer.headers["Retry-After"] for answer in answers] == ["5", "5"]
        assert nobody.get("/verify/").status_code == 200
    finally:
        for call in open_calls:
            call.close()
    until(lambda: nobody.post("/api/v1/verify/", files=file).status_code == 200, 60)


@ONCE
def test_no_log_holds_a_token_even_if_no_web_process_answers(stack: Stack, doctor: Caller) -> None:
    nobody = Caller(stack)
    paths = (
        f"/d/{TOKEN}", f"/invitation/{MISSING}.{TOKEN}/", f"/account/password/reset/key/3-{TOKEN}/",
        f"/account/confirm-email/{TOKEN}/", f"/book/?token={TOKEN}", f"/d/{'%2e' * 9000}{TOKEN}",
    )  # fmt: skip
    seen = [nobody.get(path, headers={"Referer": f"https://localhost/d/{TOKEN}"}) for path in paths]
    assert {answer.status_code for answer in seen} <= {200, 302, 400, 404, 410, 414}
    with no_web_process(stack):
        down = [nobody.get(path) for path in paths[:4]]
        assert {answer.status_code for answer in down} == {503}
        assert "Retry-After" in down[0].headers
        assert nobody.get("/api/v1/me/").json()["errors"][0]["code"] == "unavailable"
    logs = {path.name: path.read_text(errors="replace") for path in stack.places.logs.iterdir()}
    assert logs["access.log"].count('"door": "d"') >= 2
    assert '"status": 503' in logs["access.log"]
    assert "/d/[…]" in logs["web-1.log"] + logs["web-2.log"]
    assert [name for name, text in logs.items() if TOKEN in text] == []
    assert [name for name, text in logs.items() if "Durand" in text or "courriel.example" in text] == []


@contextmanager
def no_web_process(stack: Stack) -> Iterator[None]:
    """Stops all web processes, and restarts them at the end."""
    for name in ("web-1", "web-2"):
        stack.running[name].terminate()
        stack.running[name].wait(60)
    try:
        yield
    finally:
        for name in ("web-1", "web-2"):
            stack.launch(stack.started[name])
        stack.wait_until_healthy()


def test_web_processes_killed_while_five_share_and_each_tries_again(
    stack: Stack, doctor: Caller, appointment: str
) -> None:
    """At five moments of a sharing, with the same Idempotency-Key: one document and one notification, whichever
    finishes first."""
    content = PDF + b"\n" * (5 << 20)
    keys = {f"Essai {number}": {"Idempotency-Key": str(uuid.uuid4())} for number in range(5)}

    def first(title: str) -> int:
        time.sleep(0.2 * int(title[-1]))
        return int(share(doctor, appointment, content, headers=keys[title], title=title).status_code)

    def again(title: str) -> str:
        return str(until(lambda: shared_again(doctor, appointment, content, keys[title], title), 60)["id"])

    with ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(first, title) for title in keys]
        time.sleep(0.95)
        for process in workers_of(stack):
            process.kill()
        assert {call.result() for call in calls} <= {201, 503}
        in_shell(  # two minutes later: the call that reserved a key is dead, and its lease has expired
            stack,
            "from django.utils import timezone\nfrom portals.models import IdempotentCall\n"
            "IdempotentCall.objects.filter(status=None).update(lease_until=timezone.now())",
        )
        made = dict(zip(keys, pool.map(again, keys), strict=True))
    for title, document in made.items():
        rows = in_shell(
            stack,
            "from documents.models import SharedDocument\n"
            f"found = SharedDocument.objects.filter(title='{title}')\n"
            "print([str(one.pk) for one in found], [one.messages.count() for one in found])",
        )
        assert rows == f"['{document}'] [2]"  # an email and an SMS
    checked = subprocess.run(
        [sys.executable, "manage.py", "fsck"], cwd=ROOT, env=stack.environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert [line for line in checked.stdout.splitlines() if not line.startswith("orphan ")] == []


def workers_of(stack: Stack) -> list[psutil.Process]:
    """The worker processes of gunicorn; it starts new ones."""
    return [child for name in ("web-1", "web-2") for child in psutil.Process(stack.running[name].pid).children()]


def shared_again(doctor: Caller, appointment: str, content: bytes, headers: dict[str, str], title: str) -> Any:
    """The document, once the call is answered; 409 while the first may still be running."""
    answer = share(doctor, appointment, content, headers=headers, title=title)
    assert answer.status_code in (201, 409, 503), answer.text
    return answer.json() if answer.status_code == 201 else None


@ONCE
def test_a_request_is_found_in_both_logs_by_its_id(stack: Stack) -> None:
    request_id = Caller(stack).get("/account/login/").headers["X-Request-ID"]
    logs = [stack.places.logs / name for name in ("access.log", "web-1.log", "web-2.log")]
    until(lambda: sum(request_id in path.read_text() for path in logs) == 2)


@ONCE
def test_a_slow_client_holds_no_web_process(stack: Stack) -> None:
    """Forty requests that never finish, with two processes of sixteen threads each: others are served at once."""
    context = ssl.create_default_context(cafile=str(stack.places.secrets / "tls_certificate"))
    slow = []
    for _ in range(40):
        plain = socket.create_connection(("127.0.0.1", stack.places.port("https")))
        connection = context.wrap_socket(plain, server_hostname="localhost")
        connection.sendall(
            b"POST /account/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 100000\r\n\r\nlogin="
        )
        slow.append(connection)
    start = time.monotonic()
    assert Caller(stack).get("/account/login/", timeout=10).status_code == 200
    assert time.monotonic() - start < 5
    slow[0].settimeout(40)
    try:
        reply = slow[0].recv(100)
    except (ConnectionResetError, ssl.SSLEOFError):
        reply = b""
    assert reply == b"" or b" 408 " in reply  # closed after 20 seconds without a byte
    for connection in slow:
        connection.close()


def test_an_empty_machine_becomes_the_same_site_from_its_backup(stack: Stack, document: Any, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    stack.manage("backup", str(saved))
    environment = dict(stack.environment)
    password = (stack.places.secrets / "database_password").read_text()
    server = f"127.0.0.1:{stack.places.port('postgres')}"
    connect = ["-h", "127.0.0.1", "-p", server.rpartition(":")[2], "-U", "docshare"]
    with_password = {**os.environ, "PGPASSWORD": password}
    subprocess.run(["createdb", *connect, "restored"], env=with_password, check=True)
    environment["DATA_DIR"] = str(tmp_path / "new")
    for name, value in {
        "DATABASE_URL": f"postgres://docshare:{password}@{server}/restored", "STORAGE_URL": "",
    }.items():  # fmt: skip
        del environment[f"{name}_FILE"]
        environment[name] = value
    environment["DOCUMENT_SERVING"] = "accel"

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    try:
        restored = manage("restore", str(saved))
        assert restored.returncode == 0, restored.stderr
        assert manage("migrate", "--no-input").returncode == 0
        checked = manage("fsck")
        assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
        found = manage(
            "shell", "-v", "0", "-c",
            "from documents.models import SharedDocument\n"
            f"print(SharedDocument.objects.get(pk='{document['id']}').file.sha256)",
        )  # fmt: skip
        assert found.stdout.strip() == document["sha256"]
    finally:
        subprocess.run(["dropdb", *connect, "--force", "restored"], env=with_password, check=True)


def test_one_signed_document_from_a_doctors_hand_to_a_patients(stack: Stack) -> None:
    """The browser test of tests/e2e, on this site. Runs last, because it empties the database."""
    walk = [sys.executable, "-m", "pytest", "-q", "-n", "0", "tests/e2e/test_one_document.py", "-k", "one_signed"]
    outside = ("DATABASE_URL", "REDIS_URL", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST", "DATA_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in outside}
    done = subprocess.run(
        walk, cwd=ROOT, env={**environment, "DOCSHARE_STACK": str(stack.places.folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout
