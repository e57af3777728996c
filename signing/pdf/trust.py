"""Whether a certificate leads to a root that is known here, or why not. Imports no Django."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from asn1crypto import x509 as asn1_x509
from pyhanko.sign.validation.generic_cms import CertvalidatorOperationResult, validate_cert_usage
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.util import CancelableAsyncIterator

from signing.pdf import machine_faults
from signing.pdf.ber import NotBer
from signing.pdf.certificate_parts import comparable, parts_of
from signing.pdf.paths import paths_to_roots
from signing.pdf.unsigned_parts import signed_by

TrustCode = Literal["trusted", "unknown_issuer", "expired", "revoked", "unsuitable", "weak", "unknown"]
TRUST_CODES: Final = get_args(TrustCode)


@dataclass(frozen=True)
class Trusted:
    """Roots that this installation knows: those of signers, and those of signers and time authorities together."""

    signers: list[asn1_x509.Certificate]
    everybody: list[asn1_x509.Certificate]
    ders: tuple[bytes, ...] = ()  # the roots of signers and of time authorities

    @classmethod
    def of(cls, roots: Sequence[bytes], time_roots: Sequence[bytes]) -> Trusted:
        """DER."""
        everybody = (*roots, *time_roots)
        return cls(_certificates(roots), _certificates(everybody), everybody)

    def signer(
        self,
        certificate: asn1_x509.Certificate,
        others: Sequence[asn1_x509.Certificate],
        at: datetime | None = None,
    ) -> Trust:
        """`at`: the time to judge by; None: now."""
        return _trust(certificate, others, self.signers, PdfSignatureStatus.default_usage_constraints(), at)

    def falsely_named_by(self, certificate: asn1_x509.Certificate | None) -> str:
        """SHA-256 of the first root of signers that has the name of the certificate's issuer, if none of that name
        signed the certificate; "" otherwise."""
        if certificate is None:
            return ""
        der = certificate.dump()
        try:
            issuer = comparable(parts_of(der).issuer)
            roots = {root.sha256.hex(): parts_of(root.dump()) for root in self.signers}
        except NotBer:
            return ""
        named = {digest: root for digest, root in roots.items() if comparable(root.subject) == issuer}
        if any(signed_by(der, root) is not False for root in named.values()):
            return ""
        return next(iter(named), "")

    def time(self, certificate: asn1_x509.Certificate, others: Sequence[asn1_x509.Certificate]) -> Trust:
        return _trust(certificate, others, self.everybody, TimestampSignatureStatus.default_usage_constraints(), None)


@dataclass(frozen=True)
class Trust:
    """`root`: SHA-256 of the root that vouches for the certificate; empty if none does."""

    code: TrustCode
    root: str = ""

    @property
    def is_trusted(self) -> bool:
        return self.code == "trusted"


NONE = Trust("unknown")


def _certificates(ders: Sequence[bytes]) -> list[asn1_x509.Certificate]:
    return [asn1_x509.Certificate.load(der) for der in ders]


def _trust(
    certificate: asn1_x509.Certificate,
    others: Sequence[asn1_x509.Certificate],
    roots: list[asn1_x509.Certificate],
    usage: KeyUsageConstraints,
    at: datetime | None,
) -> Trust:
    _require_no_loop()
    try:
        paths = paths_to_roots(certificate, others, roots)
        if not paths:
            return Trust("unknown_issuer")
        result = asyncio.run(_result(certificate, paths, roots, usage, at))
    except MemoryError:
        raise
    except Exception as error:
        if machine_faults.is_machine_fault(error):
            raise
        return NONE  # any kind, of certificates that a library does not read
    if result.success_result is None:
        return Trust(_why_not(result.error_subindic.standard_name if result.error_subindic else ""))
    anchor = result.success_result.trust_anchor
    return Trust("trusted", anchor.certificate.sha256.hex() if isinstance(anchor, CertTrustAnchor) else "")


def _require_no_loop() -> None:
    """Raises machine_faults.Fault in a thread that already runs an event loop, in which pyHanko can't start
    another: the certificates are not the cause."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise machine_faults.Fault("an event loop runs in this thread")


async def _result(
    certificate: asn1_x509.Certificate,
    paths: list[ValidationPath],
    roots: list[asn1_x509.Certificate],
    usage: KeyUsageConstraints,
    at: datetime | None,
) -> CertvalidatorOperationResult[ValidationPath]:
    context = ValidationContext(roots, allow_fetching=False, moment=at)
    if certificate.key_usage_value is None:  # then it restricts nothing (RFC 5280, 4.2.1.3)
        usage = dataclasses.replace(usage, key_usage=set())
    return await validate_cert_usage(
        certificate,
        context,
        key_usage_settings=usage,
        paths=_OneByOne(paths),
    )


class _OneByOne(CancelableAsyncIterator[ValidationPath]):
    """Presents a list through the interface by which pyHanko asks for paths."""

    def __init__(self, paths: list[ValidationPath]) -> None:
        self._left = iter(paths)

    def __aiter__(self) -> _OneByOne:
        return self

    async def __anext__(self) -> ValidationPath:
        try:
            return next(self._left)
        except StopIteration:
            raise StopAsyncIteration from None

    async def cancel(self) -> None:
        """Nothing to cancel."""


def _why_not(indication: str) -> TrustCode:
    """The reason, from the sub-indications of ETSI EN 319 102-1."""
    if "REVOKED" in indication:
        return "revoked"
    if "EXPIRED" in indication or "NOT_YET_VALID" in indication or "OUT_OF_BOUNDS" in indication:
        return "expired"
    if indication.startswith("CRYPTO_CONSTRAINTS_FAILURE"):
        return "weak"
    if indication in ("NO_CERTIFICATE_CHAIN_FOUND", "CERTIFICATE_CHAIN_GENERAL_FAILURE"):
        return "unknown_issuer"
    if indication in ("CHAIN_CONSTRAINTS_FAILURE", "SIG_CONSTRAINTS_FAILURE"):
        return "unsuitable"
    return "unknown"
