"""Judges signatures of the old kind adbe.x509.rsa_sha1 (ISO 32000-1, 12.8.3.2): a bare RSA signature, its
certificates in the signature dictionary. Imports no Django."""

from __future__ import annotations

from collections.abc import Sequence

from signing.pdf import ber, raw_signatures
from signing.pdf.certificate_parts import parts_of
from signing.pdf.cms_judgement import NO_SIGNATURE, Judged, compared, loaded
from signing.pdf.raw_signatures import WEAK, NotKnown, Signed

OCTET_STRING = 0x04


def judge(contents: bytes, document: Signed, certificates: Sequence[bytes]) -> Judged:
    """`certificates`: DER, the signer's first."""
    try:
        value = ber.first(ber.definite(contents))
    except ber.NotBer:
        return NO_SIGNATURE
    if value.tag != OCTET_STRING:
        return NO_SIGNATURE
    if not certificates:
        return Judged("not_judged")
    judged = Judged(
        "not_judged",
        signer=certificates[0],
        raw=tuple(certificates),
        certificate=loaded(certificates[0]),
        others=tuple(filter(None, map(loaded, certificates))),
        signature=value.content,
    )
    try:
        info = raw_signatures.recovered(value.content, parts_of(certificates[0]).key)
        if not info:
            return judged.judged("not_valid")
        algorithm, digest = ber.values_in(ber.first(info).content)
        name = raw_signatures.digest_named(algorithm.raw)
    except (NotKnown, ValueError):
        return judged
    return judged.judged(compared(algorithm.raw, digest.content, document), weak=name in WEAK)
