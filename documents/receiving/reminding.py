"""One reminder of what a practice asked and nobody sent: by day, before the limit. Requests that stay unanswered
after their appointment close by themselves."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from appointments.models import Appointment, AppointmentStatus, ReminderPolicy
from appointments.recipients import resolve, with_todays_holder
from audit.trail import record
from documents.models import DocumentRequest, RequestState
from documents.models.autosend import LinkEnd
from documents.models.receiving import KEPT_OPEN, DocumentRequestQuerySet
from documents.receiving import messages
from documents.sending.autosend import resend
from jobs.row_errors import log_row_error
from practices.models import Practice

logger = logging.getLogger(__name__)
AHEAD = timedelta(hours=48)  # of the limit
SILENCE = timedelta(hours=24)  # since it was asked: nobody is reminded of what was asked a moment ago
BATCH = 200  # appointments of a practice in one run


def remind_of_requests(*, now: datetime | None = None) -> int:
    """Send the due reminders of practices where it is day; returns their number. A second run changes nothing."""
    now = now or timezone.now()
    told = 0
    for practice in Practice.objects.filter(suspended_at=None):
        if ReminderPolicy.of(practice).is_quiet(now.astimezone(practice.zone).time()):
            continue
        due = _due(now).filter(practice=practice).order_by().values_list("appointment", flat=True).distinct()
        for appointment in due[:BATCH]:
            try:
                with transaction.atomic():
                    told += _remind(appointment, now)
            except Exception as error:
                log_row_error(logger, "Reminder of requests of appointment", appointment, error)
    return told


def _due(now: datetime) -> DocumentRequestQuerySet:
    waiting = DocumentRequest.objects.waiting_for_patient().filter(
        reminded_at=None, asked_at__lte=now - SILENCE, appointment__status=AppointmentStatus.BOOKED
    )
    limited = waiting.annotate(useful_until=Coalesce(F("due_at"), F("appointment__starts_at")))
    return limited.filter(useful_until__gt=now, useful_until__lte=now + AHEAD, appointment__starts_at__gt=now)


def _remind(appointment_id: uuid.UUID, now: datetime) -> bool:
    appointment = _locked(appointment_id)
    if appointment is None:
        return False  # deleted, or somebody is changing it
    due = _due(now).filter(appointment=appointment).select_for_update(of=("self",))
    requests = list(due.select_related("practice", "auto_send__link__appointment__practice"))
    for request in requests:
        request.appointment = appointment
    if not requests or messages.leaves(requests):
        return False
    if not _by_a_new_link(requests) and not messages.remind(requests, to=resolve(appointment)):
        return False
    DocumentRequest.objects.filter(pk__in=[one.pk for one in requests]).update(reminded_at=now)
    for one in requests:
        record("request.reminded", by=None, on=one, practice=one.practice_id, within=appointment.pk)
    return True


def _by_a_new_link(requests: Sequence[DocumentRequest]) -> bool:
    """Remind by a new link if all of them were asked by one that is closed. What staff closed by hand stays closed:
    then the account is left."""
    links = {messages.closed_link(one) for one in requests}
    link, sending = next(iter(links)), requests[0].auto_send
    if len(links) > 1 or link is None or link.end == LinkEnd.STAFF or sending is None:
        return False
    return resend(sending, by=None, reminds=True)


def _locked(pk: uuid.UUID) -> Appointment | None:
    rows = Appointment.objects.select_for_update(
        of=("self", "patient"), skip_locked=connection.features.has_select_for_update_skip_locked
    )
    related = rows.select_related("practice", "patient__practice", "agenda__practitioner")
    found = related.filter(pk=pk).first()
    return with_todays_holder(found) if found else None


def close_unanswered(*, now: datetime | None = None) -> int:
    """Close what nobody answered until KEPT_OPEN after the appointment; returns how many. What waits to be seen by
    staff stays open."""
    now = now or timezone.now()
    past = DocumentRequest.objects.waiting_for_patient().filter(appointment__ends_at__lt=now - KEPT_OPEN)
    closed = 0
    for pk in list(past.values_list("pk", flat=True)[: BATCH * 10]):
        with transaction.atomic():
            request = past.select_for_update(of=("self",)).select_related("auto_send__link").filter(pk=pk).first()
            if request is None:
                continue
            request.state, request.settled_at = RequestState.EXPIRED, now
            request.save(update_fields=["state", "settled_at"])
            within = request.appointment_id
            record("request.expired", by=None, on=request, practice=request.practice_id, within=within)
            messages.settle(request, by=None)
            closed += 1
    return closed
