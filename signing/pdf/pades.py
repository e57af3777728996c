"""PAdES baseline levels (ETSI EN 319 142-1, 6): reach one, and determine the level of a signature. Runs in the
sandbox; imports no Django.

B-B: the signature. B-T: a trusted time, from a time-stamping authority (RFC 3161). B-LT: what is needed to validate
it later, in the file (DSS). B-LTA: a time-stamp over all of that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext

from signing.pdf import unsigned_parts
from signing.pdf.certificate_parts import parts_of
from signing.pdf.cms_structure import MAX_CERTIFICATES
from signing.pdf.fetching import Authorities
from signing.pdf.field_facts import FieldFact
from signing.pdf.field_judgement import JudgedField
from signing.pdf.filled_fields import FilledField

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
TSA_SECONDS = 10
# Tolerance for clocks, and for answers made after the moment that pyHanko noted before it asked.
TOLERANCE = timedelta(minutes=1)
TOKEN_BYTES = 16_384  # of a time-stamp with its certificates


class TimeStampFailed(Exception):
    """The time-stamping authority does not answer, or not with a time-stamp."""


@dataclass(frozen=True)
class LevelWanted:
    """The level to reach, and the authorities to ask."""

    level: str = "B-B"
    tsa_url: str = ""
    tsa_roots: tuple[bytes, ...] = ()  # DER
    revocation_lists: tuple[bytes, ...] = ()  # DER, of the authority that issued the signer's certificate
    hosts_inside: tuple[str, ...] = ()  # of our own network, that certificates may name

    @property
    def lasting(self) -> bool:
        return self.level in ("B-LT", "B-LTA")

    def time_stamper(self) -> TimeStamper | None:
        return None if self.level == "B-B" else _TimeStamper(self.tsa_url)

    def metadata(self, chain: Iterable[bytes]) -> dict[str, Any]:
        """pyHanko's parameters, except the field's name."""
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
                fetcher_backend=Authorities(
                    brought=[listed.issuer.hashable for listed in lists], inside=self.hosts_inside
                ),
                time_tolerance=TOLERANCE,
                revocation_mode="require",  # without revocation data a signature can't be validated later
            ),
        }


BASELINE = LevelWanted()


class _TimeStamper(RequestsHTTPTimeStamper):
    """Raises TimeStampFailed for every failure of the authority, so that the document is neither blamed nor
    repaired."""

    def __init__(self, url: str) -> None:
        RequestsHTTPTimeStamper.__init__(self, url, timeout=TSA_SECONDS)

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
        except Exception as error:  # a refusal, a wrong nonce, an invalid token
            raise TimeStampFailed(type(error).__name__) from error


def level_of(field: FilledField, judged: JudgedField, facts: Mapping[str, FieldFact], roots: Sequence[bytes]) -> str:
    """The level that the file's content supports; empty for a signature that is not PAdES. `roots`: known
    here, DER."""
    if field.sub_filter != SigSeedSubFilter.PADES.value[1:] or judged.certificate is None:
        return ""
    if judged.stamped_at is None or judged.stamper is None:
        return "B-B"
    if not _can_be_validated_later(field.reader, [judged.certificate, judged.stamper], roots):
        return "B-T"
    # A matching document time-stamp covers the signature and its validation data.
    sealed = any(
        fact.is_time_stamp and fact.judgement == "valid" and fact.revision > field.signed_revision
        for fact in facts.values()
    )
    return "B-LTA" if sealed else "B-LT"


def _can_be_validated_later(
    reader: PdfFileReader, certificates: list[asn1_x509.Certificate], roots: Sequence[bytes]
) -> bool:
    """Whether the file contains the revocation status of each certificate. Proofs that can't be parsed, or whose
    signature uses an unknown algorithm, do not count."""
    try:
        store = DocumentSecurityStore.read_dss(reader)
        known = [each.dump() for each in store.load_certs()][:MAX_CERTIFICATES]
        lists = [each.get_object().read_data(DecodePurpose.CRL) for each in store.crls]
        responses = [each.get_object().read_data(DecodePurpose.OCSP_RESPONSE) for each in store.ocsps]
        others = [*roots, *(each.dump() for each in certificates)]
        if not unsigned_parts.certificates_are_whole(known, others):
            return False
        signers = [parts_of(each) for each in [*known, *others]]
        issuers = {_list_issuer(der) for der in lists if unsigned_parts.list_is_whole(der, signers)}
        whole = [der for der in responses if unsigned_parts.answer_is_whole(der, signers)]
        serials = {serial for der in whole for serial in _answered_serials(der)}
    except MemoryError:
        raise
    except Exception:
        return False
    return all(
        certificate.self_signed != "no"
        or certificate.issuer.hashable in issuers
        or certificate.serial_number in serials
        for certificate in certificates
    )


def _list_issuer(der: bytes) -> str:
    return str(crl.CertificateList.load(der).issuer.hashable)


def _answered_serials(der: bytes) -> list[int]:
    answers = ocsp.OCSPResponse.load(der).response_data["responses"]
    return [single["cert_id"]["serial_number"].native for single in answers]
