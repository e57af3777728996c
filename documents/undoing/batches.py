"""Starting a batch so that it can be undone for a moment, in which no line of it is due."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from accounts.models import User
from documents.models import ShareBatch, ShareBatchLine
from documents.models.batch import LineState
from documents.models.undoable import ActKind, UndoableAct
from documents.sharing.batches import start
from documents.undoing.acts import CHANGED, SENT, close, locked_act, may_be_undone
from documents.undoing.journal import ChangedMeanwhile, TooLateToUndo
from practices.roles import require_sharer

BY_WORKERS = (LineState.SENT, LineState.FAILED)


@transaction.atomic
def start_for_now(*, batch: ShareBatch, by: User, session: str) -> UndoableAct | None:
    """As documents.sharing.batches.start; also the act, None if it was started already, or nothing can be undone
    here. `session`: in which `by` may undo it."""
    if not may_be_undone():
        start(batch=batch, by=by)
        return None
    if ShareBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk).sent_at is not None:
        return None
    started = start(batch=batch, by=by, wait=settings.UNDO_FOR)
    assert started.sent_at is not None  # just now
    return UndoableAct.objects.create(
        kind=ActKind.BATCH,
        by=by,
        session=session,
        practice=started.practice,
        batch=started.pk,
        until=started.sent_at + settings.UNDO_FOR,
    )


@transaction.atomic
def undo_start(*, act: UndoableAct, by: User) -> None:
    """Make it a draft again, of which nothing has left. Undoing twice changes nothing.

    Raises TooLateToUndo, ChangedMeanwhile, NotAllowed; changes nothing then.
    """
    batches = ShareBatch.objects.select_for_update(of=("self",)).select_related("practice")
    batch = batches.filter(pk__in=[act.batch]).first()
    lock = locked_act(act)
    if lock is None:
        return
    if batch is None or batch.sent_at is None or batch.sent_by_id != by.pk:
        raise ChangedMeanwhile(str(CHANGED))
    require_sharer(by, batch.practice)
    lines = ShareBatchLine.objects.filter(batch=batch).exclude(state=LineState.LEFT_OUT)
    # PostgreSQL waits here for a worker that is claiming one of them; other workers skip them.
    for line in lines.order_by("pk").select_for_update():
        if line.state in BY_WORKERS or line.attempts or line.lease_until is not None:
            raise TooLateToUndo(str(SENT))
    lines.update(state=LineState.DRAFT, reason="")
    batch.sent_by = batch.sent_at = None
    batch.save(update_fields=["sent_by", "sent_at"])
    close(lock, undone=True)
