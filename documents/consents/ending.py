"""Refusing to sign, and withdrawing a consent: events with a date. The document stays."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.trail import record
from documents.consents import messages
from documents.consents.access import locked_consent, signer_of
from documents.consents.drafts import ConsentOver, MayNotSign, check_signer
from documents.models import Consent, ConsentState
from files.names import composed

MAX_SENTENCE = 500  # characters


@transaction.atomic
def refuse(*, consent: Consent, sentence: str, by: User) -> Consent:
    """Refuse; staff may ask again. `sentence`: why, if the person says. Raises ConsentOver, MayNotSign,
    ValidationError."""
    current = locked_consent(consent)
    signer = check_signer(current, by)
    current.sentence = _checked(sentence)
    current.state, current.settled_by, current.settled_at = ConsentState.REFUSED, by, timezone.now()
    current.seen_at = None
    current.settled_as = signer.signed_as
    current.save()
    current.drafts.all().delete()
    messages.call_off(current)
    _record("consent.refused", current, by, signed_as=signer.signed_as.value)
    return current


@transaction.atomic
def withdraw(*, consent: Consent, sentence: str, by: User) -> Consent:
    """Withdraw what was signed: by whoever may sign now, who need not have signed it. The signed document stays, with
    its signature. Raises ConsentOver, MayNotSign, ValidationError."""
    current = locked_consent(consent)
    if current.state != ConsentState.SIGNED:
        raise ConsentOver(_("Ce consentement n’est pas à retirer : il n’est pas signé, ou il est déjà retiré."))
    signer = signer_of(by, current)
    if signer is None:
        raise MayNotSign(_("Votre compte ne peut pas retirer ce consentement. Appelez le cabinet."))
    current.sentence = _checked(sentence)
    current.state, current.withdrawn_by, current.withdrawn_at = ConsentState.WITHDRAWN, by, timezone.now()
    current.seen_at = None
    current.save()
    _record("consent.withdrawn", current, by, signed_as=signer.signed_as.value)
    return current


def _checked(sentence: str) -> str:
    sentence = composed(sentence).strip()
    if len(sentence) > MAX_SENTENCE:
        raise ValidationError({"detail": _("Cette phrase dépasse 500 caractères. Raccourcissez-la.")})
    return sentence


def _record(action: str, consent: Consent, by: User, **detail: str) -> None:
    record(
        action,
        by=by,
        on=consent,
        practice=consent.practice_id,
        within=consent.document.appointment_id,
        detail={"document": str(consent.document_id), "sha256": consent.document.file.sha256, **detail},
    )
