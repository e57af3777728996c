"""The proof that the account's own person signs: a code by SMS, or a passkey. Each is bound to one consent, one
account and the bytes that were read, serves once and ends after ten minutes."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.codes import check_code, new_code
from accounts.devices import send_code
from accounts.models import User
from audit.trail import record
from documents.consents.drafts import check_ready
from documents.models import Consent, ConsentChallenge, Means
from documents.models.consent import CHALLENGE_LIFETIME
from refusals import Kind, Refusal


class NoMobile(Refusal):
    """The account has no proved mobile to send a code to."""

    code = "no_mobile"
    kind = Kind.CONFLICT
    words = gettext_lazy(
        "Votre compte n’a pas de numéro de mobile confirmé. Ajoutez-en un dans « Mon compte », puis signez."
    )


class WrongCode(Refusal):
    """Wrong, of another challenge, used or expired: the answer is the same."""

    code = "wrong_code"
    kind = Kind.INVALID
    field = "code"
    words = gettext_lazy(
        "Ce code n’est pas le bon, ou il a expiré. Vérifiez le dernier SMS reçu, ou demandez un autre code."
    )


class KeyRefused(Refusal):
    """The passkey is not the account's, or answers another challenge."""

    code = "key_refused"
    kind = Kind.CONFLICT
    words = gettext_lazy("Cette clé d’accès n’a pas été reconnue. Réessayez, ou demandez un code par SMS.")


@transaction.atomic
def begin_by_sms(*, consent: Consent, by: User) -> ConsentChallenge:
    """Send a code to the account's mobile; earlier challenges of the account for this consent are void.

    Raises NoMobile, accounts.codes.TooManyCodes, SmsRefused, and as documents.consents.drafts.check_ready.
    """
    if not by.mobile or by.mobile_verified_at is None:
        raise NoMobile
    challenge = _begin(consent, by, Means.SMS)
    digits = new_code(purpose=purpose_of(challenge), subject_id=by.pk)
    send_code(
        to=by.mobile,
        digits=digits,
        language=by.language,
        account=by.pk,
        sender=consent.practice.name,
    )
    return challenge


@transaction.atomic
def begin_by_passkey(*, consent: Consent, by: User) -> ConsentChallenge:
    """The door binds the browser's answer to it. Raises as documents.consents.drafts.check_ready."""
    return _begin(consent, by, Means.PASSKEY)


def live_challenge(consent: Consent, user: User, means: Means) -> ConsentChallenge | None:
    """The newest one that this account may still pass or use for these bytes."""
    live = ConsentChallenge.objects.filter(
        consent=consent,
        user=user,
        means=means,
        sha256=consent.document.file.sha256,
        used_at=None,
        expires_at__gt=timezone.now(),
    )
    return live.order_by("-made_at").first()


def pass_by_code(*, challenge: ConsentChallenge, digits: str, by: User) -> None:
    """A challenge that was passed, and whose signature then failed, needs no other code while it lives. Raises
    WrongCode."""
    if challenge.user_id != by.pk or challenge.used_at is not None or challenge.expires_at <= timezone.now():
        raise WrongCode
    if challenge.passed_at is not None:
        return
    if not check_code(purpose=purpose_of(challenge), subject_id=by.pk, digits=digits):
        raise WrongCode
    note_passed(challenge)


def note_passed(challenge: ConsentChallenge) -> None:
    """The door or the code has just proved it."""
    challenge.passed_at = timezone.now()
    challenge.save(update_fields=["passed_at"])


def purpose_of(challenge: ConsentChallenge) -> str:
    """Of the code: that of one challenge passes no other."""
    return f"consent:{challenge.pk.hex}"


def _begin(consent: Consent, by: User, means: Means) -> ConsentChallenge:
    check_ready(consent, by)
    now = timezone.now()
    ConsentChallenge.objects.filter(consent=consent, user=by, used_at=None, expires_at__gt=now).update(expires_at=now)
    challenge = ConsentChallenge.objects.create(
        id=uuid.uuid4(),
        consent=consent,
        user=by,
        sha256=consent.document.file.sha256,
        means=means,
        expires_at=now + CHALLENGE_LIFETIME,
    )
    record(
        "consent.proof_begun",
        by=by,
        on=consent,
        practice=consent.practice_id,
        within=consent.document.appointment_id,
        detail={"challenge": str(challenge.pk), "means": means.value},
    )
    return challenge
