"""One automatic reminder of an unread document, after the practice's number of days.

Not of automatic documents: they come from the library, and the appointment has reminders of its own. Not after a
failed message: staff must act (documents/sharing/deliveries.py), and another message would fail, too.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from appointments.models import ReminderPolicy
from appointments.quiet_hours import polite_time
from audit.trail import record
from documents import messages
from documents.models import SharedDocument, UnreadPolicy
from documents.sharing import chasing
from jobs.row_errors import log_row_error
from notifications.models import Channel
from practices.models import Practice
from practices.roles import require_administrator

logger = logging.getLogger(__name__)
# Overdue reminders are not sent later than this: after a setting was turned on, or after a long stop.
LATEST = timedelta(days=7)
BATCH = 200  # documents of a practice in one run


@transaction.atomic
def set_unread_policy(*, practice: Practice, days: int | None, by: User) -> UnreadPolicy:
    """Set after how many days, or None for never. Raises NotAllowed, ValidationError."""
    require_administrator(by, practice)
    policy = UnreadPolicy.of(practice)
    policy.days = days
    policy.full_clean()
    policy.save()
    record("practice.unread_reminder_changed", by=by, on=practice, practice=practice, detail={"days": days})
    return policy


def remind_of_unread(*, now: datetime | None = None) -> int:
    """Send the due reminders; returns how many. One may cover several documents. A second run changes nothing."""
    now = now or timezone.now()
    count = 0
    for practice in Practice.objects.select_related("unread_policy"):
        policy = getattr(practice, "unread_policy", None) or UnreadPolicy(practice=practice)
        if policy.days is None:
            continue
        silence = timedelta(days=policy.days)
        for pk in _due(practice, now - silence)[:BATCH]:
            try:
                with transaction.atomic():
                    count += _remind(pk, now, now - silence)
            except Exception as error:
                log_row_error(logger, "Reminder of document", pk, error)
    return count


def _due(practice: Practice, silent_since: datetime) -> list[uuid.UUID]:
    """Unread documents, never reminded of, without a message since then (replacing or chasing sends one)."""
    window = (silent_since - LATEST, silent_since)
    messaged_since = SharedDocument.messages.through.objects.filter(
        shareddocument=OuterRef("pk"), message__created_at__gt=silent_since
    )
    unread = SharedDocument.objects.filter(practice=practice, first_read_at=None, reminded_at=None, auto_send=None)
    in_time = unread.filter(Q(shared_at__range=window) | Q(replaced_at__range=window)).filter(~Exists(messaged_since))
    return list(in_time.order_by("shared_at", "id").values_list("pk", flat=True))


def _remind(pk: uuid.UUID, now: datetime, silent_since: datetime) -> bool:
    document = chasing.locked_document(pk)
    if document is None or document.first_read_at is not None or document.reminded_at is not None:
        return False  # read, taken back, or reminded of by another worker
    if not document.has_readers or document.needs_attention:
        return False
    if not messages.can_be_notified(document):
        return False
    if any(message.created_at > silent_since for message in document.newest_messages):
        return False
    sms_at = polite_time(now, document.practice, ReminderPolicy.of(document.practice))
    together = chasing.documents_of_one_message(document)
    messages.announce_again(together, due_at={Channel.EMAIL: now, Channel.SMS: sms_at}, by=None)
    SharedDocument.objects.filter(pk__in=[one.pk for one in together]).update(reminded_at=now)
    chasing.write_down("document.reminded", together, list(Channel), by=None)
    return True
