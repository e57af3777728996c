"""Sealing the trail, and writing its anchor where the database's owner cannot reach it."""

from __future__ import annotations

import logging

from celery import shared_task

from audit import chain

logger = logging.getLogger(__name__)


@shared_task(expires=30)
def seal() -> None:
    """Seal what was committed. Harmless when repeated: what has a seal gets no other."""
    chain.seal()


@shared_task
def note_anchor() -> None:
    """One line in the log, which is kept elsewhere. Harmless when repeated: it changes nothing."""
    anchor = chain.newest_anchor()
    logger.info("Audit trail: %d lines are sealed, anchor %d:%s", anchor.position, anchor.position, anchor.digest)
