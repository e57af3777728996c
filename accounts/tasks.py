"""Sealing second factors, and forgetting counts that have ended."""

from __future__ import annotations

from celery import shared_task

from accounts import counting, factor_secrets


@shared_task
def seal_second_factors() -> None:
    """For secrets of a version that sealed none. Harmless when repeated: what is sealed is left alone."""
    factor_secrets.seal_plain_factors()


@shared_task
def forget_ended_counts() -> None:
    """Remove counts whose window has ended. Harmless when repeated: the second finds none."""
    counting.forget_ended_counts()
