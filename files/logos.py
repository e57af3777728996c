"""The logo of a practice, for its messages and the head of its documents."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit.trail import record
from files import decoding
from files.reencoding import Bounds, Sentences, reencode
from practices.models import Practice, PracticeLogo
from practices.roles import require_administrator

BOUNDS = Bounds(width=600, height=240, size=1 << 20)  # printed 70 mm wide at 200 dpi


def set_logo(*, practice: Practice, upload: UploadedFile[Any] | None, by: User) -> None:
    """Re-encode a picture and set it in place of the former one. Raises NotAllowed, files.intake.Refused."""
    require_administrator(by, practice)
    png = clean_logo(upload)
    width, height = size_of(png)
    with transaction.atomic():
        practice = _locked(practice, by)
        PracticeLogo.objects.update_or_create(
            practice=practice, defaults={"png": png, "width": width, "height": height}
        )
        practice.logo_version = hashlib.sha256(png).hexdigest()[:16]
        practice.save(update_fields=["logo_version"])
        record("practice.logo_changed", by=by, on=practice, practice=practice)


@transaction.atomic
def remove_logo(*, practice: Practice, by: User) -> None:
    """Changes nothing without a logo. Raises NotAllowed."""
    practice = _locked(practice, by)
    if not PracticeLogo.objects.filter(practice=practice).delete()[0]:
        return
    practice.logo_version = ""
    practice.save(update_fields=["logo_version"])
    record("practice.logo_removed", by=by, on=practice, practice=practice)


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height by the header of a PNG (ISO/IEC 15948, 11.2.2)."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def clean_logo(upload: UploadedFile[Any] | None) -> bytes:
    """Re-encoded as PNG on white, without empty margins. Raises Refused."""
    sentences = Sentences(
        not_a_picture=_(
            "Un logo est une image en PNG ou en JPEG. Enregistrez le vôtre sous l’une de ces formes, puis réessayez."
        ),
        unreadable=_("Cette image ne s’ouvre pas. Enregistrez-la de nouveau en PNG ou en JPEG, puis réessayez."),
        refused={
            "blank": _("Ce logo serait blanc sur blanc. Choisissez-en une version qui se voit sur un papier blanc.")
        },
    )
    return reencode(upload, decoding.clean_logo, bounds=BOUNDS, sentences=sentences)


def _locked(practice: Practice, by: User) -> Practice:
    """The practice, locked: of two administrators, one waits. Raises NotAllowed."""
    practice = Practice.objects.select_for_update(of=("self",), no_key=True).get(pk=practice.pk)
    require_administrator(by, practice)
    return practice
