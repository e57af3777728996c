"""Each PAdES level, with a time-stamp authority and revocation services on loopback; verified by us, by pyHanko's
long-term rules and by pdfsig; altered copies are detected."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509
from django.utils import timezone
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation import ades, validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import SimpleTrustManager

from bench.doctors import PASSPHRASE, Authority
from files.intake import Intake
from signing.pdf import revocation
from signing.pdf.credentials import Credential
from signing.pdf.examination import Known, examine
from signing.pdf.pades import LEVELS, TOLERANCE, LevelWanted
from signing.pdf.placement import Placement
from signing.pdf.sign import CannotSign, sign
from signing.pdf.stamp import StampContent
from signing.pdf.verifying_child import verify_file
from tests.pki import Pki
from tests.signing.conftest import Receive, pdfsig

Signed = Callable[..., Path]
MUST_HOLD = ("valid", "trusted", "covers_whole_document")  # of a signature with a certificate known here


@pytest.fixture(scope="module")
def ours(authority: Authority) -> Credential:
    """A doctor's certificate from the installation's own authority, with an address that does not answer."""
    return authority.doctor(revocation_url="http://127.0.0.1:9/authority/crl")


@pytest.fixture
def signed(pki: Pki, ours: Credential, authority: Authority, receive: Receive) -> Signed:
    def _signed(level: str, whose: str = "ours", **changes: Any) -> Path:
        revoked = revocation.revocation_list(
            authority_certificate=authority.certificate,
            authority_private_key=authority.private_key,
            passphrase=PASSPHRASE,
            revoked=[],
        )
        wanted = LevelWanted(
            level=level,
            tsa_url=pki.tsa_url,
            tsa_roots=(pki.certificate("root"),),
            revocation_lists=(revoked,),
            hosts_inside=("127.0.0.1",),
        )
        intake: Intake = receive()
        done = sign(
            intake,
            placement=Placement(page=1, x=0.7, y=0.9),
            credential=ours if whose == "ours" else pki.credential(whose),
            appearance=StampContent(image_png=None, signer_name="Dr Alice Morel", professional_number=""),
            signing_time=timezone.now(),
            wanted=replace(wanted, **changes),
        )
        assert done.signatures[-1].level == level
        return intake.path

    return _signed


def passes(path: Path, level: str, roots: list[bytes]) -> bool:
    """Whether pyHanko agrees by the procedures of ETSI EN 319 102-1: basic, with time, or for archives; at B-LT with
    the file's own material only."""
    known = [x509.Certificate.load(der) for der in roots]
    with path.open("rb") as file, ThreadPoolExecutor(1) as pool:
        signature = PdfFileReader(file).embedded_regular_signatures[-1]
        if level == "B-LT":
            store = DocumentSecurityStore.read_dss(signature.reader)
            context = store.as_validation_context({"trust_roots": known, "revocation_mode": "require"})
            return bool(pool.submit(validate_pdf_signature, signature, context).result().bottom_line)
        rule = RevocationCheckingRule.CHECK_IF_DECLARED_SOFT
        if level == "B-LTA":
            rule = RevocationCheckingRule.CRL_OR_OCSP_REQUIRED
        spec = SignatureValidationSpec(
            cert_validation_policy=CertValidationPolicySpec(
                trust_manager=SimpleTrustManager.build(trust_roots=known),
                revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
                time_tolerance=TOLERANCE,  # it queries the responder after it took the time
            )
        )
        if level == "B-LTA":
            run: Any = ades.ades_lta_validation(signature, PdfSignatureValidationSpec(signature_validation_spec=spec))
        else:
            procedure = ades.ades_basic_validation if level == "B-B" else ades.ades_with_time_validation
            run = procedure(signature.signed_data, spec, raw_digest=signature.compute_digest())
        return bool(pool.submit(asyncio.run, run).result().ades_subindic == AdESPassed.OK)


@pytest.mark.parametrize("whose", ["ours", "doctor", "rsa", "crl"])
@pytest.mark.parametrize("level", LEVELS)
def test_each_level_is_reached_and_verified_by_others(
    level: str, whose: str, signed: Signed, pki: Pki, authority: Authority
) -> None:
    path = signed(level, whose)
    roots = [authority.certificate, pki.certificate("root")]
    assert "Signature is Valid" in pdfsig(path)
    (found,) = examine(path, Known(roots))
    assert (found.level, found.valid, found.trusted) == (level, True, True)
    assert passes(path, level, roots)


@pytest.mark.parametrize("level", ["B-B", "B-LT"])
def test_a_responder_that_takes_its_time_is_waited_for(
    level: str, signed: Signed, pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pki, "ocsp_seconds", 2.5)
    assert passes(signed(level, "doctor"), level, [pki.certificate("root")])


def found_out(path: Path, level: str, roots: list[bytes]) -> bool:
    """Whether our verification rejects a copy as altered, or as below its level."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(verify_file, str(path), roots).result()
    if "refused" in answer or len(answer["signatures"]) != 1:
        return True
    (one,) = answer["signatures"]
    return not all(one[what] for what in MUST_HOLD) or one["level"] != level


def proofs_in(path: Path) -> set[bytes]:
    """The validation material in the file, as any reader sees it."""
    with path.open("rb") as file:
        store = DocumentSecurityStore.read_dss(PdfFileReader(file, strict=False))
        streams = [*store.certs.values(), *store.crls, *store.ocsps]
        return {bytes(each.get_object().data) for each in streams}


def is_bare_syntax(copy: Path, whole: Path, place: int) -> bool:
    """No signature covers the last update, with the proofs for the signature or time-stamp before it (ETSI EN
    319 142-1, 6.3): its white space and its date may change, but no byte of the proofs, of a signature, or of what
    was signed."""
    with whole.open("rb") as file:
        signature = PdfFileReader(file).embedded_signatures[-1]
        if place < signature.byte_range[2] + signature.byte_range[3]:
            return False
    return proofs_in(copy) == proofs_in(whole)


@pytest.mark.parametrize("level", LEVELS)
def test_a_byte_changed_in_any_tenth_of_the_file_is_found(
    level: str, signed: Signed, pki: Pki, authority: Authority, tmp_path: Path
) -> None:
    original = signed(level)
    whole = original.read_bytes()
    roots = [authority.certificate, pki.certificate("root")]
    copy = tmp_path / "copy.pdf"
    copy.write_bytes(whole)
    assert not found_out(copy, level, roots)
    missed = []
    for place in (int((tenth + where) * len(whole) / 10) for tenth in range(10) for where in (0.1, 0.5, 0.9)):
        changed = bytearray(whole)
        changed[place] ^= 1
        copy.write_bytes(changed)
        if not found_out(copy, level, roots) and not (
            level in ("B-LT", "B-LTA") and is_bare_syntax(copy, original, place)
        ):
            missed.append((place, whole[place - 20 : place + 20]))
    assert not missed, (len(whole), missed)


@pytest.mark.parametrize("level", ["B-LT", "B-LTA"])
def test_a_changed_name_of_the_authority_is_found_in_every_place(
    level: str, signed: Signed, authority: Authority, pki: Pki, tmp_path: Path
) -> None:
    whole, roots = signed(level).read_bytes(), [authority.certificate, pki.certificate("root")]
    name = x509.Certificate.load(authority.certificate).subject.native["common_name"].encode().hex().upper().encode()
    places = [match.start() for match in re.finditer(name, whole.upper())]
    assert len(places) >= 5  # twice in the authority's certificate, once in the doctor's, twice in the signature
    copy = tmp_path / "copy.pdf"
    missed = []
    for place in places:
        changed = bytearray(whole)
        changed[place + 21] ^= 1
        copy.write_bytes(changed)
        if not found_out(copy, level, roots):
            missed.append(place)
    assert not missed


def test_a_time_stamp_authority_that_does_not_answer_is_told_and_nothing_is_signed(signed: Signed) -> None:
    with pytest.raises(CannotSign) as caught:
        signed("B-T", tsa_url="http://127.0.0.1:9/tsa")
    assert caught.value.code == "no_time_stamp"
    assert "Le service d’horodatage ne répond pas" in caught.value.sentence


def test_a_certificate_that_has_been_revoked_does_not_reach_a_lasting_level(
    signed: Signed, ours: Credential, authority: Authority
) -> None:
    revoked = revocation.revocation_list(
        authority_certificate=authority.certificate,
        authority_private_key=authority.private_key,
        passphrase=PASSPHRASE,
        revoked=[(ours.certificate, timezone.now())],
    )
    with pytest.raises(CannotSign) as caught:
        signed("B-LT", revocation_lists=(revoked,))
    assert caught.value.code == "no_validation_material"


def test_a_certificate_whose_authority_does_not_answer_does_not_reach_a_lasting_level(signed: Signed) -> None:
    with pytest.raises(CannotSign) as caught:
        signed("B-LT", revocation_lists=())  # the default list has an address that does not answer
    assert caught.value.code == "no_validation_material"
