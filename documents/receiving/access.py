"""What an account may do with the requests and files of an appointment: one function decides (docs/decisions/0043).

The table of recipients (appointments/recipients.py), mirrored. The record's own account sees all that was sent for
the record; everybody else only what they sent themselves, and only while what they stand on stands.

| account | reads what is asked | sends | sees again |
| --- | --- | --- | --- |
| has proved the record as its own | yes | yes | all that was sent for the record |
| the same, suspended | what was asked until then | no | what was sent until then |
| guardian, until majority | yes | yes | what it sent while the patient was a minor |
| guardian, after majority | no | no | the same |
| booked for a minor | yes | yes | what it sent while the patient was a minor |
| booked for an adult, authorised | yes | yes | what it sent |
| booked for an adult with contacts of their own | no, only that something is asked | yes | what it sent |
| no account, by the link of an automatic message | what rules asked by it | yes | nothing |
| booked for an adult; staff refused or withdrew | no | no | nothing |

Who reads what is asked and sends also answers a questionnaire (docs/decisions/0049); answers are seen again as files.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, BookedFor
from appointments.recipients import Audience, Reason, is_excluded, resolve
from documents.models import DocumentLink, DocumentRequest, ReceivedDocument, SentAs
from documents.sending.links import is_open
from patients.models import Patient, RecordTie, Relationship
from patients.ownership import recorded_in_minority
from practices.models import Practice
from questionnaires.models import QuestionnaireResponse, ResponseState

PARTS = ("practice", "patient__practice", "holder", "agenda__practitioner")


class Sent(Protocol):
    """What an account sent: a file, or answers."""

    @property
    def sent_by_id(self) -> object: ...

    @property
    def received_at(self) -> datetime: ...

    @property
    def link(self) -> DocumentLink | None: ...


@dataclass(frozen=True)
class SentAnswers:
    sent_by_id: object
    received_at: datetime
    link: DocumentLink | None = None  # answers are sent from accounts alone


@dataclass(frozen=True)
class Rights:
    """`reads`: sees what is asked for, in words; else only that something is. `until`: nothing that was asked or
    sent later is seen. `sees`: what was sent for this appointment."""

    sent_as: SentAs
    reads: bool
    sends: bool
    sees: Callable[[Sent], bool]
    until: datetime | None = None


def rights_of(user: User, appointment: Appointment) -> Rights | None:
    """None for an account that has nothing to do with it. Needs the appointment with PARTS."""
    if not user.is_active:
        return None
    tie = RecordTie.objects.live().filter(user=user, patient=appointment.patient_id).first()
    if tie is not None and not Appointment.objects.shown_by(tie).filter(pk=appointment.pk).exists():
        tie = None
    if tie is not None and tie.relationship == Relationship.SELF:
        return _of_patient(tie)
    booked = appointment.holder_id == user.pk and appointment.booked_for != BookedFor.SELF
    booker = _of_booker(user, appointment) if booked else None
    return booker if booker is not None or tie is None else _of_guardian(tie, appointment)


def _of_patient(tie: RecordTie) -> Rights:
    until = tie.suspended_at
    return Rights(SentAs.PATIENT, reads=True, sends=until is None, sees=_sent_until(until), until=until)


def _of_guardian(tie: RecordTie, appointment: Appointment) -> Rights:
    minor, until = appointment.patient.is_minor_now(), tie.suspended_at

    def sees(one: Sent) -> bool:
        is_own = one.sent_by_id == tie.user_id or _is_by_link_of(one, tie.user)
        return is_own and _sent_until(until)(one) and _is_minor_at(one.received_at, appointment)

    return Rights(SentAs.GUARDIAN, reads=minor, sends=minor and until is None, sees=sees, until=until)


def _of_booker(user: User, appointment: Appointment) -> Rights | None:
    """Booked for somebody else."""
    recipient = resolve(appointment)
    if recipient.refused or is_excluded(user, appointment.patient):
        return None
    of_a_minor = _is_minor_at(appointment.created_at, appointment)
    receives = recipient.audience is Audience.HOLDER
    sends = receives or (recipient.reason is Reason.OWN_CONTACTS and not of_a_minor)

    def sees(one: Sent) -> bool:
        if of_a_minor:
            is_own = one.sent_by_id == user.pk or _is_by_link_of(one, user)
            return is_own and _is_minor_at(one.received_at, appointment)
        return one.sent_by_id == user.pk  # an adult's booker never sees again what was sent by the link

    return Rights(SentAs.HOLDER, reads=receives, sends=sends, sees=sees)


def _sent_until(moment: datetime | None) -> Callable[[Sent], bool]:
    return lambda one: moment is None or one.received_at <= moment


def _is_by_link_of(one: Sent, user: User) -> bool:
    """Whether it came by a link that was sent to this account, or to contacts that it has proved."""
    link = one.link
    if link is None:
        return False
    if link.holder_id is not None:
        return link.holder_id == user.pk
    return link.email in (None, user.email) and link.mobile in (None, user.mobile)


def _is_minor_at(moment: datetime, appointment: Appointment) -> bool:
    """By the record's birth date of today: a corrected one decides anew."""
    day = timezone.localtime(moment, appointment.patient.practice.zone).date()
    return appointment.patient.is_minor_on(day)


def rights_of_link(link: DocumentLink) -> Rights | None:
    """What somebody without an account may do by an automatic message's link: read what its rules ask, and send.
    Nobody sees again by it. None once it is closed.

    Contacts of a minor are a parent's: from majority on they neither read nor send, until staff confirm them or the
    young adult proves them. Needs it as found by links.find_link.
    """
    if not is_open(link):
        return None
    appointment = link.appointment
    if link.holder is None:
        if recorded_in_minority(appointment.patient):
            return None
        minor = appointment.patient.is_minor_now()
        return Rights(SentAs.GUARDIAN if minor else SentAs.PATIENT, reads=True, sends=True, sees=_nothing)
    booker = _of_booker(link.holder, appointment) if appointment.booked_for != BookedFor.SELF else None
    return replace(booker, sees=_nothing) if booker is not None and booker.reads else None


def asked_by_link(link: DocumentLink) -> list[DocumentRequest]:
    """What the rules ask by it, in their order, with what is closed by now; nothing without rights."""
    if rights_of_link(link) is None:
        return []
    return list(_with_parts(DocumentRequest.objects.filter(auto_send__link=link)).order_by("auto_send__rank"))


def _nothing(one: Sent) -> bool:
    return False


@dataclass(frozen=True)
class Asked:
    """A request as an account finds it, with the files and the answers that the account sees of it, and its own draft
    of answers."""

    request: DocumentRequest
    rights: Rights
    files: list[ReceivedDocument]
    answers: QuestionnaireResponse | None = None
    draft: QuestionnaireResponse | None = None

    @property
    def pk(self) -> uuid.UUID:
        return self.request.pk

    @property
    def practice(self) -> Practice:
        return self.request.practice

    @property
    def can_send(self) -> bool:
        return self.rights.sends and self.request.takes_files

    @property
    def can_answer(self) -> bool:
        return may_answer(self.rights) and self.request.is_questionnaire and self.request.waits_for_patient

    @property
    def is_to_do(self) -> bool:
        return self.can_answer or (self.can_send and self.request.waits_for_patient)


def may_answer(rights: Rights) -> bool:
    """Who sends without reading what is asked could not read the questions."""
    return rights.sends and rights.reads


def requests_of(user: User, *, with_questions: bool = False) -> list[Asked]:
    """All requests that the account finds, those that wait for the patient first. `with_questions`: the resources of
    questionnaires are read with them."""
    ties = RecordTie.objects.live().filter(user=user, patient=OuterRef("appointment__patient"))
    candidates = _with_parts(DocumentRequest.objects.filter(Q(appointment__holder=user) | Q(Exists(ties))))
    if with_questions:
        candidates = candidates.defer(None).defer("response__answers")
    found = _found_by(user, candidates)
    return sorted(found, key=lambda one: (not one.request.waits_for_patient, -one.request.asked_at.timestamp()))


def _found_by(user: User, requests: QuerySet[DocumentRequest]) -> list[Asked]:
    decide = _deciding(user)
    drafts: dict[tuple[uuid.UUID, uuid.UUID | None], QuestionnaireResponse] = {
        (one.appointment_id, one.version_id): one for one in _drafts_of(user)
    }
    found = [
        _asked(one, decide(one.appointment), drafts.get((one.appointment_id, one.version_id))) for one in requests
    ]
    return [one for one in found if one]


def _deciding(user: User) -> Callable[[Appointment], Rights | None]:
    """`rights_of`, asked once for each appointment."""
    decided: dict[uuid.UUID, Rights | None] = {}

    def decide(appointment: Appointment) -> Rights | None:
        if appointment.pk not in decided:
            decided[appointment.pk] = rights_of(user, appointment)
        return decided[appointment.pk]

    return decide


def request_of(user: User, request: DocumentRequest) -> Asked | None:
    """Needs it as found by `all_requests`."""
    draft = _drafts_of(user).filter(appointment=request.appointment_id, version=request.version_id).first()
    return _asked(request, rights_of(user, request.appointment), draft)


def requests_around(user: User, appointment: Appointment) -> list[Asked]:
    """What the account finds of this appointment, the newest first."""
    found = _found_by(user, all_requests().filter(appointment=appointment))
    return sorted(found, key=lambda one: one.request.asked_at, reverse=True)


def all_requests() -> QuerySet[DocumentRequest]:
    return _with_parts(DocumentRequest.objects.all())


def received_seen_by(user: User) -> list[ReceivedDocument]:
    """All files that the account sees again, newest first."""
    ties = RecordTie.objects.live().filter(user=user, patient=OuterRef("appointment__patient"))
    candidates = all_received().filter(Q(sent_by=user) | Q(link__holder=user) | Q(Exists(ties)))
    decide = _deciding(user)
    return [
        one
        for one in candidates.order_by("-received_at", "-id")
        if (rights := decide(one.appointment)) is not None and rights.sees(one)
    ]


def unasked_of(user: User, appointment: Appointment) -> list[ReceivedDocument]:
    """What the account sees of the files that nobody asked for, of one appointment, newest first."""
    rights = rights_of(user, appointment)
    sent = all_received().filter(appointment=appointment, request=None).order_by("-received_at", "-id")
    return [one for one in sent if rights is not None and rights.sees(one)]


def sees(user: User, received: ReceivedDocument) -> bool:
    """Whether the account may see it again. Needs it as found by `all_received`."""
    rights = rights_of(user, received.appointment)
    return rights is not None and rights.sees(received)


def all_received() -> QuerySet[ReceivedDocument]:
    parts = [f"appointment__{part}" for part in PARTS]
    return ReceivedDocument.objects.select_related("file", "request", "practice", "sent_by", "link", *parts)


def received_by_staff(user: User) -> QuerySet[ReceivedDocument]:
    """What was sent to the practices of this member of staff."""
    if not user.is_active:
        return ReceivedDocument.objects.none()
    return all_received().filter(pk__in=ReceivedDocument.objects.of_staff(user).values("pk"))


def requests_waiting(patient: Patient) -> int:
    """How many requests the owner of the record's contacts would find after proving them. Reveals only the number."""
    return DocumentRequest.objects.open().filter(appointment__patient=patient).count()


def waiting_count(practice: Practice) -> int:
    """How many files of this practice are to be accepted or refused, and how many answers nobody has opened. One
    query over two small indexes, for every page of staff."""
    files = ReceivedDocument.objects.waiting().filter(practice=practice).order_by().values("pk")
    answers = DocumentRequest.objects.unseen_answers().filter(practice=practice).order_by().values("pk")
    return files.union(answers, all=True).count()


def requests_of_staff(user: User) -> QuerySet[DocumentRequest]:
    """What the practices of this member of staff ask for."""
    if not user.is_active:
        return DocumentRequest.objects.none()
    return all_requests().filter(pk__in=DocumentRequest.objects.of_staff(user).values("pk"))


def _with_parts(requests: QuerySet[DocumentRequest]) -> QuerySet[DocumentRequest]:
    parts = [f"appointment__{part}" for part in PARTS]
    parts += ["version__questionnaire", "response__author"]
    requests = requests.select_related("practice", "asked_by", *parts).defer("version__resource", "response__answers")
    return requests.prefetch_related("received__file", "received__sent_by", "received__link", "received__practice")


def _drafts_of(user: User) -> QuerySet[QuestionnaireResponse]:
    drafts = QuestionnaireResponse.objects.filter(author=user, state=ResponseState.IN_PROGRESS)
    return drafts.select_related("version__questionnaire", "appointment")


def _asked(
    request: DocumentRequest, rights: Rights | None, draft: QuestionnaireResponse | None = None
) -> Asked | None:
    """None for an account that neither reads nor sends, and sees nothing of what was sent for it."""
    if rights is None or (rights.until is not None and request.asked_at > rights.until):
        return None
    files = [one for one in request.received.all() if rights.sees(one)]
    answers = _seen_answers(request, rights)
    sends = may_answer(rights) if request.is_questionnaire else rights.sends
    if not (rights.reads or sends or files or answers):
        return None
    return Asked(request, rights, files, answers, draft if may_answer(rights) else None)


def _seen_answers(request: DocumentRequest, rights: Rights) -> QuestionnaireResponse | None:
    sent = request.response
    if sent is None or sent.completed_at is None:
        return None
    return sent if rights.sees(SentAnswers(sent.author_id, sent.completed_at)) else None
