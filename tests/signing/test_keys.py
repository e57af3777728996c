"""The key stays in the parent, which only signs attributes of a document with its own certificate."""

from __future__ import annotations

import base64

import pytest
from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.general import as_signing_certificate_v2

from signing.pdf.credentials import Credential
from signing.pdf.keys import WrongUse, answer_to


def attributes(certificate: bytes, **changes: object) -> str:
    values = {
        "content_type": "data",
        "message_digest": bytes(32),
        "signing_certificate_v2": as_signing_certificate_v2(asn1_x509.Certificate.load(certificate)),
        **changes,
    }
    made = cms.CMSAttributes([{"type": name, "values": [value]} for name, value in values.items() if value])
    return base64.b64encode(made.dump()).decode()


def test_what_is_asked_for_a_document_is_signed(credential: Credential) -> None:
    asked = attributes(credential.certificate)
    assert base64.b64decode(answer_to(asked, certificate=credential.certificate, key=credential.key))


@pytest.mark.parametrize(
    "changes", [{"content_type": "tst_info"}, {"message_digest": b"x"}, {"message_digest": None}]
)
def test_attributes_of_something_else_are_not_signed(credential: Credential, changes: dict[str, object]) -> None:
    with pytest.raises(WrongUse):
        answer_to(
            attributes(credential.certificate, **changes), certificate=credential.certificate, key=credential.key
        )


@pytest.mark.parametrize("asked", ["", "!", 7, None, base64.b64encode(b"SSH userauth").decode(), "A" * 200_000])
def test_anything_else_is_not_signed(credential: Credential, asked: object) -> None:
    with pytest.raises(WrongUse):
        answer_to(asked, certificate=credential.certificate, key=credential.key)


def test_attributes_that_name_another_certificate_are_not_signed(credential: Credential) -> None:
    other = asn1_x509.Certificate.load(credential.certificate).copy()
    other["tbs_certificate"]["serial_number"] = 7
    asked = attributes(other.dump(force=True))
    with pytest.raises(WrongUse, match="another certificate"):
        answer_to(asked, certificate=credential.certificate, key=credential.key)


def test_time_stamps_are_not_what_these_keys_are_for(credential: Credential) -> None:
    request = tsp.MessageImprint({"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)})
    with pytest.raises(WrongUse):
        answer_to(base64.b64encode(request.dump()).decode(), certificate=credential.certificate, key=credential.key)
