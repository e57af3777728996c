"""What a rule asks around an appointment: the request of one sending, in its transaction."""

from __future__ import annotations

from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from audit.trail import record
from documents.models import AutoSend, DocumentRequest, RequestState, RuleQuestion
from documents.receiving.due import due_at
from documents.receiving.states import follow_files


def ask_by_rule(sending: AutoSend, appointment: Appointment, *, by: User | None = None) -> DocumentRequest:
    """Ask once for each sending: one that a cancelled appointment closed is asked again when it is reinstated. The
    caller has locked appointment and sending, and tells the patient."""
    question = sending.question
    assert question is not None  # the caller has chosen sendings that ask
    request = DocumentRequest.objects.select_for_update(of=("self",)).filter(auto_send=sending).first()
    if request is not None and request.state != RequestState.CANCELLED:
        return request
    if request is None and (same := _asked_by_hand(question, appointment)):
        same.auto_send = sending
        same.save(update_fields=["auto_send"])
        return same
    request = request or DocumentRequest(practice=appointment.practice, auto_send=sending, appointment=appointment)
    request.label, request.details = question.label, question.details
    request.version = question.questionnaire.current if question.questionnaire else None
    request.due_at = due_at(question.days_before, appointment)
    request.state, request.settled_at = RequestState.ASKED, None
    request.asked_at = timezone.now()
    request.save()
    detail = {"rule": str(sending.rule_id), "question": str(question.pk)}
    within = appointment.pk
    record("request.asked", by=by, on=request, practice=request.practice_id, within=within, detail=detail)
    follow_files(request, by)
    return request


def _asked_by_hand(question: RuleQuestion, appointment: Appointment) -> DocumentRequest | None:
    """Staff wait for answers to its questionnaire already: nobody is asked the same questions twice."""
    if question.questionnaire_id is None:
        return None
    asked = DocumentRequest.objects.open().filter(appointment=appointment, auto_send=None)
    return asked.filter(version__questionnaire=question.questionnaire_id).first()


def follow_move(appointment: Appointment, *, by: User | None) -> None:
    """The limits that rules gave move with the appointment; those that staff gave stay."""
    asked = DocumentRequest.objects.open().filter(appointment=appointment, auto_send__isnull=False, asked_by=None)
    for request in asked.select_related("auto_send__question").select_for_update(of=("self",)):
        question = request.auto_send.question if request.auto_send else None
        limit = due_at(question.days_before, appointment) if question else request.due_at
        if limit != request.due_at:
            request.due_at = limit
            request.save(update_fields=["due_at"])
            record("request.changed", by=by, on=request, practice=request.practice_id, within=appointment.pk)
