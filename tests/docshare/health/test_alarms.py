"""Evaluates deploy/monitoring/rules.yml with promtool on /metrics of an ill installation: each alarm fires for its
fault, no other does, and none while all is well."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings as real
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment, Reminder
from docshare.health import illnesses, metrics, probes, runs
from docshare.health.requests import MeasureRequestsMiddleware
from documents.models import AutoSend, AutoSendRule, LibraryDocument
from jobs import heartbeat
from jobs.models import Heartbeat
from notifications.models import MessageState
from signing.metrics import SIGNING_SECONDS
from signing.models import KeyPlace, SigningCredential
from tests.docshare.health.test_ready import NOBODY_LISTENS, no_file_may_grow
from tests.notifications.conftest import make_email
from tests.serving import serve
from webhooks.models import WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db
RULES = real.BASE_DIR / "deploy" / "monitoring" / "rules.yml"
ALARMS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
}
MINUTES = 75  # longer than any alarm waits
LONG_AGO = timedelta(hours=40)
DEAD = "http://127.0.0.1:9/"  # nobody listens there
Samples = dict[str, float]


@dataclass
class Installation:
    """An installation in which the test causes faults."""

    client: Client
    settings: Settings
    monkeypatch: pytest.MonkeyPatch
    appointment: Appointment
    alice: User
    library_document: LibraryDocument
    folder: Path
    up: int = 1
    during: ExitStack = field(default_factory=ExitStack)  # active during the scrape only
    more: Samples = field(default_factory=dict)  # from another web server

    def scrape(self) -> Samples:
        """The metrics: series, in Prometheus's notation -> value."""
        with self.during:
            text = self.client.get("/metrics").content.decode()
        found = {'up{instance="web-1",job="docshare"}': float(self.up)}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}"] = sample.value
        return {name: value for name, value in found.items() if name.startswith(("docshare_", "up{"))} | self.more


@pytest.fixture
def installation(
    client: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    appointment: Appointment,
    alice: User,
    access_plan: LibraryDocument,
    tmp_path: Path,
) -> Installation:
    """A healthy installation."""
    settings.DATA_DIR = tmp_path
    settings.PUBLIC_URL, settings.REPLICA_NAME = "https://documents.example", "web-1:8000"
    for part in (heartbeat.WORKER, heartbeat.SCHEDULER):
        heartbeat.mark(part)
    MigrationRecorder.Migration.objects.update(applied=timezone.now() - LONG_AGO)
    runs.note_fsck(faults=0)
    note_backup(tmp_path, timezone.now())
    SigningCredential.objects.create(
        user=alice, key_place=KeyPlace.PKCS12, certificate=b"", private_key=b"", not_after=in_days(100)
    )
    return Installation(client, settings, monkeypatch, appointment, alice, access_plan, tmp_path)


def in_days(days: int) -> datetime:
    return timezone.now() + timedelta(days=days)


def note_backup(folder: Path, at: datetime) -> None:
    (folder / "backups").mkdir(exist_ok=True)
    note = {"finished_at": at.isoformat(), "bytes": 1, "encrypted": True}
    (folder / "backups" / "last-success.json").write_text(json.dumps(note))


def beat(part: str, ago: timedelta) -> None:
    Heartbeat.objects.update_or_create(part=part, defaults={"at": timezone.now() - ago})


# --- Making it ill ----------------------------------------------------------------------------------------------


def web_down(one: Installation) -> None:
    one.up = 0


def errors(one: Installation) -> None:
    one.client.raise_request_exception = False
    with connection.execute_wrapper(closed):
        assert one.client.get("/cabinets/").status_code == 500


def closed(*_args: object) -> None:
    raise OperationalError("server closed the connection")


def slow(one: Installation) -> None:
    def sleepy(_request: object) -> HttpResponse:
        time.sleep(2.6)
        return HttpResponse()

    MeasureRequestsMiddleware(sleepy)(RequestFactory().get("/"))


def signing_slow(one: Installation) -> None:
    SIGNING_SECONDS.observe(7)


def two_versions(one: Installation) -> None:
    one.settings.REPLICA_NAME = "web-2:8000"
    with one.monkeypatch.context() as patch:
        patch.setattr(metrics, "code_version", lambda: "0.0.1")
        other = Installation.scrape(one)
    one.more = {name: value for name, value in other.items() if name.startswith("docshare_build_info")}
    one.settings.REPLICA_NAME = "web-1:8000"


def refusals(one: Installation) -> None:
    for number in range(20):
        assert one.client.get(f"/d/{number}").status_code == 404


def database(one: Installation) -> None:
    one.during.enter_context(connection.execute_wrapper(closed))


def queue(one: Installation) -> None:
    one.settings.CACHES = {**real.CACHES, "default": {**real.CACHES["default"], "LOCATION": NOBODY_LISTENS}}


def storage(one: Installation) -> None:
    options = {"bucket_name": "b", "access_key": "k", "secret_key": "s", "endpoint_url": DEAD, "region_name": "l"}
    s3 = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    one.settings.STORAGES = {**real.STORAGES, "documents": s3}


def disk_full(one: Installation) -> None:
    one.monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage())


@dataclass
class Usage:
    """The disk usage that the kernel reports for a full disk."""

    free: int = 40 << 20
    total: int = 100 << 30


def disk_refuses(one: Installation) -> None:
    one.during.enter_context(no_file_may_grow())


def workers(one: Installation) -> None:
    beat(heartbeat.WORKER, timedelta(minutes=2))


def scheduler(one: Installation) -> None:
    beat(heartbeat.SCHEDULER, timedelta(minutes=2))
    beat(heartbeat.WORKER, timedelta(minutes=2))


def outbox(one: Installation) -> None:
    make_email(planned_at=timezone.now() - timedelta(minutes=9), due_at=in_days(1), attempts=11)


def messages_fail(one: Installation) -> None:
    for number in range(30):
        state = MessageState.FAILED if number < 4 else MessageState.SENT
        make_email(state=state, sent_at=timezone.now(), created_at=timezone.now() - timedelta(hours=2))


def sendings(one: Installation) -> None:
    rule = AutoSendRule.objects.create(practice=one.appointment.practice, name="Plan")
    due_at = timezone.now() - timedelta(minutes=9)
    AutoSend.objects.create(appointment=one.appointment, rule=rule, document=one.library_document, due_at=due_at)


def reminders(one: Installation) -> None:
    due_at = timezone.now() - timedelta(minutes=4)
    Reminder.objects.create(appointment=one.appointment, channel="email", offset_hours=700, due_at=due_at)


def mail(one: Installation) -> None:
    one.settings.EMAIL_URL = "smtp://127.0.0.1:9"
    one.settings.EMAIL_BACKEND = "notifications.channels.smtp.EmailBackend"
    one.settings.EMAIL_HOST, one.settings.EMAIL_PORT = "127.0.0.1", 9
    probes.probe_all()


def asked_at(name: str) -> Callable[[Installation], None]:
    def dead(one: Installation) -> None:
        setattr(one.settings, name, DEAD.replace("http", "tcp") if name == "CLAMD_URL" else DEAD)
        probes.probe_all()

    return dead


def certificate(one: Installation) -> None:
    SigningCredential.objects.update(not_after=in_days(3))


def tls_ends(one: Installation) -> None:
    serve_tls(one, ends=datetime.now(UTC) + timedelta(days=5))


def tls_invalid(one: Installation) -> None:
    serve_tls(one, ends=datetime.now(UTC) - timedelta(days=1))


def serve_tls(one: Installation, *, ends: datetime) -> None:
    """Serves the site's own address with a trusted certificate that ends then."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=9))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = one.folder / "tls.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    serve(server)
    one.monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    one.settings.SECURE, one.settings.PUBLIC_URL = True, f"https://localhost:{server.server_address[1]}"
    probes.probe_all()
    server.shutdown()
    server.server_close()


def backup(one: Installation) -> None:
    note_backup(one.folder, timezone.now() - LONG_AGO)


def fsck_old(one: Installation) -> None:
    beat(runs.FSCK, LONG_AGO)
    beat(runs.FSCK_WHOLE, LONG_AGO)


def fsck_faults(one: Installation) -> None:
    beat(runs.FSCK_WHOLE, timedelta(hours=24))
    runs.note_fsck(faults=1)


def webhooks(one: Installation) -> None:
    endpoint = WebhookEndpoint.objects.create(
        practice=one.appointment.practice, url="https://hook.example/", secret="s"
    )
    WebhookDelivery.objects.create(
        endpoint=endpoint, event="x", body="{}", created_at=in_days(-2), due_at=in_days(1), attempts=7
    )


ILL: dict[str, tuple[Callable[[Installation], None], dict[str, str]]] = {
    "DocshareWebDown": (web_down, {"instance": "web-1", "job": "docshare"}),
    "DocshareErrors": (errors, {}),
    "DocshareSlow": (slow, {}),
    "DocshareSigningSlow": (signing_slow, {}),
    "DocshareTwoVersions": (two_versions, {}),
    "DocshareRefusals": (refusals, {"door": "link"}),
    "DocshareDatabaseIll": (database, {"part": "database"}),
    "DocshareQueueIll": (queue, {"part": "queue"}),
    "DocshareStorageIll": (storage, {"part": "storage"}),
    "DocshareDiskFull": (disk_full, {}),
    "DocshareDiskLow": (disk_refuses, {"part": "disk"}),
    "DocshareWorkersSilent": (workers, {}),
    "DocshareSchedulerSilent": (scheduler, {}),
    "DocshareOutboxOld": (outbox, {"channel": "email"}),
    "DocshareMessagesFail": (messages_fail, {"channel": "email"}),
    "DocshareSendingsLate": (sendings, {}),
    "DocshareRemindersLate": (reminders, {}),
    "DocshareMailIll": (mail, {"part": "mail"}),
    "DocshareSmsIll": (asked_at("SMS_URL"), {"part": "sms"}),
    "DocshareScannerIll": (asked_at("CLAMD_URL"), {"part": "scanner"}),
    "DocshareTimestampsIll": (asked_at("TSA_URL"), {"part": "timestamps"}),
    "DocshareKeysIll": (asked_at("CSC_URL"), {"part": "keys"}),
    "DocshareCertificateEnds": (certificate, {}),
    "DocshareTlsEnds": (tls_ends, {}),
    "DocshareTlsIll": (tls_invalid, {"part": "tls"}),
    "DocshareBackupOld": (backup, {}),
    "DocshareFsckOld": (fsck_old, {}),
    "DocshareFsckFaults": (fsck_faults, {}),
    "DocshareWebhooksOld": (webhooks, {}),
}
WATCHED = set(re.findall(r"\w+", " ".join(rule["expr"] for rule in ALARMS.values())))
COMES_ALONG = {"DocshareDiskFull": {"DocshareDiskLow": {"part": "disk"}}}  # a full disk is also low


# --- Evaluating -------------------------------------------------------------------------------------------------


def evaluate(folder: Path, before: Samples, after: Samples, expected: dict[str, dict[str, str]], url: str) -> str:
    """What promtool reports; "" if exactly the expected alarms fire. The difference between the two scrapes counts as
    each minute's."""
    test = {
        "interval": "1m",
        "input_series": [
            {"series": name, "values": minutes(name, before.get(name, 0), value)}
            for name, value in after.items()
            if name.partition("{")[0] in WATCHED  # promtool would take most of its time with the others
        ],
        "alert_rule_test": [
            {
                "eval_time": f"{MINUTES}m",
                "alertname": name,
                "exp_alerts": [alert(name, expected[name], url)] if name in expected else [],
            }
            for name in ALARMS
        ],
    }
    file = folder / "alarms.yml"
    whole = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}
    file.write_text(yaml.safe_dump(whole))
    ran = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def minutes(name: str, before: float, after: float) -> str:
    counted = name.partition("{")[0].endswith(("_total", "_count", "_sum", "_bucket"))
    values = [before + (after - before) * minute if counted else after for minute in range(MINUTES + 1)]
    return " ".join("Inf" if value == float("inf") else repr(value) for value in values)


def alert(name: str, labels: dict[str, str], url: str) -> dict[str, Any]:
    rule = ALARMS[name]
    page = Path(rule["annotations"]["runbook"]).stem
    annotations = {**rule["annotations"], "runbook_url": f"{url}/admin/system/{page}/"}
    return {"exp_labels": {**rule["labels"], **labels}, "exp_annotations": annotations}


def test_no_alarm_fires_while_all_is_well(installation: Installation) -> None:
    before = installation.scrape()
    installation.client.get("/cabinets/")
    after = installation.scrape()
    assert evaluate(installation.folder, before, after, {}, real.PUBLIC_URL) == ""


@pytest.mark.parametrize("name", list(ILL))
def test_each_alarm_fires_for_its_illness_and_no_other_does(name: str, installation: Installation) -> None:
    make_ill, labels = ILL[name]
    before = installation.scrape()
    make_ill(installation)
    after = installation.scrape()
    expected = {name: labels, **COMES_ALONG.get(name, {})}
    wrong = evaluate(installation.folder, before, after, expected, installation.settings.PUBLIC_URL)
    assert not wrong, wrong


def test_every_alarm_has_an_illness_and_a_page_that_names_it() -> None:
    assert set(ALARMS) == set(ILL)
    for name, rule in ALARMS.items():
        page = real.BASE_DIR / rule["annotations"]["runbook"]
        assert page.parent == illnesses.FOLDER
        assert name in page.read_text()


def test_every_number_on_the_dashboard_is_told(installation: Installation) -> None:
    """Otherwise a panel of a removed metric stays empty without notice."""
    dashboard = json.loads((RULES.parent / "dashboard.json").read_text())
    installation.client.get("/nowhere/")  # a first refusal
    known = {name.partition("{")[0] for name in installation.scrape()}
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(asked) > 10
    for expression in asked:
        names = {word for word in split(expression) if word.startswith("docshare_")}
        assert names
        assert names <= known, expression


def split(expression: str) -> list[str]:
    return "".join(letter if letter.isalnum() or letter == "_" else " " for letter in expression).split()
