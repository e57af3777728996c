"""Kinds of signatures of other software, each generated here, with its right verdict.

docs/foreign-signatures.md has a row for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding

from signing.pdf.field_facts import Judgement
from tests.signing.foreign import der
from tests.signing.foreign.certificates import (
    DIGESTS,
    HASHES,
    SCHEMES,
    Certified,
    Wanted,
    authority,
    certify,
    doctor,
    key,
    public_key,
    revocation_list,
)
from tests.signing.foreign.cms import (
    CONTENT_TIME_STAMP,
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    PROTECTION,
    REVOCATION_ARCHIVAL,
    Cms,
    Signer,
    plain_ecdsa,
    pss,
    token,
)
from tests.signing.foreign.pdf import Form, in_hexadecimal, usual

PKCS7 = "adbe.pkcs7.detached"
UNKNOWN = "1.2.643.7.1.1.2.2"  # GOST R 34.11-2012, unknown to all code here


@dataclass(frozen=True)
class Kind:
    """`said`: pdfsig's verdict: "valid", "invalid", or "unknown". `spoiled`: generated with a wrong signature, and
    with a wrong digest."""

    judgement: Judgement
    said: str
    make: Callable[[], bytes]
    trust: str = "trusted"  # if the authority is known
    spoiled: tuple[Callable[[], bytes], ...] = ()


KINDS: dict[str, Kind] = {}


def signed(*signers: Signer, form: Form | None = None, **cms: Any) -> Callable[[], bytes]:
    return lambda: (form or Form()).signed(Cms(tuple(signers), **cms).over)


def add(name: str, *signers: Signer, form: Form | None = None, **about: Any) -> None:
    judgement, said, trust = (
        about.pop("judgement", "valid"),
        about.pop("said", "valid"),
        about.pop("trust", "trusted"),
    )
    first, *others = signers
    wrong = [replace(first, spoil_signature=True), *([replace(first, spoil_digest=True)] if first.attributes else [])]
    spoiled = tuple(signed(each, *others, form=form, **about) for each in wrong)
    KINDS[name] = Kind(judgement, said, signed(*signers, form=form, **about), trust, spoiled)


def _algorithms() -> None:
    add("PKCS#7, RSA, SHA-256", Signer(doctor()), form=Form(PKCS7))
    add("CAdES, P-256, SHA-256", Signer(doctor("P-256")))
    for bits in ("384", "512"):
        add(f"RSA, SHA-{bits}", Signer(doctor(), f"sha{bits}"))
    add("P-384, SHA-384", Signer(doctor("P-384"), "sha384"))
    add("P-521, SHA-512", Signer(doctor("P-521"), "sha512"))
    plain = der.algorithm("1.2.840.113549.1.1.1", der.NULL)
    add("RSA named without its digest", Signer(doctor(), algorithm=plain))
    for curve in ("secp256k1", "brainpoolP256r1", "brainpoolP384r1"):
        add(f"curve {curve}", Signer(doctor(curve)), said="invalid")
    algorithm, sign = pss("sha256", 32)
    add("RSA-PSS, SHA-256", Signer(doctor(), algorithm=algorithm, sign=sign))
    algorithm, sign = pss("sha512", 20, "sha256")
    add("RSA-PSS, SHA-512, another mask and salt", Signer(doctor(), "sha512", algorithm=algorithm, sign=sign))
    algorithm, sign = pss("sha256", 32)
    key_info = der.sequence(der.algorithm("1.2.840.113549.1.1.10"), der.children(public_key(key("rsa")))[1])
    only = certify(Wanted(key_info=key_info), authority())
    add("RSA-PSS by a key for nothing else", Signer(only, algorithm=algorithm, sign=sign), said="invalid")
    add("Ed25519", Signer(doctor("ed25519"), "sha512"), said="unknown")
    shake = der.algorithm(DIGESTS["shake_256"])
    add("Ed448, SHAKE256", Signer(doctor("ed448"), "shake_256", digest_algorithm=shake), said="unknown")
    add("DSA, SHA-256", Signer(doctor("dsa"), "sha256"))
    add("RSA, SHA-3", Signer(doctor(), "sha3_256"), said="unknown")
    add("ECDSA, SHA-3", Signer(doctor("P-256"), "sha3_256"), said="unknown")
    two = doctor("P-256")
    bsi = der.algorithm("0.4.0.127.0.7.1.1.4.1.3")
    add("ECDSA in plain form (BSI)", Signer(two, algorithm=bsi, sign=plain_ecdsa(two, "sha256")), said="unknown")
    add("SHA-1", Signer(doctor(), "sha1", names="v1"), trust="weak")
    add("MD5", Signer(doctor(), "md5", names="v1"), judgement="not_judged", said="invalid")
    other = der.algorithm(SCHEMES["rsa", "sha1"], der.NULL)
    add("an algorithm that says SHA-1, with SHA-256", Signer(doctor(), algorithm=other), judgement="not_judged",
        said="invalid")  # fmt: skip
    unknown = der.algorithm("1.2.643.7.1.1.3.2")
    add("an unknown signature algorithm", Signer(doctor(), algorithm=unknown), judgement="not_judged", said="unknown")
    digest = der.algorithm(UNKNOWN)
    add("an unknown digest", Signer(doctor(), digest_algorithm=digest), judgement="not_judged", said="unknown")
    explicit = der.sequence(
        der.algorithm("1.2.840.10045.2.1", der.sequence(der.integer(1), der.sequence(der.oid("1.2.840.10045.1.1")))),
        der.children(public_key(key("P-256")))[1],
    )
    curve_by_hand = certify(Wanted(kind="P-256", key_info=explicit), authority())
    add("a curve in parameters of its own", Signer(curve_by_hand), judgement="not_judged", said="unknown")


def _structures() -> None:
    add("without signed attributes, RSA", Signer(doctor(), attributes=False), form=Form(PKCS7))
    add("without signed attributes, ECDSA", Signer(doctor("P-256"), attributes=False), form=Form(PKCS7))
    add("signer named by the key", Signer(doctor(), named_by_key=True), said="unknown")
    add("signing certificate named by SHA-1", Signer(doctor(), names="v1"))
    add("signing certificate not named", Signer(doctor(), names=""), form=Form(PKCS7))
    add("attributes stored in another order", Signer(doctor(), in_order=False), said="invalid")
    protection = der.sequence(
        der.algorithm(DIGESTS["sha256"], der.NULL),
        der.tlv(0xA1, der.children(der.sequence(der.algorithm(SCHEMES["rsa", "sha256"], der.NULL)))[0][2:]),
    )
    add("algorithms protected (RFC 6211)", Signer(doctor(), more=((PROTECTION, protection),)))
    wrong = protection.replace(der.oid(DIGESTS["sha256"]), der.oid(DIGESTS["sha512"]))
    add("other algorithms protected", Signer(doctor(), more=((PROTECTION, wrong),)), judgement="not_valid")
    add("two signers", Signer(doctor()), Signer(doctor("P-256")), form=Form(PKCS7))
    spoiled = Signer(doctor("P-256"), spoil_signature=True)
    add("two signers, the second does not fit", Signer(doctor()), spoiled, form=Form(PKCS7), judgement="not_valid")
    old = Form("adbe.pkcs7.sha1")
    add("adbe.pkcs7.sha1", Signer(doctor(), "sha1", names=""), form=old, encapsulated="sha1", trust="weak")
    add("adbe.pkcs7.sha1 without attributes", Signer(doctor(), "sha1", attributes=False), form=old,
        encapsulated="sha1", trust="weak")  # fmt: skip
    for digest in ("sha1", "sha256"):
        KINDS[f"adbe.x509.rsa_sha1, {digest}"] = _bare(digest)
    KINDS["adbe.x509.rsa_sha1 without its certificate"] = replace(
        _bare("sha1", there=False), judgement="not_judged", said="unknown", spoiled=()
    )
    add("content type attribute left out", Signer(doctor(), without=(CONTENT_TYPE,)), judgement="not_judged")
    add("message digest attribute left out", Signer(doctor(), without=(MESSAGE_DIGEST,)), judgement="not_valid",
        said="unknown")  # fmt: skip
    add("another certificate named", Signer(doctor(), names_another=True), judgement="not_valid")
    KINDS["no signer"] = Kind("not_valid", "unknown", lambda: Form().signed(_without_signers), "unknown")
    KINDS["garbage"] = Kind(
        "not_valid", "unknown", lambda: Form().signed(lambda _: b"\x04\x0ano signatur"), "unknown"
    )
    KINDS["cut off"] = Kind(
        "not_valid", "unknown", lambda: Form(room=700).signed(lambda over: Cms((Signer(doctor()),)).over(over)[:700]),
        "unknown",
    )  # fmt: skip
    KINDS["never filled in"] = Kind("not_valid", "unknown", lambda: Form().signed(lambda _: b""), "unknown")


def _bare(digest: str, *, there: bool = True) -> Kind:
    def make(spoil: int = 0) -> bytes:
        form = Form("adbe.x509.rsa_sha1", more=b"/Cert <%s>" % doctor().certificate.hex().encode() if there else b"")

        def sign(over: bytes) -> bytes:
            value = bytearray(doctor().key.sign(over, padding.PKCS1v15(), HASHES[digest]))
            value[9] ^= spoil
            return der.octets(bytes(value))

        return form.signed(sign)

    trust = "weak" if digest == "sha1" else "trusted"
    return Kind("valid", "unknown", make, trust, (lambda: make(1),))


def _without_signers(over: bytes) -> bytes:
    made = Cms((Signer(doctor()),)).over(over)
    signed_data = der.children(der.children(made)[1])[0]
    parts = der.children(signed_data)
    return der.sequence(der.children(made)[0], der.tlv(0xA0, der.sequence(*parts[:-1], der.set_of())))


def _encodings() -> None:
    for depth in (1, 4, 9):
        said = "unknown" if depth == 9 else "valid"
        add(f"BER, {depth} levels of indefinite length", Signer(doctor()), indefinite=depth, said=said)
    add("BER with a time-stamp", Signer(doctor(), stamp=token), indefinite=1)
    add("BER with a time-stamp, to its depth", Signer(doctor(), stamp=token), indefinite=12, form=Form(room=12_000),
        said="unknown")  # fmt: skip
    for part in ("whole", "certificate", "signed part of the certificate", "signed attributes"):
        add(f"a length that ends in 0x80: {part}", Signer(doctor()))
        KINDS[f"a length that ends in 0x80: {part}"] = replace(
            KINDS.pop(f"a length that ends in 0x80: {part}"), make=partial(_length_ends_in_80, part)
        )
    spaced = Form(written=lambda contents, room: b" \n".join(
        in_hexadecimal(contents, room)[place : place + 64] for place in range(0, 2 * room, 64)
    ))  # fmt: skip
    add("digits in lines", Signer(doctor()), form=spaced)
    small = Form(written=lambda contents, room: in_hexadecimal(contents, room).upper())
    add("capital digits", Signer(doctor()), form=small)
    odd = Form(written=lambda contents, room: in_hexadecimal(contents, room) + b"0")
    add("an odd number of digits", Signer(doctor()), form=odd)
    padded = Form(written=lambda contents, room: (contents.hex().encode() + b"0a").ljust(2 * room, b"0"))
    add("something else than zeros as padding", Signer(doctor()), form=padded, judgement="not_judged")


def _length_ends_in_80(part: str) -> bytes:
    """With a time-stamp, whose nesting depth causes the cost."""
    for spare in range(400):
        made, by = _with_spare(der.octets(bytes(spare)), within_certificate="certificate" in part)
        inside = der.children(der.children(der.children(made.contents)[1])[0])
        value = {
            "whole": made.contents, "certificate": by.certificate,
            "signed part of the certificate": der.children(by.certificate)[0],
            "signed attributes": der.children(der.children(inside[-1])[0])[3],
        }[part]  # fmt: skip
        if der.header(value)[-1] == 0x80:
            return made.pdf
    raise AssertionError(part)


@dataclass(frozen=True)
class _Made:
    pdf: bytes
    contents: bytes


def _with_spare(spare: bytes, *, within_certificate: bool) -> tuple[_Made, Certified]:
    """With additional octets, in an extension or in a signed attribute."""
    extension = der.sequence(der.oid("1.2.3.4"), der.octets(spare)) if within_certificate else b""
    by = certify(Wanted(more=(extension,)), authority())
    attributes = () if within_certificate else (("1.2.3.5", spare),)
    contents = []

    def sign(over: bytes) -> bytes:
        contents.append(Cms((Signer(by, more=attributes, stamp=token),)).over(over))
        return contents[0]

    return _Made(Form().signed(sign), contents[0]), by


def _certificates() -> None:
    add(
        "certificate nowhere",
        Signer(doctor()),
        certificates=(),
        judgement="not_judged",
        said="unknown",
        trust="unknown",
    )
    cert = b"/Cert <%s>" % doctor().certificate.hex().encode()
    add("certificate in /Cert alone", Signer(doctor()), certificates=(), form=Form(more=cert), said="unknown")
    stranger = certify(Wanted(common_name="Somebody else", number=3))
    add("unneeded certificates", Signer(doctor()), extra=(stranger.certificate,))
    attributes = der.tlv(0xA2, der.sequence(der.integer(1), der.sequence(), der.sequence()))
    add("an attribute certificate", Signer(doctor()), extra=(attributes,))
    archived = der.sequence(der.tlv(0xA0, der.sequence(revocation_list())))
    add(
        "revocation lists (Adobe)",
        Signer(doctor(), more=((REVOCATION_ARCHIVAL, archived),)),
        lists=(revocation_list(),),
    )
    for digest in ("sha1", "md5"):
        root = authority(digest, number=8)
        by = certify(Wanted(), root)
        add(f"a root that signs itself with {digest.upper()}", Signer(by), trust="unknown_issuer")
    by = certify(Wanted(), authority(spoil=True, number=8))
    add("a root whose signature on itself is wrong", Signer(by), trust="unknown_issuer")
    middle = certify(Wanted(common_name="Milieu", number=7, authority=True, digest="sha1"), authority())
    add("an authority between, certified with SHA-1", Signer(certify(Wanted(), middle)), trust="weak")
    old, new = (
        certify(Wanted(common_name="Racine", number=number, authority=True, serial=number)) for number in (6, 8)
    )
    by = certify(Wanted(), old)
    both = by.certificate, new.certificate
    add("an authority's newer certificate of the same name", Signer(by), certificates=both,
        trust="unknown_issuer")  # fmt: skip
    spoiled = certify(Wanted(spoil=True), authority())
    add("the certificate was altered", Signer(spoiled), judgement="not_valid", trust="unknown")
    add(
        "the certificate was altered, no key named",
        Signer(_unnamed(spoil=True)),
        judgement="not_judged",
        trust="unknown",
    )
    add("a certificate of version 1", Signer(certify(Wanted(version=1), authority())))
    add("a negative serial number", Signer(certify(Wanted(serial=-5), authority())))
    critical = der.sequence(der.oid("1.2.3.4"), b"\x01\x01\xff", der.octets(der.NULL))
    add(
        "an unknown critical extension",
        Signer(certify(Wanted(more=(critical,)), authority())),
        trust="unknown_issuer",
    )
    add("self-signed", Signer(certify(Wanted())), trust="unknown_issuer")


def _unnamed(*, spoil: bool) -> Certified:
    root = authority(number=8, named_keys=False)
    return certify(Wanted(spoil=spoil, named_keys=False), root)


def _times() -> None:
    stamps: dict[str, dict[str, Any]] = {
        "SHA-256": {},
        "SHA-512": {"imprint": "sha512", "digest": "sha512"},
        "its certificate named by SHA-1": {"names": "v1"},
    }
    for name, how in stamps.items():
        add(f"time-stamp, {name}", Signer(doctor(), stamp=partial(token, **how)))
    inner = token(b"whatever was there before the signature")
    add("a time-stamp of the content", Signer(doctor(), more=((CONTENT_TIME_STAMP, inner),)))
    wrong = Signer(doctor(), stamp=lambda _value: token(b"something else"))
    add("a time-stamp of something else", wrong)


def _places() -> None:
    add("no /Type", Signer(doctor()), form=Form(kind=""))
    add("the dictionary within the field", Signer(doctor()), form=Form(direct=True))
    add("a field with two appearances", Signer(doctor()), form=Form(kids=True), said="unknown")
    add("a field without a name", Signer(doctor()), form=Form(nameless=True))
    add("a dangling reference in the trailer", Signer(doctor()), form=Form(trailer=b"/AdditionalStreams [60 0 R]"))
    add("no /SubFilter", Signer(doctor()), form=Form(""), judgement="not_judged", said="unknown")
    add("an unknown /SubFilter", Signer(doctor()), form=Form("ETSI.XAdES"), judgement="not_judged", said="unknown")
    six = Form(numbers=lambda start, end, size: [0, 100, 100, start - 100, end, size - end], places=6)
    add("/ByteRange in three neighbouring pieces", Signer(doctor()), form=six)
    inside = Form(numbers=lambda start, end, size: [0, start + 1, end - 1, size - end + 1])
    add("/ByteRange with < and >", Signer(doctor()), form=inside)
    for name, numbers in {
        "does not begin at 0": lambda start, end, size: [20, start - 20, end, size - end],
        "with a hole": lambda start, end, size: [0, start - 30, end, size - end],
        "beyond the end": lambda start, end, size: [0, start, end, size - end + 999],
        "backwards": lambda start, end, size: [end, size - end, 0, start],
    }.items():
        add(f"/ByteRange {name}", Signer(doctor()), form=Form(numbers=numbers), judgement="not_valid",
            said="unknown" if name == "beyond the end" else "valid")  # fmt: skip
    add("/ByteRange of three numbers", Signer(doctor()), form=Form(
        numbers=lambda start, end, size: usual(start, end, size)[:3], places=3), judgement="not_valid")  # fmt: skip


for group in (_algorithms, _structures, _encodings, _certificates, _times, _places):
    group()


def document_time_stamp(spoil: bool = False) -> bytes:
    """An unsigned document with a time-stamp."""
    form = Form("ETSI.RFC3161", kind="/Type /DocTimeStamp")
    return form.signed(lambda over: token(over + b"!" * spoil))
