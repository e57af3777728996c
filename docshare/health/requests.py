"""Counts requests and how long they take, by the name of their route: never by path, which may contain a token or an
id.

The labels are few and fixed, so that invented methods or addresses create no new series.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

REQUESTS = Counter("docshare_requests_total", "Requests answered", ["route", "method", "status"])
SECONDS = Histogram(
    "docshare_request_seconds",
    "Time to the first byte of the answer",
    ["route"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
STATIC, UNKNOWN, OTHER = "static", "unknown", "other"


class MeasureRequestsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        route = route_of(request)
        SECONDS.labels(route).observe(time.perf_counter() - started)
        method = request.method if request.method in METHODS else OTHER
        REQUESTS.labels(route, method, str(response.status_code)).inc()
        return response


def route_of(request: HttpRequest) -> str:
    """The route's name, as "practitioner:share"; its pattern if it has no name."""
    match = request.resolver_match
    if match is not None:
        return match.view_name if match.url_name else match.route
    return STATIC if request.path.startswith(settings.STATIC_URL) else UNKNOWN
