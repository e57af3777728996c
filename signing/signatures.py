"""A practitioner's own signature: image and certificate, and signing with them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import record
from files.intake import Intake
from practices.models import Membership, Practice, Role
from practices.roles import NotAllowed
from refusals import Kind, Refusal
from signing import messages
from signing.certificates import CertificateExpired, credential_for, current_credential, in_use, revocation_list_of
from signing.key_places import credential_of
from signing.models import InstallationAuthority, SignatureImage
from signing.passphrases import passphrases
from signing.pdf.credentials import Credential
from signing.pdf.images import clean_signature_image
from signing.pdf.keys import KeyNotOpened, opened
from signing.pdf.levels import level_wanted
from signing.pdf.pades import LevelWanted
from signing.pdf.placement import Placement
from signing.pdf.sign import CannotSign, SignedIntake, sign, stamp_sentence, stamp_without
from signing.pdf.sign_each import Placed, Result, sign_each
from signing.pdf.stamp import StampContent

logger = logging.getLogger(__name__)


class NoSignatureImage(Refusal):
    """The practitioner has not set up "Ma signature" yet."""

    code = "no_signature"
    kind = Kind.CONFLICT
    field = "sign"
    words = gettext_lazy("Créez d’abord votre signature dans « Ma signature », ou partagez sans signer.")


@dataclass(frozen=True)
class _Means:
    """What a practitioner signs with."""

    credential: Credential
    appearance: StampContent
    wanted: LevelWanted


def sign_for(*, user: User, practice: Practice, intake: Intake, placement: Placement, at: datetime) -> SignedIntake:
    """Sign the intake's file in place as this practitioner of this practice.

    Raises NoSignatureImage, signing.pdf.sign.CannotSign, signing.pdf.placement.InvalidPlacement.
    """
    means = _means(user, practice)
    return sign(
        intake,
        placement=placement,
        credential=means.credential,
        appearance=means.appearance,
        signing_time=at,
        wanted=means.wanted,
    )


def sign_each_for(*, user: User, practice: Practice, papers: Sequence[Placed], at: datetime) -> list[Result]:
    """The same for several papers that this software has printed: the result of each is signed, or why it could not
    be. Raises NoSignatureImage, signing.pdf.sign.CannotSign if none can be signed."""
    means = _means(user, practice)
    return sign_each(
        papers,
        credential=means.credential,
        appearance=means.appearance,
        signing_time=at,
        wanted=means.wanted,
    )


def _means(user: User, practice: Practice) -> _Means:
    """Raises NoSignatureImage, signing.pdf.sign.CannotSign."""
    image = SignatureImage.objects.filter(user=user).first()
    if image is None:
        raise NoSignatureImage
    try:
        credential = credential_for(user=user, practice=practice)
        unlocked = credential_of(credential)
        wanted = level_wanted()
        if wanted.lasting and credential.authority:
            wanted = level_wanted(revocation_lists=[revocation_list_of(credential.authority)])
    except KeyNotOpened as error:
        logger.exception("A signing key of account %s cannot be opened (SIGNING_PASSPHRASE).", user.pk)
        raise CannotSign("key_not_opened", key_not_opened_sentence()) from error
    except CertificateExpired as error:
        raise CannotSign(
            "certificate_expired",
            _("Votre certificat de signature a expiré. Remplacez-le dans « Ma signature », ou partagez sans signer."),
        ) from error
    appearance = StampContent(
        image_png=bytes(image.png),
        signer_name=user.get_full_name(),
        professional_number=user.professional_number,
        zone=practice.zone,
    )
    return _Means(unlocked, appearance, wanted)


@transaction.atomic
def set_signature_image(*, user: User, upload: UploadedFile[Any] | None, by: User) -> SignatureImage:
    """Set a drawn or imported image: re-encoded, made transparent, cropped. Raises NotAllowed,
    signing.pdf.images.Refused."""
    if by.pk != user.pk:
        raise NotAllowed(_("Seul le praticien lui-même change sa signature."))
    if not Membership.objects.held_by(user, Role.PRACTITIONER).exists():
        raise NotAllowed(_("Seul un praticien a une signature."))
    image, made = SignatureImage.objects.update_or_create(
        user=user, defaults={"png": clean_signature_image(upload), "changed_at": timezone.now()}
    )
    record("signature.changed", by=by, on=user)
    if not made:
        messages.plan_signature_changed_email(user)
    try:
        current_credential(user=user)
    except KeyNotOpened:  # the image is saved all the same; « Ma signature » and each signature report the failure
        logger.exception("No certificate for account %s: the authority's key cannot be opened.", user.pk)
    return image


def why_unable(user: User) -> str:
    """A sentence if no font has a letter of this practitioner's name, or if the installation cannot open their key;
    "" if it can."""
    stamp = StampContent(None, user.get_full_name(), user.professional_number)
    if missing := stamp_without(stamp):
        return stamp_sentence(missing)
    own = in_use(user)
    authority = InstallationAuthority.objects.filter(retired_at=None).first()
    private_key = own.private_key if own else authority.private_key if authority else b""
    if not private_key:  # the key is stored elsewhere, or the authority does not exist yet
        return ""
    try:
        opened(bytes(private_key), *passphrases())
    except KeyNotOpened:
        return key_not_opened_sentence()
    return ""


def key_not_opened_sentence() -> str:
    return _(
        "La clé qui sert à vos signatures est illisible : rien n’a été signé. Prévenez l’administrateur du site, "
        "qui doit rétablir sa phrase secrète, ou partagez sans signer."
    )
