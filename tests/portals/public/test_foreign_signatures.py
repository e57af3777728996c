"""What the page and the API say about a signature that this software cannot judge."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from signing.models import InstallationAuthority
from tests.documents.conftest import *  # noqa: F403  # documents, and practitioners able to sign
from tests.signing.foreign.certificates import authority
from tests.signing.foreign.kinds import KINDS, document_time_stamp
from tests.signing.foreign.pdf import TEXT

pytestmark = pytest.mark.django_db
CHANGED = TEXT.replace(b"500", b"900")


def post(address: str, content: bytes, language: str = "fr") -> Any:
    file = SimpleUploadedFile("ordonnance.pdf", content)
    return Client().post(address, {"file": file}, headers={"accept-language": language})


def answer(content: bytes) -> Any:
    return post("/api/v1/verify/", content).json()


@pytest.fixture
def known() -> None:
    """Makes the foreign authority a trusted one."""
    InstallationAuthority.objects.create(certificate=authority().certificate, private_key=b"not here")


@pytest.mark.parametrize(
    "name", ["an unknown signature algorithm", "an unknown digest", "MD5", "no /SubFilter", "an unknown /SubFilter"]
)
def test_what_is_not_known_is_neither_forged_nor_valid(name: str, known: None) -> None:
    found = answer(KINDS[name].make())
    (one,) = found["signatures"]
    assert (found["verdict"], one["integrity"], one["judgement"]) == ("not_judged", "not_judged", "not_judged")
    assert (one["valid"], one["trusted"], one["signer"]) == (False, False, "Dr Anne Martin")
    assert "ne peut pas se prononcer" in found["detail"]
    assert "ne peut pas se prononcer" in one["detail"]


def test_the_page_says_it_in_french_and_in_english() -> None:
    content = KINDS["an unknown signature algorithm"].make()
    french = post("/verify/", content).content.decode()
    assert "Signature non vérifiable ici" in french
    assert "Dr Anne Martin" in french
    english = post("/verify/", content, "en").content.decode()
    assert "Signature cannot be verified here" in english
    assert "That does not make it forged." in english
    for page in (french, english):
        assert "imitée. Ne vous y fiez pas" not in page
        assert "state-good" not in page


@pytest.mark.parametrize(
    "name",
    ["a root that signs itself with SHA1", "BER with a time-stamp", "a length that ends in 0x80: whole",
     "adbe.pkcs7.sha1", "two signers", "time-stamp, SHA-512", "a field with two appearances"],
)  # fmt: skip
def test_a_valid_signature_of_another_maker_is_whole(name: str) -> None:
    content = KINDS[name].make()
    found = answer(content)
    assert (found["verdict"], found["signatures"][0]["integrity"]) == ("untrusted", "whole")
    changed = answer(content.replace(TEXT, CHANGED))
    assert (changed["verdict"], changed["signatures"][0]["integrity"]) == ("broken", "broken")
    assert changed["signatures"][0]["signer"] == "Dr Anne Martin"


def test_where_the_root_is_known_it_is_whole_and_by_sha_1_nobody_is_confirmed(known: None) -> None:
    assert answer(KINDS["Ed25519"].make())["verdict"] == "whole"
    found = answer(KINDS["SHA-1"].make())
    assert (found["verdict"], found["signatures"][0]["trust"]) == ("untrusted", "weak")
    assert "SHA-1" in found["signatures"][0]["detail"]


def test_what_was_added_behind_outweighs_what_is_not_known() -> None:
    found = answer(KINDS["an unknown signature algorithm"].make() + b"\n%%\n")
    assert (found["verdict"], found["signatures"][0]["integrity"]) == ("altered", "altered")


def test_a_document_that_was_time_stamped_alone_is_signed_by_nobody() -> None:
    found = answer(document_time_stamp())
    (one,) = found["signatures"]
    assert (found["verdict"], one["is_time_stamp"], one["integrity"]) == ("unsigned", True, "whole")
    page = post("/verify/", document_time_stamp()).content.decode()
    assert "Horodatage du document" in page
    changed = answer(document_time_stamp().replace(TEXT, CHANGED))
    assert (changed["verdict"], changed["signatures"][0]["integrity"]) == ("broken", "broken")


def test_the_schema_has_the_third_answer() -> None:
    schema = Client().get("/api/v1/schema/?format=json").json()["components"]["schemas"]
    text = str(schema)
    assert text.count("not_judged") >= 3
    assert (
        "judgement"
        in schema["VerifiedSignatureOut" if "VerifiedSignatureOut" in schema else "VerifiedSignature"]["properties"]
    )


def test_a_certificate_of_ours_that_was_revoked_is_said_so_even_where_nothing_can_be_judged(
    known: None, alice: User
) -> None:
    from django.utils import timezone

    from signing.models import KeyPlace, SigningCredential
    from tests.signing.foreign.certificates import doctor

    SigningCredential.objects.create(
        user=alice, authority=InstallationAuthority.objects.get(), certificate=doctor().certificate,
        private_key=b"not here", not_after=timezone.now(), revoked_at=timezone.now(), retired_at=timezone.now(),
        key_place=KeyPlace.AUTHORITY,
    )  # fmt: skip
    content = KINDS["an unknown signature algorithm"].make()
    assert answer(content)["signatures"][0]["trust"] == "revoked"
    assert "Certificat révoqué" in post("/verify/", content).content.decode()
