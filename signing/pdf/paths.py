"""Paths from a certificate to roots that are known here, through the certificates in the file.

Links are checked by signature, not by name alone: a library that tries every order of certificates of one name needs
four seconds for seven of them, and eight times as long for one more. Imports no Django.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.path import ValidationPath

from signing.pdf.ber import NotBer
from signing.pdf.certificate_parts import CertificateParts, comparable, parts_of
from signing.pdf.unsigned_parts import signed_by

MAX_PATHS = 8
MAX_DEPTH = 8  # authorities between; two are usual
MAX_LINKS = 300  # signatures checked for one certificate


def paths_to_roots(
    certificate: asn1_x509.Certificate,
    others: Sequence[asn1_x509.Certificate],
    roots: Sequence[asn1_x509.Certificate],
) -> list[ValidationPath]:
    """The shortest first. Does not check dates, purposes or algorithms."""
    if any(root.dump() == certificate.dump() for root in roots):
        return [ValidationPath(CertTrustAnchor(certificate), [], None)]
    return _Search(certificate, others, roots).paths()


class _Search:
    def __init__(
        self,
        certificate: asn1_x509.Certificate,
        others: Sequence[asn1_x509.Certificate],
        roots: Sequence[asn1_x509.Certificate],
    ) -> None:
        self._certificate = certificate
        self._roots = _readable(roots)
        # A self-signed certificate leads only to itself.
        self._others = [pair for pair in _readable(others) if not pair[0].is_own_issuer]
        self._left = MAX_LINKS

    def paths(self) -> list[ValidationPath]:
        paths: list[ValidationPath] = []
        branches: list[tuple[CertificateParts, tuple[asn1_x509.Certificate, ...]]] = [
            (own, ()) for own, _loaded in _readable([self._certificate])
        ]
        while branches and len(paths) < MAX_PATHS:
            below, between = branches.pop(0)
            for _root, loaded in self._issuers(below, self._roots):
                paths.append(ValidationPath(CertTrustAnchor(loaded), between, self._certificate))
            if len(between) < MAX_DEPTH:
                taken = {each.dump() for each in between}
                branches += [
                    (parts, (loaded, *between))
                    for parts, loaded in self._issuers(below, self._others)
                    if parts.der not in taken
                ]
        return paths[:MAX_PATHS]

    def _issuers(
        self, below: CertificateParts, among: list[tuple[CertificateParts, asn1_x509.Certificate]]
    ) -> Iterator[tuple[CertificateParts, asn1_x509.Certificate]]:
        named, key = comparable(below.issuer), below.authority_key_identifier
        for parts, loaded in among:
            if comparable(parts.subject) != named or (key and parts.key_identifier not in (b"", key)):
                continue
            self._left -= 1
            if self._left < 0:
                return
            if signed_by(below.der, parts) is not False:
                yield parts, loaded


def _readable(
    certificates: Sequence[asn1_x509.Certificate],
) -> list[tuple[CertificateParts, asn1_x509.Certificate]]:
    readable: dict[bytes, tuple[CertificateParts, asn1_x509.Certificate]] = {}
    for each in certificates:
        try:
            readable.setdefault(each.dump(), (parts_of(each.dump()), each))
        except NotBer:
            continue
    return list(readable.values())
