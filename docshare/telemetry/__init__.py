"""Crashes to a server that speaks Sentry's protocol, and spans to an OpenTelemetry collector: both off by default.

Written here and not taken from their SDKs, which gather local variables, headers, bodies and SQL and leave them to be
scrubbed. What leaves is built from kinds, places and names of routes: there is nothing in it to forget to scrub
(docs/decisions/0025).
"""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from django.conf import settings


def begin() -> None:
    """At the start of every process. Wrong settings are refused elsewhere (docshare/checks.py)."""
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
