"""Periodic tasks of the installation as a whole."""

from __future__ import annotations

from celery import shared_task

from docshare.health import probes


@shared_task(name="docshare.tasks.ask_others", expires=50)
def ask_others() -> None:
    """Probe mail server, gateway, scanner and authority. Harmless when repeated: it sends nothing, and the latest
    answer stays."""
    probes.probe_all()
