"""The certificates that practitioners sign with: issued by the installation's own authority, replaced, revoked."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.trail import record
from practices.models import Practice
from practices.roles import NotAllowed
from signing import messages
from signing.models import InstallationAuthority, KeyPlace, SigningCredential
from signing.pdf import credentials, revocation
from signing.pdf.examination import Known
from signing.pdf.keys import KeyNotOpened
from signing.pdf.levels import certificates_in, level_wanted

logger = logging.getLogger(__name__)


class CertificateExpired(Exception):
    """The imported certificate has expired, and nobody has removed or replaced it."""


def known_authorities() -> Known:
    """What this installation judges signatures by: its own authorities (retired ones too), the authorities that it
    was configured to trust, and the certificates of its own that it has revoked."""
    revoked = SigningCredential.objects.filter(revoked_at__isnull=False, authority__isnull=False)
    return Known(
        own=_own_roots(),
        others=certificates_in(settings.SIGNING_ROOTS),
        time=certificates_in(settings.TSA_ROOTS),
        revoked={
            hashlib.sha256(certificate).hexdigest(): since
            for certificate, since in revoked.values_list("certificate", "revoked_at")
            if since
        },
    )


def trusted_roots() -> list[bytes]:
    """DER certificates of the installation's authorities (retired ones too) and of those it is configured to
    trust."""
    return [*_own_roots(), *certificates_in(settings.SIGNING_ROOTS)]


def _own_roots() -> list[bytes]:
    return [bytes(authority.certificate) for authority in InstallationAuthority.objects.all()]


def credential_for(*, user: User, practice: Practice) -> SigningCredential:
    """The credential that this practitioner signs with at this practice: the one they imported, else the practice's,
    else the one that the installation issued to them. Raises CertificateExpired, signing.pdf.keys.KeyNotOpened."""
    own = in_use(user)
    brought = own if own and not own.is_ours else in_use(practice)
    if brought is None:
        return current_credential(user=user)
    if brought.not_after <= timezone.now():
        raise CertificateExpired
    return brought


@transaction.atomic
def current_credential(*, user: User) -> SigningCredential:
    """The practitioner's certificate; the installation's own authority issues one if there is none yet.

    Replaces a certificate that has expired, or that lacks what the configured level requires (a CRL address). Raises
    KeyNotOpened if the authority's key cannot be used to issue one.
    """
    current = in_use(user)
    if current and _is_usable(current):
        return current
    User.objects.select_for_update().get(pk=user.pk)  # one certificate, even if several requests arrive at once
    current = in_use(user)
    if current and _is_usable(current):
        return current
    if current:
        current.retired_at = timezone.now()
        current.save(update_fields=["retired_at"])
    authority = current_authority()
    issued = credentials.issue_certificate(
        authority_certificate=bytes(authority.certificate),
        authority_private_key=bytes(authority.private_key),
        name=user.get_full_name(),
        professional_number=user.professional_number,
        passphrase=settings.SIGNING_PASSPHRASE,
        former_passphrases=settings.SIGNING_PASSPHRASE_FALLBACKS,
        revocation_url=settings.PUBLIC_URL + reverse("revocation-list", args=[authority.pk]),
    )
    credential = SigningCredential.objects.create(
        user=user,
        authority=authority,
        certificate=issued.certificate,
        private_key=issued.private_key,
        not_after=issued.not_after,
    )
    record("signature.certificate_issued", by=user, on=credential)
    return credential


def in_use(owner: User | Practice) -> SigningCredential | None:
    return owner.signing_credentials.filter(retired_at=None).select_related("authority").first()


def _is_usable(credential: SigningCredential) -> bool:
    if not credential.is_ours:
        return True  # its owner replaces it, not this installation
    if credential.not_after <= timezone.now():
        return False
    return not level_wanted().lasting or credentials.names_revocation_source(bytes(credential.certificate))


@transaction.atomic
def retire_certificate(*, user: User) -> None:
    """After a change of name or number: the next signature issues a certificate that says the new one. What was
    signed stays valid. An imported certificate stays: its owner replaces it."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    current = in_use(user)
    if current and current.is_ours:
        current.retired_at = timezone.now()
        current.save(update_fields=["retired_at"])


@transaction.atomic
def revoke_certificate(*, user: User, by: User) -> None:
    """Revoke the installation's certificate for this practitioner: its key may be in other hands.

    The next signature issues a new one. Changes nothing if there is none. Raises NotAllowed.
    """
    if by.pk != user.pk:
        raise NotAllowed(_("Seul le praticien lui-même révoque son certificat."))
    ours = user.signing_credentials.select_for_update().filter(retired_at=None, key_place=KeyPlace.AUTHORITY)
    credential = ours.first()
    if credential is None or credential.authority_id is None:
        return
    credential.revoked_at = credential.retired_at = timezone.now()
    credential.save(update_fields=["revoked_at", "retired_at"])
    record("signature.certificate_revoked", by=by, on=credential)
    messages.plan_signature_changed_email(user)
    _renew(InstallationAuthority.objects.get(pk=credential.authority_id))


def revocation_list_of(authority: InstallationAuthority) -> bytes:
    """The authority's revocation list (DER): the stored one while it is fresh, else a new one.

    Does not store the new list, because pages that only read call this; renew_revocation_lists does. If the
    authority's key cannot be opened, returns the stored list, however old; raises KeyNotOpened if there is none.
    """
    stored = authority.revocation_list
    if stored is None or _is_due(authority.revocation_list_at):
        try:
            return _new_revocation_list(authority)
        except KeyNotOpened:
            if stored is None:
                raise
    return bytes(stored)


def renew_revocation_lists() -> None:
    """Renew each list that is a day old or older, also those of retired authorities. A second run changes nothing."""
    for pk in InstallationAuthority.objects.values_list("pk", flat=True):
        with transaction.atomic():
            authority = InstallationAuthority.objects.select_for_update().get(pk=pk)
            if _is_due(authority.revocation_list_at):
                _renew(authority)


def _is_due(made_at: datetime | None) -> bool:
    return made_at is None or made_at < timezone.now() - revocation.RENEWED_AFTER


def _renew(authority: InstallationAuthority) -> None:
    """Needs a transaction. Locks the authority, so that no list lacks a revocation that another one has."""
    InstallationAuthority.objects.select_for_update().get(pk=authority.pk)
    try:
        authority.revocation_list = _new_revocation_list(authority)
    except KeyNotOpened:
        # The revocation counts on this site at once; the list follows as soon as the key can be opened.
        logger.exception("Revocation list of authority %s: its key cannot be opened.", authority.pk)
        authority.revocation_list_at = None
    else:
        authority.revocation_list_at = timezone.now()
    authority.save(update_fields=["revocation_list", "revocation_list_at"])


def _new_revocation_list(authority: InstallationAuthority) -> bytes:
    revoked = authority.credentials.filter(revoked_at__isnull=False).order_by("revoked_at")
    return revocation.revocation_list(
        authority_certificate=bytes(authority.certificate),
        authority_private_key=bytes(authority.private_key),
        passphrase=settings.SIGNING_PASSPHRASE,
        former_passphrases=settings.SIGNING_PASSPHRASE_FALLBACKS,
        revoked=[
            (bytes(credential.certificate), credential.revoked_at) for credential in revoked if credential.revoked_at
        ],
    )


def current_authority() -> InstallationAuthority:
    current = InstallationAuthority.objects.filter(retired_at=None).first()
    if current:
        return current
    made = credentials.create_authority(passphrase=settings.SIGNING_PASSPHRASE)
    try:
        with transaction.atomic():
            return InstallationAuthority.objects.create(certificate=made.certificate, private_key=made.private_key)
    except IntegrityError:
        return InstallationAuthority.objects.get(retired_at=None)  # another process created it first
