"""One id for each request and each task, in every line of the log it causes and in the answer's X-Request-ID.

An id in the request is only accepted from a proxy.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from celery import signals
from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
FORM = re.compile(r"[0-9A-Za-z-]{8,64}")
current: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdMiddleware:
    """The first middleware, so that the others' log lines have the id, too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        received = request.headers.get(HEADER, "") if settings.ALLAUTH_TRUSTED_PROXY_COUNT else ""
        # Stays until the thread's next request, because the server may log a failure after this middleware.
        current.set(received if FORM.fullmatch(received) else uuid.uuid4().hex)
        response = self.get_response(request)
        response[HEADER] = current.get()
        return response


@signals.task_prerun.connect
def begin_task(task_id: str = "", **_kwargs: Any) -> None:
    current.set(task_id)
