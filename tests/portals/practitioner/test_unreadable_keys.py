"""A signing key that cannot be decrypted: the affected pages show a sentence, and everything else works."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from celery.signals import worker_init
from django.core import checks
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from docshare.checks import keys_of_this_installation
from docshare.demo.letters import signature
from docshare.wrong_keys import compare_at_start, note_keys, wrong_keys
from documents.models import SharedDocument
from sealing.models import KeyCheck
from signing.certificates import current_credential, renew_revocation_lists
from signing.models import InstallationAuthority, SignatureImage, SigningCredential
from tests import settings as real
from tests.portals.api.conftest import api, errors  # noqa: F401  # a fixture
from tests.portals.api.test_api import share as share_by_api
from tests.portals.practitioner.test_sole_control import PLACED, share

SignIn = Callable[..., Client]
LOST = {"SIGNING_PASSPHRASE": "another passphrase than the one of this installation"}
UNREADABLE = "La clé qui sert à vos signatures est illisible"


@pytest.fixture
def wrong_passphrase(alice_signs: User, settings: Settings) -> User:
    """Alice, after the installation was restored with another passphrase."""
    note_keys()
    renew_revocation_lists()
    settings.SIGNING_PASSPHRASE = LOST["SIGNING_PASSPHRASE"]
    return alice_signs


def test_a_practitioner_gets_a_sentence_and_still_shares_without_signing(
    wrong_passphrase: User, appointment: Appointment, sign_in: SignIn
) -> None:
    browser = sign_in(wrong_passphrase)
    refused = share(browser, appointment, **PLACED)
    assert refused.status_code == 400
    assert UNREADABLE in refused.content.decode()
    assert not SharedDocument.objects.exists()
    assert share(browser, appointment).status_code == 201
    assert UNREADABLE in browser.get("/pro/signature/").content.decode()


def test_a_program_gets_a_code(
    wrong_passphrase: User,
    appointment: Appointment,
    api: Callable[..., Client],  # noqa: F811
) -> None:
    refused = share_by_api(api(wrong_passphrase), appointment, sign="true", page=1, x=0.8, y=0.9)
    assert (refused.status_code, errors(refused)) == (400, ["key_not_opened"])


def test_one_practitioners_key_that_is_damaged_keeps_nobody_else_from_signing(
    alice_signs: User, appointment: Appointment, sign_in: SignIn, charlie: User
) -> None:
    SigningCredential.objects.filter(user=alice_signs).update(private_key=b"damaged")
    refused = share(sign_in(alice_signs), appointment, **PLACED)
    assert (refused.status_code, UNREADABLE in refused.content.decode()) == (400, True)
    assert current_credential(user=charlie).user == charlie


def test_a_signature_image_is_kept_though_no_certificate_can_be_issued(
    wrong_passphrase: User, appointment: Appointment, sign_in: SignIn
) -> None:
    SigningCredential.objects.update(retired_at=timezone.now())
    SignatureImage.objects.all().delete()
    browser = sign_in(wrong_passphrase)
    image = SimpleUploadedFile("signature.png", signature(1), "image/png")
    assert browser.post("/pro/signature/", {"file": image}).status_code == 302
    assert UNREADABLE in browser.get("/pro/signature/").content.decode()
    assert UNREADABLE in share(browser, appointment, **PLACED).content.decode()


def test_a_certificate_is_revoked_all_the_same_and_on_the_list_once_the_key_is_back(
    wrong_passphrase: User, sign_in: SignIn, settings: Settings
) -> None:
    former = bytes(InstallationAuthority.objects.get().revocation_list or b"")
    assert sign_in(wrong_passphrase).post("/pro/signature/revoke/").status_code == 302
    assert SigningCredential.objects.get().revoked_at
    authority = InstallationAuthority.objects.get()
    assert bytes(authority.revocation_list or b"") == former
    answer = Client().get(_address_of(authority))
    assert (answer.status_code, answer.content) == (200, former)

    settings.SIGNING_PASSPHRASE = real.SIGNING_PASSPHRASE
    renew_revocation_lists()
    assert bytes(InstallationAuthority.objects.get().revocation_list or b"") != former


def test_without_any_list_its_address_says_later(wrong_passphrase: User) -> None:
    InstallationAuthority.objects.update(revocation_list=None, revocation_list_at=None)
    assert Client().get(_address_of(InstallationAuthority.objects.get())).status_code == 503


def _address_of(authority: InstallationAuthority) -> str:
    return reverse("revocation-list", args=[authority.pk])


def test_the_check_that_every_deployment_starts_with_says_which_secret_and_what_to_do(wrong_passphrase: User) -> None:
    (error,) = keys_of_this_installation(databases=["default"])
    assert (error.id, error.level) == ("docshare.E053", checks.ERROR)
    assert error.msg.startswith("SIGNING_PASSPHRASE is not the key that this installation's database was sealed")
    assert "Set SIGNING_PASSPHRASE (or SIGNING_PASSPHRASE_FILE) to the former key" in error.msg
    assert keys_of_this_installation(databases=None) == []


def test_the_start_writes_it_into_the_log(wrong_passphrase: User, caplog: pytest.LogCaptureFixture) -> None:
    compare_at_start()
    assert [record.levelname for record in caplog.records if "SIGNING_PASSPHRASE is not" in record.message] == [
        "CRITICAL"
    ]
    assert KeyCheck.objects.count() == 2  # no check value of the wrong one


def start_web() -> None:
    runpy.run_path(str(real.BASE_DIR / "deploy" / "gunicorn.conf.py"))["post_worker_init"](None)


def start_worker() -> None:
    worker_init.send(sender=None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("start", [start_web, start_worker])
def test_web_and_worker_compare_as_they_start(
    start: Callable[[], None],
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    start()
    assert set(KeyCheck.objects.values_list("secret", flat=True)) == {"SECRET_KEY", "SIGNING_PASSPHRASE"}
    settings.SIGNING_PASSPHRASE = LOST["SIGNING_PASSPHRASE"]
    start()
    assert [one.levelname for one in caplog.records if "SIGNING_PASSPHRASE is not" in one.message] == ["CRITICAL"]


def test_the_readiness_of_the_site_says_it(wrong_passphrase: User, caplog: pytest.LogCaptureFixture) -> None:
    answer = Client().get("/readyz")
    assert "keys" in answer.json()["not_answering"]
    assert answer.status_code == 503
    assert b"PASSPHRASE" not in answer.content
    assert "SIGNING_PASSPHRASE is not the key" in caplog.text


def test_a_key_is_noted_by_a_probe_if_the_database_was_away_at_the_start(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_args: object) -> None:
        raise OperationalError("server closed the connection")

    with connection.execute_wrapper(away):
        compare_at_start()
    assert "Keys were not compared with the database's: OperationalError" in caplog.text
    assert not KeyCheck.objects.exists()
    Client().get("/readyz")
    assert KeyCheck.objects.count() == 2


def test_an_installation_that_noted_nothing_is_asked_what_it_keeps(alice_signs: User, settings: Settings) -> None:
    """After a version without check values: a wrong key is not recorded as the right one."""
    with override_settings(**LOST):
        assert ["SIGNING_PASSPHRASE opens nothing" in sentence for sentence in wrong_keys()] == [True]
        assert note_keys() == ["SECRET_KEY"]
    assert wrong_keys() == []
    assert note_keys() == ["SIGNING_PASSPHRASE"]
    assert note_keys() == []
    assert AuditEvent.objects.filter(action="keys.noted").count() == 2


def test_a_process_that_still_has_the_former_key_is_told(settings: Settings, db: None) -> None:
    note_keys()
    former = settings.SECRET_KEY
    with override_settings(SECRET_KEY="a new key " * 5, SECRET_KEY_FALLBACKS=[former]):
        assert note_keys() == ["SECRET_KEY"]
        assert wrong_keys() == []
    assert ["and this process still has a former one" in sentence for sentence in wrong_keys()] == [True]
