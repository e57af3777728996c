"""Invariants of messages after any crash, checked by `manage.py fsck`. Each function yields a line for each fault."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from jobs.leases import LONGEST_WAIT, MAX_ATTEMPTS
from notifications.models import Message, MessageState

IDLE = timedelta(hours=1)


def messages_end() -> Iterator[str]:
    """Every message is sent or visibly given up: none is queued after its last attempt, or overdue."""
    now = timezone.now()
    queued = Message.objects.filter(state=MessageState.QUEUED).filter(
        Q(lease_until=None) | Q(lease_until__lt=now - IDLE)
    )
    for pk in queued.filter(attempts__gt=MAX_ATTEMPTS, due_at__lt=now - IDLE).values_list("pk", flat=True):
        yield f"message {pk}: queued after its last attempt"
    lying = queued.filter(attempts__lte=MAX_ATTEMPTS, due_at__lt=now - 2 * LONGEST_WAIT)
    for pk in lying.values_list("pk", flat=True):
        yield f"message {pk}: due for more than four hours, and nobody sends it"


def texts_are_forgotten() -> Iterator[str]:
    """A message that was sent or given up has no text, which contained a link or a code."""
    ended = Message.objects.exclude(state=MessageState.QUEUED)
    for pk in ended.exclude(body="", html="", calendar="").values_list("pk", flat=True):
        yield f"message {pk}: over, and its text was kept"
