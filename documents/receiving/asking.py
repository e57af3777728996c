"""Asking a patient for a document around an appointment; changing and cancelling what was asked."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.booking import LATEST
from appointments.models import Appointment, AppointmentStatus
from audit.trail import record
from documents.models import DocumentRequest, RequestState
from documents.receiving import messages
from documents.sharing.uploads import check_may_share, locked, ready_recipient
from files.names import composed
from refusals import Kind, Refusal

MAX_OPEN = 20  # of one appointment


class RequestOver(Refusal):
    """It was accepted or cancelled meanwhile, or its appointment is gone."""

    code = "request_over"
    kind = Kind.CONFLICT
    words = gettext_lazy("Cette demande est close : elle a été acceptée ou annulée entre-temps.")


class NothingToPrepare(Refusal):
    code = "appointment_cancelled"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce rendez-vous est annulé : rien ne se demande pour lui.")


class TooManyRequests(Refusal):
    code = "too_many_requests"
    kind = Kind.CONFLICT
    words = gettext_lazy("Vingt demandes attendent déjà pour ce rendez-vous. Annulez-en une, ou regroupez-les.")


@dataclass(frozen=True)
class Question:
    """What is asked for: `label` in a few words, `details` why and how, `due_at` until when."""

    label: str
    details: str = ""
    due_at: datetime | None = None


@transaction.atomic
def ask(*, appointment: Appointment, question: Question, by: User, pk: uuid.UUID | None = None) -> DocumentRequest:
    """Ask for it, and tell whoever would receive a document shared now that something is asked, not what.

    `pk`: a form sent twice asks once. Raises NotAllowed, RecipientNotReady, NothingToPrepare, TooManyRequests,
    ValidationError.
    """
    check_may_share(appointment, by)
    appointment = locked(appointment)
    pk = pk or uuid.uuid4()
    if made := DocumentRequest.objects.filter(pk=pk, appointment=appointment).first():
        return made
    if appointment.status == AppointmentStatus.CANCELLED:
        raise NothingToPrepare
    recipient = ready_recipient(appointment)
    if appointment.document_requests.open().count() >= MAX_OPEN:
        raise TooManyRequests
    request = DocumentRequest(id=pk, appointment=appointment, practice=appointment.practice, asked_by=by)
    _write(request, question)
    request.save()
    _record("request.asked", request, by)
    messages.announce(request, to=recipient, by=by)
    return request


@transaction.atomic
def change_request(*, request: DocumentRequest, question: Question, by: User) -> DocumentRequest:
    """Correct what is asked. The patient's page shows it at once; no second message leaves. Raises as ask, and
    RequestOver."""
    current = locked_request(request)
    check_may_share(current.appointment, by)
    if not current.takes_files:
        raise RequestOver
    was = (current.label, current.details, current.due_at)
    _write(current, question)
    if (current.label, current.details, current.due_at) != was:
        current.save()
        _record("request.changed", current, by)
    return current


@transaction.atomic
def cancel_request(*, request: DocumentRequest, by: User) -> DocumentRequest:
    """Ask for it no more. Files that came stay; messages that wait are called off. Cancelling twice changes nothing.
    Raises NotAllowed, RequestOver if it was accepted."""
    current = locked_request(request)
    check_may_share(current.appointment, by)
    if current.state == RequestState.CANCELLED:
        return current
    if not current.takes_files:
        raise RequestOver
    close(current, by=by)
    return current


def close(request: DocumentRequest, *, by: User | None) -> None:
    """Cancel a locked open request."""
    request.state, request.settled_at = RequestState.CANCELLED, timezone.now()
    request.save(update_fields=["state", "settled_at"])
    _record("request.cancelled", request, by)
    messages.settle(request, by=by)


def locked_request(request: DocumentRequest) -> DocumentRequest:
    """Lock it, after its appointment, as everything that changes either does. Raises RequestOver if it is gone."""
    try:
        appointment = locked(Appointment(pk=request.appointment_id))
    except Appointment.DoesNotExist:
        raise RequestOver from None
    rows = DocumentRequest.objects.select_for_update(of=("self",)).select_related("practice")
    current = rows.filter(pk=request.pk).first()
    if current is None:
        raise RequestOver
    current.appointment = appointment
    return current


def _write(request: DocumentRequest, question: Question) -> None:
    request.label = composed(question.label).strip()
    request.details = "\n".join(composed(line) for line in question.details.splitlines()).strip()
    if question.due_at is not None and question.due_at != request.due_at:
        _check_due(question.due_at)
    request.due_at = question.due_at
    if not request.label:
        raise ValidationError({"label": _("Dites en quelques mots quel document vous demandez.")})
    request.full_clean(exclude=["appointment", "practice", "asked_by"], validate_constraints=False)


def _check_due(at: datetime) -> None:
    """A day to come that every calendar can write. Raises ValidationError."""
    if at <= timezone.now():
        raise ValidationError({"due_at": _("Ce jour est passé. Choisissez-en un à venir, ou laissez ce champ vide.")})
    if at > LATEST:
        raise ValidationError({"due_at": _("Vérifiez l’année de cette date.")})


def _record(action: str, request: DocumentRequest, by: User | None) -> None:
    record(action, by=by, on=request, practice=request.practice_id, within=request.appointment_id)
