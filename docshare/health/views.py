"""Endpoints for machines: whether the process is up (`/healthz`), whether it can answer requests (`/readyz`, for
balancers), whether the whole installation is well (`/healthz/system`), and numbers (`/metrics`, for Prometheus).

Anybody may call the first three, which answer whether but not why; `/readyz` also names the missing part. The rest is
for the operator: with the token METRICS_TOKEN or, if there is none, from this machine only.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from accounts.addresses import is_loopback
from docshare.health import own
from docshare.health.metrics import exposition
from docshare.health.parts import findings

STRANGERS_WAIT = 5.0  # seconds; Kubernetes, HAProxy and uptime services ask every 5 s and more


@login_not_required
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    away = own.not_answering()
    return JsonResponse({"ready": not away, "not_answering": away}, status=503 if away else 200)


@login_not_required
@require_safe
def system(request: HttpRequest) -> JsonResponse:
    """Only readers of the metrics learn which parts fail, because a missing scanner would invite attacks. Strangers
    get a cached answer: the parts are judged once in `STRANGERS_WAIT`, however often they ask."""
    if not _may_read(request):
        well = _known.is_well()
        return JsonResponse({"well": well}, status=200 if well else 503)
    all_findings = findings()
    ill = [finding.part for finding in all_findings if finding.is_ill]
    answer: dict[str, Any] = {"well": not ill, "ill": ill}
    answer["parts"] = [
        {"part": finding.part, "state": finding.state.value, "sentence": finding.sentence, "remedy": finding.remedy}
        for finding in all_findings
    ]
    return JsonResponse(answer, status=503 if ill else 200)


class _Known:
    """This process's cached verdict on the whole. The first request after it expired judges again."""

    def __init__(self) -> None:
        self._judging = threading.Lock()
        self._well, self._until = True, 0.0

    def is_well(self) -> bool:
        with self._judging:  # concurrent requests wait for the answer instead of judging, too
            if time.monotonic() >= self._until:
                self._well = not any(finding.is_ill for finding in findings())
                self._until = time.monotonic() + STRANGERS_WAIT
            return self._well


_known = _Known()


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        return kind.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False  # a proxy on this machine forwards it from an unknown origin
    return is_loopback(request.META.get("REMOTE_ADDR", ""))  # a Unix socket has no address: its client is a proxy
