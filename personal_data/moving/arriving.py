"""What a move changes in a row: nothing is sent because of it, and nothing that was open stays open."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, get_args

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.dateparse import parse_datetime

from appointments.models import Agenda, HolderAuthorisation, Reminder
from appointments.models.reminder import ReminderState
from documents.library.writing.body import clean
from documents.models import (
    AutoSend,
    AutoSendRule,
    AutoSendState,
    Consent,
    ConsentForm,
    LibraryVersion,
    ReceivedDocument,
    SharedDocument,
)
from files import storage
from files.intake import Refused
from files.limits import MEDIA_TYPES
from files.logos import clean_logo, size_of
from files.models import StoredFile
from files.notices import NOTICES
from notifications.models import Message, MessageState, SmsPolicy
from patients.models import Patient
from personal_data.moving.documents import not_accepted
from personal_data.moving.layout import CannotMove
from personal_data.moving.rows import Known
from practices.models import Practice, PracticeLogo
from questionnaires.fhir.faults import NotUnderstood
from questionnaires.fhir.reading import read_draft, read_questionnaire
from questionnaires.fhir.responses import read_response
from questionnaires.fhir.values import NotAValue, parse_json
from questionnaires.models import Questionnaire, QuestionnaireResponse, QuestionnaireVersion
from signing.pdf.field_facts import Judgement
from signing.pdf.pades import LEVELS
from signing.pdf.verify import NOT_JUDGED

SHAPES = {name: type(value) for name, value in NOT_JUDGED.as_json().items()} | {"signed_at": (str, type(None))}
Change = Callable[[Any, Known, datetime, set[uuid.UUID]], None]


def _of_the_practice(one: Practice | SmsPolicy, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    if one.pk != known.practice:
        raise CannotMove(f"The archive is of the practice {known.practice}, and has a row of {one.pk}.")
    if isinstance(one, Practice) and (not one.name or one.language not in dict(settings.LANGUAGES)):
        raise CannotMove(f"The practice has the name {one.name!r} and the language {one.language!r}.")


def _agenda(one: Agenda, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    one.practitioner = None  # until that person has an account here


def _rule(one: AutoSendRule, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    one.is_active = False


def _auto_send(one: AutoSend, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    if one.state == AutoSendState.PLANNED:
        one.state, one.retry_at = AutoSendState.CANCELLED, None


def _reminder(one: Reminder, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    if one.state == ReminderState.PLANNED:
        one.state = ReminderState.CANCELLED


def _message(one: Message, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    if one.state == MessageState.QUEUED:
        one.state = MessageState.CALLED_OFF
    if one.practice is not None and one.practice != known.practice:
        raise CannotMove(f"Message {one.pk} is of another practice.")
    one.about = one.about if known.has(one.about) else None
    one.caused_by = known.people.get(one.caused_by) if one.caused_by else None


def _authorisation(one: HolderAuthorisation, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    one.withdrawn_at = one.withdrawn_at or now


def _shared(one: SharedDocument, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    if one.first_read_at is None:
        one.reminded_at = one.reminded_at or now  # no automatic reminder
    if one.holder_id is not None:
        one.holder_ended_at = one.holder_ended_at or now
    if not _is_list(one.notices, str) or not set(one.notices) <= set(NOTICES):
        raise CannotMove(f"Document {one.pk}: its notices are not as documented.")
    if not _is_list(one.signatures, dict) or not all(map(_is_report, one.signatures)):
        raise CannotMove(f"Document {one.pk}: its signatures are not as documented.")


def _consent(one: Consent, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    if not _is_list(one.sentences, str):
        raise CannotMove(f"Consent {one.pk}: its sentences are not as documented.")
    one.doubt = known.doubts.get(one.pk, "")  # whatever the archive says


def _consent_form(one: ConsentForm, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    if not _is_list(one.sentences, str):
        raise CannotMove(f"The setting of library document {one.pk} for signatures is not as documented.")


def _received(one: ReceivedDocument, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    if not _is_list(one.notices, str) or not set(one.notices) <= set(NOTICES):
        raise CannotMove(f"Received document {one.pk}: its notices are not as documented.")


def _is_list(value: object, of: type) -> bool:
    return isinstance(value, list) and all(isinstance(each, of) for each in value)


def _is_report(stated: dict[str, object]) -> bool:
    """Whether it has the shape of a stored report, perhaps of an earlier release, which had fewer entries."""
    at = stated.get("signed_at")
    return (
        all(name in SHAPES and isinstance(value, SHAPES[name]) for name, value in stated.items())
        and stated.get("judgement", "valid") in get_args(Judgement)
        and stated.get("level", "") in ("", *LEVELS)
        and (at is None or parse_datetime(str(at)) is not None)
    )


def _patient(one: Patient, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    one.access_ended = one.access_ended or one.pk in doubts


def _version(one: LibraryVersion, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    try:
        if one.body and clean(one.body) != one.body:
            raise CannotMove(f"Library version {one.pk}: its text has more than a written document may have.")
    except ValidationError as error:
        raise CannotMove(f"Library version {one.pk}: {' '.join(error.messages)}") from error


def _questions(one: QuestionnaireVersion, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    try:
        read_questionnaire(parse_json(one.resource.encode()))
    except (NotAValue, NotUnderstood) as error:
        raise CannotMove(f"Version {one.pk} of a questionnaire is no FHIR R4 Questionnaire: {error}.") from error


def _draft(one: Questionnaire, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    try:
        if one.draft:
            read_draft(parse_json(one.draft.encode()))
    except (NotAValue, NotUnderstood) as error:
        raise CannotMove(f"The draft of questionnaire {one.pk} is no FHIR R4 Questionnaire: {error}.") from error


def _answers(one: QuestionnaireResponse, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    """Its questionnaire is written already (CARRIED)."""
    try:
        read_response(one.version.questions, parse_json(one.answers.encode()))
    except (NotAValue, NotUnderstood) as error:
        raise CannotMove(f"Response {one.pk} does not answer its questionnaire: {error}.") from error


def _logo(one: PracticeLogo, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    """Decoded and written anew, like an upload: no byte of the archive is shown as the site's own picture."""
    try:
        one.png = clean_logo(SimpleUploadedFile("logo.png", bytes(one.png)))
    except Refused as error:
        raise not_accepted("The logo of the practice", error) from error
    one.width, one.height = size_of(one.png)


def _stored(one: StoredFile, known: Known, now: datetime, doubts: set[uuid.UUID]) -> None:
    one.key, one.practice_id = storage.key_of(one.pk, practice=known.practice), known.practice
    one.refused_as = known.older_rules.get(one.pk, "")
    if one.media_type not in MEDIA_TYPES.values():
        raise CannotMove(f"File {one.pk}: {one.media_type!r} is no type of a document.")


CHANGES: dict[str, Change] = {
    "practices.PracticeLogo": _logo,
    "practices.Practice": _of_the_practice,
    "notifications.SmsPolicy": _of_the_practice,
    "appointments.Agenda": _agenda,
    "documents.AutoSendRule": _rule,
    "documents.AutoSend": _auto_send,
    "appointments.Reminder": _reminder,
    "notifications.Message": _message,
    "appointments.HolderAuthorisation": _authorisation,
    "documents.ReceivedDocument": _received,
    "documents.Consent": _consent,
    "documents.ConsentForm": _consent_form,
    "documents.SharedDocument": _shared,
    "patients.Patient": _patient,
    "documents.LibraryVersion": _version,
    "files.StoredFile": _stored,
    "questionnaires.Questionnaire": _draft,
    "questionnaires.QuestionnaireVersion": _questions,
    "questionnaires.QuestionnaireResponse": _answers,
}
