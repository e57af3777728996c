"""A practitioner's own signature: image and certificate, and signing with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Practice, Role, User
from accounts.models.practice import Membership
from accounts.roles import NotAllowed
from audit.trail import record
from documents import messages
from documents.certificates import CertificateExpired, credential_for, current_credential, revocation_list_of
from documents.files.intake import Intake
from documents.key_places import credential_of
from documents.models import SignatureImage
from documents.signing.images import clean_signature_image
from documents.signing.levels import level_wanted
from documents.signing.placement import Placement
from documents.signing.sign import CannotSign, SignedIntake, sign
from documents.signing.stamp import StampContent


class NoSignatureImage(Exception):
    """The practitioner has not set up "Ma signature" yet."""


def sign_for(*, user: User, practice: Practice, intake: Intake, placement: Placement, at: datetime) -> SignedIntake:
    """Sign the intake's file in place as this practitioner of this practice.

    Raises NoSignatureImage, documents.signing.sign.CannotSign, documents.signing.placement.InvalidPlacement.
    """
    image = SignatureImage.objects.filter(user=user).first()
    if image is None:
        raise NoSignatureImage
    try:
        credential = credential_for(user=user, practice=practice)
    except CertificateExpired as error:
        raise CannotSign(
            "certificate_expired",
            _("Votre certificat de signature a expiré. Remplacez-le dans « Ma signature », ou partagez sans signer."),
        ) from error
    wanted = level_wanted()
    if wanted.lasting and credential.authority:
        wanted = level_wanted(revocation_lists=[revocation_list_of(credential.authority)])
    return sign(
        intake,
        placement=placement,
        credential=credential_of(credential),
        appearance=StampContent(
            image_png=bytes(image.png),
            signer_name=user.get_full_name(),
            professional_number=user.professional_number,
        ),
        signing_time=at,
        wanted=wanted,
    )


@transaction.atomic
def set_signature_image(*, user: User, upload: UploadedFile[Any] | None, by: User) -> SignatureImage:
    """Draw or import: re-encoded, made transparent, cropped. Raises NotAllowed, documents.signing.images.Refused."""
    if by.pk != user.pk:
        raise NotAllowed(_("Seul le praticien lui-même change sa signature."))
    if not Membership.objects.held_by(user, Role.PRACTITIONER).exists():
        raise NotAllowed(_("Seul un praticien a une signature."))
    image, made = SignatureImage.objects.update_or_create(
        user=user, defaults={"png": clean_signature_image(upload), "changed_at": timezone.now()}
    )
    record("signature.changed", by=by, on=user)
    if not made:
        messages.tell_signature_changed(user)
    current_credential(user=user)
    return image
