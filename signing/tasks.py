"""Revocation lists that stay fresh, and certificates whose end comes near."""

from __future__ import annotations

from celery import shared_task

from signing import certificates, imported_certificates


@shared_task
def renew_revocation_lists() -> None:
    """Harmless when repeated: what was made less than a day ago is not made again."""
    certificates.renew_revocation_lists()


@shared_task
def watch_certificates() -> None:
    """Harmless when repeated: each warning is written down in the transaction that plans it."""
    imported_certificates.watch()
