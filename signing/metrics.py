"""Metrics of signing and verifying, for the installation's operator: durations and counts, no personal data."""

from __future__ import annotations

from prometheus_client import Histogram

SIGNING_SECONDS = Histogram(
    "docshare_signing_seconds",
    "Time to sign one document, from the checked upload to the signed file",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32),
)
