"""The checks after the faults: everything ends, nothing is lost, nobody gets a message twice, fsck is clean."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.core.management import call_command
from django.utils import timezone

from appointments.models import Appointment
from audit.models import AuditEvent
from documents.models import AutoSend, Consent, ConsentChallenge, DocumentRequest, ReceivedDocument, SharedDocument
from files import sweeping
from notifications.models import Message
from questionnaires.answering import answers_of
from questionnaires.models import QuestionnaireResponse
from tests.faults.actors import Case
from tests.faults.patients import PatientCase

SOON = timedelta(minutes=10)  # ignores what is due later
AUTOMATIC = 6  # documents that two rules send for each booking


def unfinished() -> tuple[int, ...]:
    """What is in progress, and how far: the numbers change as long as anything progresses."""
    soon = timezone.now() + SOON
    planned = AutoSend.objects.filter(state="planned", due_at__lt=soon)
    queued = Message.objects.filter(state="queued", due_at__lt=soon)
    return (planned.count(), queued.count(), sum(planned.values_list("attempts", flat=True)),
            sum(queued.values_list("attempts", flat=True)))  # fmt: skip


@dataclass
class Taken:
    """What the sinks received since the last read."""

    path: Path
    position: int = 0

    def __post_init__(self) -> None:
        self.copies: Counter[str] = Counter()
        self.unheard: Counter[str] = Counter()
        self.told: set[str] = set()  # already reported for earlier seeds

    def read(self) -> int:
        """The number of surplus copies; except from a server that accepted a message without confirming it."""
        before = self._surplus()
        with self.path.open() as lines:
            lines.seek(self.position)
            for line in lines:
                kind, identifier, _ = line.split()
                self.copies[identifier] += 1
                self.unheard[identifier] += kind.endswith("-unheard")
            self.position = lines.tell()
        return self._surplus() - before

    def _surplus(self) -> int:
        return sum(max(0, count - 1 - self.unheard[one]) for one, count in self.copies.items())


def faults_of(cases: Sequence[Case], taken: Taken) -> Iterator[str]:
    """A line for each violation."""
    for case in cases:
        if case.complaint:
            yield f"{case.number}: {case.complaint}"
        else:
            yield from _of_case(case)
    for message in Message.objects.exclude(state="queued"):
        if message.state == "sent" and not taken.copies[str(message.pk)]:
            yield f"message {message.pk}: sent, and nobody took it"
        if message.state == "failed" and not message.error:
            yield f"message {message.pk}: given up, and nobody is told why"
    known = {str(pk) for pk in Message.objects.values_list("pk", flat=True)}
    for identifier in taken.copies.keys() - known - taken.told:
        if (
            taken.unheard[identifier] < taken.copies[identifier]
        ):  # otherwise it was called off, apparently before it left
            taken.told.add(identifier)
            yield f"message {identifier}: taken, and no row knows it"


def _of_case(case: Case) -> Iterator[str]:
    booked = Appointment.objects.filter(patient__last_name=case.number)
    if booked.count() != (0 if case.deleted else 1):
        yield f"{case.number}: {booked.count()} appointments for one booking"
    if case.deleted:
        return
    appointment = booked.first()
    if appointment is None:
        return
    if appointment.starts_at != case.start:
        yield f"{case.number}: starts at {appointment.starts_at}, answered was {case.start}"
    if (appointment.status == "cancelled") != case.cancelled:
        yield f"{case.number}: {appointment.status}, though cancelling was{'' if case.cancelled else ' not'} answered"
    shared = SharedDocument.objects.filter(appointment=appointment, auto_send=None).prefetch_related("messages")
    there = {str(document.pk) for document in shared}
    wanted = set(case.shares.values()) - case.taken_back
    for lost in wanted - there:
        yield f"{case.number}: document {lost} was answered 201 and is lost"
    for extra in there - wanted:
        yield f"{case.number}: document {extra} was never answered, or taken back"
    for document in shared:
        if not document.messages.exists():
            yield f"{case.number}: nobody is told of document {document.pk}"
    states = Counter(appointment.auto_sends.values_list("state", flat=True))
    if states.total() != AUTOMATIC or states.keys() - ({"sent", "cancelled"} if case.cancelled else {"sent"}):
        yield f"{case.number}: automatic documents are {dict(states)}"
    if isinstance(case, PatientCase):
        yield from _of_patient(case, appointment)


def _of_patient(case: PatientCase, appointment: Appointment) -> Iterator[str]:
    """What was sent, answered and signed: all of it, once, and as it was answered."""
    there = {
        str(one.pk): one for one in ReceivedDocument.objects.filter(appointment=appointment).select_related("file")
    }
    wanted = {key: one for key, one in case.sent.items() if one.outcome != "taken back"}
    for lost in wanted.keys() - there.keys():
        yield f"{case.number}: file {lost} was answered 201 and is lost"
    for extra in there.keys() - wanted.keys():
        yield f"{case.number}: file {extra} was never answered, or taken back"
    for key in wanted.keys() & there.keys():
        found, answered = there[key], wanted[key]
        if (found.file.sha256, found.state) != (answered.sha256, answered.outcome):
            yield f"{case.number}: file {key} is {found.state}, or has other bytes; answered was {answered.outcome}"
    states = dict(case.asked)
    if case.cancelled:  # closes what is open
        states = {key: state if state == "accepted" else "cancelled" for key, state in states.items()}
    asked = {str(one.pk): one for one in DocumentRequest.objects.filter(appointment=appointment)}
    if {key: one.state for key, one in asked.items()} != states:
        yield f"{case.number}: requests are {[one.state for one in asked.values()]}, answered were {states}"
    yield from _of_answers(case, appointment, asked)
    yield from _of_consents(case, appointment)
    lines = Counter(AuditEvent.objects.filter(record_id=appointment.pk).values_list("action", flat=True))
    once = {
        "document.received": len(case.sent),
        "received.taken_back": len(case.sent) - len(wanted),
        "questionnaire.answered": len(case.answers),
        "consent.signed": sum(state in ("signed", "withdrawn") for state in case.consents.values()),
        "consent.refused": sum(state == "refused" for state in case.consents.values()),
        "consent.withdrawn": sum(state == "withdrawn" for state in case.consents.values()),
    }
    for action, times in once.items():
        if lines[action] != times:
            yield f"{case.number}: {action} is {lines[action]} times in the history, expected {times}"


def _of_answers(case: PatientCase, appointment: Appointment, asked: dict[str, DocumentRequest]) -> Iterator[str]:
    responses = QuestionnaireResponse.objects.filter(appointment=appointment).select_related("version")
    if responses.count() != len(case.answers):
        yield f"{case.number}: {responses.count()} responses, answered were {len(case.answers)}"
    for response in responses:
        (request,) = [key for key, one in asked.items() if one.response_id == response.pk] or [""]
        (pain,) = answers_of(response).get("pain", (None,))
        if case.answers.get(request) != pain:
            yield f"{case.number}: pain {pain} of request {request or 'none'}, answered was {case.answers}"


def _of_consents(case: PatientCase, appointment: Appointment) -> Iterator[str]:
    """fsck judges their seals."""
    for document, state in case.consents.items():
        consent = Consent.objects.get(document__in=[document])
        used = ConsentChallenge.objects.filter(consent=consent, used_at__isnull=False).count()
        if (consent.state, used) != (state, int(state in ("signed", "withdrawn"))):
            yield f"{case.number}: consent of {document} is {consent.state} by {used} codes, answered was {state}"


def fsck() -> tuple[list[str], int]:
    """Its lines; and the number of orphans, which the nightly sweep handles."""
    orphans = sweeping.sweep_orphans(older_than=timedelta())
    output = io.StringIO()
    try:
        call_command("fsck", stdout=output, stderr=io.StringIO())
    except SystemExit:
        return output.getvalue().splitlines(), orphans
    return [], orphans
