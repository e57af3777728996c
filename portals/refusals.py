"""Counts refusals by door and status: many 404s of one door mean that somebody tries ids."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter

REFUSED = Counter("docshare_refused_total", "Requests refused", ["door", "status"])
REFUSALS = {400, 401, 403, 404, 409, 413, 429, 503, 507}
DOORS = (("/api/", "api"), ("/pro/", "practitioner"), ("/admin/", "administration"), ("/d/", "link"))


class CountRefusalsMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in REFUSALS:
            REFUSED.labels(door_of(request.path), str(response.status_code)).inc()
        return response


def door_of(path: str) -> str:
    return next((door for beginning, door in DOORS if path.startswith(beginning)), "patient")
