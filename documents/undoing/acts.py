"""Acts that may be undone: opened in the transaction of what they do, closed when undone or when their time is over.

Until then no message of the act leaves. Who undoes races with the workers for the rows of these messages: either none
has left, or it is too late (docs/decisions/0039).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Appointment, Reminder
from appointments.models.reminder import ReminderState
from documents.models import AutoSend, AutoSendState
from documents.models.undoable import ActKind, UndoableAct
from documents.sending.planning import nudge_senders
from documents.undoing.journal import Change, TooLateToUndo
from files import storage
from files.models import StoredFile
from notifications.models import Channel, Message, MessageState
from notifications.outbox import nudge_channel

OVER = gettext_lazy("Trop tard pour annuler : le délai est passé.")
SENT = gettext_lazy("Trop tard pour annuler : un message est déjà parti, ou part en ce moment.")
CHANGED = gettext_lazy(
    "Rien n’est annulé : quelque chose a changé entre-temps. La page montre ce qui vaut maintenant."
)
BATCH = 100


def may_be_undone() -> bool:
    """Whether this installation leaves time to undo."""
    return bool(settings.UNDO_FOR)


def open_act(
    kind: ActKind,
    *,
    pk: uuid.UUID,
    by: User,
    session: str,
    appointment: Appointment,
    until: datetime,
    journal: Mapping[str, Any] | None = None,
    document: uuid.UUID | None = None,
    file: StoredFile | None = None,
) -> UndoableAct:
    return UndoableAct.objects.create(
        id=pk,
        kind=kind,
        by=by,
        session=session,
        practice=appointment.practice,
        appointment=appointment.pk,
        document=document,
        file=file,
        journal=json.dumps(journal, separators=(",", ":")) if journal else "",
        until=until,
    )


def locked_act(act: UndoableAct) -> UndoableAct | None:
    """The act, locked; None if it is undone already. Raises TooLateToUndo."""
    locked = UndoableAct.objects.select_for_update().get(pk=act.pk)
    if locked.undone_at is not None:
        return None
    if locked.closed_at is not None or timezone.now() >= locked.until:
        raise TooLateToUndo(str(OVER))
    return locked


def close(act: UndoableAct, *, undone: bool) -> None:
    """Keep nothing of what it changed."""
    now = timezone.now()
    file = act.file
    act.closed_at, act.journal, act.file = now, "", None
    act.undone_at = now if undone else None
    act.save(update_fields=["closed_at", "undone_at", "journal", "file"])
    if file is not None and not undone:
        storage.purge(file)


def close_ended_acts() -> int:
    """Close those whose time is over, and forget those of yesterday. Harmless when repeated."""
    now = timezone.now()
    with transaction.atomic():
        ended = UndoableAct.objects.select_for_update(skip_locked=True, of=("self",)).select_related("file")
        batch = list(ended.filter(closed_at=None, until__lte=now).order_by("until")[:BATCH])
        for act in batch:
            close(act, undone=False)
    UndoableAct.objects.filter(closed_at__lt=now - timedelta(days=1)).delete()
    return len(batch)


def hold_back(changed: Collection[Change], *, until: datetime) -> None:
    """Nothing that the act planned or planned anew leaves before `until`. A message in hand is not held back."""
    pks: dict[type[Any], list[str]] = {model: [] for model in (Message, AutoSend, Reminder)}
    for one in changed:
        if one.model in pks and one.after is not None:
            pks[one.model].append(one.pk)
    waiting = Message.objects.filter(pk__in=pks[Message], state=MessageState.QUEUED, lease_until=None)
    waiting.filter(due_at__lt=until).update(due_at=until, planned_at=until)
    AutoSend.objects.filter(pk__in=pks[AutoSend], state=AutoSendState.PLANNED, due_at__lt=until).update(due_at=until)
    Reminder.objects.filter(pk__in=pks[Reminder], state=ReminderState.PLANNED, due_at__lt=until).update(due_at=until)
    transaction.on_commit(lambda: _nudge(until))


def _nudge(until: datetime) -> None:
    for channel in Channel:
        nudge_channel(channel, until)
    nudge_senders(due_at=until)
