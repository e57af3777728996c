"""Explains why somebody did not get a document: every step in order, each judged by the code that decides it.

This module decides nothing. Ids are opaque; names and contacts appear only on request.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import Recipient, resolve
from audit.models import AuditEvent
from docshare.health import own
from documents import messages
from documents.models import AutoSend, AutoSendRule, SharedDocument
from documents.models.autosend import AutoSendState
from documents.sending import autosend
from documents.sending.links import is_open
from documents.sending.planning import due_again
from documents.sharing.access import WHAT_OF_A_RECORD, shown_by, visible_as_staff
from files import storage
from notifications.models import Message, MessageState
from patients.invitations import why_closed
from patients.models import Patient, RecordTie, Relationship


class NothingKnown(Exception):
    """No document, automatic sending or line of the trail has this id."""


@dataclass(frozen=True)
class Step:
    """`stops`: this step is, or may be, the reason why the document did not arrive."""

    name: str
    text: str
    stops: bool = False


def explain(pk: uuid.UUID, *, with_names: bool = False) -> list[Step]:
    """The steps of a shared document, of an automatic sending, or of a deleted one. Raises NothingKnown."""
    document = SharedDocument.objects.filter(pk=pk).first()
    of_document = AutoSend.objects.filter(shared=document) if document else AutoSend.objects.filter(pk=pk)
    sending = of_document.select_related("rule", "document", "link").first()
    document = document or (sending.shared if sending else None)
    return list(Explanation(pk, document, sending, with_names=with_names).steps())


@dataclass(frozen=True)
class Explanation:
    pk: uuid.UUID
    document: SharedDocument | None
    sending: AutoSend | None
    with_names: bool

    def steps(self) -> Iterator[Step]:
        if self.sending:
            yield from self._rule(self.sending)
        if appointment := self._appointment():
            yield from self._of_appointment(appointment)
        if self.document:
            yield from self._of_document(self.document)
        elif appointment is None:
            yield from self._gone()
        yield from self._history()

    def _appointment(self) -> Appointment | None:
        known = self.document or self.sending
        return known.appointment if known else None

    def _rule(self, sending: AutoSend) -> Iterator[Step]:
        rule = sending.rule
        matches = AutoSendRule.objects.matching(sending.appointment).filter(pk=rule.pk).exists()
        facts = f"{rule.pk}: {rule.moment}, {rule.offset_hours} h; by {_channels_of(rule)}"
        yield Step(
            "rule", f"{facts}; {'matches' if matches else 'does not match'} the appointment now", stops=not matches
        )
        planned = sending.state == AutoSendState.PLANNED
        attempts = f"due {_at(sending.due_at)}, {sending.attempts} attempts that failed"
        if planned and sending.retry_at:
            attempts += f", next try {_at(sending.retry_at)}"
        yield Step("sending", f"{sending.pk}: {sending.state}; {attempts}", stops=sending.state != AutoSendState.SENT)
        if sending.state != AutoSendState.SENT:
            again = due_again(sending)
            yield Step("sending", f"its rule would send it {_at(again) if again else 'no more'}", stops=not again)
            channels = autosend.channels_for(sending)
            yield Step("sending", f"it could go by {_list(channels) or 'no channel'}", stops=not channels)
        if sending.stopped_by_staff:
            yield Step("sending", "staff said not to send it", stops=True)

    def _of_appointment(self, appointment: Appointment) -> Iterator[Step]:
        cancelled = appointment.status != "booked"
        facts = f"{appointment.pk}: {appointment.status}, {_at(appointment.starts_at)}"
        yield Step("appointment", f"{facts}; booked for {appointment.booked_for}", stops=cancelled)
        holder = appointment.holder
        yield Step("appointment", f"booked by {self._user(holder) if holder else 'the practice'}")
        recipient = resolve(appointment)
        yield Step("recipient now", _recipient(recipient), stops=not recipient.is_ready)
        for contact, standing in recipient.standings.items():
            yield Step("recipient now", f"{contact} of the record: {standing.value}")

    def _of_document(self, document: SharedDocument) -> Iterator[Step]:
        yield from self._sharing(document)
        yield from _signing(document)
        yield from _scanning(document)
        yield from self._notices(document)
        yield from self._links(document)
        yield from self._readers(document)
        yield from self._readings(document)

    def _sharing(self, document: SharedDocument) -> Iterator[Step]:
        by = self._user(document.shared_by) if document.shared_by else "its rule"
        to = self._user(document.holder) if document.holder else self._patient(document.patient)
        yield Step("sharing", f"{document.pk}: {_at(document.shared_at)} by {by}, with {document.audience} {to}")
        if document.replaced_at:
            yield Step("sharing", f"replaced {_at(document.replaced_at)}")
        if not document.has_readers:
            yield Step("sharing", f"its recipient sees it no more: {_why_unseen(document)}", stops=True)

    def _notices(self, document: SharedDocument) -> Iterator[Step]:
        last = {message.pk for message in document.newest_messages}
        for message in document.messages.order_by("created_at", "id"):
            arrived = message.state in (MessageState.SENT, MessageState.DELIVERED)
            yield Step("notice", self._message(message), stops=message.pk in last and not arrived)
        if not document.messages.exists():
            yield Step("notice", "no message was planned, or it was called off", stops=True)
        may_resend = messages.can_be_notified(document)
        now = _list(messages.contacts_of(document))
        yield Step("notice", f"{'may' if may_resend else 'may not'} be sent again; contacts now: {now or 'none'}")

    def _message(self, message: Message) -> str:
        text = f"{message.channel} {message.pk}: {message.state}, planned for {_at(message.planned_at)}"
        text += f", {message.attempts} tries"
        if message.cause:
            text += f", the last failed: {message.cause} {message.last_error}".rstrip()
        if message.state == MessageState.QUEUED:
            text += f", next try {_at(message.due_at)}"
        for name, at in (("sent", message.sent_at), ("delivered", message.delivered_at)):
            text += f", {name} {_at(at)}" if at else ""
        return f"{text}; to {message.to}" if self.with_names else text

    def _links(self, document: SharedDocument) -> Iterator[Step]:
        if self.sending and self.sending.link:
            link, open_now = self.sending.link, is_open(self.sending.link)
            state = "open" if open_now else f"closed ({link.end or 'what it stands on does not hold any more'})"
            yield Step("link", f"{link.pk}: {state}", stops=not open_now)
        invitation = document.patient.invitations.order_by("-created_at").first()
        if invitation:
            closed = why_closed(invitation)
            yield Step("invitation", f"{invitation.pk}: {f'closed ({closed})' if closed else 'open'}")

    def _readers(self, document: SharedDocument) -> Iterator[Step]:
        """Everybody who might be expected to see it, and the rule that decides."""
        anybody_sees = False
        for tie in document.patient.ties.select_related("user").order_by("tied_at", "id"):
            sees = _shows(tie, document)
            anybody_sees |= sees
            yield Step("may see", self._access(tie.user, sees, _tie(tie, document)), stops=not sees)
        for holder in {document.holder, document.appointment.holder} - {None}:
            assert holder is not None
            documents = SharedDocument.objects.with_readers().filter(pk=document.pk, audience="holder", holder=holder)
            sees = holder.is_active and documents.exists()
            anybody_sees |= sees
            yield Step("may see", self._access(holder, sees, f"booked; the document is for the {document.audience}"))
        if not anybody_sees:
            yield Step("may see", "no account sees it as its recipient", stops=True)
        staff = User.objects.filter(memberships__practice=document.practice_id).distinct().order_by("pk")
        for member in staff:
            if visible_as_staff(member).filter(pk=document.pk).exists():
                yield Step("may see", f"{self._user(member)}: yes; staff of the practice")

    def _readings(self, document: SharedDocument) -> Iterator[Step]:
        for reading in document.readings.select_related("reader").order_by("at"):
            reader = self._user(reading.reader) if reading.reader else "whoever had the link"
            yield Step(
                "reading",
                f"{_at(reading.at)} {reader}: {reading.means}, as {'staff' if reading.as_staff else 'recipient'}",
            )
        if document.first_read_at is None:
            yield Step("reading", "its recipient has not opened it")

    def _gone(self) -> Iterator[Step]:
        if not AuditEvent.objects.filter(object_id=self.pk).exists():
            raise NothingKnown
        yield Step("sharing", "it is gone: the history says why", stops=True)

    def _history(self) -> Iterator[Step]:
        link = self.sending.link_id if self.sending else None
        objects = [self.pk, *(row.pk for row in (self.document, self.sending) if row), *([link] if link else [])]
        lines = list(AuditEvent.objects.filter(object_id__in=objects).order_by("id"))
        people = User.objects.in_bulk([line.actor_id for line in lines if line.actor_id])
        for line in lines:
            actor = people.get(line.actor_id) if line.actor_id else None
            actor_name = self._user(actor) if actor else str(line.actor_id or "nobody signed in")
            detail = " ".join(f"{name}={value}" for name, value in sorted(line.detail.items()))
            yield Step("history", f"{_at(line.at)} {line.action} by {actor_name} {detail}".rstrip())

    def _access(self, user: User, sees: bool, why: str) -> str:
        """Access by this route. An account whose access by one route ended may have another route, on a line of its
        own."""
        return f"{self._user(user)}: {'yes' if sees else 'no'}; {why}"

    def _user(self, user: User) -> str:
        inactive = "" if user.is_active else " (inactive)"
        return (
            f"{user.pk} {user.get_full_name()} <{user.email}>{inactive}"
            if self.with_names
            else f"{user.pk}{inactive}"
        )

    def _patient(self, patient: Patient) -> str:
        return f"{patient.pk} {patient.first_name} {patient.last_name}" if self.with_names else str(patient.pk)


def _recipient(recipient: Recipient) -> str:
    audience = recipient.audience.value if recipient.audience else "nobody"
    minor = "; the patient is a minor" if recipient.patient_is_minor else ""
    refused = "; staff refused the holder" if recipient.refused else ""
    return f"{audience}: {recipient.state.value} ({recipient.reason.value}){minor}{refused}"


def _why_unseen(document: SharedDocument) -> str:
    if document.holder_ended_by_age:
        return "the patient was an adult by the corrected birth date"
    return "the holder's access was ended" if document.holder_ended_at else "the authorisation was withdrawn"


def _signing(document: SharedDocument) -> Iterator[Step]:
    if document.is_signed:
        judged = [str(report.get("judgement", "")) for report in document.signatures]
        facts = (
            f"{_at(document.signed_at)}, {document.level or 'level not kept'}; judged when shared: {_list(judged)}"
        )
        yield Step("signing", facts, stops="not_valid" in judged)
    else:
        yield Step("signing", "of the library: never signed" if document.library_version_id else "shared unsigned")


def _scanning(document: SharedDocument) -> Iterator[Step]:
    set_up = "is set up" if settings.CLAMD_URL else "is not set up"
    yield Step("scanning", f"the scanner {set_up} now; what it does not call clean is never shared")
    if document.notices:
        yield Step("scanning", f"noticed when it was received: {_list(document.notices)}")
    if document.file.refused_as:
        yield Step("scanning", f"moved here; refused as an upload today ({document.file.refused_as}): download only")
    if not own.answers("storage", storage.answers):
        yield Step("storage", "does not answer", stops=True)
        return
    fault = storage.verify(document.file)
    yield Step("storage", fault or "its bytes are as they were kept", stops=fault is not None)


def _shows(tie: RecordTie, document: SharedDocument) -> bool:
    if tie.ended_at is not None or not tie.user.is_active:
        return False
    return SharedDocument.objects.filter(shown_by(tie), pk=document.pk).exists()


def _tie(tie: RecordTie, document: SharedDocument) -> str:
    """The tie's present state, and whether its kind gives access to such a document."""
    shows = (
        SharedDocument.objects.filter(pk=document.pk)
        .filter(WHAT_OF_A_RECORD[Relationship(tie.relationship)])
        .exists()
    )
    text = f"tied as {tie.relationship} {_at(tie.tied_at)}"
    if tie.ended_at:
        text += f", ended {_at(tie.ended_at)} ({tie.end})"
    elif tie.suspended_at:
        text += f", suspended {_at(tie.suspended_at)}: later documents wait for a new proof"
    return text if shows else f"{text}; such a tie does not show this document"


def _channels_of(rule: AutoSendRule) -> str:
    return _list(name for name, on in (("email", rule.by_email), ("sms", rule.by_sms)) if on)


def _list(names: Iterable[Any]) -> str:
    return ", ".join(map(str, names))


def _at(at: datetime | None) -> str:
    return (
        timezone.localtime(at, timezone.get_default_timezone()).isoformat(timespec="seconds") if at else "(not kept)"
    )
