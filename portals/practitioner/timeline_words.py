"""The entries of a patient's timeline, in words."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import Appointment, AppointmentStatus
from audit.models import AuditEvent
from documents.models import Consent, DocumentReading, DocumentRequest, ReceivedDocument, RequestState, SharedDocument
from documents.timeline import Entry, EntryKind
from notifications.models import Channel, Message
from notifications.wording import clock, long_day
from portals.appointment_words import visit_words, why_cancelled
from portals.templatetags.presentation import colon
from portals.who_has import masked_contacts
from questionnaires.models import QuestionnaireResponse

ICONS = {
    EntryKind.READING: "eye",
    EntryKind.MESSAGE: "envelope",
    EntryKind.DOCUMENT: "file-earmark-text",
    EntryKind.APPOINTMENT: "calendar-event",
    EntryKind.MOVE: "arrow-left-right",
    EntryKind.ANSWERS: "ui-checks",
    EntryKind.REQUEST: "question-circle",
    EntryKind.RECEIVED: "inbox",
    EntryKind.SIGNATURE_ASKED: "pen",
    EntryKind.SIGNATURE_SETTLED: "pen",
    EntryKind.CONSENT_WITHDRAWN: "x-circle",
}


@dataclass(frozen=True)
class EntryWords:
    """`appointment`: the one whose page shows more; None for a message."""

    at: datetime
    icon: str
    what: str
    note: str
    appointment: uuid.UUID | None
    is_document: bool


def entry_words(entry: Entry) -> EntryWords:
    page: uuid.UUID | None
    match entry.what:
        case Appointment() as appointment:
            cancelled = appointment.status == AppointmentStatus.CANCELLED
            what = _("Rendez-vous annulé") if cancelled else _("Rendez-vous")
            note = " – ".join(filter(None, (visit_words(appointment), why_cancelled(appointment))))
            page = appointment.pk
        case SharedDocument() as document:
            what = _("Document partagé : %(title)s") % {"title": document.title}
            note, page = document.category.label, document.appointment_id
        case DocumentReading() as reading:
            what = _("Document lu : %(title)s") % {"title": reading.document.title}
            who = str(reading.reader) if reading.reader else ""
            note = ", ".join(filter(None, (who, reading.get_means_display())))
            page = reading.document.appointment_id
        case Message() as message:
            email = message.channel == Channel.EMAIL
            channel = _("E-mail") if email else _("SMS")
            what = f"{channel}{colon()}{message.subject}" if message.subject else channel
            note, page = f"{masked_contacts(message.to)}, {message.get_state_display().lower()}", None
        case QuestionnaireResponse() as answers:
            what = _("Questionnaire rempli : %(title)s") % {"title": answers.version.questionnaire.title}
            note, page = str(answers.author), answers.appointment_id
        case DocumentRequest() as request:
            if request.is_questionnaire:
                what = _("Questionnaire demandé : %(label)s") % {"label": request.label}
            else:
                what = _("Document demandé : %(label)s") % {"label": request.label}
            note, page = _request_state(request), request.appointment_id
        case ReceivedDocument() as received:
            what = _("Document reçu : %(title)s") % {"title": received.title}
            who = str(received.sent_by) if received.sent_by else _("par le lien d’un message, sans compte")
            note = ", ".join((who, received.get_state_display()))
            page = received.appointment_id
        case Consent() as consent:
            what, note = _consent_words(entry.kind, consent)
            page = consent.document.appointment_id
        case AuditEvent() as move:
            what = _("Rendez-vous déplacé")
            times = {"before": _moment(move, "starts_at_before"), "now": _moment(move, "starts_at")}
            note, page = _("Du %(before)s au %(now)s") % times, move.record_id
    return EntryWords(
        at=entry.at,
        icon=ICONS[entry.kind],
        what=what,
        note=str(note),
        appointment=page,
        is_document=entry.kind is EntryKind.DOCUMENT,
    )


def _request_state(request: DocumentRequest) -> str:
    """Nobody accepts answers: they are read."""
    if request.is_questionnaire and request.state == RequestState.ACCEPTED:
        return (_("Réponses lues") if request.seen_at else _("Réponses reçues, à lire")).lower()
    return request.get_state_display()


def _consent_words(kind: EntryKind, consent: Consent) -> tuple[str, str]:
    title = {"title": consent.document.title}
    if kind is EntryKind.SIGNATURE_ASKED:
        return _("Signature demandée : %(title)s") % title, ""
    if kind is EntryKind.CONSENT_WITHDRAWN:
        return _("Consentement retiré : %(title)s") % title, consent.sentence
    if consent.carries_signature:
        return _("Signé : %(title)s") % title, f"{consent.signer_name}, {consent.get_settled_as_display()}"
    return _("Signature refusée : %(title)s") % title, consent.sentence


def _moment(move: AuditEvent, name: str) -> str:
    """On the clock of the page, which its view has set."""
    at = timezone.localtime(datetime.fromisoformat(str(move.detail[name])), timezone.get_current_timezone())
    return f"{long_day(at, weekday=True)}, {clock(at)}"
