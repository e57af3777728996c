"""Checks the parts of a signature that no signature covers. Runs in the sandbox; imports no Django.

These are the padding, the certificates beside it, and proofs for later validation (DSS). Other readers ignore a
changed byte in them; this module detects it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asn1crypto import ocsp

from signing.pdf import ber, raw_signatures
from signing.pdf.certificate_parts import CertificateParts, comparable, parts_of
from signing.pdf.field_facts import Judgement
from signing.pdf.raw_signatures import NotKnown, Signed

MAX_LINKS = 200  # per signature; each check costs one operation with a public key


def padding_is_empty(contents: bytes) -> bool:
    """Whether the space behind the signature contains only zeros. Raises ber.NotBer."""
    return not contents[ber.length_of(contents) :].strip(b"\0")


def beside(signer: bytes, others: Sequence[bytes], roots: Sequence[bytes]) -> Judgement:
    """Whether the certificates in the file are unchanged, judged by their issuers' signatures where the issuers are
    present.

    All DER; `signer`: empty if the certificate is missing; `roots`: those that this installation knows.

    "not_valid": the signer's certificate does not match, although its issuer has exactly the key that it names. A
    mismatch of any other certificate is "not_judged", because the signature does not need it.
    """
    try:
        present, known = [parts_of(each) for each in others], [parts_of(each) for each in roots]
        links = _Links([*present, *known])
        if signer:
            own = parts_of(signer)
            if not links.hold(own):
                return "not_valid" if links.are_by_key(own) else "not_judged"
    except ber.NotBer:
        return "not_judged"
    rest = [each for each in present if each.der != signer]
    compared = [*present, own] if signer else present
    return "valid" if all(_is_unaltered(each, links, known, compared) for each in rest) else "not_judged"


def certificates_are_whole(certificates: Sequence[bytes], roots: Sequence[bytes]) -> bool:
    """Whether none of these certificates (DER) was altered. `roots`: known here, DER. Raises ber.NotBer."""
    parts, known = [parts_of(each) for each in certificates], [parts_of(each) for each in roots]
    links = _Links([*parts, *known])
    return all(_is_unaltered(each, links, known, parts) for each in parts)


def _is_unaltered(
    certificate: CertificateParts,
    links: _Links,
    roots: Sequence[CertificateParts],
    others: Sequence[CertificateParts],
) -> bool:
    """Whether the certificate is as its issuer signed it, and no altered copy of a known root or of one of the
    others. The self-signature of an unknown root proves nothing and is not checked."""
    if any(root.der == certificate.der for root in roots):
        return True
    if not certificate.is_own_issuer:
        if any(_is_copy(certificate, root) for root in roots) or not links.hold(certificate):
            return False
        return links.has_issuer_of(certificate) or not any(
            _is_same_under_another_issuer(certificate, each) for each in others
        )
    # An authority may renew its root under the same name or key, and another authority may share the name. In either
    # case the self-signature must match.
    is_like_one = any(root.subject == certificate.subject or root.key == certificate.key for root in roots)
    return not is_like_one or signed_by(certificate.der, certificate) is True


def _is_copy(certificate: CertificateParts, root: CertificateParts) -> bool:
    """Whether it is an altered copy of the root: at most one of the distinguishing parts differs."""
    differences = [
        root.serial != certificate.serial,
        root.subject != certificate.subject,
        root.issuer != certificate.issuer,
        root.key != certificate.key,
    ]
    return sum(differences) <= 1


def _is_same_under_another_issuer(certificate: CertificateParts, other: CertificateParts) -> bool:
    """Whether only the issuer differs: changing its name hides the certificate from the key that signed it."""
    return certificate.issuer != other.issuer and (certificate.serial, certificate.subject, certificate.key) == (
        other.serial,
        other.subject,
        other.key,
    )


class _Links:
    """Possible issuers by subject, to check other certificates against them."""

    def __init__(self, issuers: Iterable[CertificateParts]) -> None:
        self._left = MAX_LINKS
        self._by_subject: dict[str, list[CertificateParts]] = {}
        for issuer in issuers:
            self._by_subject.setdefault(comparable(issuer.subject), []).append(issuer)

    def hold(self, certificate: CertificateParts) -> bool:
        """Whether a possible issuer signed it. Also True if no possible issuer is present, or one can't be
        checked."""
        candidates = self._candidates(certificate)
        if not candidates:
            return True
        for issuer in candidates:
            self._left -= 1
            if self._left < 0 or signed_by(certificate.der, issuer) is not False:
                return True
        return False

    def has_issuer_of(self, certificate: CertificateParts) -> bool:
        """Whether a possible issuer is present."""
        return bool(self._candidates(certificate))

    def are_by_key(self, certificate: CertificateParts) -> bool:
        """Whether an issuer matches by the key identifier that the certificate names, not by name alone."""
        named = certificate.authority_key_identifier
        return bool(named) and any(each.key_identifier == named for each in self._candidates(certificate))

    def _candidates(self, certificate: CertificateParts) -> list[CertificateParts]:
        """Certificates with the issuer's name whose key identifier does not contradict the named one: an authority
        may change its key and keep its name."""
        named = certificate.authority_key_identifier
        return [
            issuer
            for issuer in self._by_subject.get(comparable(certificate.issuer), [])
            if not named or issuer.key_identifier in (b"", named)
        ]


def signed_by(der: bytes, issuer: CertificateParts) -> bool | None:
    """Whether the issuer's key signed this certificate, revocation list or OCSP answer: a sequence of what is signed,
    the algorithm and the signature, all of them. None if that can't be judged here."""
    try:
        content, algorithm, signature = ber.values_in(ber.first(der).content)[:3]
        if signature.content[:1] != b"\0":
            return False  # no signature has unused bits
        return raw_signatures.fits(
            signature=signature.content[1:],
            signed=Signed(content.raw),
            key=issuer.key,
            algorithm=algorithm.raw,
        )
    except (NotKnown, ValueError):
        return None


def list_is_whole(der: bytes, issuers: Iterable[CertificateParts]) -> bool:
    """Whether a possible issuer signed this revocation list."""
    return any(signed_by(der, each) for each in issuers)


def answer_is_whole(der: bytes, issuers: Iterable[CertificateParts]) -> bool:
    """Whether this OCSP answer was signed by the responder whose certificate it contains, or by a possible issuer."""
    try:
        response = ocsp.OCSPResponse.load(der)["response_bytes"]["response"].parsed
        brought = [parts_of(each.dump()) for each in response["certs"] or ()]
        return any(signed_by(response.dump(), responder) for responder in [*brought, *issuers])
    except (ValueError, TypeError, KeyError):
        return False
