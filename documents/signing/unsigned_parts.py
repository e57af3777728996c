"""What stands in the file of a signature and is covered by none: the padding around it, certificates beside it that
no path to a root needs, and the proofs for later (DSS). Readers ignore a byte changed in them; here it is a change.
Runs in the sandbox; imports no Django.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asn1crypto import cms, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.sign.validation import EmbeddedPdfSignature


def are_whole(signature: EmbeddedPdfSignature, roots: Iterable[asn1_x509.Certificate]) -> bool:
    """`roots`: those that this installation knows."""
    contents = bytes(signature.pkcs7_content)
    if contents[len(cms.ContentInfo.load(contents).dump()) :].strip(b"\0"):
        return False
    found = [each.chosen for each in signature.signed_data["certificates"] if each.name == "certificate"]
    return certificates_are_whole(found, list(roots))


def certificates_are_whole(found: list[asn1_x509.Certificate], roots: list[asn1_x509.Certificate]) -> bool:
    return all(_is_whole(certificate, [*found, *roots], roots) for certificate in found)


def list_is_whole(der: bytes, issuers: list[asn1_x509.Certificate]) -> bool:
    """A revocation list, signed by one of those who may have."""
    listed = x509.load_der_x509_crl(der)
    keys: list[Any] = [x509.load_der_x509_certificate(each.dump()).public_key() for each in issuers]
    return any(listed.is_signature_valid(key) for key in keys)


def answer_is_whole(der: bytes, issuers: list[asn1_x509.Certificate]) -> bool:
    """An OCSP answer, signed by the responder whose certificate it brings, or by one of those who may have."""
    # Not read by `cryptography`, which refuses the fractions of seconds that some responders write.
    answer = ocsp.OCSPResponse.load(der).basic_ocsp_response
    return any(_signed_by(answer, responder) for responder in [*(answer["certs"] or ()), *issuers])


def _signed_by(answer: Any, responder: asn1_x509.Certificate) -> bool:
    key = x509.load_der_x509_certificate(responder.dump()).public_key()
    digest = getattr(hashes, answer["signature_algorithm"].hash_algo.upper())()
    signed = answer["signature"].native, answer["tbs_response_data"].dump()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(*signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(*signed, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _is_whole(
    certificate: asn1_x509.Certificate, issuers: list[asn1_x509.Certificate], roots: list[asn1_x509.Certificate]
) -> bool:
    serial, subject, key = (certificate.serial_number, certificate.subject, certificate.public_key.dump())
    for root in roots:
        looks_like = root.serial_number == serial and (root.subject == subject or root.public_key.dump() == key)
        if looks_like and root.dump() != certificate.dump():
            return False
    candidates = [issuer for issuer in issuers if issuer.subject == certificate.issuer]
    return not candidates or any(_issued_by(certificate, issuer) for issuer in candidates)


def _issued_by(certificate: asn1_x509.Certificate, issuer: asn1_x509.Certificate) -> bool:
    try:
        x509.load_der_x509_certificate(certificate.dump()).verify_directly_issued_by(
            x509.load_der_x509_certificate(issuer.dump())
        )
    except (InvalidSignature, ValueError, TypeError):
        return False
    except UnsupportedAlgorithm:
        return True  # of a kind not known here: nothing can be said of it
    return True
