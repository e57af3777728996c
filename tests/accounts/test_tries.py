"""Strangers guess passwords (docs/security-cases.md, 51): the owner is not locked out, and gets one message."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client

from accounts.models import User
from audit.models import AuditEvent
from notifications.models import Message
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db  # fixtures requested by name are not seen at collection
SUBJECT = "Des essais de connexion à votre compte ont échoué"
PLACES = ("198.51.100.7", "203.0.113.9", "2001:db8:1:2::1")


@pytest.fixture
def doctor(alice: User) -> User:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return alice


@pytest.fixture
def patient(hugo: User) -> User:
    EmailAddress.objects.create(user=hugo, email=hugo.email, verified=True, primary=True)
    return hugo


def type_password(client: Client, user: User, password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/account/login/", {"login": user.email, "password": password}, **more)


def signed_in(client: Client) -> bool:
    return client.get("/account/2fa/").status_code == 200


def own_browser(user: User) -> Client:
    """A browser where the user had signed in, and signed out again."""
    client = Client()
    type_password(client, user)
    if not signed_in(client):
        code = Message.objects.filter(channel="sms", to=user.mobile).latest("created_at").body[:6]
        client.post("/account/device/", {"code": code, "remember": "1"})
    assert signed_in(client)
    client.post("/account/logout/")
    return client


def guess(user: User, times: int = 12, places: tuple[str, ...] = PLACES) -> None:
    for place in places:
        for _ in range(times):
            type_password(Client(REMOTE_ADDR=place), user, "pas la bonne phrase")


@pytest.fixture(params=["doctor", "patient"])
def owner(request: pytest.FixtureRequest) -> User:
    found: User = request.getfixturevalue(request.param)
    return found


def test_a_known_device_signs_in_while_strangers_guess(owner: User) -> None:
    client = own_browser(owner)
    guess(owner, places=("127.0.0.1", *PLACES))  # one of them shares the practice's own address
    type_password(client, owner)
    assert signed_in(client)


def test_a_known_device_has_a_bound_of_its_own(owner: User) -> None:
    client = own_browser(owner)
    for _ in range(10):
        type_password(client, owner, "pas la bonne phrase")
    assert "Trop d’essais" in type_password(client, owner).content.decode()
    assert not signed_in(client)


def test_a_new_device_elsewhere_signs_in_while_one_stranger_guesses(owner: User) -> None:
    guess(owner, places=("198.51.100.7",))
    elsewhere = Client(REMOTE_ADDR="192.0.2.55")
    assert "Trop d’essais" not in type_password(elsewhere, owner).content.decode()


def test_guesses_from_everywhere_end_for_unknown_devices(owner: User, settings: Any) -> None:
    settings.SIGN_IN_TRIES_AN_HOUR = 12
    guess(owner)
    assert "Trop d’essais" in type_password(Client(REMOTE_ADDR="192.0.2.55"), owner).content.decode()


def test_one_address_is_one_whatever_it_is_called_in_its_network(owner: User) -> None:
    for number in range(5):
        type_password(Client(REMOTE_ADDR=f"2001:db8:5:6::{number:x}"), owner, "pas la bonne phrase")
    assert "Trop d’essais" in type_password(Client(REMOTE_ADDR="2001:db8:5:6::ff"), owner).content.decode()


def test_a_right_password_uses_up_no_try(doctor: User) -> None:
    for _ in range(8):
        client = Client()
        type_password(client, doctor)
        assert signed_in(client)


def test_a_passkey_asks_for_no_password_and_is_not_counted(doctor: User) -> None:
    guess(doctor, places=("127.0.0.1",))
    forged = [Client().post("/account/2fa/webauthn/login/", {"credential": "{}"}).status_code for _ in range(15)]
    assert set(forged) == {400}
    answer = Client().get("/account/2fa/webauthn/login/", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    assert "request_options" in answer.json()


def test_the_person_reads_of_it_once(owner: User) -> None:
    guess(owner)
    email = Message.objects.get(subject__startswith=SUBJECT)
    assert email.to == owner.email
    assert PLACES[0] not in email.body


def test_one_password_tried_on_many_accounts_alarms_nobody(owner: User) -> None:
    for number in range(9):
        typed = {"login": f"personne{number}@courriel.example", "password": "faux"}
        Client().post("/account/login/", typed)
    type_password(Client(), owner, "pas la bonne phrase")
    assert "Trop d’essais" in type_password(Client(), owner).content.decode()  # the address is blocked by then
    assert not Message.objects.filter(subject__startswith=SUBJECT).exists()


def test_nobody_is_told_of_one_mistake(owner: User) -> None:
    for _ in range(4):
        type_password(Client(), owner, "pas la bonne phrase")
    assert not Message.objects.filter(subject__startswith=SUBJECT).exists()


def test_an_attack_on_an_account_or_on_none_writes_few_lines(owner: User) -> None:
    guess(owner, times=20)
    for number in range(60):
        typed = {"login": f"personne{number}@courriel.example", "password": "faux"}
        Client(REMOTE_ADDR=f"192.0.2.{number}").post("/account/login/", typed)
    lines = AuditEvent.objects.filter(action="account.sign_in_failed")
    assert [line.detail["tries"] for line in lines.filter(object_id=owner.pk).order_by("id")] == [1, 2, 4, 8, 16, 32]
    unknown = lines.exclude(object_id=owner.pk)
    assert [line.detail["tries"] for line in unknown.order_by("id")] == [1, 2, 4, 8, 16, 32]
    assert "courriel.example" not in str(list(unknown.values()))


def test_a_session_confirms_its_password_while_strangers_guess(doctor: User) -> None:
    client = Client()
    type_password(client, doctor)
    guess(doctor, places=("127.0.0.1",))
    assert client.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302


def test_after_a_reset_unknown_devices_may_try_again(doctor: User, settings: Any) -> None:
    settings.SIGN_IN_TRIES_AN_HOUR = 6
    guess(doctor)
    Client().post("/account/password/reset/", {"email": doctor.email})
    words = [word for message in Message.objects.filter(to=doctor.email) for word in message.body.split()]
    path = "/" + next(word for word in words if "/reset/key/" in word).split("/", 3)[3]
    client = Client(REMOTE_ADDR="192.0.2.55")
    form = client.get(path)["Location"]
    client.post(form, {"password1": "des cerises au printemps", "password2": "des cerises au printemps"})
    client = Client(REMOTE_ADDR="192.0.2.55")
    type_password(client, doctor, "des cerises au printemps")
    assert signed_in(client)


def test_wrong_codes_of_a_second_factor_shut_out_no_known_device(doctor: User) -> None:
    """Somebody has the password; the doctor's own browser is not affected."""
    client = own_browser(doctor)
    secret = generate_totp_secret()
    TOTP.activate(doctor, secret)
    stranger = Client(REMOTE_ADDR="198.51.100.7")
    type_password(stranger, doctor)
    pages = [stranger.post("/account/2fa/authenticate/", {"code": "000000"}).content.decode() for _ in range(7)]
    assert ["Trop d’essais" in page for page in pages] == [False] * 5 + [True] * 2
    type_password(client, doctor)
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    client.post("/account/2fa/authenticate/", {"code": code})
    assert signed_in(client)
    assert Message.objects.filter(subject__startswith=SUBJECT).count() == 1


@pytest.mark.slow
def test_refusals_take_the_same_time_for_known_and_unknown_people(doctor: User, settings: Any) -> None:
    """Above the limit no password is hashed: the timing must not reveal accounts there either."""
    settings.SIGN_IN_TRIES_OF_AN_ADDRESS = 10_000
    times: dict[str, list[float]] = {doctor.email: [], "personne@lilas.example": []}
    for _ in range(25):
        for address, taken in times.items():
            start = time.perf_counter()
            Client().post("/account/login/", {"login": address, "password": "faux"})
            taken.append(time.perf_counter() - start)
    known, unknown = (statistics.median(taken[6:]) for taken in times.values())
    assert 0.5 < known / unknown < 2


def test_a_mailbox_is_not_flooded_with_links(owner: User) -> None:
    """The sixth request within an hour is refused on a page of ours, even for an address without an account."""
    for address in (owner.email, "personne@courriel.example"):
        answers = [Client().post("/account/password/reset/", {"email": address}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [302] * 5 + [429]
        assert "Trop de demandes" in answers[-1].content.decode()
        assert Message.objects.filter(to=address).count() == 5
