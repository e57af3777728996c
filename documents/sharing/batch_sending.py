"""Shares the lines of batches: once, whatever crashes. One transaction for each appointment.

A worker claims lines under a lease. What prevents a second sharing is not the lease: the appointment and its patient
are locked, and a line that is no longer planned is not shared.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from appointments.models import Appointment
from documents.consents.sealing import NotToBeSigned
from documents.library.writing.copies import BlanksUnfilled
from documents.library.writing.printing import CannotWrite
from documents.models import ShareBatch, ShareBatchLine
from documents.models.batch import LineReason, LineState
from documents.sharing.batches import outlooks
from documents.sharing.share import share_library_document
from documents.sharing.uploads import RecipientNotReady, locked
from jobs import leases
from jobs.leases import back_off
from jobs.row_errors import log_row_error
from practices.roles import NotAllowed

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=2)
SIZE = 50  # lines claimed at once; their appointments' other lines go with them
MOST_ATTEMPTS = 6  # about five minutes, with leases.back_off


def send_some() -> bool:
    """Share one batch of due lines; returns whether any was due."""
    now = timezone.now()
    claimed = leases.claim(ShareBatchLine.objects.due(now), size=SIZE, lease=LEASE, now=now)
    for batch_id, appointment_id in dict.fromkeys((line.batch_id, line.appointment_id) for line in claimed):
        _try(batch_id, appointment_id)
    return bool(claimed)


def _try(batch_id: uuid.UUID, appointment_id: uuid.UUID | None) -> None:
    try:
        with transaction.atomic():
            _share_for(batch_id, appointment_id)
    except Appointment.DoesNotExist:  # deleted meanwhile: its lines know no appointment by now
        with transaction.atomic():
            _share_for(batch_id, None)
    except Exception as error:
        log_row_error(logger, "What a batch shares with appointment", appointment_id, error)
        with transaction.atomic():
            for line in _planned(batch_id, appointment_id):
                _put_off(line, timezone.now())


def _share_for(batch_id: uuid.UUID, appointment_id: uuid.UUID | None) -> None:
    """Every planned line of one appointment. Raises Appointment.DoesNotExist."""
    appointment = locked(Appointment(pk=appointment_id)) if appointment_id else None
    batch = ShareBatch.objects.select_related("sent_by", "practice").get(pk=batch_id)
    lines = _planned(batch_id, appointment_id)
    for line in lines:
        line.appointment = appointment
    found = outlooks(lines)
    for line in lines:
        if found[line.pk].state is LineState.PLANNED:
            _share(line, batch)
        else:
            _end(line, found[line.pk].state, found[line.pk].reason)


def _planned(batch_id: uuid.UUID, appointment_id: uuid.UUID | None) -> list[ShareBatchLine]:
    lines = ShareBatchLine.objects.filter(batch=batch_id, appointment=appointment_id, state=LineState.PLANNED)
    related = lines.select_for_update(of=("self",)).select_related("document__category")
    return list(related.order_by("document__title", "document__pk"))


def _share(line: ShareBatchLine, batch: ShareBatch) -> None:
    """A refusal, or an error, of one document stops no other."""
    assert line.appointment is not None  # outlooks has asked
    assert batch.sent_by is not None  # only sent batches have planned lines
    if line.attempts > MOST_ATTEMPTS:
        _end(line, LineState.FAILED, LineReason.GAVE_UP)
        return
    try:
        with transaction.atomic():
            line.shared = share_library_document(
                appointment=line.appointment,
                library_document=line.document,
                by=batch.sent_by,
                pk=line.pk,  # the database refuses a second one
                batch=batch.pk,
            )
            _end(line, LineState.SENT)
    except RecipientNotReady:
        _end(line, LineState.NOT_READY, LineReason.CONTACTS)
    except BlanksUnfilled:
        _end(line, LineState.NOT_READY, LineReason.BLANKS)
    except NotToBeSigned:
        _end(line, LineState.NOT_READY, LineReason.SIGN_FIRST)
    except NotAllowed:
        _end(line, LineState.FAILED, LineReason.NOT_ALLOWED)
    except CannotWrite:
        _end(line, LineState.FAILED, LineReason.CANNOT_WRITE)
    except Exception as error:
        line.shared = None
        log_row_error(logger, "Line of a batch", line.pk, error)
        _put_off(line, timezone.now())


def _end(line: ShareBatchLine, state: LineState, reason: str = "") -> None:
    line.state, line.reason, line.lease_until = state, reason, None
    line.save(update_fields=["state", "reason", "lease_until", "shared"])


def _put_off(line: ShareBatchLine, now: datetime) -> None:
    line.attempts = max(line.attempts, 1)
    line.due_at, line.lease_until = now + back_off(line.attempts), None
    line.save(update_fields=["attempts", "due_at", "lease_until"])
