"""What is encoded once per certificate gives the same bytes as pyHanko, which encodes all of it each time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.general import simple_cms_attribute
from pyhanko.sign.signers import Signer
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench.doctors import Authority
from signing.pdf.cms_layout import layout_of
from signing.pdf.credentials import Credential
from tests.pki import Pki

WHOSE = ("ours", "doctor", "rsa", "alone")
Of = Callable[[str], Credential]


class Prescribed(Signer):
    """Signs by pyHanko alone, with a signature and a time-stamp of any bytes."""

    def __init__(self, credential: Credential, signature: bytes, stamp: bytes) -> None:
        registry = SimpleCertificateStore()
        registry.register_multiple([asn1_x509.Certificate.load(der) for der in credential.chain])
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(credential.certificate), cert_registry=registry, embed_roots=True
        )
        self._signature = signature
        self._stamp = unsigned(stamp)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        self.signed = data
        return self._signature

    async def unsigned_attrs(self, *_arguments: object, **_parameters: object) -> cms.CMSAttributes | None:
        return self._stamp


def unsigned(stamp: bytes) -> cms.CMSAttributes | None:
    """A time-stamp of these bytes, as an attribute; None for none."""
    if not stamp:
        return None
    token = cms.ContentInfo({"content_type": "data", "content": core.OctetString(stamp)})
    return cms.CMSAttributes([simple_cms_attribute("signature_time_stamp_token", token)])


@pytest.fixture(scope="module")
def of(pki: Pki, authority: Authority) -> Of:
    doctor = authority.doctor("Dr Éloïse Ñandú-Œuvrard " * 2)
    alone = Credential(certificate=doctor.certificate, key=doctor.key, chain=())
    named = {"ours": doctor, "alone": alone, "doctor": pki.credential("doctor"), "rsa": pki.credential("rsa")}
    return named.__getitem__


@settings(max_examples=60)
@given(
    whose=st.sampled_from(WHOSE),
    digest=st.binary(min_size=32, max_size=32),
    signature=st.one_of(st.binary(max_size=140), st.binary(min_size=250, max_size=520)),
    stamp=st.one_of(st.just(b""), st.binary(min_size=1, max_size=300), st.binary(min_size=65_000, max_size=66_000)),
)
def test_the_same_bytes_as_pyhanko(of: Of, whose: str, digest: bytes, signature: bytes, stamp: bytes) -> None:
    credential = of(whose)
    signer = Prescribed(credential, signature, stamp)
    # In a separate thread: a browser test may have left an event loop in this thread.
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(asyncio.run, signer.async_sign(digest, "sha256", use_pades=True)).result()
    layout, attributes = layout_of(credential.certificate, credential.chain), unsigned(stamp)
    assert layout.signed_attributes(digest) == signer.signed
    assert layout.completed(digest, signature, attributes.dump() if attributes else b"") == made.dump()


def test_a_certificate_that_is_in_its_own_chain_is_contained_once(of: Of) -> None:
    credential = of("ours")
    chain = (*credential.chain, credential.certificate)
    assert layout_of(credential.certificate, chain) == layout_of(credential.certificate, credential.chain)


@pytest.mark.parametrize("length", [0, 20, 48, 64])
def test_a_digest_of_another_algorithm_is_refused(of: Of, length: int) -> None:
    with pytest.raises(ValueError, match="length"):
        layout_of(of("ours").certificate, ()).signed_attributes(bytes(length))
