"""What Celery does by itself: a task that does nothing, under the settings of the site."""

from __future__ import annotations

from docshare.celery import app


@app.task(name="bench.empty_task")
def nothing() -> None:
    """Nothing."""
