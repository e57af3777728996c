"""An imported certificate can sign, whatever algorithm its root used for itself."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from django.utils import timezone

from files.intake import Intake
from signing.pdf.credentials import Credential
from signing.pdf.examination import Known, Trust, examine
from signing.pdf.imported import Imported, leads_to, read_pkcs12
from signing.pdf.keys import KeyInMemory
from signing.pdf.pkcs12_child import certificates_ordered
from signing.pdf.placement import Placement
from signing.pdf.sign import SignedIntake, sign
from signing.pdf.stamp import StampContent
from signing.pdf.verifying_child import verify_file
from tests.costs import counted
from tests.documents.conftest import PDF
from tests.signing.conftest import Receive, pdfsig
from tests.signing.foreign import der
from tests.signing.foreign.certificates import Certified, Wanted, authority, certify
from tests.signing.foreign.cms import Cms, Signer, token
from tests.signing.foreign.pdf import Form


def pkcs12(certified: Certified, folder: Path) -> bytes:
    """Uses openssl, which accepts certificates with signatures that Python's libraries refuse."""
    private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(certified.key.private_bytes(*private))
    for number, each in enumerate([certified.certificate, *certified.chain]):
        (folder / f"{number}.der").write_bytes(each)
        subprocess.run(
            ["openssl", "x509", "-inform", "DER", "-in", f"{number}.der", "-out", f"{number}.pem"],
            cwd=folder, check=True,
        )  # fmt: skip
    (folder / "chain.pem").write_bytes(
        b"".join((folder / f"{n + 1}.pem").read_bytes() for n in range(len(certified.chain)))
    )
    with_chain = ["-certfile", "chain.pem"] if certified.chain else []
    subprocess.run(
        ["openssl", "pkcs12", "-export", "-inkey", "key.pem", "-in", "0.pem", *with_chain, "-out", "it.p12",
         "-passout", "pass:essai"],
        cwd=folder, check=True,
    )  # fmt: skip
    return (folder / "it.p12").read_bytes()


def signed_by(imported: Imported, intake: Intake) -> SignedIntake:
    credential = Credential(
        certificate=imported.certificate,
        key=KeyInMemory.decrypted(imported.private_key, "phrase"),
        chain=imported.chain,
    )
    return sign(
        intake,
        placement=Placement(page=1, x=0.5, y=0.5),
        credential=credential,
        appearance=StampContent(image_png=None, signer_name="Dr Anne Martin", professional_number=""),
        signing_time=timezone.now(),
    )


@pytest.mark.parametrize(("digest", "spoil"), [("sha1", False), ("md5", False), ("sha256", True)])
def test_a_certificate_whose_root_signs_itself_oddly_signs(
    digest: str, spoil: bool, receive: Receive, tmp_path: Path
) -> None:
    root = authority(digest, spoil, number=8)
    middle = certify(Wanted(common_name="Milieu", number=7, authority=True), root)
    imported = read_pkcs12(pkcs12(certify(Wanted(), middle), tmp_path), "essai", passphrase="phrase")
    assert list(imported.chain) == [middle.certificate, root.certificate]
    intake = receive(PDF)
    done = signed_by(imported, intake)
    assert not done.repaired
    assert "Signature is Valid" in pdfsig(intake.path)
    (known,) = examine(intake.path, Known([], [root.certificate]))
    (unknown,) = examine(intake.path, Known([]))
    assert (known.judgement, known.trust) == ("valid", Trust.TRUSTED)
    assert (unknown.judgement, unknown.trust) == ("valid", Trust.UNKNOWN_ISSUER)


@pytest.mark.parametrize(("digest", "confirmed"), [("sha1", False), ("md5", False), ("sha256", True)])
def test_the_page_of_a_certificate_says_what_verifying_will_say(
    digest: str, confirmed: bool, receive: Receive
) -> None:
    root, other = authority(number=8), authority(number=6)
    middle = certify(Wanted(common_name="Milieu", number=7, authority=True, digest=digest), root)
    found = certify(Wanted(), middle)
    assert leads_to(found.certificate, [middle.certificate], [root.certificate]) is confirmed
    assert not leads_to(found.certificate, [middle.certificate], [other.certificate])
    intake = receive(Form().signed(Cms((Signer(found),)).over))
    (one,) = examine(intake.path, Known([], [root.certificate]))
    assert one.trust is (Trust.TRUSTED if confirmed else Trust.WEAK)


def test_of_two_certificates_of_one_authority_the_one_whose_key_signed_is_taken() -> None:
    old, new = (
        certify(Wanted(common_name="Racine", number=number, authority=True, serial=number)) for number in (6, 8)
    )
    by = certify(Wanted(), new)
    assert certificates_ordered(by.certificate, [old.certificate, new.certificate]) == [new.certificate]


@pytest.mark.parametrize("chain", ["none", "without its root", "by SHA-1 between", "of another authority"])
def test_a_certificate_signs_whatever_chain_it_came_with(chain: str, receive: Receive, tmp_path: Path) -> None:
    root = authority(number=8)
    middle = certify(
        Wanted("Milieu", number=7, authority=True, digest="sha1" if "SHA-1" in chain else "sha256"), root
    )
    found = certify(Wanted(), middle)
    brought = {
        "none": (),
        "without its root": (middle.certificate,),
        "by SHA-1 between": found.chain,
        "of another authority": (authority(number=6).certificate,),
    }[chain]
    imported = read_pkcs12(pkcs12(replace(found, chain=brought), tmp_path), "essai", passphrase="phrase")
    assert imported.chain == (() if chain == "of another authority" else brought)
    intake = receive(PDF)
    done = signed_by(imported, intake)
    assert ([one.judgement for one in done.signatures], done.repaired) == (["valid"], False)
    assert "Signature is Valid" in pdfsig(intake.path)


@pytest.mark.parametrize("part", ["the certificate", "what is signed of it"])
def test_a_certificate_whose_length_ends_in_0x80_signs_at_the_cost_of_others(part: str, receive: Receive) -> None:
    """Occurs in one of 256 certificates of a kind."""

    def with_spare(spare: int) -> Certified:
        extension = der.sequence(der.oid("1.2.3.4"), der.octets(bytes(spare)))
        return certify(Wanted(more=(extension,)), authority())

    for spare in range(300):
        found = with_spare(spare)
        measured = found.certificate if part == "the certificate" else der.children(found.certificate)[0]
        if der.header(measured)[-1] == 0x80:
            break
    else:
        raise AssertionError(part)

    def cost(certified: Certified) -> int:
        intake = receive(Form().signed(Cms((Signer(certified),)).over))
        answer, calls = counted(lambda: verify_file(str(intake.path), [authority().certificate]))
        assert [(one["judgement"], one["trust"]) for one in answer["signatures"]] == [("valid", "trusted")]
        return calls

    cost(found)  # the first one also fills caches
    assert cost(found) == pytest.approx(cost(with_spare(spare + 20)), rel=0.02)
    intake = receive(Form().signed(Cms((Signer(found, stamp=token),)).over))
    credential = Credential(certificate=found.certificate, key=KeyInMemory(found.key), chain=found.chain)
    done = sign(
        intake,
        placement=Placement(page=1, x=0.5, y=0.5),
        credential=credential,
        appearance=StampContent(image_png=None, signer_name="Dr Anne Martin", professional_number=""),
        signing_time=timezone.now(),
    )
    assert [one.judgement for one in done.signatures] == ["valid", "valid"]
    assert pdfsig(intake.path).count("Signature is Valid") == 2
