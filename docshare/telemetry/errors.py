"""Reports crashes as events of Sentry's protocol (develop.sentry.dev/sdk/foundations/transport/envelopes).

An event has the exceptions' classes and the frames; no messages, variables, headers, paths, SQL or personal data.
"""

from __future__ import annotations

import json
import logging
import traceback
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from docshare import request_ids
from docshare.health.requests import route_of
from docshare.health.versions import code_version
from docshare.logs import chain_of
from docshare.telemetry.outgoing import Outgoing

DEEPEST = 60  # frames, those nearest to the error


def endpoint_of(dsn: str) -> tuple[str, str]:
    """The address to post to, and the key, from https://KEY@HOST/PROJECT."""
    parts = urlsplit(dsn)
    before, _, project = parts.path.rpartition("/")
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{before}/api/{project}/envelope/", parts.username or ""


class ErrorReports(logging.Handler):
    """Reports each line of level ERROR or above."""

    def __init__(self, dsn: str) -> None:
        super().__init__(logging.ERROR)
        url, key = endpoint_of(dsn)
        authentication = f"Sentry sentry_version=7, sentry_client=docshare/{code_version()}, sentry_key={key}"
        headers = {"X-Sentry-Auth": authentication, "Content-Type": "application/x-sentry-envelope"}
        self.outgoing = Outgoing(url, headers, envelope, batch=1)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.outgoing.put(event_of(record))
        except Exception:
            self.handleError(record)


def event_of(record: logging.LogRecord) -> dict[str, Any]:
    """An event, without `record`'s message, which may quote anything."""
    place = f"{_shown(record.pathname)}:{record.lineno} {record.funcName}"
    event: dict[str, Any] = {
        "event_id": uuid.uuid4().hex,
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        "platform": "python",
        "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
        "logger": record.name,
        "release": f"docshare@{code_version()}",
        "environment": "production" if settings.PRODUCTION else "embedded",
        "server_name": settings.REPLICA_NAME,
        "tags": {"request_id": request_ids.current.get(), "logged_at": place},
    }
    if request := getattr(record, "request", None):
        event["transaction"] = route_of(request)
    if record.exc_info and record.exc_info[1] is not None:
        # The exception that was raised first comes first.
        event["exception"] = {"values": [_exception(error) for error in reversed(chain_of(record.exc_info[1]))]}
    else:
        event["message"] = place
    return event


def _exception(error: BaseException) -> dict[str, Any]:
    frames = [
        {
            "filename": _shown(frame.filename),
            "function": frame.name,
            "lineno": frame.lineno,
            "in_app": _is_ours(frame.filename),
        }
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    kind = type(error)
    return {"type": kind.__qualname__, "module": kind.__module__, "stacktrace": {"frames": frames[-DEEPEST:]}}


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    return path.is_relative_to(settings.BASE_DIR) and "site-packages" not in path.parts


def _shown(filename: str) -> str:
    """The path relative to the checkout or to the packages, which hides their place on this machine."""
    parts = Path(filename).parts
    for beginning in ("site-packages", "dist-packages"):
        if beginning in parts:
            return "/".join(parts[parts.index(beginning) + 1 :])
    path = Path(filename)
    return str(path.relative_to(settings.BASE_DIR)) if path.is_relative_to(settings.BASE_DIR) else path.name


def envelope(events: list[dict[str, Any]]) -> bytes:
    """An envelope may contain only one event."""
    (event,) = events
    lines = [{"event_id": event["event_id"], "sent_at": datetime.now(UTC).isoformat()}, {"type": "event"}, event]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()
