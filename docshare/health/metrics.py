"""`/metrics` for Prometheus: age of the outbox, results of deliveries, durations of requests and signing, refusals,
failing parts, expiry dates. Numbers only, nothing about a person or a practice.

Counters of a web process have the label `replica`. Values from the database are the same in every process and have no
such label: aggregate them with `max`, not `sum`.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import django
from django.conf import settings
from django.db.models import Count, Min, Q, Sum
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from appointments.models import Reminder
from audit import chain
from docshare.health import disk, probes, runs
from docshare.health.parts import findings
from docshare.health.running import untried_sendings
from docshare.health.versions import code_version
from files.models import StoredFile
from jobs import heartbeat
from notifications.models import Channel, Message, MessageState
from signing.models import KeyPlace, SigningCredential
from webhooks.models import WebhookDelivery, WebhookState

DAY = timedelta(days=1)
STORAGE_SECONDS = 300  # how long a count of all files is cached, because it reads the whole table


def exposition() -> bytes:
    """In Prometheus' text format."""
    registries = []
    for collector in (ReplicaCollector(), DatabaseCollector()):
        registry = CollectorRegistry()
        registry.register(collector)
        registries.append(registry)
    return b"".join(map(generate_latest, registries))


class ReplicaCollector(Collector):
    """Counters of all processes of this web server (deploy/gunicorn.conf.py sets their shared folder), labelled with
    the server's name, so that two servers behind one address differ."""

    def collect(self) -> Iterator[Metric]:
        labels = {
            "version": code_version(),
            "python": platform.python_version(),
            "django": django.get_version(),
            "url": settings.PUBLIC_URL,  # alarms link to the operators' page there
        }
        build = GaugeMetricFamily("docshare_build_info", "Versions of this web server", labels=list(labels))
        build.add_metric(list(labels.values()), 1)
        for metric in (*_of_all_processes().collect(), build):
            metric.samples = [
                sample._replace(labels={**sample.labels, "replica": settings.REPLICA_NAME})
                for sample in metric.samples
            ]
            yield metric


def _of_all_processes() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


class DatabaseCollector(Collector):
    """Values from the database, the same in every process; failing parts; disk space.

    If the database is unreachable, returns the parts alone, which report that.
    """

    def collect(self) -> Iterator[Metric]:
        all_findings = findings()
        ill = GaugeMetricFamily("docshare_part_ill", "1: this part is ill (docs/illnesses)", labels=["part"])
        for part in dict.fromkeys(
            finding.part for finding in all_findings
        ):  # keys are checked twice: here, and by a worker
            ill.add_metric([part], any(finding.is_ill for finding in all_findings if finding.part == part))
        yield ill
        room = disk.room()
        yield GaugeMetricFamily("docshare_disk_free_bytes", "Free, on the file system of DATA_DIR", value=room.free)
        yield GaugeMetricFamily("docshare_disk_size_bytes", "Its size", value=room.total)
        if not any(finding.part == "database" and finding.is_ill for finding in all_findings):
            yield from self._rows()

    def _rows(self) -> Iterator[Metric]:
        yield from _messages()
        yield from _webhooks()
        yield GaugeMetricFamily(
            "docshare_auto_sends_due", "Automatic sendings that nobody tries", value=untried_sendings().count()
        )
        late = Reminder.objects.due(timezone.now()).count()
        yield GaugeMetricFamily("docshare_reminders_due", "Reminders whose time has come", value=late)
        yield from _times()
        yield GaugeMetricFamily(
            "docshare_audit_sealed_lines",
            "Lines of the audit trail in the chain",
            value=chain.newest_anchor().position,
        )
        files, size = _stored()
        yield GaugeMetricFamily("docshare_stored_files", "Files in storage", value=files)
        yield GaugeMetricFamily("docshare_stored_bytes", "Their size", value=size)


def _messages() -> Iterator[Metric]:
    now = timezone.now()
    yield from _waiting(now)
    states = GaugeMetricFamily(
        "docshare_messages_last_day", "Messages planned in the last 24 hours", labels=["channel", "state"]
    )
    counts = {
        (row["channel"], row["state"]): row["count"]
        for row in Message.objects.filter(Q(created_at__gte=now - DAY))
        .values("channel", "state")
        .annotate(count=Count("pk"))
    }
    for channel in Channel:
        for state in MessageState:
            states.add_metric([channel.value, state.value], counts.get((channel.value, state.value), 0))
    yield states


def _waiting(now: datetime) -> Iterator[Metric]:
    waiting = Message.objects.waiting_since_planned(now).order_by().values("channel")
    rows = {row["channel"]: row for row in waiting.annotate(count=Count("pk"), oldest=Min("planned"))}
    count = GaugeMetricFamily(
        "docshare_outbox_due", "Messages whose planned time has come, however often tried", labels=["channel"]
    )
    age = GaugeMetricFamily(
        "docshare_outbox_oldest_seconds", "Time since the oldest was planned for", labels=["channel"]
    )
    for channel in Channel:
        row = rows.get(channel.value)
        count.add_metric([channel.value], row["count"] if row else 0)
        age.add_metric([channel.value], (now - row["oldest"]).total_seconds() if row else 0)
    yield count
    yield age


def _webhooks() -> Iterator[Metric]:
    now = timezone.now()
    queued = WebhookDelivery.objects.may_leave().aggregate(count=Count("pk"), oldest=Min("created_at"))
    yield GaugeMetricFamily("docshare_webhooks_waiting", "Events that webhooks were not told", value=queued["count"])
    age = (now - queued["oldest"]).total_seconds() if queued["oldest"] else 0
    yield GaugeMetricFamily("docshare_webhooks_oldest_seconds", "Time since the oldest of them", value=age)
    states = GaugeMetricFamily(
        "docshare_webhooks_last_day", "Events for webhooks in the last 24 hours", labels=["state"]
    )
    ended = WebhookDelivery.objects.filter(created_at__gte=now - DAY).order_by()
    counts = {row["state"]: row["count"] for row in ended.values("state").annotate(count=Count("pk"))}
    for state in WebhookState:
        states.add_metric([state.value], counts.get(state.value, 0))
    yield states


def _times() -> Iterator[Metric]:
    """Seconds since the event; infinite if it never happened."""
    beats = heartbeat.last_of_all()
    for part in (heartbeat.WORKER, heartbeat.SCHEDULER):
        yield _age(f"docshare_{part}_silence_seconds", f"Time since the {part} last worked", beats.get(part))
    yield _age("docshare_installation_age_seconds", "Time since the first migration", runs.installed_at())
    try:
        backup = runs.last_backup()
    except runs.Unreadable:
        backup = None
    yield _age("docshare_backup_age_seconds", "Time since the last backup", backup.finished_at if backup else None)
    yield GaugeMetricFamily("docshare_backup_bytes", "Size of the last backup", value=backup.size if backup else 0)
    yield _age("docshare_fsck_age_seconds", "Time since the last whole fsck", beats.get(runs.FSCK))
    whole = beats.get(runs.FSCK_WHOLE)
    yield _age("docshare_fsck_whole_age_seconds", "Time since the last that found no fault", whole)
    left = GaugeMetricFamily(
        "docshare_certificate_left_seconds", "Time until the first of a kind ends", labels=["kind"]
    )
    brought = SigningCredential.objects.filter(retired_at=None).exclude(key_place=KeyPlace.AUTHORITY)
    moments = {"practitioner": brought.aggregate(first=Min("not_after"))["first"], "tls": probes.tls_ends()}
    for kind, at in moments.items():
        if at:
            left.add_metric([kind], (at - timezone.now()).total_seconds())
    yield left


def _age(name: str, help_text: str, since: datetime | None) -> Metric:
    age = (timezone.now() - since).total_seconds() if since else float("inf")
    return GaugeMetricFamily(name, help_text, value=age)


_counted: tuple[float, int, int] | None = None


def _stored() -> tuple[int, int]:
    """Number and bytes of stored files; counted again every five minutes."""
    global _counted
    if _counted is None or time.monotonic() - _counted[0] > STORAGE_SECONDS:
        totals = StoredFile.objects.aggregate(files=Count("pk"), size=Sum("size"))
        _counted = (time.monotonic(), totals["files"], totals["size"] or 0)
    return _counted[1], _counted[2]
