"""What a rule asks around an appointment: the request of one sending, in its transaction."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from audit.trail import record
from documents.models import AutoSend, AutoSendRule, DocumentRequest, RequestState, RuleQuestion
from documents.receiving.states import follow_files

USUAL_DAYS_BEFORE = 1  # for what staff ask by hand


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


def due_at(days_before: int | None, appointment: Appointment) -> datetime | None:
    """The end of that day before the appointment, on the practice's clock. Booked or moved too near for it: the start
    of the appointment. None without a limit, and once it has begun."""
    now = timezone.now()
    if days_before is None or appointment.starts_at <= now:
        return None
    day = appointment.local_start.date() - timedelta(days=days_before)
    limit = datetime.combine(day, time(23, 59), appointment.practice.zone)
    return limit if now < limit < appointment.starts_at else appointment.starts_at


def proposed_due_at(appointment: Appointment, questionnaire: uuid.UUID | None = None) -> datetime | None:
    """What staff who ask by hand are proposed: the limit that a rule gives to this questionnaire around such an
    appointment; without one, the end of the day before."""
    rules = AutoSendRule.objects.matching(appointment)
    asked = RuleQuestion.objects.kept().exclude(questionnaire=None).filter(rule__in=rules)
    by_rule = asked.filter(questionnaire=questionnaire).order_by("-rule__created_at", "rank").first()
    return due_at(by_rule.days_before if by_rule else USUAL_DAYS_BEFORE, appointment)


def until_end_of(day: date, appointment: Appointment) -> datetime:
    """A limit that staff give: the end of this day, and on the day of the appointment its start, while it is to
    come."""
    limit = datetime.combine(day, time(23, 59), appointment.practice.zone)
    is_that_day = day == appointment.local_start.date() and appointment.starts_at > timezone.now()
    return appointment.starts_at if is_that_day else limit


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
