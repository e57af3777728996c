"""Every page that takes a passkey: a valid one works, and anything else gets status 400 and a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from fido2.utils import websafe_encode

from accounts.account_links import make_link
from accounts.models import Purpose, User
from appointments.models import Agenda, Appointment, SlotHold, VisitReason
from portals.practice_address import page_path
from practices.models import Practice
from tests.appointments.conftest import *  # noqa: F403  # an open agenda
from tests.portals.patient.test_joining import EMAIL, LAST, hold_url, joined, start, visitor  # noqa: F401
from tests.portals.public.test_joining import invited, link_of  # noqa: F401
from tests.software_passkey import SoftwarePasskey

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
KEYS = "/account/2fa/webauthn/"
SENTENCES = (
    "La clé n’a pas été créée.",
    "La clé d’accès n’a pas été créée.",
    "Cette clé d’accès n’a pas été reconnue.",
    "Cette clé n’a pas demandé votre code",
)


class Door:
    """A page that takes a passkey: `options` asks the site what to sign, `send` posts an answer."""

    def __init__(self, client: Client, address: str, key: SoftwarePasskey, *, makes: bool) -> None:
        self.client, self.address, self.key, self.makes = client, address, key, makes

    def options(self) -> dict[str, Any]:
        page = self.client.get(self.address, headers={"Accept": "application/json"})
        if page["Content-Type"] == "application/json":
            return dict(page.json()["request_options"])
        found = re.findall(r'<script id="[^"]+" type="application/json">(.+?)</script>', page.content.decode())
        ceremony = next(json.loads(one) for one in found if "options" in one)
        return dict(ceremony.get("creation_options") or ceremony["request_options"])

    def answer(self) -> dict[str, Any]:
        return self.key.made(self.options()) if self.makes else self.key.signed(self.options())

    def send(self, credential: object) -> Any:
        text = credential if isinstance(credential, str) else json.dumps(credential)
        return self.client.post(self.address, {"credential": text})


def with_a_key(sign_in: SignIn, user: User) -> tuple[Client, SoftwarePasskey]:
    client, key = sign_in(user), SoftwarePasskey()
    assert Door(client, f"{KEYS}add/", key, makes=True).send(
        key.made(Door(client, f"{KEYS}add/", key, makes=True).options())
    ).status_code == 302  # fmt: skip
    return client, key


@pytest.fixture
def door(request: pytest.FixtureRequest, sign_in: SignIn, alice: User) -> Door:
    match request.param:
        case "login":
            _client, key = with_a_key(sign_in, alice)
            return Door(Client(), f"{KEYS}login/", key, makes=False)
        case "reauthenticate":
            client, key = with_a_key(sign_in, alice)
            return Door(client, f"{KEYS}reauthenticate/", key, makes=False)
        case "add":
            return Door(sign_in(alice), f"{KEYS}add/", SoftwarePasskey(), makes=True)
        case "new patient":
            client = joined(request.getfixturevalue("visitor"))
            return Door(client, LAST, SoftwarePasskey(), makes=True)
        case "colleague":
            client = Client()
            client.post(link_of(request.getfixturevalue("invited")))
            return Door(client, "/join/passkey/", SoftwarePasskey(), makes=True)
        case _:
            client = Client()
            _link, address = make_link(purpose=Purpose.FIRST_OPERATOR, by=None)
            path = address[address.index("/start/") :]
            client.post(path, {"first_name": "O", "last_name": "P", "email": "operator@site.example"})
            return Door(client, "/start/sign-in/", SoftwarePasskey(), makes=True)


DOORS = ["login", "reauthenticate", "add", "new patient", "colleague", "operator"]
ODD: list[Any] = [None, 1, "", "x", "\x00", [], {}]
NO_ANSWER = [
    *("", "{", "null", "1", '"x"', "[]", "[1]", "{}", "NaN", "\x00", "é", '"\\ud800"', '{"id": "\\u0000"}'),
    *("[" * 100_000, '{"a":' * 100_000, "9" * 100_000),
]
CLIENTS = (b"", b"[]", b"null", b"\xff", b'{"type": 1}', b'{"type": "webauthn.get", "challenge": 1}')
BYTES = (b"", b"\x9f" * 10_000, b"\xbb" + b"\xff" * 8, b"\x81" * 10_000, b"\xa0", b"\x00" * 37)
Change = Callable[[dict[str, Any]], None]


def changes(valid: dict[str, Any], *, unread: str = "") -> Iterator[Change]:
    """Leave out each part of an answer, replace it by each odd value, and put other bytes into it. `id` is not read:
    browsers send it twice. `unread`: another part that this page has no need of."""

    def put(part: str, name: str, value: object) -> Change:
        return lambda one: (one[part] if part else one).__setitem__(name, value)

    def leave_out(part: str, name: str) -> Change:
        return lambda one: (one[part] if part else one).__delitem__(name)

    places = [
        ("", "rawId"),
        ("", "type"),
        ("", "response"),
        *(("response", one) for one in valid["response"] if one != unread),
    ]
    for part, name in places:
        yield leave_out(part, name)
        for odd in ODD:
            yield put(part, name, odd)
    for client in CLIENTS:
        yield put("response", "clientDataJSON", websafe_encode(client))
    for name in ("attestationObject", "authenticatorData", "signature"):
        for raw in BYTES if name in valid["response"] else ():
            yield put("response", name, websafe_encode(raw))


def check_refused(answer: Any, credential: object) -> None:
    shown = str(credential)[:300]
    assert answer.status_code == 400, (answer.status_code, shown)
    assert any(one in answer.content.decode() for one in SENTENCES), shown


@pytest.mark.parametrize("door", DOORS, indirect=True)
def test_whatever_is_no_passkey_gets_a_sentence(door: Door) -> None:
    door.client.raise_request_exception = False
    for nothing in NO_ANSWER:
        check_refused(door.send(nothing), nothing)
    unread = "userHandle" if door.address.endswith("reauthenticate/") else ""  # the person is signed in
    for change in changes(door.answer(), unread=unread):
        credential = door.answer()  # to a challenge that is still valid
        change(credential)
        check_refused(door.send(credential), credential)


@pytest.mark.parametrize("door", DOORS, indirect=True)
def test_a_valid_passkey_works_after_a_wrong_one(door: Door) -> None:
    assert door.send("{}").status_code == 400
    assert door.send(door.answer()).status_code == 302
    assert Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).count() == 1


@pytest.mark.parametrize("door", ["login", "reauthenticate"], indirect=True)
def test_another_key_does_not_sign_in(door: Door) -> None:
    forger = SoftwarePasskey()
    forger.id, forger.user = door.key.id, door.key.user
    assert door.send(forger.signed(door.options())).status_code == 400
    old = door.key.signed(door.options())
    door.options()  # another challenge
    assert door.send(old).status_code == 400


@pytest.mark.parametrize("door", ["add", "new patient", "operator"], indirect=True)
def test_only_what_is_read_again_is_stored(door: Door) -> None:
    answer = door.answer() | {"more": "\x00", "clientExtensionResults": {"credProps": {"rk": True}, "x": "\ud800"}}
    assert door.send(answer).status_code == 302
    stored = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN).data["credential"]
    assert set(stored) == {"id", "rawId", "type", "response", "clientExtensionResults"}
    assert stored["clientExtensionResults"] == {"credProps": {"rk": True}}


def test_the_page_after_a_wrong_key_leads_back_to_where_one_came_from() -> None:
    for to, back in (("/book/join/", "?next=%2Fbook%2Fjoin%2F"), ("//evil.example", ""), ("javascript:alert(1)", "")):
        page = Client().post(f"{KEYS}login/", {"credential": "{}", "next": to}).content.decode()
        assert f'href="/account/login/{back}"' in page
        assert "evil" not in page


def test_a_new_patient_chooses_a_passkey_and_has_no_password(visitor: Client) -> None:  # noqa: F811
    door = Door(joined(visitor), LAST, SoftwarePasskey(), makes=True)
    answer = door.send(door.answer())
    made = Appointment.objects.get()
    assert answer["Location"] == f"/my-appointments/{made.pk}/"
    user = User.objects.get(email=EMAIL)
    assert (made.holder, user.has_usable_password(), user.birth_date) == (user, False, date(1984, 2, 3))
    assert set(Authenticator.objects.values_list("type", flat=True)) == {"webauthn", "recovery_codes"}
    assert "Gardez vos codes de secours" in visitor.get(answer["Location"]).content.decode()
    again = Door(Client(), f"{KEYS}login/", door.key, makes=False)
    assert again.send(again.answer()).status_code == 302
    assert again.client.get("/my-appointments/").status_code == 200


@pytest.mark.parametrize("verified", [True, False])
def test_a_key_that_verified_nobody_opens_no_account(visitor: Client, verified: bool) -> None:  # noqa: F811
    door = Door(joined(visitor), LAST, SoftwarePasskey(), makes=True)
    answer = door.send(door.key.made(door.options(), verified=verified))
    assert (answer.status_code == 302, User.objects.filter(email=EMAIL).exists()) == (verified, verified)


def test_an_account_signs_in_by_passkey_on_the_way_and_the_slot_stays_held(
    visitor: Client,  # noqa: F811
    sign_in: SignIn,
    holder: User,
    practice: Practice,
    open_agenda: Agenda,
    visit_reason: VisitReason,
) -> None:
    _client, key = with_a_key(sign_in, holder)
    page = visitor.get("/book/join/").content.decode()
    assert 'id="passkey_login"' in page
    found = re.search(r'name="next" value="([^"]+)"', page)
    assert found
    hold = SlotHold.objects.get()
    door = Door(visitor, f"{KEYS}login/", key, makes=False)
    signed = json.dumps(door.answer())
    answer = visitor.post(door.address, {"credential": signed, "next": found[1]})
    assert answer["Location"] == found[1]
    assert SlotHold.objects.get() == hold
    whom = visitor.get(found[1]).content.decode()
    assert "Ce créneau vous est réservé jusqu’à" in whom
    confirm = re.search(r'href="(/book/[^"]+confirm/\?[^"]+who=self)"', whom.replace("&amp;", "&"))
    assert confirm
    assert "Ce créneau vous est réservé jusqu’à" in visitor.get(confirm[1]).content.decode()
    visitor.post(confirm[1])
    assert Appointment.objects.get().holder == holder
    assert not SlotHold.objects.exists()
    assert Client().get(page_path(practice)).status_code == 200
