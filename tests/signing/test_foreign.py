"""A valid signature by other software is never called forged, and an invalid one never valid."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

from bench.damage import without_startxref
from files.intake import Intake
from signing.pdf import ber
from signing.pdf.credentials import Credential
from signing.pdf.examination import ExaminedSignature, Integrity, Known, examine
from signing.pdf.placement import Placement
from signing.pdf.sign import CannotSign
from signing.pdf.verifying_child import Answer, verify_file
from tests.costs import counted
from tests.documents.conftest import PDF
from tests.signing.conftest import Elsewhere, Sign, pdfsig
from tests.signing.foreign import table
from tests.signing.foreign.certificates import Certified, Wanted, authority, certify, clock, doctor, key
from tests.signing.foreign.certificates import name as name_of
from tests.signing.foreign.cms import Cms, Signer, token
from tests.signing.foreign.differences import WHY
from tests.signing.foreign.kinds import KINDS, document_time_stamp
from tests.signing.foreign.pdf import TEXT, Form

CHANGED = TEXT.replace(b"500", b"900")
HERE = Placement(page=1, x=0.5, y=0.5)
MANY = 100_000  # calls of functions; each kind needs less than half
AGAIN = [
    "PKCS#7, RSA, SHA-256", "BER with a time-stamp", "BER, 4 levels of indefinite length", "SHA-1", "MD5",
    "an unknown signature algorithm", "no /SubFilter", "adbe.x509.rsa_sha1, sha1", "adbe.pkcs7.sha1", "two signers",
    "certificate nowhere", "the dictionary within the field", "a field with two appearances",
    "an odd number of digits", "a dangling reference in the trailer", "a root that signs itself with SHA1",
    "Ed448, SHAKE256", "a length that ends in 0x80: whole", "/ByteRange in three neighbouring pieces", "no /Type",
]  # fmt: skip


@pytest.fixture
def judged(tmp_path: Path) -> Callable[[bytes], Answer]:
    """Judges every field, signatures first; the authority is known."""

    def _judged(content: bytes) -> Answer:
        path = tmp_path / "foreign.pdf"
        path.write_bytes(content)
        answer = verify_file(str(path), [authority().certificate])
        found: list[Answer] = [*answer["signatures"], *answer["time_stamps"]]
        (one,) = found
        return one

    return _judged


Judged = Callable[[bytes], Answer]


def intake_of(path: Path, content: bytes) -> Intake:
    path.write_bytes(content)
    return Intake(path=path, name="elsewhere.pdf", media_type="application/pdf", size=len(content), page_count=1)


def look(path: Path, own: Credential | None = None) -> list[ExaminedSignature]:
    """`own`: a practitioner's credential of this site, whose authority is then known, too."""
    ours = list(own.chain[-1:]) if own else []
    return examine(path, Known(ours, [authority().certificate], [authority().certificate]))


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_signature_is_judged_as_standards_do(name: str, judged: Judged) -> None:
    kind = KINDS[name]
    content = kind.make()
    one, calls = counted(lambda: judged(content))
    assert calls < MANY
    assert one["judgement"] == kind.judgement
    assert one["trust"] == (kind.trust if kind.judgement == "valid" else "unknown")
    assert one["valid"] is (kind.judgement == "valid")


@pytest.mark.parametrize("name", KINDS)
def test_pdfsig_says_the_same_or_there_is_a_reason(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    path = tmp_path / "foreign.pdf"
    path.write_bytes(kind.make())
    report = pdfsig(path)
    assert said_by(report) == kind.said, report
    same = {"valid": ["valid"], "not_valid": ["invalid", "unknown"], "not_judged": ["unknown"]}[kind.judgement]
    assert (kind.said in same) is not (name in WHY)


def said_by(output: str) -> str:
    if "Signature is Valid" in output:
        return "valid"
    return "invalid" if "Signature is Invalid" in output or "Digest Mismatch" in output else "unknown"


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.judgement == "valid"])
def test_a_bit_turned_in_what_is_signed_is_never_valid(name: str, judged: Judged) -> None:
    kind = KINDS[name]
    content = kind.make()
    assert content.count(TEXT) == 1
    assert judged(content.replace(TEXT, CHANGED))["judgement"] == "not_valid"
    for spoiled in kind.spoiled:  # the digest, the signature
        assert judged(spoiled())["judgement"] == "not_valid"


def test_what_does_not_fit_outweighs_what_is_not_known(judged: Judged) -> None:
    for name in ("an unknown signature algorithm", "MD5", "certificate nowhere", "a curve in parameters of its own"):
        assert judged(KINDS[name].make())["judgement"] == "not_judged"
        assert judged(KINDS[name].make().replace(TEXT, CHANGED))["judgement"] == "not_valid"


@pytest.mark.parametrize("name", KINDS)
def test_the_signer_is_told_of_wherever_the_certificate_can_be_read(name: str, judged: Judged) -> None:
    without = {
        "no signer", "garbage", "cut off", "never filled in", "certificate nowhere",
        "adbe.x509.rsa_sha1 without its certificate", "/ByteRange beyond the end", "/ByteRange backwards",
        "/ByteRange of three numbers",
    }  # fmt: skip
    assert judged(KINDS[name].make())["signer"] == ("" if name in without else "Dr Anne Martin")


def test_the_issuer_is_told_of_where_the_certificate_is_nowhere(judged: Judged) -> None:
    assert judged(KINDS["certificate nowhere"].make())["issuer"] == "Racine 9"


@pytest.mark.parametrize("name", AGAIN)
def test_a_document_that_came_signed_is_signed_again_behind_what_is_there(
    name: str, tmp_path: Path, sign_it: Sign, credential: Credential
) -> None:
    content = KINDS[name].make()
    signed = sign_it(intake_of(tmp_path / "again.pdf", content), HERE)
    assert not signed.repaired
    assert signed.intake.path.read_bytes().startswith(content)
    assert [one.judgement for one in signed.signatures] == [KINDS[name].judgement, "valid"]
    assert "Signature is Valid" in pdfsig(signed.intake.path)
    first, ours = look(signed.intake.path, credential)
    assert ours.integrity is Integrity.WHOLE
    was_valid = KINDS[name].judgement == "valid"
    assert first.integrity is (Integrity.SIGNED_AGAIN if was_valid else Integrity.NOT_JUDGED)


@pytest.mark.parametrize("name", ["SHA-1", "BER with a time-stamp", "an unknown signature algorithm", "garbage"])
def test_a_damaged_document_is_rewritten_only_if_its_signature_is_proven_broken(
    name: str, tmp_path: Path, sign_it: Sign
) -> None:
    damaged = KINDS[name].make() + b"\nstartxref\n99999999\n%%EOF\n"  # after the signed bytes
    intake = intake_of(tmp_path / "damaged.pdf", damaged)
    if KINDS[name].judgement == "not_valid":
        assert sign_it(intake, HERE).repaired
        return
    with pytest.raises(CannotSign) as caught:
        sign_it(intake, HERE)
    assert caught.value.code == "signed_and_damaged"
    broken = without_startxref(KINDS[name].make().replace(TEXT, CHANGED))
    assert sign_it(intake_of(tmp_path / "broken.pdf", broken), HERE).repaired


@pytest.mark.parametrize("options", ["", "-cades", "-keyid", "-noattr", "-stream", "-md sha512", "-nosmimecap"])
def test_what_openssl_signs_is_valid(options: str, judged: Judged, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "key.pem").write_bytes(doctor().key.private_bytes(*private))
    (tmp_path / "certificate.der").write_bytes(doctor().certificate)

    def sign(over: bytes) -> bytes:
        (tmp_path / "document").write_bytes(over)
        command = [
            "openssl", "cms", "-sign", "-binary", "-in", "document", "-outform", "DER", "-signer", "certificate.pem",
            "-inkey", "key.pem", *options.split(),
        ]  # fmt: skip
        subprocess.run(
            ["openssl", "x509", "-inform", "DER", "-in", "certificate.der", "-out", "certificate.pem"],
            cwd=tmp_path, check=True,
        )  # fmt: skip
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout

    content = Form("adbe.pkcs7.detached").signed(sign)
    assert (judged(content)["judgement"], judged(content)["trust"]) == ("valid", "trusted")
    assert judged(content.replace(TEXT, CHANGED))["judgement"] == "not_valid"


def test_a_time_stamp_tells_the_time_only_if_it_fits(judged: Judged) -> None:
    for name, kind in KINDS.items():
        if name.startswith(("time-stamp,", "BER with a time-stamp")):
            one = judged(kind.make())
            assert (one["level"], one["time_trusted"], bool(one["timestamped_at"])) == ("B-T", True, True), name
    for name in ("a time-stamp of something else", "a time-stamp of the content"):
        one = judged(KINDS[name].make())
        assert (one["level"], one["time_trusted"], one["timestamped_at"]) == ("B-B", False, None), name


def test_a_time_stamp_whose_signature_is_spoiled_tells_no_time(judged: Judged) -> None:
    stamp = Signer(doctor(), stamp=lambda value: token(value, spoil_signature=True))
    one = judged(Form().signed(Cms((stamp,)).over))
    assert (one["judgement"], one["timestamped_at"]) == ("valid", None)


def test_a_document_time_stamp_is_judged_like_a_signature(judged: Judged) -> None:
    whole = document_time_stamp()
    one = judged(whole)
    assert (one["judgement"], one["trust"], one["is_time_stamp"]) == ("valid", "trusted", True)
    assert one["signer"] == "Horodateur"
    assert judged(whole.replace(TEXT, CHANGED))["judgement"] == "not_valid"
    assert judged(document_time_stamp(spoil=True))["judgement"] == "not_valid"


def test_a_time_stamp_in_the_clothes_of_a_signature_is_not_judged(judged: Judged) -> None:
    form = Form("ETSI.CAdES.detached", kind="/Type /DocTimeStamp")
    one = judged(form.signed(Cms((Signer(clock()),)).over))
    assert (one["judgement"], one["is_time_stamp"]) == ("not_judged", True)


def test_a_document_time_stamp_is_shown_where_nothing_else_is_signed_or_it_is_not_valid(tmp_path: Path) -> None:
    path = tmp_path / "stamped.pdf"
    path.write_bytes(document_time_stamp())
    assert [(one.is_time_stamp, one.integrity) for one in look(path)] == [(True, Integrity.WHOLE)]
    path.write_bytes(document_time_stamp(spoil=True))
    assert [(one.is_time_stamp, one.integrity) for one in look(path)] == [(True, Integrity.BROKEN)]


def test_the_table_of_kinds_is_the_one_that_is_tested() -> None:
    assert len(KINDS) >= 30
    assert table.PAGE.read_text().split(table.HEAD + "\n")[1].splitlines() == list(table.rows())
    assert set(WHY) <= set(KINDS)


def test_certificates_of_one_name_cost_no_more_than_their_number(tmp_path: Path) -> None:
    """Trying all their orders took four seconds for seven, and thirty-two for eight."""

    def ring(count: int) -> bytes:
        """Each signed by the next."""
        signers = [Certified(b"", key("P-256", 100 + number), (), name_of("Même nom")) for number in range(count)]
        wanted = Wanted("Même nom", kind="P-256", authority=True, named_keys=False)
        round_ = [
            certify(replace(wanted, number=100 + number, serial=number), signers[(number + 1) % count]).certificate
            for number in range(count)
        ]
        leaf = certify(Wanted(kind="P-256", named_keys=False), signers[0])
        return Form(room=40_000).signed(Cms((Signer(leaf),), extra=tuple(round_)).over)

    path = tmp_path / "ring.pdf"
    path.write_bytes(ring(40))
    answer, calls = counted(lambda: verify_file(str(path), [authority().certificate]))
    assert calls < MANY
    (one,) = answer["signatures"]
    assert (one["judgement"], one["trust"]) == ("valid", "unknown_issuer")


def test_a_long_chain_leads_to_its_root(judged: Judged) -> None:
    last = authority()
    for number in range(6):
        last = certify(Wanted(f"Étage {number}", kind="P-256", number=number + 20, authority=True), last)
    by = certify(Wanted(), last)
    one = judged(Form(room=14_000).signed(Cms((Signer(by),)).over))
    assert (one["judgement"], one["trust"]) == ("valid", "trusted")


@pytest.mark.parametrize("name", ["time-stamp, SHA-256", "RSA-PSS, SHA-256", "without signed attributes, ECDSA"])
def test_a_bit_turned_anywhere_in_the_signature_is_noticed(name: str, judged: Judged) -> None:
    """In many places, another bit in each; comparisons of names ignore case, and two versions are allowed."""
    content = KINDS[name].make()
    start = content.index(b"/Contents <") + len(b"/Contents <")
    contents = bytes.fromhex(content[start : content.index(b">", start)].decode())
    before = judged(content)
    missed = []
    for place in range(5, ber.length_of(contents), 37):
        turned = bytearray(contents)
        turned[place] ^= 1 << (place % 5)
        after = judged(content[:start] + bytes(turned).hex().encode() + content[start + 2 * len(turned) :])
        if all(after[what] == before[what] for what in ("valid", "trusted", "level", "time_trusted")):
            missed.append((place, contents[place - 8 : place + 8].hex()))
    assert missed == []


@pytest.mark.parametrize("what", [b"/Contents <Z", b"/Contents 12 ", b"/Contents <<"])
def test_a_signature_that_is_not_even_read_is_not_judged_and_does_not_pass_for_none(
    what: bytes, judged: Judged
) -> None:
    content = KINDS["PKCS#7, RSA, SHA-256"].make()
    assert content.count(b"/Contents <3") == 1
    one = judged(content.replace(b"/Contents <3", what))
    assert one["judgement"] != "valid"


def test_an_encrypted_document_has_its_signature_judged(tmp_path: Path, credential: Credential) -> None:
    """Encrypted with an empty password: every viewer opens it."""
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(PDF)) as pdf:
        pdf.save(written, encryption=pikepdf.Encryption(owner="owner", user="", R=6))
    signed_ = io.BytesIO(written.getvalue())
    writer = IncrementalPdfFileWriter(signed_)
    writer.encrypt("")
    signer = PdfSigner(PdfSignatureMetadata(field_name="Elsewhere"), signer=Elsewhere(credential))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(signer.sign_pdf, writer, in_place=True).result()
    path = tmp_path / "encrypted.pdf"
    path.write_bytes(signed_.getvalue())
    (one,) = verify_file(str(path), [])["signatures"]
    assert (one["judgement"], one["came_after"], one["signer"]) == ("valid", "nothing", "Dr Alice Morel")
