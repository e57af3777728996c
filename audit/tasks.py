"""Seals the trail, and writes its anchor where the database's owner cannot change it."""

from __future__ import annotations

import logging

from celery import shared_task

from audit import chain, days

logger = logging.getLogger(__name__)


@shared_task(expires=30)
def seal() -> None:
    """Seal committed lines. Harmless when repeated: a sealed line gets no second seal."""
    chain.seal()


@shared_task
def note_anchor() -> None:
    """Seal the day, and write its anchor to the log, which is stored elsewhere. Harmless when repeated: a day is
    sealed once."""
    if day := days.seal_day():
        logger.info("Audit trail: the chains of all practices, anchor %s", day)
    anchor = chain.newest_anchor()
    logger.info("Audit trail: %d lines are sealed, anchor %d:%s", anchor.position, anchor.position, anchor.digest)
