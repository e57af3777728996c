"""Opens a PKCS#12 file (RFC 7292) in the sandbox, because a file may demand endless work. Imports no Django."""

from __future__ import annotations

import base64
from typing import Any

from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from signing.pdf.ber import NotBer
from signing.pdf.certificate_parts import parts_of
from signing.pdf.unsigned_parts import signed_by

RSA_BITS = range(2048, 4097)
REFUSALS = ("not_pkcs12", "password", "no_key", "key_kind")
CURVES = ("secp256r1", "secp384r1", "secp521r1")


def open_pkcs12(content: str, password: str) -> dict[str, Any]:
    """`{"certificate", "private_key" (PKCS#8, in the clear), "chain" (issuer first)}`, in base64; or `{"refused"}`:
    "not_pkcs12", "password", "no_key", "key_kind"."""
    raw = base64.b64decode(content)
    try:
        asn1_pkcs12.Pfx.load(raw, strict=True).authenticated_safe  # noqa: B018  # it is parsed as it is asked for
    except (ValueError, TypeError):
        return {"refused": "not_pkcs12"}
    try:
        contents = pkcs12.load_pkcs12(raw, password.encode())
    except ValueError:
        return {"refused": "password"}
    if contents.key is None or contents.cert is None:
        return {"refused": "no_key"}
    key, certificate = contents.key, contents.cert.certificate
    kind_is_known = (isinstance(key, rsa.RSAPrivateKey) and key.key_size in RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES
    )
    if not kind_is_known:
        return {"refused": "key_kind"}
    if key.public_key() != certificate.public_key():
        return {"refused": "no_key"}
    chain = ordered(certificate, [each.certificate for each in contents.additional_certs])
    return {
        "certificate": _text(certificate.public_bytes(Encoding.DER)),
        "private_key": _text(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        "chain": [_text(each.public_bytes(Encoding.DER)) for each in chain],
    }


def certificates_ordered(certificate: bytes, others: list[bytes]) -> list[bytes]:
    """DER: the issuer, its issuer and so on, as far as the others have them."""
    candidates = [x509.load_der_x509_certificate(each) for each in others]
    return [
        each.public_bytes(Encoding.DER) for each in ordered(x509.load_der_x509_certificate(certificate), candidates)
    ]


def ordered(certificate: x509.Certificate, others: list[x509.Certificate]) -> list[x509.Certificate]:
    """The issuer, its issuer and so on, as far as they are in the file."""
    chain: list[x509.Certificate] = []
    last = certificate
    while last.issuer != last.subject:
        named = [each for each in others if each.subject == last.issuer and each not in chain]
        if not named:
            break
        # An authority that changed its key has several certificates of one name. An issuer stays in the chain even if
        # the algorithm of its signature is unknown here: other readers may know it.
        last = next((each for each in named if _signed(last, each)), named[0])
        chain.append(last)
    return chain


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        parts = parts_of(issuer.public_bytes(Encoding.DER))
    except NotBer:
        return False
    return signed_by(certificate.public_bytes(Encoding.DER), parts) is True


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
