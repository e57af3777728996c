"""An instance of each refusal, as its use case raises it."""

from __future__ import annotations

from collections.abc import Iterator

from appointments.doubts import Doubt, Doubtful
from appointments.models import Appointment
from appointments.online import AlreadyBooked, SlotTaken
from appointments.recipients import Reason as Why
from appointments.recipients import Recipient, RecipientState
from documents.filling.filled import AnotherPatientNamed
from documents.library.writing.printing import CannotWrite
from documents.receiving.limits import UNASKED, TooMuchToday
from documents.sharing.uploads import RecipientNotReady
from documents.sharing.wrong_patient import WrongPatientSuspected
from documents.to_sign.sign_tasks import InTheWay
from files.storage import CHANGED, BytesChanged
from files.upload import Refused, TryLater
from notifications.causes import Cause
from notifications.sms_limits import SmsRefused
from patients.invitations import WrongBirthDate
from patients.models import Patient
from practices.roles import READERS_DO_NOT_SHARE
from questionnaires.answering import AnswersRefused
from questionnaires.catalogue import QuestionnaireNotUnderstood
from questionnaires.fhir.faults import Fault
from refusals import Refusal
from signing.pdf.imported import CertificateRefused
from signing.pdf.placement import InvalidPlacement
from signing.pdf.sign import CannotSign


def classes(base: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for one in base.__subclasses__():
        yield one
        yield from classes(one)


def every_refusal() -> list[Refusal]:
    """At least one of each subclass, in the active language."""
    sentence = str(READERS_DO_NOT_SHARE)  # for classes that get their sentence from the caller
    nobody = Recipient(RecipientState.NEEDS_AUTHORISATION, None, Why.HOLDERS_CONTACTS_TAKEN, {})
    without = Recipient(RecipientState.MISSING_CONTACT, None, Why.CONTACTS_MISSING, {})
    made: list[Refusal] = [
        AlreadyBooked(Appointment(), []),
        AnswersRefused([Fault("a", "required")]),
        BytesChanged(CHANGED),
        CannotSign("too_complex", sentence),
        CannotWrite(),
        CannotWrite(["꦳"]),
        CertificateRefused("password", sentence, "password"),
        Doubtful([Doubt("outside_hours", sentence, "outside_hours")]),
        InTheWay(sentence),
        InvalidPlacement("page", sentence),
        QuestionnaireNotUnderstood([Fault("a", "unknown_type", "url")]),
        RecipientNotReady(nobody),
        RecipientNotReady(without),
        Refused("too_large", sentence),
        Refused("empty", sentence),
        SlotTaken([]),
        SmsRefused(Cause.COUNTRY),
        SmsRefused(Cause.TOO_MANY, 90),
        TooMuchToday(UNASKED),
        TryLater("busy", sentence),
        WrongBirthDate(0),
        WrongBirthDate(1),
        AnotherPatientNamed(named=["Ana Roy"], patient=Patient(first_name="Rose", last_name="Petit")),
        WrongPatientSuspected(named=["Ana Roy"], patient=Patient(first_name="Rose", last_name="Petit")),
    ]
    known = {type(one) for one in made}
    for kind in classes():
        if kind not in known and kind.__module__.partition(".")[0] != "tests":
            made.append(kind() if hasattr(kind, "words") or kind.__init__ is not Refusal.__init__ else kind(sentence))
    return made
