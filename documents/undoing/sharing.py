"""Undoing a sharing, and taking back so that it can be undone for a moment."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.models import Appointment
from audit.acts import UNDOES, lines_of_act
from audit.trail import record
from documents.consents.keeping import check_not_signed
from documents.filling.drafts import draft_put_back
from documents.models import FillingDraft, SharedDocument, Task
from documents.models.undoable import ActKind, UndoableAct
from documents.sharing.share import remove, take_back
from documents.sharing.uploads import check_may_share, locked
from documents.to_sign.preparing import task_put_back
from documents.undoing.acts import CHANGED, SENT, close, hold_back, locked_act, may_be_undone, open_act
from documents.undoing.appointments import recipients_digest, restore
from documents.undoing.journal import (
    ChangedMeanwhile,
    TooLateToUndo,
    changes,
    keys_around,
    read,
    rows,
    together,
    written,
)
from notifications.models import Message, MessageState
from refusals import Kind, Refusal


class AlreadyRead(Refusal):
    """Its recipient has opened it: taking it back is another act, which the history shows."""

    code = "already_read"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Ce document a déjà été ouvert par son destinataire : le partage ne peut plus être annulé. Vous pouvez "
        "encore le retirer."
    )


@transaction.atomic
def undo_share(*, act: UndoableAct, by: User) -> FillingDraft | Task | None:
    """Withdraw the document as if it had never been shared, rows and bytes. Undoing twice changes nothing. Returns
    what is there again: the draft of a document that was filled in, or the one that waits again to be signed.

    Raises AlreadyRead, SignedByPatient, TooLateToUndo, ChangedMeanwhile, NotAllowed; changes nothing then.
    """
    appointment = _locked_appointment(act.appointment)
    lock = locked_act(act)
    if lock is None:
        return None
    document = _locked_document(act.document)
    if appointment is None or document is None or document.appointment_id != appointment.pk:
        raise ChangedMeanwhile(str(CHANGED))
    check_may_share(appointment, by)
    if document.first_read_at is not None or document.readings.filter(as_staff=False).exists():
        raise AlreadyRead
    check_not_signed(document)
    if document.replaced_at is not None or document.shared_by_id != by.pk:
        raise ChangedMeanwhile(str(CHANGED))
    # PostgreSQL waits here for a worker that is claiming one of them.
    if any(map(_has_left, document.messages.order_by("pk").select_for_update())):
        raise TooLateToUndo(str(SENT))
    shared_at = document.shared_at
    remove(document, by, action="document.share_undone", detail={UNDOES: str(act.pk)})
    _forget_invitation(appointment, since=shared_at)
    journal = json.loads(lock.journal) if lock.journal else {}
    back = task_put_back(kept=journal, by=by) or draft_put_back(user=by, appointment=appointment, kept=journal)
    close(lock, undone=True)
    return back


def _has_left(message: Message) -> bool:
    if message.state in (MessageState.SENT, MessageState.DELIVERED):
        return True
    return message.lease_until is not None or (message.state == MessageState.FAILED and message.attempts > 0)


def _forget_invitation(appointment: Appointment, *, since: datetime) -> None:
    """The invitation that this sharing made, unless something else tells of it."""
    if SharedDocument.objects.filter(patient=appointment.patient_id).exists():
        return
    for one in appointment.patient.invitations.live().filter(created_at__gte=since, identity_checked_by=None):
        if not Message.objects.filter(about=one.pk).exists():
            one.delete()


@transaction.atomic
def take_back_for_now(*, document: SharedDocument, by: User, session: str) -> UndoableAct | None:
    """As documents.sharing.share.take_back; its bytes are removed when it can't be undone any more. Returns the act;
    None if it was gone already, or nothing can be undone here."""
    if not may_be_undone():
        take_back(document=document, by=by)
        return None
    appointment = _locked_appointment(document.appointment_id)
    document_now = _locked_document(document.pk)
    if appointment is None or document_now is None:
        return None
    check_may_share(appointment, by)
    check_not_signed(document_now)
    pk, until = uuid.uuid4(), timezone.now() + settings.UNDO_FOR
    keys = keys_around(appointment)
    before = rows(keys)
    with lines_of_act(pk):
        file = remove(document_now, by, keeps_file=True)
    keys = together(keys, keys_around(appointment))
    hold_back(changes(before, rows(keys)), until=until)
    journal = {"changes": written(changes(before, rows(keys))), "recipients": recipients_digest(appointment)}
    return open_act(
        ActKind.TAKE_BACK,
        pk=pk,
        by=by,
        session=session,
        appointment=appointment,
        until=until,
        journal=journal,
        document=document.pk,
        file=file,
    )


@transaction.atomic
def undo_take_back(*, act: UndoableAct, by: User) -> None:
    """Put the document back, with its readings and messages. Undoing twice changes nothing.

    Raises TooLateToUndo, ChangedMeanwhile, NotAllowed; changes nothing then.
    """
    appointment = _locked_appointment(act.appointment)
    lock = locked_act(act)
    if lock is None:
        return
    if appointment is None:
        raise ChangedMeanwhile(str(CHANGED))
    check_may_share(appointment, by)
    journal = json.loads(lock.journal)
    if journal["recipients"] != recipients_digest(appointment):
        raise ChangedMeanwhile(str(CHANGED))
    restore(read(journal["changes"]))
    document = SharedDocument.objects.get(pk__in=[act.document])
    record(
        "document.take_back_undone",
        by=by,
        on=document,
        practice=appointment.practice_id,
        within=appointment,
        detail={UNDOES: str(act.pk), "category": document.category_id},
    )
    close(lock, undone=True)


def _locked_appointment(pk: uuid.UUID | None) -> Appointment | None:
    appointment = Appointment.objects.filter(pk__in=[pk]).first()
    return locked(appointment) if appointment else None


def _locked_document(pk: uuid.UUID | None) -> SharedDocument | None:
    related = SharedDocument.objects.select_for_update(of=("self",)).select_related("file", "library_version")
    return related.select_related("appointment__practice").filter(pk__in=[pk]).first()
