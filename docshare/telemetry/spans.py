"""Exports requests and tasks as spans of OpenTelemetry, in OTLP's JSON over HTTP (opentelemetry.io/docs/specs/otlp).

A span has the name of the route or task, status, duration and the id in the log; nothing that a user sent.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from celery import signals
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from docshare import request_ids
from docshare.health.requests import METHODS, OTHER, route_of
from docshare.health.versions import code_version
from docshare.telemetry.outgoing import Outgoing

SERVER, CONSUMER = 2, 5  # SpanKind
ERROR = 2  # StatusCode
BATCH = 200
_exporter: Outgoing | None = None
_began: dict[str, int] = {}  # task id -> nanoseconds since 1970


def begin() -> None:
    """Export from now on to OTEL_EXPORTER_OTLP_ENDPOINT."""
    global _exporter
    pairs = (pair.partition("=") for pair in settings.OTEL_EXPORTER_OTLP_HEADERS.split(",") if "=" in pair)
    headers = {name.strip(): value.strip() for name, _, value in pairs}
    url = settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip("/") + "/v1/traces"
    _exporter = Outgoing(url, {**headers, "Content-Type": "application/json"}, body_of, batch=BATCH)
    signals.task_prerun.connect(_task_begins)
    signals.task_postrun.connect(_task_ends)


def flush(seconds: float) -> None:
    if _exporter:
        _exporter.flush(seconds)


class TraceRequestsMiddleware:
    """Does nothing while spans are not exported."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.time_ns()
        response = self.get_response(request)
        method = request.method if request.method in METHODS else OTHER
        route, status = route_of(request), response.status_code
        attributes: dict[str, str | int] = {
            "http.request.method": method or OTHER,
            "http.route": route,
            "http.response.status_code": status,
        }
        _export(f"{method} {route}", SERVER, began, attributes, failed=status >= 500)
        return response


def _task_begins(task_id: str = "", **_kwargs: Any) -> None:
    _began[task_id] = time.time_ns()


def _task_ends(task_id: str = "", task: Any = None, state: str | None = None, **_kwargs: Any) -> None:
    began = _began.pop(task_id, None)
    if began is not None:
        _export(task.name, CONSUMER, began, {"celery.state": state or ""}, failed=state == "FAILURE")


def _export(name: str, kind: int, began: int, attributes: Mapping[str, str | int], *, failed: bool) -> None:
    span: dict[str, Any] = {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(began),
        "endTimeUnixNano": str(time.time_ns()),
        "attributes": _attributes({**attributes, "docshare.request_id": request_ids.current.get()}),
    }
    if failed:
        span["status"] = {"code": ERROR}
    if _exporter:
        _exporter.put(span)


def body_of(spans: list[dict[str, Any]]) -> bytes:
    about = {
        "service.name": "docshare",
        "service.version": code_version(),
        "service.instance.id": settings.REPLICA_NAME,
    }
    scope = {"scope": {"name": "docshare"}, "spans": spans}
    return json.dumps(
        {"resourceSpans": [{"resource": {"attributes": _attributes(about)}, "scopeSpans": [scope]}]}
    ).encode()


def _attributes(values: Mapping[str, str | int]) -> list[dict[str, Any]]:
    return [
        {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for name, value in values.items()
    ]
