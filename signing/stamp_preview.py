"""A practitioner's stamp before it is on a page: what the share page and "Ma signature" lay over a page."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from accounts.models import User
from practices.models import Membership, Role
from practices.roles import PRACTITIONERS_SIGN, NotAllowed
from signing.models import SignatureImage
from signing.pdf.images import clean_signature_image
from signing.pdf.stamp import StampContent
from signing.pdf.stamp_picture import stamp_picture


def own_stamp(*, by: User, zone: tzinfo, width: float) -> bytes:
    """A PNG of the stamp that a signature by this practitioner would have now, at this width (points of paper);
    without the image if there is none yet.

    Raises NotAllowed, and what `signing.pdf.stamp_picture.stamp_picture` raises.
    """
    own = SignatureImage.objects.filter(user=by).first()
    return _stamp(by, zone, width, bytes(own.png) if own else None)


def tried_stamp(*, by: User, zone: tzinfo, width: float, upload: UploadedFile[Any] | None) -> bytes:
    """The same with this image, prepared as `signing.signatures.set_signature_image` would; nothing is stored.

    Also raises signing.pdf.images.Refused.
    """
    _require_practitioner(by)
    return _stamp(by, zone, width, clean_signature_image(upload))


def _stamp(by: User, zone: tzinfo, width: float, image: bytes | None) -> bytes:
    _require_practitioner(by)
    appearance = StampContent(
        image_png=image,
        signer_name=by.get_full_name(),
        professional_number=by.professional_number,
        zone=zone,
    )
    return stamp_picture(appearance, width=width, at=timezone.now())


def _require_practitioner(user: User) -> None:
    if not Membership.objects.held_by(user, Role.PRACTITIONER).exists():
        raise NotAllowed(PRACTITIONERS_SIGN)
