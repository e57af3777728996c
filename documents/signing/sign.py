"""Signing an intake in place, before it is stored (PAdES B-B, ETSI EN 319 142-1)."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from documents.files import sandbox
from documents.files.intake import Intake
from documents.files.limits import PDF
from documents.signing import signing_child
from documents.signing.credentials import Credential
from documents.signing.placement import InvalidPlacement, Placement
from documents.signing.stamp import StampContent
from documents.signing.stamp_font import stamp_font
from documents.signing.verify import SignatureReport

logger = logging.getLogger(__name__)
LEVEL = "B-B"
WALL_SECONDS, CPU_SECONDS = 60.0, 40


class CannotSign(Exception):
    """This file can't be signed. `code` for programs, `message` a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class SignedIntake:
    """The same temporary file, signed. `repaired`: it was damaged, and rewritten before it was signed."""

    intake: Intake
    repaired: bool
    signatures: tuple[SignatureReport, ...]  # all in the file, ours last


def sign(
    intake: Intake,
    *,
    placement: Placement,
    credential: Credential,
    appearance: StampContent,
    signing_time: datetime,
) -> SignedIntake:
    """Sign in place by an incremental update: the uploaded bytes stay as they are, in front (unless repaired).

    The signature is verified before this returns. Raises CannotSign, InvalidPlacement; the caller then discards the
    intake, whose bytes may be neither as they were nor signed.
    """
    if intake.media_type != PDF:
        raise CannotSign("not_a_pdf", _("Seul un PDF se signe. Cette image peut être partagée sans signature."))
    if placement.page > intake.page_count:
        raise InvalidPlacement(
            "page",
            _("Ce document n’a pas de page %(page)s : il en a %(count)s.")
            % {"page": placement.page, "count": intake.page_count},
        )
    job = signing_child.SigningJob(
        page=placement.page,
        x=placement.x,
        y=placement.y,
        width=placement.width,
        certificate=credential.certificate,
        private_key=credential.private_key,
        chain=credential.chain,
        lines=tuple(_lines(appearance, signing_time)),
        image_png=appearance.image_png,
        font=stamp_font(),
        signer_name=appearance.signer_name,
        may_repair=intake.signature_count == 0,
    )
    try:
        answer = sandbox.run(
            signing_child.sign_file, str(intake.path), job, wall_seconds=WALL_SECONDS, cpu_seconds=CPU_SECONDS
        )
    except sandbox.SandboxError as error:
        logger.warning("A document could not be signed: %s %s", type(error).__name__, error)
        raise CannotSign("too_complex", _sentence("too_complex", intake.name)) from error
    if "refused" in answer:
        raise CannotSign(answer["refused"], _sentence(answer["refused"], intake.name))
    return SignedIntake(
        intake=dataclasses.replace(intake, size=int(answer["size"])),
        repaired=bool(answer["repaired"]),
        signatures=tuple(SignatureReport.from_answer(report) for report in answer["signatures"]),
    )


def _lines(appearance: StampContent, signing_time: datetime) -> list[str]:
    """What the stamp says, in French: it is read in print, whoever opens the file."""
    local = timezone.localtime(signing_time)
    return [
        "Signé électroniquement par",
        appearance.signer_name,
        f"RPPS {appearance.professional_number}" if appearance.professional_number else "",
        f"le {local:%d/%m/%Y} à {local:%H:%M}",
    ]


def _sentence(code: str, name: str) -> str:
    sentences = {
        "password": _(
            "« %(name)s » est protégé par un mot de passe. Enregistrez-le sans mot de passe, puis ajoutez-le."
        ),
        "docmdp": _(
            "« %(name)s » porte une signature qui interdit toute modification, donc une autre signature. "
            "Partagez-le sans le signer."
        ),
        "too_complex": _(
            "« %(name)s » est trop complexe pour être signé. Imprimez-le en PDF depuis votre logiciel, "
            "puis ajoutez-le, ou partagez-le sans le signer."
        ),
    }
    other = _(
        "« %(name)s » ne peut pas être signé : sa structure est endommagée. Enregistrez-le de nouveau en PDF "
        "depuis votre logiciel, puis ajoutez-le, ou partagez-le sans le signer."
    )
    return sentences.get(code, other) % {"name": name}
