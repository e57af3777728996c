"""PAdES baseline levels (ETSI EN 319 142-1, 6): reaching one, and telling which one a signature has. Runs in the
sandbox; imports no Django.

B-B: the signature. B-T: a trusted time, from a time-stamping authority (RFC 3161). B-LT: what is needed to validate
it later, in the file (DSS). B-LTA: a time-stamp over all of that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from asn1crypto import cms, crl, ocsp, tsp
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.fetchers import CRLFetcher, Fetchers
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

from documents.signing import unsigned_parts

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
TSA_SECONDS = 10
FETCH_SECONDS = 5  # for a revocation list or an OCSP answer
# Of clocks, and of answers, each made after the moment that pyHanko noted before it asked for any.
TOLERANCE = timedelta(minutes=1)
TOKEN_BYTES = 16_384  # of a time-stamp with its certificates


class TimeStampFailed(Exception):
    """The time-stamping authority does not answer, or not with a time-stamp."""


@dataclass(frozen=True)
class LevelWanted:
    """What to reach, and whom to ask."""

    level: str = "B-B"
    tsa_url: str = ""
    tsa_roots: tuple[bytes, ...] = ()  # DER
    revocation_lists: tuple[bytes, ...] = ()  # DER, of the authority that issued the signer's certificate

    @property
    def lasting(self) -> bool:
        return self.level in ("B-LT", "B-LTA")

    def time_stamper(self) -> TimeStamper | None:
        return None if self.level == "B-B" else _Asked(self.tsa_url, timeout=TSA_SECONDS)  # type: ignore[no-untyped-call]

    def metadata(self, chain: Iterable[bytes]) -> dict[str, Any]:
        """What pyHanko is told, beside the field's name."""
        if not self.lasting:
            return {}
        issuers = [asn1_x509.Certificate.load(der) for der in chain]
        lists = [crl.CertificateList.load(der) for der in self.revocation_lists]
        return {
            "embed_validation_info": True,
            "use_pades_lta": self.level == "B-LTA",
            "validation_context": ValidationContext(
                trust_roots=issuers[-1:] + [asn1_x509.Certificate.load(der) for der in self.tsa_roots],
                other_certs=issuers,
                crls=lists,
                allow_fetching=True,
                fetcher_backend=_Fetching({listed.issuer.hashable for listed in lists}),
                time_tolerance=TOLERANCE,
                revocation_mode="require",  # what tells nothing of revocation can't be validated later
            ),
        }


BASELINE = LevelWanted()


class _Fetching(RequestsFetcherBackend):
    """Asks authorities for their lists, but for those whose list we brought: our own, served by this very site,
    which may not reach itself by its public address."""

    def __init__(self, brought: set[str]) -> None:
        super().__init__(per_request_timeout=FETCH_SECONDS)
        self._brought = brought

    def get_fetchers(self) -> Fetchers:
        fetchers = super().get_fetchers()
        return dataclasses.replace(fetchers, crl_fetcher=_Brought(fetchers.crl_fetcher, self._brought))


class _Brought(CRLFetcher):
    def __init__(self, others: CRLFetcher, brought: set[str]) -> None:
        self._others = others
        self._brought = brought

    async def fetch(self, cert: Any, *, use_deltas: bool | None = None) -> Iterable[crl.CertificateList]:
        if cert.issuer.hashable in self._brought:
            return []
        return await self._others.fetch(cert, use_deltas=use_deltas)

    def fetched_crls(self) -> Iterable[crl.CertificateList]:
        return self._others.fetched_crls()

    def fetched_crls_for_cert(self, cert: Any) -> Iterable[crl.CertificateList]:
        return [] if cert.issuer.hashable in self._brought else self._others.fetched_crls_for_cert(cert)


class _Asked(RequestsHTTPTimeStamper):
    """Tells one failure from others: a document is not to blame, and not repaired, for it."""

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        try:
            return await super().async_request_tsa_response(req)
        except MemoryError:
            raise
        except Exception as error:  # the network's, the server's, and what it may send instead of an answer
            raise TimeStampFailed(type(error).__name__) from error

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        try:
            return await super().async_timestamp(message_digest, md_algorithm)
        except (MemoryError, TimeStampFailed):
            raise
        except Exception as error:  # a refusal, a wrong nonce, a token that is none
            raise TimeStampFailed(type(error).__name__) from error


def level_of(signature: EmbeddedPdfSignature, status: PdfSignatureStatus, roots: list[asn1_x509.Certificate]) -> str:
    """The level that the file bears out; empty for a signature that is not PAdES. `roots`: known here."""
    if signature.sig_object.get("/SubFilter") != SigSeedSubFilter.PADES.value:
        return ""
    stamped = status.timestamp_validity
    if stamped is None or not (stamped.valid and stamped.intact):
        return "B-B"
    if not _can_be_validated_later(signature.reader, [status.signing_cert, stamped.signing_cert], roots):
        return "B-T"
    return "B-LTA" if _sealed(signature) else "B-LT"


def _can_be_validated_later(
    reader: PdfFileReader, certificates: list[asn1_x509.Certificate], roots: list[asn1_x509.Certificate]
) -> bool:
    """Whether the file tells, for each certificate, if it had been revoked."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return False
    issuers, serials = set(), set()
    known = list(store.load_certs())
    if not unsigned_parts.certificates_are_whole(known, [*roots, *certificates]):
        return False
    known += roots
    for reference in store.crls:
        der = reference.get_object().read_data(DecodePurpose.CRL)
        if unsigned_parts.list_is_whole(der, known):
            issuers.add(crl.CertificateList.load(der).issuer.hashable)
    for reference in store.ocsps:
        der = reference.get_object().read_data(DecodePurpose.OCSP_RESPONSE)
        if unsigned_parts.answer_is_whole(der, known):
            answers = ocsp.OCSPResponse.load(der).response_data["responses"]
            serials |= {single["cert_id"]["serial_number"].native for single in answers}
    return all(
        certificate.self_signed != "no"
        or certificate.issuer.hashable in issuers
        or certificate.serial_number in serials
        for certificate in certificates
    )


def _sealed(signature: EmbeddedPdfSignature) -> bool:
    """Whether a document time-stamp that still fits its bytes came after the signature and what validates it."""
    nobody = ValidationContext(trust_roots=[], allow_fetching=False)
    for stamp in signature.reader.embedded_timestamp_signatures:
        if stamp.signed_revision > signature.signed_revision:
            status = validate_pdf_timestamp(stamp, validation_context=nobody)
            if status.valid and status.intact and unsigned_parts.are_whole(stamp, []):
                return True
    return False
