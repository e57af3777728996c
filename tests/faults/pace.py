"""The waits that are not settings, made shorter in every process of the suite."""

from __future__ import annotations

import os
from importlib import import_module

from django.apps import AppConfig

PACE = float(os.environ.get("FAULTS_PACE", "4"))
WAITS = {
    "jobs.leases": ["FIRST_WAIT", "LONGEST_WAIT"],
    "notifications.delivery": ["LEASE", "LONGEST_SEND"],
    "documents.sending.autosend": ["LEASE", "RETRY"],
    "files.scanning": ["LONGEST_SCAN", "LONGEST_PING"],
    "notifications.channels.apprise_gateway": ["LONGEST_ANSWER"],
    "notifications.channels.http_gateway": ["LONGEST_ANSWER"],
    "notifications.channels.providers": ["LONGEST_ANSWER"],
    "portals.api.idempotency": ["LEASE"],
}


class PaceConfig(AppConfig):
    name = "tests.faults"
    label = "pace"

    def ready(self) -> None:
        for place, names in WAITS.items():
            module = import_module(place)
            for name in names:
                setattr(module, name, getattr(module, name) / PACE)
        sms = import_module("notifications.channels.http_gateway")
        sms.TIMEOUT = tuple(seconds / PACE for seconds in sms.TIMEOUT)  # type: ignore[attr-defined]
