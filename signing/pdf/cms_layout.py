"""The parts of a CMS signature (RFC 5652) that are the same in each signature by one certificate, encoded once.

asn1crypto takes two fifths of a small signature's time to encode certificates, names and attributes that never
change. Here it encodes them once per certificate and process; what changes is the document's digest, the signature,
and a time-stamp. A test compares the result with pyHanko's, byte for byte. Imports no Django.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.general import as_signing_certificate_v2, simple_cms_attribute
from pyhanko.sign.signers import Signer

from signing.pdf import ber

DIGEST = "sha256"
SEQUENCE, OCTET_STRING = 0x30, 0x04
EXPLICIT_CONTENT, SIGNED_ATTRIBUTES, UNSIGNED_ATTRIBUTES = 0xA0, 0xA0, 0xA1  # tags in context (RFC 5652, 3 and 5.3)
PLACE = hashlib.sha256(b"of the digest").digest()  # stands in the attributes until the document's digest is known
KEPT = 128  # of some kilobytes each; a practice has a few certificates, and a seal one of its own


@dataclass(frozen=True, repr=False)  # long
class CmsLayout:
    """DER each, without the header of what contains it.

    `before_digest`, `after_digest`: the signed attributes around the digest's value. `content_type`: of the CMS.
    `data`: SignedData up to its signers. `signer`: SignerInfo up to its attributes. `algorithm`: of the signature.
    """

    before_digest: bytes
    after_digest: bytes
    content_type: bytes
    data: bytes
    signer: bytes
    algorithm: bytes

    def signed_attributes(self, digest: bytes) -> bytes:
        """The SET OF attributes that is signed, for a document with this SHA-256 digest."""
        if len(digest) != len(PLACE):
            raise ValueError("a digest of another length")
        return ber.der_value(ber.SET, self.before_digest + digest + self.after_digest)

    def completed(self, digest: bytes, signature: bytes, unsigned_attributes: bytes = b"") -> bytes:
        """The whole CMS. `unsigned_attributes`: a SET OF them, or nothing."""
        attributes = ber.first(self.signed_attributes(digest))
        parts = [
            self.signer,
            ber.retagged(attributes, SIGNED_ATTRIBUTES),
            self.algorithm,
            ber.der_value(OCTET_STRING, signature),
        ]
        if unsigned_attributes:
            parts.append(ber.retagged(ber.first(unsigned_attributes), UNSIGNED_ATTRIBUTES))
        signers = ber.der_value(ber.SET, ber.der_value(SEQUENCE, b"".join(parts)))
        data = ber.der_value(SEQUENCE, self.data + signers)
        return ber.der_value(SEQUENCE, self.content_type + ber.der_value(EXPLICIT_CONTENT, data))


@lru_cache(maxsize=KEPT)
def layout_of(certificate: bytes, chain: tuple[bytes, ...]) -> CmsLayout:
    """For PAdES signatures over SHA-256 by this certificate; the CMS contains the `chain`, too. DER."""
    cms_value = ber.first(_example(certificate, chain).dump())
    content_type, content = ber.values_in(cms_value.content)
    *data, signers = ber.values_in(ber.first(content.content).content)
    version, issuer, digest, attributes, algorithm, _signature = ber.values_in(
        ber.first(signers.content).content,
    )
    before, place, after = attributes.content.partition(PLACE)
    assert place
    return CmsLayout(
        before_digest=before,
        after_digest=after,
        content_type=content_type.raw,
        data=_joined(data),
        signer=_joined([version, issuer, digest]),
        algorithm=algorithm.raw,
    )


def _example(certificate: bytes, chain: Sequence[bytes]) -> cms.ContentInfo:
    """A CMS as pyHanko makes it for PAdES, with PLACE for the digest and an empty signature."""
    own = asn1_x509.Certificate.load(certificate)
    attributes = [
        simple_cms_attribute("content_type", "data"),
        simple_cms_attribute("message_digest", PLACE),
        simple_cms_attribute("signing_certificate_v2", as_signing_certificate_v2(own)),
    ]
    certificates = [asn1_x509.Certificate.load(der) for der in dict.fromkeys([*chain, certificate])]
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": cms.DigestAlgorithms([algos.DigestAlgorithm({"algorithm": DIGEST})]),
            "encap_content_info": {"content_type": "data"},
            "certificates": [cms.CertificateChoices(name="certificate", value=each) for each in certificates],
            "signer_infos": [Signer(signing_cert=own).signer_info(DIGEST, cms.CMSAttributes(attributes), b"")],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": data})


def _joined(values: Sequence[ber.Value]) -> bytes:
    return b"".join(value.raw for value in values)
