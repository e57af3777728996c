"""Sends crashes to a server with Sentry's protocol, and spans to an OpenTelemetry collector; both are off by default.

Does not use their SDKs, which collect local variables, headers, bodies and SQL and rely on scrubbing. Only classes,
places and names of routes are sent, so nothing needs scrubbing (docs/decisions/0025).
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from django.conf import settings


def begin() -> None:
    """Call it at the start of every process. docshare/checks.py refuses wrong settings."""
    if is_dsn(settings.SENTRY_DSN):
        from docshare.telemetry.errors import ErrorReports

        logging.getLogger().addHandler(ErrorReports(settings.SENTRY_DSN))
    if is_endpoint(settings.OTEL_EXPORTER_OTLP_ENDPOINT):
        from docshare.telemetry import spans

        spans.begin()


def is_dsn(text: str) -> bool:
    """Whether this is https://KEY@HOST/PROJECT."""
    return is_endpoint(text) and bool(urlsplit(text).username and urlsplit(text).path.rpartition("/")[2])


def is_endpoint(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
