"""Seals the trail, and writes its anchor where the database's owner cannot change it."""

from __future__ import annotations

import logging

from celery import shared_task

from audit import chain

logger = logging.getLogger(__name__)


@shared_task(expires=30)
def seal() -> None:
    """Seal committed lines. Harmless when repeated: a sealed line gets no second seal."""
    chain.seal()


@shared_task
def note_anchor() -> None:
    """Write the anchor to the log, which is stored elsewhere. Harmless when repeated: it changes no data."""
    anchor = chain.newest_anchor()
    logger.info("Audit trail: %d lines are sealed, anchor %d:%s", anchor.position, anchor.position, anchor.digest)
