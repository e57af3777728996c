"""Periodic tasks: encrypt plain second factors, and remove counts and links that have ended."""

from __future__ import annotations

from celery import shared_task

from accounts import account_links, counting, factor_secrets


@shared_task
def seal_second_factors() -> None:
    """Encrypt plain secrets of earlier versions. Harmless when repeated: encrypted ones stay unchanged."""
    factor_secrets.seal_plain_factors()


@shared_task
def forget_ended_counts() -> None:
    """Remove counts whose window has ended, and old links. Harmless when repeated."""
    counting.forget_ended_counts()
    account_links.forget_old_links()
