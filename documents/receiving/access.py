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
| booked for an adult; staff refused or withdrew | no | no | nothing |
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, BookedFor
from appointments.recipients import Audience, Reason, is_excluded, resolve
from documents.models import DocumentRequest, ReceivedDocument, SentAs
from patients.models import Patient, RecordTie, Relationship
from practices.models import Practice

PARTS = ("practice", "patient__practice", "holder", "agenda__practitioner")


@dataclass(frozen=True)
class Rights:
    """`reads`: sees what is asked for, in words; else only that something is. `until`: nothing that was asked or
    sent later is seen. `sees`: what of the files of this appointment."""

    sent_as: SentAs
    reads: bool
    sends: bool
    sees: Callable[[ReceivedDocument], bool]
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

    def sees(one: ReceivedDocument) -> bool:
        is_own = one.sent_by_id == tie.user_id and _sent_until(until)(one)
        return is_own and _is_minor_at(one.received_at, appointment)

    return Rights(SentAs.GUARDIAN, reads=minor, sends=minor and until is None, sees=sees, until=until)


def _of_booker(user: User, appointment: Appointment) -> Rights | None:
    """Booked for somebody else."""
    recipient = resolve(appointment)
    if recipient.refused or is_excluded(user, appointment.patient):
        return None
    of_a_minor = _is_minor_at(appointment.created_at, appointment)
    receives = recipient.audience is Audience.HOLDER
    sends = receives or (recipient.reason is Reason.OWN_CONTACTS and not of_a_minor)

    def sees(one: ReceivedDocument) -> bool:
        return one.sent_by_id == user.pk and (not of_a_minor or _is_minor_at(one.received_at, appointment))

    return Rights(SentAs.HOLDER, reads=receives, sends=sends, sees=sees)


def _sent_until(moment: datetime | None) -> Callable[[ReceivedDocument], bool]:
    return lambda one: moment is None or one.received_at <= moment


def _is_minor_at(moment: datetime, appointment: Appointment) -> bool:
    """By the record's birth date of today: a corrected one decides anew."""
    day = timezone.localtime(moment, appointment.patient.practice.zone).date()
    return appointment.patient.is_minor_on(day)


@dataclass(frozen=True)
class Asked:
    """A request as an account finds it, with the files that the account sees of it."""

    request: DocumentRequest
    rights: Rights
    files: list[ReceivedDocument]

    @property
    def pk(self) -> uuid.UUID:
        return self.request.pk

    @property
    def practice(self) -> Practice:
        return self.request.practice

    @property
    def can_send(self) -> bool:
        return self.rights.sends and self.request.takes_files


def requests_of(user: User) -> list[Asked]:
    """All requests that the account finds, those that wait for the patient first."""
    ties = RecordTie.objects.live().filter(user=user, patient=OuterRef("appointment__patient"))
    candidates = _with_parts(DocumentRequest.objects.filter(Q(appointment__holder=user) | Q(Exists(ties))))
    decided: dict[object, Rights | None] = {}
    found = []
    for request in candidates:
        if request.appointment_id not in decided:
            decided[request.appointment_id] = rights_of(user, request.appointment)
        if asked := _asked(request, decided[request.appointment_id]):
            found.append(asked)
    return sorted(found, key=lambda one: (not one.request.waits_for_patient, -one.request.asked_at.timestamp()))


def request_of(user: User, request: DocumentRequest) -> Asked | None:
    """Needs it as found by `all_requests`."""
    return _asked(request, rights_of(user, request.appointment))


def all_requests() -> QuerySet[DocumentRequest]:
    return _with_parts(DocumentRequest.objects.all())


def received_seen_by(user: User) -> list[ReceivedDocument]:
    """All files that the account sees again, newest first."""
    ties = RecordTie.objects.live().filter(user=user, patient=OuterRef("appointment__patient"))
    candidates = all_received().filter(Q(sent_by=user) | Q(Exists(ties)))
    return [one for one in candidates.order_by("-received_at", "-id") if sees(user, one)]


def sees(user: User, received: ReceivedDocument) -> bool:
    """Whether the account may see it again. Needs it as found by `all_received`."""
    rights = rights_of(user, received.appointment)
    return rights is not None and rights.sees(received)


def all_received() -> QuerySet[ReceivedDocument]:
    parts = [f"appointment__{part}" for part in PARTS]
    return ReceivedDocument.objects.select_related("file", "request", "practice", "sent_by", *parts)


def received_by_staff(user: User) -> QuerySet[ReceivedDocument]:
    """What was sent to the practices of this member of staff."""
    if not user.is_active:
        return ReceivedDocument.objects.none()
    return all_received().filter(pk__in=ReceivedDocument.objects.of_staff(user).values("pk"))


def requests_waiting(patient: Patient) -> int:
    """How many requests the owner of the record's contacts would find after proving them. Reveals only the number."""
    return DocumentRequest.objects.open().filter(appointment__patient=patient).count()


def waiting_count(practice: Practice) -> int:
    """How many files of this practice are to be accepted or refused. One query over a small index, for every page of
    staff."""
    return ReceivedDocument.objects.waiting().filter(practice=practice).count()


def _with_parts(found: QuerySet[DocumentRequest]) -> QuerySet[DocumentRequest]:
    parts = [f"appointment__{part}" for part in PARTS]
    return found.select_related("practice", "asked_by", *parts).prefetch_related(
        "received__file", "received__sent_by"
    )


def _asked(request: DocumentRequest, rights: Rights | None) -> Asked | None:
    """None for an account that neither reads nor sends, and sees no file of it."""
    if rights is None or (rights.until is not None and request.asked_at > rights.until):
        return None
    files = [one for one in request.received.all() if rights.sees(one)]
    return Asked(request, rights, files) if rights.reads or rights.sends or files else None
