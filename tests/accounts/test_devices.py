"""A device is known by a cookie that belongs to one account in one browser (docs/security-cases.md, 55)."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.signing import Signer
from django.test import Client

from accounts.models import KnownDevice, User
from audit.models import AuditEvent
from tests.accounts.people import (
    PHONE,
    browser_of,
    give_code,
    reset_password,
    signed_in,
    type_password,
    with_proved_mailbox,
)
from tests.conftest import make_user

pytestmark = pytest.mark.django_db  # fixtures requested by name are not seen at collection
COOKIE = settings.DEVICE_COOKIE_NAME


@pytest.fixture
def patient(hugo: User) -> User:
    return with_proved_mailbox(hugo)


@pytest.fixture
def other(db: None) -> User:
    """A patient who uses the same tablet."""
    user = make_user("zoe@courriel.example", "Zoé", "Martin", mobile="+33611223344")
    User.objects.filter(pk=user.pk).update(mobile_verified_at=user.date_joined)
    user.refresh_from_db()
    return with_proved_mailbox(user)


@pytest.fixture
def doctor(alice: User) -> User:
    return with_proved_mailbox(alice)


def asks_for_code(client: Client, user: User) -> bool:
    return bool(type_password(client, user)["Location"] == "/account/device/")


def shown(client: Client) -> str:
    return client.cookies[COOKIE].value


def plant(client: Client, value: str) -> None:
    client.cookies[COOKIE] = value


def test_a_planted_cookie_is_never_taken_over(patient: User, other: User) -> None:
    """Zoé leaves her own cookie in a browser of the library, where Hugo signs in: her cookie does not become his."""
    planted = shown(browser_of(other))
    librarys = Client()
    plant(librarys, planted)
    type_password(librarys, patient)
    give_code(librarys, patient, remember="1")
    elsewhere = Client()
    plant(elsewhere, planted)
    assert asks_for_code(elsewhere, patient)


@pytest.mark.parametrize("kind", ["secret", "signed with another salt", "long", "empty", "not ASCII"])
def test_a_cookie_that_this_site_did_not_make_knows_nobody(kind: str, patient: User) -> None:
    secret = "a" * 43
    KnownDevice.objects.create(user=patient, secret_hash=hashlib.sha256(secret.encode()).hexdigest())
    values = {
        "secret": secret,
        "signed with another salt": Signer(salt="other").sign(secret),
        "long": "x." * 4000,
        "empty": "",
        "not ASCII": "é:ü",
    }
    client = Client()
    plant(client, values[kind])
    assert asks_for_code(client, patient)
    give_code(client, patient, remember="1")
    assert secret not in shown(client)


def test_a_tablet_is_known_to_each_who_proved_their_mobile_on_it(patient: User, other: User) -> None:
    tablet = browser_of(patient)
    tablet.post("/account/logout/")
    assert asks_for_code(tablet, other)
    give_code(tablet, other, remember="1")
    tablet.post("/account/logout/")
    for user in (patient, other):
        assert not asks_for_code(tablet, user)
        tablet.post("/account/logout/")


def test_the_cookie_is_of_this_host_alone_and_worth_nothing_from_a_dump(patient: User) -> None:
    client = browser_of(patient)
    cookie = client.cookies[COOKIE]
    assert cookie["httponly"]
    assert not cookie["domain"]
    assert cookie["path"] == "/"
    secret = cookie.value.partition(":")[0]
    assert secret not in str(KnownDevice.objects.values().get())


def test_in_production_no_sibling_host_can_set_the_cookie(tmp_path: Path) -> None:
    """`__Host-` (RFC 6265bis, 4.1.3.2): browsers take it from this host alone, over HTTPS."""
    ask = "import docshare.settings as s; print(s.DEVICE_COOKIE_NAME, s.SESSION_COOKIE_SECURE)"
    environment = {**os.environ, "PUBLIC_URL": "https://docshare.example", "DATA_DIR": str(tmp_path)}
    printed = subprocess.run(  # the production settings
        [sys.executable, "-c", ask],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.split() == ["__Host-device", "True"]


@pytest.mark.parametrize(
    ("who", "page", "forget"),
    [
        ("patient", "/my-account/", "/my-account/devices/{}/forget/"),
        ("doctor", "/pro/devices/", "/pro/devices/{}/forget/"),
    ],
)
def test_devices_are_listed_and_forgotten_one_by_one(
    who: str, page: str, forget: str, request: pytest.FixtureRequest
) -> None:
    user: User = request.getfixturevalue(who)
    here, phone = browser_of(user), browser_of(user, agent=PHONE)
    text = here.get(page).content.decode()
    assert "Firefox sur Windows" in text
    assert "Chrome sur Android" in text
    assert text.count("Cet appareil</span>") == 1
    lost = KnownDevice.objects.get(system="Android")
    assert here.get(forget.format(lost.pk)).status_code == 405
    assert here.post(forget.format(lost.pk))["Location"] == page
    text = here.get(page).content.decode()
    assert "Chrome sur Android est oublié" in text
    assert text.count("Chrome sur Android") == 1  # only in the sentence
    assert not signed_in(phone)  # forgetting a device ends its sessions
    assert signed_in(here)
    line = AuditEvent.objects.get(action="account.device_forgotten")
    assert (line.object_id, line.detail) == (user.pk, {"browser": "Chrome", "system": "Android"})


def test_a_forgotten_device_is_asked_for_a_code_again(patient: User) -> None:
    client = browser_of(patient)
    client.post(f"/my-account/devices/{KnownDevice.objects.get().pk}/forget/")
    assert signed_in(client)
    client.post("/account/logout/")
    assert asks_for_code(client, patient)


def test_nobody_forgets_the_device_of_another(patient: User, other: User, doctor: User) -> None:
    browser_of(other)
    device = KnownDevice.objects.get()
    assert browser_of(patient).post(f"/my-account/devices/{device.pk}/forget/").status_code == 404
    assert browser_of(doctor).post(f"/pro/devices/{device.pk}/forget/").status_code == 404
    assert KnownDevice.objects.filter(pk=device.pk).exists()


def test_every_device_is_new_after_a_reset_of_the_password(patient: User) -> None:
    client = browser_of(patient)
    reset_password(patient, "des cerises au printemps")
    assert not KnownDevice.objects.exists()
    assert not signed_in(client)
    assert type_password(client, patient, "des cerises au printemps")["Location"] == "/account/device/"


def test_a_browser_that_gave_no_code_skips_none_later(doctor: User) -> None:
    """The doctor's account knows the browser without a code; then the account gets a mobile."""
    client = browser_of(doctor)
    client.post("/account/logout/")
    User.objects.filter(pk=doctor.pk).update(mobile="+33611112222", mobile_verified_at=doctor.date_joined)
    assert asks_for_code(client, doctor)


def test_a_browser_that_was_not_to_be_remembered_is_not(patient: User) -> None:
    client = browser_of(patient, remembered=False)
    assert not KnownDevice.objects.exists()
    assert "Aucun appareil n’est reconnu" in client.get("/my-account/").content.decode()


def test_an_account_has_thirty_devices_at_most(patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.devices.MAX_DEVICES", 2)
    monkeypatch.setattr(settings, "CODES_AN_HOUR", 10)
    first = browser_of(patient)
    for _ in range(2):
        browser_of(patient)
    assert KnownDevice.objects.count() == 2
    first.post("/account/logout/")
    assert asks_for_code(first, patient)


def test_the_page_of_devices_speaks_english(patient: User) -> None:
    User.objects.filter(pk=patient.pk).update(language="en")
    text = browser_of(patient).get("/my-account/").content.decode()
    assert "Forget this device" in text
    assert "Firefox on Windows" in text
