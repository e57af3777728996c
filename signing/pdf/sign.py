"""Signing an intake in place, before it is stored (PAdES, ETSI EN 319 142-1)."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

import refusals
from files import sandbox
from files.answers import Refusal, WrongForm
from files.intake import Intake
from files.letters import missing_letters, missing_sentence
from files.limits import PDF
from signing.pdf import signature_answers, signing_child
from signing.pdf.cms_layout import layout_of
from signing.pdf.credentials import Credential
from signing.pdf.kept_images import image_for_stamps
from signing.pdf.keys import KeyUnavailable, WrongUse, answer_to
from signing.pdf.pades import BASELINE, LEVELS, LevelWanted
from signing.pdf.placement import InvalidPlacement, Placement
from signing.pdf.signature_answers import SignedFile
from signing.pdf.stamp import Stamp, StampContent, plain, qr_code
from signing.pdf.verify import SignatureReport

logger = logging.getLogger(__name__)
WALL_SECONDS, CPU_SECONDS = 60.0, 18


class CannotSign(refusals.Refusal):
    """This file can't be signed."""

    kind = refusals.Kind.INVALID
    field = "file"

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


@dataclass(frozen=True)
class SignedIntake:
    """The same temporary file, signed. `repaired`: it was damaged, and rewritten before it was signed."""

    intake: Intake
    repaired: bool
    signatures: tuple[SignatureReport, ...]  # all in the file, ours last

    @classmethod
    def of(cls, intake: Intake, signed: SignedFile) -> SignedIntake:
        return cls(
            intake=dataclasses.replace(intake, size=intake.path.stat().st_size),
            repaired=signed.repaired,
            signatures=tuple(map(SignatureReport.of, signed.signatures)),
        )


def sign(
    intake: Intake,
    *,
    placement: Placement,
    credential: Credential,
    appearance: StampContent,
    signing_time: datetime,
    wanted: LevelWanted = BASELINE,
) -> SignedIntake:
    """Sign in place by an incremental update: the uploaded bytes stay as they are, in front (unless repaired).

    The signature is verified before this returns. Raises CannotSign, InvalidPlacement, OSError (no room): the
    intake's bytes may then be partly changed.
    """
    if missing := stamp_without(appearance):
        raise CannotSign("letters_missing", stamp_sentence(missing))
    with sandbox_failures_as_refusals(intake.name):
        stamp = stamp_of(appearance, signing_time)
    return sign_with(
        intake,
        placement=placement,
        credential=credential,
        stamp=stamp,
        signer_name=appearance.signer_name,
        wanted=wanted,
    )


def sign_with(
    intake: Intake,
    *,
    placement: Placement,
    credential: Credential,
    stamp: Stamp,
    signer_name: str,
    wanted: LevelWanted = BASELINE,
    reason: str = "",
    evidence: str = "",
    may_repair: bool = True,
    other_places: tuple[tuple[float, float], ...] = (),
) -> SignedIntake:
    """As `sign`, with a stamp that is already composed; the others as signing_child.SigningJob."""
    if intake.media_type != PDF:
        raise CannotSign("not_a_pdf", _("Seul un PDF se signe. Cette image peut être partagée sans signature."))
    if placement.page > intake.page_count:
        raise InvalidPlacement(
            "page",
            _("Ce document n’a pas de page %(page)s : il en a %(count)s.")
            % {"page": placement.page, "count": intake.page_count},
        )
    job = dataclasses.replace(
        job_of(placement, credential, stamp, signer_name),
        wanted=wanted,
        reason=reason,
        evidence=evidence,
        may_repair=may_repair,
        other_places=other_places,
    )
    try:
        with sandbox_failures_as_refusals(intake.name):
            signed = _signed(intake, job, credential)
    except (KeyUnavailable, WrongUse) as error:
        logger.warning("A document could not be signed: %s %s", type(error).__name__, error)
        raise CannotSign("key_unavailable", _sentence("key_unavailable", intake.name)) from error
    if isinstance(signed, Refusal):
        if signed.code == "no_room":
            raise OSError(errno.ENOSPC, "no room to sign")  # answered like an upload without room: try again
        raise CannotSign(signed.code, _sentence(signed.code, intake.name))
    return SignedIntake.of(intake, signed)


def job_of(placement: Placement, credential: Credential, stamp: Stamp, signer_name: str) -> signing_child.SigningJob:
    """At the baseline level; a damaged file may be repaired."""
    return signing_child.SigningJob(
        page=placement.page,
        x=placement.x,
        y=placement.y,
        width=placement.width,
        certificate=credential.certificate,
        chain=credential.chain,
        layout=layout_of(credential.certificate, credential.chain),
        stamp=stamp,
        signer_name=signer_name,
    )


@contextmanager
def sandbox_failures_as_refusals(name: str) -> Iterator[None]:
    try:
        yield
    except sandbox.SandboxError as error:
        logger.warning("A document could not be signed: %s %s", type(error).__name__, error)
        raise CannotSign("too_complex", _sentence("too_complex", name)) from error


def _signed(intake: Intake, job: signing_child.SigningJob, credential: Credential) -> SignedFile | Refusal:
    answer = sandbox.run(
        signing_child.sign_file,
        str(intake.path),
        job,
        reads=job.stamp.fonts,
        writes=[intake.path],
        scratch=True,  # space to repair a damaged file
        network=job.wanted.level != BASELINE.level,  # time-stamps and revocation lists
        wall_seconds=WALL_SECONDS,
        cpu_seconds=CPU_SECONDS,
        answering=partial(answer_to, certificate=credential.certificate, key=credential.key),
    )
    signed = signature_answers.signed_file(answer)
    check_ours(signed, credential, job.wanted)
    return signed


def check_ours(signed: SignedFile | Refusal, credential: Credential, wanted: LevelWanted) -> None:
    """Require that the last signature is the one just made. Raises WrongForm."""
    if isinstance(signed, Refusal):
        return
    last = signed.signatures[-1]
    ours = last.certificate == hashlib.sha256(credential.certificate).hexdigest()
    reached = last.level in LEVELS and LEVELS.index(last.level) >= LEVELS.index(wanted.level)
    if not (ours and reached and last.valid and last.covers_whole_document):
        raise WrongForm("another signature than the one asked for")


def stamp_without(appearance: StampContent) -> list[str]:
    """The letters of a stamp that no font has."""
    return letters_without_font(f"{appearance.signer_name} {appearance.professional_number}")


def letters_without_font(text: str) -> list[str]:
    return missing_letters(plain(text), settings.STAMP_FONTS)


def stamp_sentence(missing: list[str]) -> str:
    return _("Votre nom ne peut pas figurer sur le cachet de signature. %(why)s") % {"why": missing_sentence(missing)}


def stamp_of(appearance: StampContent, signing_time: datetime) -> Stamp:
    """Its text is in French because it is read in print, whoever opens the file. Raises
    files.sandbox.SandboxError."""
    local = signing_time.astimezone(appearance.zone or timezone.get_default_timezone())
    number = f"RPPS {appearance.professional_number}" if appearance.professional_number else ""
    moment = f"le {local:%d/%m/%Y} à {local:%H:%M}"
    verify_url = f"{settings.PUBLIC_URL}{reverse('verify')}"
    signer = ", ".join(filter(None, [appearance.signer_name, number]))
    return Stamp(
        paragraphs=("Signé électroniquement", f"par {appearance.signer_name}", number, moment),
        image=image_for_stamps(appearance.image_png) if appearance.image_png else None,
        code=qr_code(verify_url),
        description=f"Signature électronique : {signer}, {moment}. Elle se vérifie sur {verify_url}",
        fonts=tuple(map(str, settings.STAMP_FONTS)),
    )


def _sentence(code: str, name: str) -> str:
    sentences = {
        "password": _(
            "« %(name)s » est protégé par un mot de passe. Enregistrez-le sans mot de passe, puis ajoutez-le."
        ),
        "docmdp": _(
            "« %(name)s » porte une signature qui interdit toute modification, donc une autre signature. "
            "Partagez-le sans le signer."
        ),
        "no_time_stamp": _(
            "Le service d’horodatage ne répond pas : « %(name)s » n’a été ni signé ni partagé. Réessayez dans "
            "quelques minutes, ou partagez-le sans le signer."
        ),
        "no_validation_material": _(
            "Les preuves de validité du certificat n’ont pas pu être réunies : « %(name)s » n’a été ni signé ni "
            "partagé. Réessayez dans quelques minutes, ou partagez-le sans le signer."
        ),
        "key_unavailable": _(
            "La clé de votre certificat ne répond pas : « %(name)s » n’a été ni signé ni partagé. Réessayez dans "
            "quelques minutes, ou partagez-le sans le signer."
        ),
        "signed_and_damaged": _(
            "« %(name)s » porte déjà une signature, et sa structure est endommagée : la réparer briserait cette "
            "signature. Partagez-le sans le signer."
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
