"""Asking a patient for a document or for answers to a questionnaire around an appointment; changing and cancelling
what was asked."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from appointments.booking import LATEST
from appointments.models import Appointment, AppointmentStatus
from appointments.recipients import resolve
from audit.trail import append, line, record
from documents.models import AutoSend, DocumentRequest, RequestState
from documents.receiving import messages
from documents.sending.autosend import resend
from documents.sharing.uploads import check_may_share, locked, ready_recipient
from files.names import composed, composed_lines
from questionnaires.models import Questionnaire, QuestionnaireVersion
from refusals import Kind, Refusal

AGAIN = timedelta(hours=1)
MAX_OPEN = 20  # of one appointment
LONGEST_LABEL = 120  # characters


class RequestOver(Refusal):
    """It was answered, accepted or cancelled meanwhile, or its appointment is gone."""

    code = "request_over"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Cette demande est close : elle a reçu sa réponse, ou elle a été acceptée ou annulée entre-temps."
    )


class NothingToPrepare(Refusal):
    code = "appointment_cancelled"
    kind = Kind.CONFLICT
    words = gettext_lazy("Ce rendez-vous est annulé : rien ne se demande pour lui.")


class TooManyRequests(Refusal):
    code = "too_many_requests"
    kind = Kind.CONFLICT
    words = gettext_lazy("Vingt demandes attendent déjà pour ce rendez-vous. Annulez-en une, ou regroupez-les.")


class AlreadyAsked(Refusal):
    code = "already_asked"
    kind = Kind.CONFLICT
    field = "questionnaire"
    words = gettext_lazy(
        "Ce questionnaire est déjà demandé pour ce rendez-vous, et le patient n’a pas encore répondu."
    )


class NotPublished(Refusal):
    """It has no version yet, is archived, or is another practice's."""

    code = "questionnaire_not_published"
    kind = Kind.INVALID
    field = "questionnaire"
    words = gettext_lazy("Ce questionnaire n’est pas publié dans ce cabinet. Choisissez-en un autre, ou publiez-le.")


class AskedAMomentAgo(Refusal):
    code = "asked_a_moment_ago"
    kind = Kind.CONFLICT
    words = gettext_lazy("Un message est parti il y a moins d’une heure : rien n’est envoyé en double.")


@dataclass(frozen=True)
class Question:
    """What is asked for: `label` in a few words, `details` why and how, `due_at` until when. `version`: of a
    questionnaire to answer; without one, files are asked for."""

    label: str
    details: str = ""
    due_at: datetime | None = None
    version: QuestionnaireVersion | None = None


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
    if question.version is not None:
        _check_not_asked(appointment, question.version)
    request = DocumentRequest(id=pk, appointment=appointment, practice=appointment.practice, asked_by=by)
    request.version = question.version
    _write(request, question)
    request.save()
    _record("request.asked", request, by)
    messages.announce(request, to=recipient, by=by)
    return request


def ask_questionnaire(
    *,
    appointment: Appointment,
    questionnaire: Questionnaire,
    by: User,
    details: str = "",
    due_at: datetime | None = None,
    pk: uuid.UUID | None = None,
) -> DocumentRequest:
    """Ask for answers to the newest version of a questionnaire of the practice. A later version changes nothing in
    what is asked already. `pk`: as of ask. Raises as ask, NotPublished, AlreadyAsked."""
    version = questionnaire.current
    if version is None or questionnaire.archived_at or questionnaire.practice_id != appointment.practice_id:
        raise NotPublished
    label = label_of(version.questions.title)
    return ask(appointment=appointment, question=Question(label, details, due_at, version), by=by, pk=pk)


def label_of(title: str) -> str:
    """Of a request for answers to a questionnaire, whose title may be longer."""
    return Truncator(title).chars(LONGEST_LABEL)


@transaction.atomic
def change_request(*, request: DocumentRequest, question: Question, by: User) -> DocumentRequest:
    """Correct what is asked, but for which questionnaire. The patient's page shows it at once; no second message
    leaves. Raises as ask, and RequestOver."""
    current = locked_request(request)
    check_may_share(current.appointment, by)
    if not current.is_open:
        raise RequestOver
    if current.is_questionnaire:
        question = replace(question, label=current.label)
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
    if not current.is_open:
        raise RequestOver
    AutoSend.objects.filter(request=current).update(stopped_by_staff=True)  # its rule does not ask it again
    close(current, by=by)
    return current


@transaction.atomic
def ask_again(*, request: DocumentRequest, by: User) -> None:
    """Send the message again, once an hour at most; what a rule asked by a link that is closed, by a new one.
    Raises NotAllowed, RecipientNotReady, RequestOver, AskedAMomentAgo."""
    current = locked_request(request)
    check_may_share(current.appointment, by)
    if not current.waits_for_patient:
        raise RequestOver
    last = messages.last_message(current)
    if last is not None and last > timezone.now() - AGAIN:
        raise AskedAMomentAgo
    sending = current.auto_send
    if sending is not None and messages.closed_link(current) is not None and resend(sending, by=by, reminds=True):
        _record("request.asked_again", current, by)
        return
    recipient = (
        resolve(current.appointment) if messages.has_open_link(current) else ready_recipient(current.appointment)
    )
    messages.announce(current, to=recipient, by=by, again=True)
    _record("request.asked_again", current, by)


@transaction.atomic
def note_obtained(*, request: DocumentRequest, by: User) -> None:
    """It came some other way: nothing is waited for any more. Twice changes nothing. Raises NotAllowed,
    RequestOver."""
    current = locked_request(request)
    check_may_share(current.appointment, by)
    if current.state == RequestState.ACCEPTED:
        return
    if not current.waits_for_patient:
        raise RequestOver
    current.state, current.settled_at, current.sentence = RequestState.ACCEPTED, timezone.now(), ""
    current.save(update_fields=["state", "settled_at", "sentence"])
    record(
        "request.fulfilled",
        by=by,
        on=current,
        practice=current.practice_id,
        within=current.appointment_id,
        detail={"otherwise": True},
    )
    messages.settle(current, by=by)


def close(request: DocumentRequest, *, by: User | None) -> None:
    """Cancel a locked open request."""
    request.state, request.settled_at = RequestState.CANCELLED, timezone.now()
    request.save(update_fields=["state", "settled_at"])
    _record("request.cancelled", request, by)
    messages.settle(request, by=by)


def close_all(requests: Iterable[DocumentRequest], *, by: User | None) -> None:
    """Cancel locked open requests whose own messages are called off already; in as many queries for many as for one,
    unless a message about documents that waits names one of them."""
    closed = list(requests)
    if not closed:
        return
    of_them = DocumentRequest.objects.filter(pk__in=[one.pk for one in closed])
    of_them.update(state=RequestState.CANCELLED, settled_at=timezone.now())
    append(
        line("request.cancelled", by=by, on=one, practice=one.practice_id, within=one.appointment_id)
        for one in closed
    )
    messages.tell_anew_behind_all({one.auto_send.link for one in closed if one.auto_send and one.auto_send.link})


def locked_request(request: DocumentRequest) -> DocumentRequest:
    """Lock it, after its appointment, as everything that changes either does. Raises RequestOver if it is gone."""
    try:
        appointment = locked(Appointment(pk=request.appointment_id))
    except Appointment.DoesNotExist:
        raise RequestOver from None
    rows = DocumentRequest.objects.select_for_update(of=("self",)).select_related("practice", "auto_send__link")
    current = rows.filter(pk=request.pk).first()
    if current is None:
        raise RequestOver
    current.appointment = appointment
    return current


def _check_not_asked(appointment: Appointment, version: QuestionnaireVersion) -> None:
    """Raises AlreadyAsked. The caller has locked the appointment."""
    asked = appointment.document_requests.open()
    if asked.filter(version__questionnaire=version.questionnaire_id).exists():
        raise AlreadyAsked


def _write(request: DocumentRequest, question: Question) -> None:
    request.label = composed(question.label).strip()
    request.details = composed_lines(question.details)
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
