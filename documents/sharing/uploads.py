"""Turns an upload into a file ready to share: checks permission and patient, signs, and stores the bytes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import Recipient, RecipientState, resolve, with_todays_holder
from documents.sharing.wrong_patient import WrongPatientSuspected, names_only_another
from files import storage
from files.intake import Intake
from files.models import StoredFile
from practices.models import Practice
from practices.roles import require_practitioner, require_sharer
from refusals import Kind, Refusal
from signing.certificates import trusted_roots
from signing.metrics import SIGNING_SECONDS
from signing.pdf.placement import Placement
from signing.pdf.sign import SignedIntake
from signing.pdf.sign_each import Placed
from signing.pdf.verify import NOT_JUDGED, CannotVerify, SignatureReport, verify
from signing.signatures import sign_each_for, sign_for


class RecipientNotReady(Refusal):
    """Nobody may receive yet; `recipient` names what is missing."""

    code = "recipient_not_ready"
    kind = Kind.CONFLICT

    def __init__(self, recipient: Recipient) -> None:
        super().__init__()
        self.recipient = recipient

    @property
    def sentence(self) -> str:
        if self.recipient.state == RecipientState.NEEDS_AUTHORISATION:
            return _("Autorisez d’abord la personne qui a pris le rendez-vous, ou complétez les coordonnées.")
        missing = _("Il manque des coordonnées au patient, ou elles sont à confirmer : %(missing)s.")
        return missing % {"missing": ", ".join(self.recipient.missing)}


@dataclass(frozen=True)
class Prepared:
    """Stored bytes without a row: save `stored` with its document in one transaction, or abandon it."""

    stored: StoredFile
    facts: dict[str, Any]  # fields of the SharedDocument to create
    patient_confirmed: bool


@dataclass(frozen=True)
class Signed:
    """A file signed in place, and when."""

    file: SignedIntake
    at: datetime


def prepare(
    *,
    appointment: Appointment,
    intake: Intake,
    placement: Placement | None,
    by: User,
    confirm_patient: bool,
    signed: Signed | None = None,
) -> Prepared:
    """Check, sign if a `placement` is given, then store. `signed`: the intake, if `by` has signed it there already.

    Consumes the intake: after an exception, nothing is in storage. Raises NotAllowed, RecipientNotReady,
    WrongPatientSuspected, and what signing.signatures.sign_for raises.
    """
    signatures: Sequence[SignatureReport] = ()
    with intake:
        check_may_share(appointment, by, signs=placement is not None)
        ready_recipient(appointment)  # before the effort of signing; checked again under the lock
        names_another = names_only_another(intake.opening_text, patient=appointment.patient)
        if names_another and not confirm_patient:
            raise WrongPatientSuspected(named=names_another, patient=appointment.patient)
        if placement is not None:
            signed = signed or _signed_now(appointment.practice, intake, placement, by)
            intake, signatures = signed.file.intake, signed.file.signatures
        elif intake.signature_count:
            signatures = _signatures_it_came_with(intake)
        stored = storage.keep(intake, practice=appointment.practice_id)
    facts = {
        "file": stored,
        "name": intake.name,
        "page_count": intake.page_count,
        "signed_by": by if signed else None,
        "signed_at": signed.at if signed else None,
        "signatures": [report.as_json() for report in signatures],
        "was_repaired": bool(signed and signed.file.repaired),
        "notices": list(intake.notices),
    }
    return Prepared(stored=stored, facts=facts, patient_confirmed=bool(names_another))


def sign_papers(*, practice: Practice, papers: Sequence[Placed], by: User) -> list[Signed | Exception]:
    """Sign several papers that this software has printed, in place: each signed, or what signing it alone would
    raise."""
    at, start = timezone.now(), time.perf_counter()
    try:
        results = sign_each_for(user=by, practice=practice, papers=papers, at=at)
    except Exception as error:  # the same for each of them
        return [error] * len(papers)
    for _each in results:
        SIGNING_SECONDS.observe((time.perf_counter() - start) / len(results))
    return [Signed(each, at) if isinstance(each, SignedIntake) else each for each in results]


def _signed_now(practice: Practice, intake: Intake, placement: Placement, by: User) -> Signed:
    at = timezone.now()
    with SIGNING_SECONDS.time():
        return Signed(sign_for(user=by, practice=practice, intake=intake, placement=placement, at=at), at)


def check_may_share(appointment: Appointment, by: User, *, signs: bool = False) -> None:
    """Raises NotAllowed."""
    require_sharer(by, appointment.practice)
    if signs:
        require_practitioner(by, appointment.practice)


def ready_recipient(appointment: Appointment) -> Recipient:
    recipient = resolve(appointment)
    if not recipient.is_ready:
        raise RecipientNotReady(recipient)
    return recipient


def locked(appointment: Appointment) -> Appointment:
    """Lock the appointment: contacts, authorisation and the appointment itself do not change during this
    transaction."""
    Appointment.objects.lock_first(appointment.pk)
    current = Appointment.objects.select_for_update(of=("self", "patient"))
    return with_todays_holder(current.select_related("practice", "patient__practice").get(pk=appointment.pk))


def _signatures_it_came_with(intake: Intake) -> list[SignatureReport]:
    try:
        return verify(intake.path, roots=trusted_roots())
    except CannotVerify:
        return [NOT_JUDGED] * intake.signature_count  # a viewer opens it: it is signed, but its signers are unknown
