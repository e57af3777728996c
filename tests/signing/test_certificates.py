"""Certificates of practitioners: replaced if the level requires more, and revoked publicly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.utils import timezone

from accounts.models import User
from docshare.checks import missing_fonts, signature_level, stamp_fonts, unfit_for_production
from practices.roles import NotAllowed
from signing.certificates import current_credential, renew_revocation_lists, revoke_certificate
from signing.models import InstallationAuthority, SigningCredential
from signing.pdf import credentials

SignIn = Callable[[User], Client]


def serial_of(credential: SigningCredential) -> int:
    return x509.load_der_x509_certificate(bytes(credential.certificate)).serial_number


def published(credential: SigningCredential) -> x509.CertificateRevocationList:
    """The list at the address in the certificate itself."""
    extensions = x509.load_der_x509_certificate(bytes(credential.certificate)).extensions
    points = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (name,) = points[0].full_name or []
    answer = Client().get(name.value.removeprefix("http://localhost:8000"))
    assert answer["Content-Type"] == "application/pkix-crl"
    assert answer["Cache-Control"] == "public, max-age=3600"
    return x509.load_der_x509_crl(answer.content)


def test_the_list_that_a_certificate_names_is_public_signed_and_in_date(alice_signs: User) -> None:
    credential = current_credential(user=alice_signs)
    assert credential.authority is not None
    found = published(credential)
    authority = x509.load_der_x509_certificate(bytes(credential.authority.certificate))
    key = authority.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert found.is_signature_valid(key)
    assert found.next_update_utc
    assert found.next_update_utc > datetime.now(UTC) + timedelta(days=6)
    assert list(found) == []


def test_a_revoked_certificate_is_on_the_list_at_once_and_signs_no_more(
    alice_signs: User, sign_in: SignIn, bob: User
) -> None:
    credential = current_credential(user=alice_signs)
    before = published(credential)
    with pytest.raises(NotAllowed):
        revoke_certificate(user=alice_signs, by=bob)
    assert sign_in(alice_signs).post("/pro/signature/revoke/").status_code == 302
    found = published(credential)
    assert [one.serial_number for one in found] == [serial_of(credential)]
    number = x509.CRLNumber
    assert (
        found.extensions.get_extension_for_class(number).value.crl_number
        > before.extensions.get_extension_for_class(number).value.crl_number
    )
    assert serial_of(current_credential(user=alice_signs)) != serial_of(credential)


def test_a_list_is_made_anew_long_before_it_ends(alice_signs: User) -> None:
    current_credential(user=alice_signs)
    renew_revocation_lists()
    first = InstallationAuthority.objects.get()
    renew_revocation_lists()
    assert InstallationAuthority.objects.get().revocation_list_at == first.revocation_list_at
    InstallationAuthority.objects.update(revocation_list_at=timezone.now() - timedelta(days=2))
    renew_revocation_lists()
    assert bytes(InstallationAuthority.objects.get().revocation_list or b"") != bytes(first.revocation_list or b"")


def test_a_certificate_that_names_no_list_is_replaced_once_the_level_asks_for_it(
    alice_signs: User, settings: Any
) -> None:
    credential = current_credential(user=alice_signs)
    assert credential.authority is not None
    old = credentials.issue_certificate(
        authority_certificate=bytes(credential.authority.certificate),
        authority_private_key=bytes(credential.authority.private_key),
        name="Dr Alice Morel",
        professional_number="",
        passphrase=settings.SIGNING_PASSPHRASE,
    )
    SigningCredential.objects.update(certificate=old.certificate, private_key=old.private_key)
    assert current_credential(user=alice_signs) == credential
    settings.SIGNATURE_LEVEL = "B-LT"
    replaced = current_credential(user=alice_signs)
    assert replaced != credential
    assert current_credential(user=alice_signs) == replaced
    credential.refresh_from_db()
    assert credential.retired_at
    assert credential.revoked_at is None  # its earlier signatures stay valid


def test_fonts_that_are_missing_are_told_at_start(settings: Any, tmp_path: Path) -> None:
    assert list(missing_fonts()) == []
    settings.STAMP_FONTS = (*settings.STAMP_FONTS, tmp_path / "gone.ttf")
    (error,) = stamp_fonts()
    assert f"are missing: {tmp_path / 'gone.ttf'}. Run make runtime." in error.msg
    assert error.msg in list(unfit_for_production())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SIGNATURE_LEVEL": "LTA"}, "Set SIGNATURE_LEVEL to one of B-B, B-T, B-LT, B-LTA."),
        ({"SIGNATURE_LEVEL": "B-T"}, "Set TSA_URL to its address"),
        ({"TSA_URL": "tsa.example"}, "beginning with https://"),
        ({"TSA_ROOTS": "nothing"}, "TSA_ROOTS holds no certificates"),
        ({"SIGNATURE_LEVEL": "B-LT", "TSA_URL": "https://tsa.example"}, "TSA_ROOTS is not set"),
    ],
)
def test_a_level_that_cannot_be_reached_is_told_at_start(
    settings: Any, changes: dict[str, str], sentence: str
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    assert [sentence in error.msg for error in signature_level()] == [True]


def test_no_two_installations_have_authorities_of_one_name() -> None:
    """Otherwise a document of another installation would name ours, which did not issue its certificate."""
    first, second = (credentials.create_authority(passphrase="x") for _installation in range(2))
    names = {x509.load_der_x509_certificate(made.certificate).subject.rfc4514_string() for made in (first, second)}
    assert len(names) == 2
