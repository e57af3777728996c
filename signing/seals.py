"""A practice's electronic seal under a person's signature: a simple electronic signature (eIDAS, article 3, 10) whose
evidence the seal attests (docs/decisions/0050).

The installation's own authority issues a certificate in the practice's name for each seal; its key exists for that
one signature and is never stored (docs/decisions/0051).
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from files.intake import Intake
from files.letters import drawable
from notifications.wording import of
from practices.models import Practice
from signing.certificates import current_authority, revocation_list_of
from signing.models import InstallationAuthority
from signing.passphrases import passphrases
from signing.pdf import credentials
from signing.pdf.credentials import Credential
from signing.pdf.evidence import Evidence
from signing.pdf.keys import KeyInMemory, KeyNotOpened
from signing.pdf.levels import level_wanted
from signing.pdf.pades import BASELINE, LevelWanted
from signing.pdf.placement import Placement
from signing.pdf.sign import CannotSign, SignedIntake, sign_with
from signing.pdf.stamp import Stamp, qr_code

logger = logging.getLogger(__name__)
WIDTH = 0.3  # of the stamp, as a share of the page's width
# At the foot of the page, from the left; above it where other signatures stand.
PLACES = ((0.2, 0.93), (0.55, 0.93), (0.2, 0.8), (0.55, 0.8), (0.2, 0.67))


def seal(
    intake: Intake,
    *,
    practice: Practice,
    evidence: Evidence,
    image_png: bytes | None = None,
    wanted: LevelWanted | None = None,
) -> SignedIntake:
    """Seal the file in place, on its last page, by an incremental update that leaves every earlier byte as it is.

    `image_png`: what the person drew. `wanted`: None for the installation's level. The signature is verified before
    this returns. Raises signing.pdf.sign.CannotSign; the intake's bytes may then be partly changed.
    """
    try:
        authority = current_authority()
        credential = _credential(authority, practice)
        wanted = wanted or level_wanted()
        if wanted.lasting:
            wanted = level_wanted(revocation_lists=[revocation_list_of(authority)])
    except KeyNotOpened as error:
        logger.exception("A seal of practice %s cannot be made (SIGNING_PASSPHRASE).", practice.pk)
        raise CannotSign("key_not_opened", _not_opened()) from error
    return sign_with(
        intake,
        placement=Placement(page=intake.page_count, x=PLACES[0][0], y=PLACES[0][1], width=WIDTH),
        credential=credential,
        stamp=_stamp(evidence, practice, image_png),
        signer_name=practice.name,
        wanted=wanted,
        reason=_reason(evidence),
        evidence=evidence.as_json(),
        may_repair=False,
        other_places=PLACES[1:],
    )


def check_can_be_sealed(intake: Intake, *, practice: Practice) -> None:
    """Seal the intake's file to see that it can be, asking no time-stamp authority. The bytes are then of no use.
    Raises signing.pdf.sign.CannotSign."""
    trial = Evidence(
        signer="Camille Martin",
        capacity="patient",
        patient="Camille Martin",
        account="",
        email="",
        mobile="",
        means="sms",
        challenge="",
        at=timezone.now().isoformat(),
        read_sha256="",
        read_size=intake.size,
        pages=intake.page_count,
        sentences=(),
    )
    seal(intake, practice=practice, evidence=trial, wanted=BASELINE)


def _credential(authority: InstallationAuthority, practice: Practice) -> Credential:
    """Raises KeyNotOpened."""
    issued = credentials.issue_certificate(
        authority_certificate=bytes(authority.certificate),
        authority_private_key=bytes(authority.private_key),
        name=practice.name,
        professional_number="",
        passphrase=settings.SIGNING_PASSPHRASE,
        former_passphrases=settings.SIGNING_PASSPHRASE_FALLBACKS,
        revocation_url=settings.PUBLIC_URL + reverse("revocation-list", args=[authority.pk]),
    )
    key = KeyInMemory.decrypted(issued.private_key, *passphrases())
    return Credential(certificate=issued.certificate, key=key, chain=(bytes(authority.certificate),))


def _stamp(evidence: Evidence, practice: Practice, image_png: bytes | None) -> Stamp:
    verify_url = f"{settings.PUBLIC_URL}{reverse('verify')}"
    lines = _lines(evidence, practice)
    return Stamp(
        paragraphs=lines,
        image=image_png,
        code=qr_code(verify_url),
        description=f"{'. '.join(lines)}. Cette signature se vérifie sur {verify_url}",
        fonts=tuple(map(str, settings.STAMP_FONTS)),
    )


def _lines(evidence: Evidence, practice: Practice) -> tuple[str, ...]:
    """In French because they are read in print, whoever opens the file. The evidence has the names as written."""
    signer, patient = _in_print(evidence.signer), _in_print(evidence.patient)
    at = timezone.localtime(evidence.moment, practice.zone)
    with translation.override("fr"):
        of_patient = of(patient)
    capacity = {
        "patient": (),
        "guardian": (f"responsable légal {of_patient}",),
        "holder": (f"pour {patient}, sur autorisation du cabinet",),
    }[evidence.capacity]
    means = {"sms": "code reçu par SMS", "passkey": "clé d’accès"}[evidence.means]
    return (
        f"Signé électroniquement par {signer}",
        *capacity,
        f"le {at:%d/%m/%Y} à {at:%H:%M}",
        f"Preuve {evidence.challenge[:8]} : {means}",
    )


def _in_print(name: str) -> str:
    """The name in letters that the stamp's fonts have."""
    shown = drawable(name, settings.STAMP_FONTS)
    return shown if any(map(str.isalpha, shown)) else "la personne que nomment les preuves de ce cachet"


def _reason(evidence: Evidence) -> str:
    """What other readers of PDF show beside the seal."""
    return (
        f"Signature électronique simple de {evidence.signer}, recueillie par le cabinet, dont le cachet atteste les "
        f"preuves (preuve {evidence.challenge}, SHA-256 du document lu : {evidence.read_sha256})"
    )


def _not_opened() -> str:
    return _("La clé qui sert aux signatures de ce site est illisible : rien n’a été signé. Prévenez le cabinet.")
