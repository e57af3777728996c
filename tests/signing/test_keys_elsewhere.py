"""Keys outside the site: in a token (SoftHSM), and at a remote signing service, both real."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csc_dummy.csc_dummy_server import CSCWithCertomancer
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from pkcs11.util.ec import decode_ec_private_key
from pkcs11.util.rsa import decode_rsa_private_key
from pkcs11.util.x509 import decode_x509_certificate

from accounts.models import User
from docshare.checks import key_settings, keys_elsewhere, unfit_for_production
from documents.models import SharedDocument
from signing.models import SigningCredential
from signing.pdf.sign import CannotSign
from tests.documents.conftest import *  # noqa: F403  # a document that Alice signed
from tests.pki import Pki

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")  # the dummy service's
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "1234"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory, pki: Pki) -> Iterator[str]:
    """A token with a doctor's keys and certificates, labelled "doctor" and "rsa"."""
    folder = tmp_path_factory.mktemp("softhsm")
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}\nlog.level = ERROR\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(configuration))
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", "lilas", "--so-pin", "4321", "--pin", PIN],
            check=True, capture_output=True,
        )  # fmt: skip
        with pkcs11.lib(MODULE).get_token(token_label="lilas").open(rw=True, user_pin=PIN) as session:
            for name, decode in (("doctor", decode_ec_private_key), ("rsa", decode_rsa_private_key)):
                key: Any = pki.keys[name]
                der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
                attributes = {pkcs11.Attribute.LABEL: name, pkcs11.Attribute.TOKEN: True}
                session.create_object(decode(der) | attributes | {pkcs11.Attribute.SIGN: True})
            for name in ("doctor", "rsa", "intermediate", "root"):
                attributes = {pkcs11.Attribute.LABEL: name, pkcs11.Attribute.TOKEN: True}
                session.create_object(decode_x509_certificate(pki.certificate(name)) | attributes)
        yield "pkcs11:token=lilas;object="


@pytest.fixture(scope="module")
def service(pki: Pki) -> Iterator[str]:
    """A remote signing service with keys of the other authority, on loopback."""
    loop = asyncio.new_event_loop()
    made = CSCWithCertomancer(pki.config)
    made.register_routes()
    runner = web.AppRunner(made.app)
    loop.run_until_complete(runner.setup())
    site = web.TCPSite(runner, "127.0.0.1", 0)
    loop.run_until_complete(site.start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize("name", ["doctor", "rsa"])
def test_a_key_in_a_token_signs_and_stays_there(
    name: str, token: str, alice_signs: User, settings: Any, signed_by_alice: Callable[[], str]
) -> None:
    settings.PKCS11_MODULE, settings.PKCS11_PIN = MODULE, PIN
    call_command("signing_key", user=alice_signs.email, pkcs11=token + name, verbosity=0)
    report = signed_by_alice()
    assert f"Ailleurs {name}" in report
    assert "Signature is Valid" in report
    row = SigningCredential.objects.get(retired_at=None)
    assert (bytes(row.private_key), len(row.chain)) == (b"", 2)


def test_a_token_that_refuses_its_pin_is_told_and_nothing_is_shared(
    token: str, alice_signs: User, settings: Any, signed_by_alice: Callable[[], str]
) -> None:
    settings.PKCS11_MODULE, settings.PKCS11_PIN = MODULE, PIN
    call_command("signing_key", user=alice_signs.email, pkcs11=token + "doctor", verbosity=0)
    settings.PKCS11_PIN = "0000"
    with pytest.raises(CannotSign) as caught:
        signed_by_alice()
    assert caught.value.code == "key_unavailable"
    assert not SharedDocument.objects.exists()


@pytest.mark.parametrize("uri", ["doctor", "pkcs11:token=lilas", "pkcs11:token=lilas;object=x?pin-value=1234"])
def test_what_names_no_key_or_tells_its_pin_is_refused(uri: str, alice_signs: User) -> None:
    with pytest.raises(CommandError):
        call_command("signing_key", user=alice_signs.email, pkcs11=uri, verbosity=0)


@pytest.mark.parametrize("name", ["doctor", "rsa"])
def test_a_remote_service_signs(
    name: str, service: str, alice_signs: User, settings: Any, signed_by_alice: Callable[[], str]
) -> None:
    settings.CSC_URL = service
    call_command("signing_key", user=alice_signs.email, remote=f"elsewhere/{name}", verbosity=0)
    report = signed_by_alice()
    assert f"Ailleurs {name}" in report
    assert "Signature is Valid" in report
    settings.CSC_URL = "http://127.0.0.1:9"
    with pytest.raises(CannotSign) as caught:
        signed_by_alice()
    assert caught.value.code == "key_unavailable"


def sentences() -> list[str]:
    """The ids and texts of system checks, as `migrate` runs them."""
    found = [*key_settings(), *keys_elsewhere(databases=["default"])]
    return [f"{one.id} {one.msg}" for one in found]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"PKCS11_MODULE": "/nowhere.so", "PKCS11_PIN": "1"}, "E004 PKCS11_MODULE is /nowhere.so, where no file is"),
        ({"PKCS11_MODULE": MODULE}, "E004 PKCS11_PIN is not set. Set PKCS11_PIN_FILE"),
        ({"PKCS11_PIN": "1"}, "E004 PKCS11_PIN is set, and PKCS11_MODULE is not"),
        ({"CSC_URL": "sign.example"}, "E004 CSC_URL is sign.example. Set CSC_URL to the address"),
        ({"CSC_URL": "http://sign.example"}, "beginning with https://"),
        ({"CSC_PIN": "1"}, "E004 CSC_TOKEN or CSC_PIN is set, and CSC_URL is not"),
        ({"PKCS11_MODULE": __file__, "PKCS11_PIN": "1"}, "does not load as a PKCS#11 library (PKCS11Error)"),
        (
            {"CSC_URL": "http://127.0.0.1:9"},
            "W002 The signing service at CSC_URL (http://127.0.0.1:9) does not answer",
        ),
    ],
)
def test_settings_that_reach_no_key_are_told_at_start(
    db: None, settings: Any, token: str, changes: dict[str, str], sentence: str
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    assert [sentence in one for one in sentences()] == [True], sentences()
    stop_production = [error.msg for error in key_settings()]
    assert set(stop_production) <= set(unfit_for_production())


def test_a_key_that_a_token_has_is_found_at_start_and_one_that_is_gone_is_told(
    token: str, alice_signs: User, settings: Any
) -> None:
    settings.PKCS11_MODULE, settings.PKCS11_PIN = MODULE, PIN
    call_command("signing_key", user=alice_signs.email, pkcs11=token + "doctor", verbosity=0)
    assert sentences() == []
    rows = SigningCredential.objects.filter(retired_at=None)
    for reference, sentence in (
        (token + "gone", "E005 The token has no key and certificate named pkcs11:token=lilas;object=gone"),
        (
            "pkcs11:token=port;object=doctor",
            "No token is the one of pkcs11:token=port;object=doctor. There are: lilas. Plug it in.",
        ),
        (token + "rsa", "has another certificate than when it was set up"),
        (token + "root", "E005 The token has no key and certificate named pkcs11:token=lilas;object=root"),
    ):
        rows.update(key_reference=reference)
        assert [sentence in one for one in sentences()] == [True], (sentence, sentences())
    settings.PKCS11_PIN = "0000"
    assert ["E005 The token refuses PKCS11_PIN" in one for one in sentences()] == [True]
    settings.PKCS11_MODULE = settings.PKCS11_PIN = ""
    assert ["PKCS11_MODULE is not set" in one for one in sentences()] == [True]


def test_a_module_without_a_token_is_told(
    db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'none'}\nlog.level = ERROR\n")
    (tmp_path / "none").mkdir()
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    settings.PKCS11_MODULE, settings.PKCS11_PIN = MODULE, PIN
    assert ["has no token. Plug it in" in one for one in sentences()] == [True], sentences()


def test_a_service_that_answers_is_taken_and_a_credential_it_does_not_give_is_told(
    service: str, alice_signs: User, settings: Any
) -> None:
    settings.CSC_URL = service
    call_command("signing_key", user=alice_signs.email, remote="elsewhere/doctor", verbosity=0)
    assert sentences() == []
    rows = SigningCredential.objects.filter(retired_at=None)
    for reference, sentence in (
        ("elsewhere/nobody", "W002 The signing service does not give the credential elsewhere/nobody"),
        ("elsewhere/rsa", "W002 elsewhere/rsa has another certificate than when it was set up"),
    ):
        rows.update(key_reference=reference)
        assert [sentence in one for one in sentences()] == [True], sentences()
    settings.CSC_URL = f"{service}/elsewhere"
    assert ["does not answer as one" in one for one in sentences()] == [True], sentences()
    settings.CSC_URL = ""
    assert ["E005 Keys of a remote signing service are in use" in one for one in sentences()] == [True]


def test_migrate_asks_for_keys_and_stops_where_there_is_none(token: str, alice_signs: User, settings: Any) -> None:
    settings.PKCS11_MODULE, settings.PKCS11_PIN = __file__, PIN
    with pytest.raises(SystemCheckError, match="does not load as a PKCS#11 library"):
        call_command("migrate", skip_checks=False, verbosity=0)
