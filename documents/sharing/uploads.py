"""An upload on its way to being a shared document: allowed, about the right patient, signed, its bytes in storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Appointment
from appointments.recipients import Recipient, RecipientState, resolve, with_todays_holder
from documents.sharing.wrong_patient import WrongPatientSuspected, names_only_another
from files import storage
from files.intake import Intake, discard
from files.models import StoredFile
from practices.roles import require_practitioner, require_sharer
from refusals import Kind, Refusal
from signing.certificates import trusted_roots
from signing.metrics import SIGNING_SECONDS
from signing.pdf.placement import Placement
from signing.pdf.verify import NOT_JUDGED, CannotVerify, SignatureReport, verify
from signing.signatures import sign_for


class RecipientNotReady(Refusal):
    """Nobody may receive yet; `recipient` says what is missing."""

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
    """The stored bytes, which no row names yet: save `stored` with its document in one transaction, or abandon it."""

    stored: StoredFile
    facts: dict[str, Any]  # of the SharedDocument that will name it
    patient_confirmed: bool


def prepare(
    *, appointment: Appointment, intake: Intake, placement: Placement | None, by: User, confirm_patient: bool
) -> Prepared:
    """Signed where a `placement` is given, before anything is stored.

    Consumes the intake: on any exception nothing is in storage. Raises NotAllowed, RecipientNotReady,
    WrongPatientSuspected, and what signing.signatures.sign_for raises.
    """
    signed_at = None
    was_repaired = False
    signatures: Sequence[SignatureReport] = ()
    try:
        check_may_share(appointment, by, signs=placement is not None)
        ready_recipient(appointment)  # before the work of signing; asked again under the lock
        names_another = names_only_another(intake.opening_text, patient=appointment.patient)
        if names_another and not confirm_patient:
            raise WrongPatientSuspected(named=names_another, patient=appointment.patient)
        if placement is not None:
            signed_at = timezone.now()
            with SIGNING_SECONDS.time():
                signed = sign_for(
                    user=by, practice=appointment.practice, intake=intake, placement=placement, at=signed_at
                )
            intake, was_repaired, signatures = signed.intake, signed.repaired, signed.signatures
        elif intake.signature_count:
            signatures = _signatures_it_came_with(intake)
        stored = storage.keep(intake)
    except BaseException:
        discard(intake)
        raise
    facts = {
        "file": stored,
        "name": intake.name,
        "page_count": intake.page_count,
        "signed_by": by if placement is not None else None,
        "signed_at": signed_at,
        "signatures": [report.as_json() for report in signatures],
        "was_repaired": was_repaired,
        "notices": list(intake.notices),
    }
    return Prepared(stored=stored, facts=facts, patient_confirmed=bool(names_another))


def check_may_share(appointment: Appointment, by: User, *, signs: bool = False) -> None:
    """Raises NotAllowed."""
    require_sharer(by, appointment.practice)
    if signs:
        require_practitioner(by, appointment.practice)


def ready_recipient(appointment: Appointment) -> Recipient:
    recipient = resolve(appointment)
    if not recipient.is_ready or recipient.audience is None:
        raise RecipientNotReady(recipient)
    return recipient


def locked(appointment: Appointment) -> Appointment:
    """Contacts, authorisation and the appointment itself stay as they are until this transaction ends."""
    current = Appointment.objects.select_for_update(of=("self", "patient"))
    return with_todays_holder(current.select_related("practice", "patient__practice").get(pk=appointment.pk))


def _signatures_it_came_with(intake: Intake) -> list[SignatureReport]:
    try:
        return verify(intake.path, roots=trusted_roots())
    except CannotVerify:
        return [NOT_JUDGED] * intake.signature_count  # a viewer opens it: signed it is, by whom can't be told
