"""Signing: the practice's seal closes the file that was read, names the person and holds the evidence.

The order is that of sharing: the sealed bytes are in storage before the one transaction that lets the document point
to them. A crash before it leaves a file without a row, which the nightly sweep removes, and a passed challenge, with
which the person signs again without another code.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from audit.trail import record
from documents.consents import messages
from documents.consents.access import Signer, all_consents, locked_consent
from documents.consents.drafts import ConsentOver, check_ready, sentences_for
from documents.consents.sealing import paper_of
from documents.models import Consent, ConsentChallenge, ConsentDraft, ConsentState, Means, SharedDocument, SignedAs
from documents.sharing.uploads import locked
from files import storage
from files.models import StoredFile
from notifications.wording import masked_email, masked_mobile
from refusals import Kind, Refusal
from signing.pdf.evidence import Capacity, Evidence
from signing.pdf.evidence import Means as MeansOfProof
from signing.pdf.sign import CannotSign, SignedIntake
from signing.seals import seal

CAPACITIES: dict[SignedAs, Capacity] = {
    SignedAs.PATIENT: "patient",
    SignedAs.GUARDIAN: "guardian",
    SignedAs.HOLDER: "holder",
}
MEANS: dict[Means, MeansOfProof] = {Means.SMS: "sms", Means.PASSKEY: "passkey"}

OF_OURSELVES = {"key_not_opened"}  # codes of signing.seals, whose sentences the patient can use
FOR_A_MOMENT = {"no_time_stamp", "no_validation_material", "key_unavailable"}


class ProofOver(Refusal):
    """The challenge is another's, was not passed, was used, has expired, or was for other bytes."""

    code = "proof_over"
    kind = Kind.CONFLICT
    words = gettext_lazy("Confirmez de nouveau que c’est bien vous : la preuve précédente n’est plus valable.")


def sign(*, consent: Consent, challenge: ConsentChallenge, by: User) -> Consent:
    """Sign what the account has read, ticked and proved. Signing what is signed raises ConsentOver.

    Raises ProofOver, signing.pdf.sign.CannotSign, Consent.DoesNotExist if the document was taken back, and as
    documents.consents.drafts.check_ready.
    """
    consent = all_consents().get(pk=consent.pk)
    signer, draft = check_ready(consent, by)
    _check_proved(challenge, consent, by)
    evidence = _evidence(consent, signer, draft, challenge)
    with paper_of(consent.document.file, name=consent.document.name, pages=consent.document.page_count) as paper:
        try:
            sealed = seal(
                paper,
                practice=consent.practice,
                evidence=evidence,
                image_png=bytes(draft.drawn) if draft.drawn else None,
            )
        except CannotSign as refused:
            raise CannotSign(refused.code, _for_the_patient(refused)) from refused
        stored = storage.keep(sealed.intake, practice=consent.practice_id)
    try:
        return _write(consent, challenge, signer, evidence, sealed, stored)
    except BaseException:
        storage.abandon(stored)
        raise


@transaction.atomic
def _write(
    consent: Consent,
    challenge: ConsentChallenge,
    signer: Signer,
    evidence: Evidence,
    sealed: SignedIntake,
    stored: StoredFile,
) -> Consent:
    locked(consent.document.appointment)
    SharedDocument.objects.select_for_update(of=("self",)).filter(pk=consent.document_id).first()
    current = locked_consent(consent)
    still, _draft = check_ready(current, signer.user)
    if still != signer or current.document.file_id != consent.document.file_id:
        raise ConsentOver
    challenge = ConsentChallenge.objects.select_for_update().get(pk=challenge.pk)
    _check_proved(challenge, current, signer.user)
    document, read = current.document, current.document.file
    stored.save()
    document.file = stored
    document.signatures = [report.as_json() for report in sealed.signatures]
    document.save(update_fields=["file", "signatures"])
    _settle(current, challenge, signer, evidence)
    if not _is_of_library(read):
        storage.purge(read)
    messages.confirm(current, to=signer.user)
    return current


def _settle(consent: Consent, challenge: ConsentChallenge, signer: Signer, evidence: Evidence) -> None:
    challenge.used_at = timezone.now()
    challenge.save(update_fields=["used_at"])
    consent.state, consent.settled_by, consent.settled_at = ConsentState.SIGNED, signer.user, evidence.moment
    consent.settled_as, consent.signer_name = signer.signed_as, evidence.signer
    consent.means, consent.challenge = challenge.means, challenge.pk
    consent.read_sha256, consent.read_size = evidence.read_sha256, evidence.read_size
    consent.save()
    consent.drafts.all().delete()
    messages.call_off(consent)
    record(
        "consent.signed",
        by=signer.user,
        on=consent,
        practice=consent.practice_id,
        within=consent.document.appointment_id,
        detail={
            "document": str(consent.document_id),
            "signed_as": signer.signed_as.value,
            "means": challenge.means,
            "challenge": str(challenge.pk),
            "read_sha256": evidence.read_sha256,
            "sha256": consent.document.file.sha256,
        },
    )


def _check_proved(challenge: ConsentChallenge, consent: Consent, by: User) -> None:
    """Raises ProofOver."""
    is_bound = (challenge.consent_id, challenge.user_id) == (consent.pk, by.pk)
    if not is_bound or challenge.sha256 != consent.document.file.sha256:
        raise ProofOver
    if challenge.means == Means.SMS and (by.mobile_verified_at is None or by.mobile_verified_at > challenge.made_at):
        raise ProofOver  # the code went to another mobile than the evidence would name
    if challenge.passed_at is None or challenge.used_at is not None or challenge.expires_at <= timezone.now():
        raise ProofOver


def _evidence(consent: Consent, signer: Signer, draft: ConsentDraft, challenge: ConsentChallenge) -> Evidence:
    document = consent.document
    return Evidence(
        signer=draft.name,
        capacity=CAPACITIES[signer.signed_as],
        patient=document.patient.full_name,
        account=str(signer.user.pk),
        email=masked_email(signer.user.email),
        mobile=masked_mobile(signer.user.mobile if signer.user.mobile_verified_at else ""),
        means=MEANS[Means(challenge.means)],
        challenge=str(challenge.pk),
        at=timezone.now().isoformat(),
        read_sha256=document.file.sha256,
        read_size=document.file.size,
        pages=document.page_count or 1,
        sentences=tuple(sentences_for(consent, signer)),
    )


def _for_the_patient(refused: CannotSign) -> str:
    """The sentences of the signing room tell staff how to share the file otherwise."""
    if refused.code in OF_OURSELVES:
        return refused.sentence
    if refused.code in FOR_A_MOMENT:
        return _("Un service qui sert à signer ne répond pas : rien n’a été signé. Réessayez dans quelques minutes.")
    return _("Ce document ne peut pas être signé ici : rien n’a été signé. Appelez le cabinet, qui le remplacera.")


def _is_of_library(file: StoredFile) -> bool:
    return hasattr(file, "library_version")
