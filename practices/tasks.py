"""A periodic task: invitations of colleagues do not stay longer than they are of use."""

from __future__ import annotations

from celery import shared_task

from practices import colleagues


@shared_task
def forget_ended_invitations() -> None:
    """Remove invitations that ended thirty days ago. Harmless when repeated."""
    colleagues.forget_ended_invitations()
