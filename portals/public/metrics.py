"""`/metrics` for Prometheus: how old the outbox is, how deliveries end, how long signing takes, what was refused.

For whoever runs the installation alone: with the token METRICS_TOKEN, or without one from this very machine. To
anybody else it does not exist. Numbers only, nothing of a person or a practice.
"""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Min, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from appointments.models import Reminder
from appointments.models.reminder import ReminderState
from audit import chain
from documents.models import AutoSend, StoredFile
from documents.models.autosend import AutoSendState
from notifications import heartbeat
from notifications.models import Channel, Message, MessageState

DAY = timedelta(days=1)
STORAGE_SECONDS = 300  # how long a count of all files is good for: it reads the whole table


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        raise Http404
    found = [generate_latest(_of_all_processes()), generate_latest(_of_the_database())]
    return HttpResponse(b"".join(found), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        return kind.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False  # a proxy on this machine brings it, from wherever
    return _is_loopback(request.META.get("REMOTE_ADDR", ""))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False  # a Unix socket has no address: a proxy listens there


def _of_all_processes() -> CollectorRegistry:
    """What web processes counted, each for itself (deploy/gunicorn.conf.py names the folder they share)."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _of_the_database() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(DatabaseCollector())
    return registry


class DatabaseCollector(Collector):
    """What the rows say at this moment, the same whichever process is asked."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._messages()
        late = AutoSend.objects.filter(state=AutoSendState.PLANNED, due_at__lte=timezone.now()).count()
        yield GaugeMetricFamily("docshare_auto_sends_due", "Automatic sendings whose time has come", value=late)
        late = Reminder.objects.filter(state=ReminderState.PLANNED, due_at__lte=timezone.now()).count()
        yield GaugeMetricFamily("docshare_reminders_due", "Reminders whose time has come", value=late)
        last = heartbeat.last_beat()
        silence = (timezone.now() - last).total_seconds() if last else float("inf")
        yield GaugeMetricFamily("docshare_worker_silence_seconds", "Time since a worker took a task", value=silence)
        yield GaugeMetricFamily(
            "docshare_audit_sealed_lines",
            "Lines of the audit trail in the chain",
            value=chain.newest_anchor().position,
        )
        files, size = _stored()
        yield GaugeMetricFamily("docshare_stored_files", "Files in storage", value=files)
        yield GaugeMetricFamily("docshare_stored_bytes", "Their size", value=size)

    def _messages(self) -> Iterator[GaugeMetricFamily]:
        now = timezone.now()
        due = {
            row["channel"]: row
            for row in Message.objects.filter(state=MessageState.QUEUED, due_at__lte=now)
            .values("channel")
            .annotate(count=Count("pk"), oldest=Min("due_at"))
        }
        waiting = GaugeMetricFamily("docshare_outbox_due", "Messages whose time has come", labels=["channel"])
        age = GaugeMetricFamily("docshare_outbox_oldest_seconds", "How long the oldest waits", labels=["channel"])
        for channel in Channel:
            row = due.get(channel.value)
            waiting.add_metric([channel.value], row["count"] if row else 0)
            age.add_metric([channel.value], (now - row["oldest"]).total_seconds() if row else 0)
        yield waiting
        yield age
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


_counted: tuple[float, int, int] | None = None


def _stored() -> tuple[int, int]:
    """How many files, how many bytes; counted anew every five minutes."""
    global _counted
    if _counted is None or time.monotonic() - _counted[0] > STORAGE_SECONDS:
        found = StoredFile.objects.aggregate(files=Count("pk"), size=Sum("size"))
        _counted = (time.monotonic(), found["files"], found["size"] or 0)
    return _counted[1], _counted[2]
