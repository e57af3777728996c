"""Shortens those waits that are not settings, in every process of the suite."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from django.apps import AppConfig

PACE = float(os.environ.get("FAULTS_PACE", "4"))
WAITS = {
    "jobs.leases": ["FIRST_WAIT", "LONGEST_WAIT"],
    "notifications.delivery": ["LEASE", "LONGEST_SEND"],
    "documents.sending.autosend": ["LEASE", "RETRY"],
    "files.scanning": ["LONGEST_SCAN", "LONGEST_PING"],
    "notifications.channels.apprise_gateway": ["LONGEST_ANSWER"],
    "notifications.channels.http_gateway": ["LONGEST_ANSWER", "TIMEOUT"],
    "notifications.channels.providers": ["LONGEST_ANSWER"],
    "portals.api.idempotency": ["LEASE"],
}


def shorter(wait: Any) -> Any:
    """A number, a timedelta, or a tuple of them."""
    return tuple(map(shorter, wait)) if isinstance(wait, tuple) else wait / PACE


class PaceConfig(AppConfig):
    name = "tests.faults"
    label = "pace"

    def ready(self) -> None:
        for place, names in WAITS.items():
            module = import_module(place)
            for name in names:
                setattr(module, name, shorter(getattr(module, name)))
