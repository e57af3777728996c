"""The floor for Celery: a task that does nothing, with the site's settings."""

from __future__ import annotations

from docshare.celery import app


@app.task(name="bench.empty_task")
def nothing() -> None:
    """Nothing."""
