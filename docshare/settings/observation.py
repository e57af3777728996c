"""Logs, crashes and spans, metrics. Never a name, an address, a title or a token (docs/decisions)."""

from __future__ import annotations

import socket

from docshare.settings.installation import PORT, PRODUCTION, env

# One JSON object a line in production; elsewhere lines for people.
LOG_FORMAT = "json" if PRODUCTION else env.str("LOG_FORMAT", "plain")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "docshare.logs.ScrubbingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        },
        "json": {"()": "docshare.logs.JsonFormatter"},
    },
    "filters": {"refusals": {"()": "docshare.logs.RefusalsAreNoErrors"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"filters": ["refusals"]},
        "pyhanko": {"level": "ERROR"},
        "pyhanko_certvalidator": {"level": "CRITICAL"},
        "fontTools": {"level": "ERROR"},
        "pikepdf": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},  # its warnings quote documents
    },
}


# Crashes and spans, to servers of the operator (docshare/telemetry); empty: nowhere.
SENTRY_DSN = env.str("SENTRY_DSN", "")  # https://KEY@HOST/PROJECT
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "")  # http://HOST:4318
OTEL_EXPORTER_OTLP_HEADERS = env.str("OTEL_EXPORTER_OTLP_HEADERS", "")  # name=value,name=value


METRICS_TOKEN = env.str("METRICS_TOKEN", "")  # empty: /metrics answers this machine only
# The name of this web server in metrics, to distinguish servers behind one address.
REPLICA_NAME = env.str("REPLICA_NAME", f"{socket.gethostname()}:{PORT}")
