"""What the installation as a whole does by itself."""

from __future__ import annotations

from celery import shared_task

from docshare.health import probes


@shared_task(name="docshare.tasks.ask_others", expires=50)
def ask_others() -> None:
    """Ask mail server, gateway, scanner and authority whether they are there. Harmless when repeated: it sends
    nothing, and the latest answer stays."""
    probes.ask_all()
