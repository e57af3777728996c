"""Periodic tasks: renew revocation lists, and warn about certificates that expire soon."""

from __future__ import annotations

from celery import shared_task

from signing import certificates, imported_certificates


@shared_task
def renew_revocation_lists() -> None:
    """Harmless when repeated: a list younger than a day is not renewed."""
    certificates.renew_revocation_lists()


@shared_task
def watch_certificates() -> None:
    """Harmless when repeated: each warning is recorded in the transaction that plans it."""
    imported_certificates.watch()
