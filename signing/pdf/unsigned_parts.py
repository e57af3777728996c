"""What stands in the file of a signature and is covered by none: the padding around it, certificates beside it, and
the proofs for later (DSS). Readers ignore a byte changed in them; here it is noticed. Runs in the sandbox; imports no
Django.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asn1crypto import ocsp

from signing.pdf import ber, raw_signatures
from signing.pdf.certificate_parts import CertificateParts, comparable, parts_of
from signing.pdf.field_facts import Judgement
from signing.pdf.raw_signatures import NotKnown, Signed

MAX_LINKS = 200  # checked for one signature; each costs one operation with a public key


def padding_is_empty(contents: bytes) -> bool:
    """Nothing but zeros fills the room behind the signature. Raises ber.NotBer."""
    return not contents[ber.length_of(contents) :].strip(b"\0")


def beside(signer: bytes, others: Sequence[bytes], roots: Sequence[bytes]) -> Judgement:
    """Whether the certificates that came along are as their issuers signed them, as far as those are there. All DER;
    `signer`: empty where the certificate is not there; `roots`: those that this installation knows.

    "not_valid": the signer's own is not, although its issuer has the very key that it names. Any other that does not
    fit is "not_judged": the signature does not need it.
    """
    try:
        found, known = [parts_of(each) for each in others], [parts_of(each) for each in roots]
        links = _Links([*found, *known])
        if signer:
            own = parts_of(signer)
            if not links.hold(own):
                return "not_valid" if links.are_by_key(own) else "not_judged"
    except ber.NotBer:
        return "not_judged"
    rest = [each for each in found if each.der != signer]
    return "valid" if all(_resembles_itself(each, links, known) for each in rest) else "not_judged"


def certificates_are_whole(found: Sequence[bytes], roots: Sequence[bytes]) -> bool:
    """DER. Raises ber.NotBer."""
    parts, known = [parts_of(each) for each in found], [parts_of(each) for each in roots]
    links = _Links([*parts, *known])
    return all(_resembles_itself(each, links, known) for each in parts)


def _resembles_itself(certificate: CertificateParts, links: _Links, roots: Sequence[CertificateParts]) -> bool:
    """No altered copy of a root that is known here; as its issuer signed it. What a root that is not known here signs
    about itself proves nothing, and is not looked at."""
    if any(root.der == certificate.der for root in roots):
        return True
    if not certificate.is_own_issuer:
        return not any(_is_copy(certificate, root) for root in roots) and links.hold(certificate)
    # An authority renews its root under the same name or key, and others have its name; then each fits itself.
    is_like_one = any(root.subject == certificate.subject or root.key == certificate.key for root in roots)
    return not is_like_one or signed_by(certificate.der, certificate) is True


def _is_copy(certificate: CertificateParts, root: CertificateParts) -> bool:
    """An altered one: at most one of what tells them apart is another."""
    differences = [
        root.serial != certificate.serial,
        root.subject != certificate.subject,
        root.issuer != certificate.issuer,
        root.key != certificate.key,
    ]
    return sum(differences) <= 1


class _Links:
    """Certificates by their subjects, and whether others fit the ones that issued them."""

    def __init__(self, issuers: Iterable[CertificateParts]) -> None:
        self._left = MAX_LINKS
        self._by_subject: dict[str, list[CertificateParts]] = {}
        for issuer in issuers:
            self._by_subject.setdefault(comparable(issuer.subject), []).append(issuer)

    def hold(self, certificate: CertificateParts) -> bool:
        """Issued by one of those who may have; or none of them is here, or one of them can't be asked."""
        candidates = self._candidates(certificate)
        if not candidates:
            return True
        for issuer in candidates:
            self._left -= 1
            if self._left < 0 or signed_by(certificate.der, issuer) is not False:
                return True
        return False

    def are_by_key(self, certificate: CertificateParts) -> bool:
        """The issuer is not only of the name that the certificate says, it has the very key that it names."""
        named = certificate.authority_key_identifier
        return bool(named) and any(each.key_identifier == named for each in self._candidates(certificate))

    def _candidates(self, certificate: CertificateParts) -> list[CertificateParts]:
        """Of the issuer's name, and not of another key than the certificate names: an authority changes its key and
        keeps its name."""
        named = certificate.authority_key_identifier
        return [
            issuer
            for issuer in self._by_subject.get(comparable(certificate.issuer), [])
            if not named or issuer.key_identifier in (b"", named)
        ]


def signed_by(der: bytes, issuer: CertificateParts) -> bool | None:
    """Whether the issuer's key signed this certificate, revocation list or OCSP answer: a sequence of what is signed,
    the algorithm and the signature, all of them. None where that can't be told here."""
    try:
        content, algorithm, signature = ber.values_in(ber.first(der).content)[:3]
        if signature.content[:1] != b"\0":
            return False  # unused bits: no signature has them
        return raw_signatures.fits(
            signature=signature.content[1:],
            signed=Signed(content.raw),
            key=issuer.key,
            algorithm=algorithm.raw,
        )
    except (NotKnown, ValueError):
        return None


def list_is_whole(der: bytes, issuers: Iterable[CertificateParts]) -> bool:
    """A revocation list, signed by one of those who may have."""
    return any(signed_by(der, each) for each in issuers)


def answer_is_whole(der: bytes, issuers: Iterable[CertificateParts]) -> bool:
    """An OCSP answer, signed by the responder whose certificate it brings, or by one of those who may have."""
    try:
        answer = ocsp.OCSPResponse.load(der)["response_bytes"]["response"].parsed
        brought = [parts_of(each.dump()) for each in answer["certs"] or ()]
        return any(signed_by(answer.dump(), responder) for responder in [*brought, *issuers])
    except (ValueError, TypeError, KeyError):
        return False
