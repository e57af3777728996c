"""A practitioner's own signature: image and certificate, and signing with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.models.practice import Membership
from accounts.roles import NotAllowed
from audit.trail import record
from documents.files.intake import Intake
from documents.models import InstallationAuthority, SignatureImage, SigningCredential
from documents.signing import credentials
from documents.signing.credentials import Credential
from documents.signing.images import clean_signature_image
from documents.signing.placement import Placement
from documents.signing.sign import SignedIntake, sign
from documents.signing.stamp import StampContent


class NoSignatureImage(Exception):
    """The practitioner has not set up "Ma signature" yet."""


def sign_for(*, user: User, intake: Intake, placement: Placement, at: datetime) -> SignedIntake:
    """Sign the intake's file in place as this practitioner.

    Raises NoSignatureImage, documents.signing.sign.CannotSign, documents.signing.placement.InvalidPlacement.
    """
    image = SignatureImage.objects.filter(user=user).first()
    if image is None:
        raise NoSignatureImage
    return sign(
        intake,
        placement=placement,
        credential=_load(current_credential(user=user)),
        appearance=StampContent(
            image_png=bytes(image.png),
            signer_name=user.get_full_name(),
            professional_number=user.professional_number,
        ),
        signing_time=at,
    )


@transaction.atomic
def set_signature_image(*, user: User, upload: UploadedFile[Any] | None, by: User) -> SignatureImage:
    """Draw or import: re-encoded, made transparent, cropped. Raises NotAllowed, documents.signing.images.Refused."""
    if by.pk != user.pk:
        raise NotAllowed(_("Seul le praticien lui-même change sa signature."))
    if not Membership.objects.held_by(user, Role.PRACTITIONER).exists():
        raise NotAllowed(_("Seul un praticien a une signature."))
    image, _made = SignatureImage.objects.update_or_create(
        user=user, defaults={"png": clean_signature_image(upload), "changed_at": timezone.now()}
    )
    record("signature.changed", by=by, on=user)
    current_credential(user=user)
    return image


@transaction.atomic
def current_credential(*, user: User) -> SigningCredential:
    """The practitioner's certificate, issued by the installation's own authority where there is none yet."""
    current = user.signing_credentials.filter(revoked_at=None).select_related("authority").first()
    if current and current.not_after > timezone.now():
        return current
    User.objects.select_for_update().get(pk=user.pk)  # one certificate, however many tabs
    user.signing_credentials.filter(revoked_at=None, not_after__lte=timezone.now()).update(revoked_at=timezone.now())
    current = user.signing_credentials.filter(revoked_at=None).select_related("authority").first()
    if current:
        return current
    authority = _current_authority()
    issued = credentials.issue_certificate(
        authority_certificate=bytes(authority.certificate),
        authority_private_key=bytes(authority.private_key),
        name=user.get_full_name(),
        professional_number=user.professional_number,
        passphrase=settings.SIGNING_PASSPHRASE,
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


def trusted_roots() -> list[bytes]:
    """DER certificates of the installation's authorities, retired ones too."""
    return [bytes(authority.certificate) for authority in InstallationAuthority.objects.all()]


def _current_authority() -> InstallationAuthority:
    current = InstallationAuthority.objects.filter(retired_at=None).first()
    if current:
        return current
    made = credentials.create_authority(passphrase=settings.SIGNING_PASSPHRASE)
    try:
        with transaction.atomic():
            return InstallationAuthority.objects.create(certificate=made.certificate, private_key=made.private_key)
    except IntegrityError:
        return InstallationAuthority.objects.get(retired_at=None)  # another process was first


def _load(stored: SigningCredential) -> Credential:
    return credentials.load(
        certificate=bytes(stored.certificate),
        private_key=bytes(stored.private_key),
        chain=[bytes(stored.authority.certificate)],
        passphrase=settings.SIGNING_PASSPHRASE,
    )
