"""A page kept for going back belongs to one account and one invitation, and to nobody who uses the browser later."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from notifications.models import Message
from patients.invitations import invite_after_identity_check
from patients.models import Invitation, Patient
from patients.records import create_patient
from portals.patient.invited import IN_FORM
from portals.stored_pages import KEPT
from tests.conftest import PASSWORD
from tests.portals.patient.test_invitation import (  # noqa: F401
    code_sent,
    document,
    give_birth_date,
    link,
    prove_mobile,
)
from tests.portals.test_stored_pages import LOOKING, question

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
# What is typed wrong at each step, and a piece of it that the page shows again (never a password).
STEPS = {
    "code": ({"code": "12"}, 'value="12"'),
    "birth-date": ({"day": "31", "month": "2", "year": "1937"}, 'value="1937"'),
    "password": ({"password": "zxqj"}, "errors"),
}
each_step = pytest.mark.parametrize("step", list(STEPS))
FAULTS = ("Le code a six chiffres", "Cette date n’existe pas", "zxqj", "1937", 'value="12"', "field-invalid")


@pytest.fixture
def others_link(marie: Patient, bob: User) -> str:
    """The link of another person's invitation."""
    zoe = create_patient(
        practice=marie.practice,
        first_name="Zoé",
        last_name="Autre",
        birth_date=date(1980, 1, 1),
        email="zoe.autre@courriel.example",
        mobile="+33611111112",
        by=bob,
    )
    invite_after_identity_check(patient=zoe, by=bob)
    body = Message.objects.filter(to="zoe.autre@courriel.example").latest("created_at").body
    found = re.search(r"http://\S+(/invitation/\S+)", body)
    assert found
    return found[1]


def go_to(client: Client, link: str, step: str, born: tuple[int, int, int] = (3, 2, 1941)) -> None:  # noqa: F811
    """Until the step is what comes next."""
    assert client.post(link)["Location"] == "/invitation/code/"
    if step in ("birth-date", "password"):
        client.post("/invitation/code/", {"code": code_sent()})
    if step == "password":
        assert give_birth_date(client, *born)["Location"] == "/invitation/password/"


def kept_page(client: Client, link: str, step: str) -> str:  # noqa: F811
    """The address of Marie's page with what was typed wrong."""
    go_to(client, link, step)
    address = question(client, STEPS[step][0], f"/invitation/{step}/")
    assert client.get(address).status_code == 400
    return address


@each_step
def test_another_invitation_in_the_same_browser_shows_nothing_of_it(
    client: Client,
    link: str,  # noqa: F811
    others_link: str,
    step: str,
) -> None:
    address = kept_page(client, link, step)
    go_to(client, others_link, step, (1, 1, 1980))
    page = client.get(address)
    assert page.status_code == 200
    assert not [fault for fault in FAULTS if fault in page.content.decode()]
    assert not client.session[KEPT]


@each_step
@pytest.mark.parametrize("kept", [True, False])
def test_a_form_of_another_invitations_page_counts_as_no_try(
    client: Client,
    link: str,  # noqa: F811
    others_link: str,
    step: str,
    kept: bool,
) -> None:
    """Of a page that was kept, and of the step's first page, in a tab that stayed open."""
    address = kept_page(client, link, step) if kept else f"/invitation/{step}/"
    if not kept:
        go_to(client, link, step)
    fields = re.findall(rf'name="{IN_FORM}" value="([^"]+)"', client.get(address).content.decode())
    assert set(fields) == {str(Invitation.objects.get(patient__first_name="Marie").pk)}
    go_to(client, others_link, step, (1, 1, 1980))
    before = (dict(client.session["invitation"]), *facts())
    right = {"code": {"code": "123456"}, "birth-date": {"day": "3", "month": "2", "year": "1941"}}
    sent = right.get(step, {"password": PASSWORD}) | {IN_FORM: fields[0]}
    answer = client.post(address, sent, headers=LOOKING)
    assert (answer.status_code, answer["Location"]) == (303, f"/invitation/{step}/")
    assert "rien n’a été fait" in client.get(f"/invitation/{step}/").content.decode()
    assert (dict(client.session["invitation"]), *facts()) == before


def facts() -> tuple[Any, ...]:
    """Tries, messages and accounts."""
    return (
        list(Invitation.objects.order_by("pk").values()),
        list(Message.objects.order_by("pk").values_list("pk", flat=True)),
        User.objects.count(),
    )


@pytest.mark.parametrize("step", ["code", "birth-date", "confirm", "password"])
def test_every_form_of_a_step_names_its_invitation(
    client: Client,
    link: str,  # noqa: F811
    step: str,
    hugo: User,
) -> None:
    go_to(client, link, "password" if step == "confirm" else step)
    if step == "confirm":
        client.force_login(hugo)
    page = client.get(f"/invitation/{step}/").content.decode()
    of_step = re.findall(r"<form.*?</form>", page.partition("<main")[2].partition("</main>")[0], re.DOTALL)
    assert of_step
    assert all(f'name="{IN_FORM}"' in one for one in of_step)


@pytest.mark.parametrize("step", ["code", "birth-date"])
def test_neither_does_who_signs_in_later(client: Client, link: str, alice: User, step: str) -> None:  # noqa: F811
    address = kept_page(client, link, step)
    client.force_login(alice)
    page = client.get(address, follow=True).content.decode()
    assert not [fault for fault in FAULTS if fault in page]
    assert not client.session[KEPT]


@pytest.mark.parametrize(
    ("address", "typed"),
    [
        ("/my-account/mobile/", {"mobile": "06 12 99"}),
        ("/pro/appointments/new/", {"new": "1", "first_name": "Zébulon"}),
    ],
)
def test_nor_another_account_with_the_same_session(
    alice: User, bob: User, sign_in: SignIn, address: str, typed: dict[str, str]
) -> None:
    """As it would be if a session were handed on: signing in as somebody else makes a new one."""
    client, others = sign_in(alice), sign_in(bob)
    for one in (client, others):
        one.post("/account/reauthenticate/", {"password": PASSWORD})
    kept_at = question(client, typed, address)
    pages = client.session[KEPT]
    assert list(typed.values())[-1] in client.get(kept_at).content.decode()
    session = others.session
    session[KEPT] = pages
    session.save()
    page = others.get(kept_at)
    assert page.status_code == 200
    assert list(typed.values())[-1] not in page.content.decode()
    assert not others.session[KEPT]


def test_the_last_step_leads_back_to_the_documents_of_the_account_that_it_made(client: Client, link: str) -> None:  # noqa: F811
    address = kept_page(client, link, "password")
    assert client.post(address, {"password": PASSWORD}, headers=LOOKING)["Location"] == "/documents/"
    again = client.get(address, headers=LOOKING)
    assert (again.status_code, again["Location"]) == (303, "/documents/")


def test_a_new_code_is_sent_without_the_step_being_done(client: Client, link: str) -> None:  # noqa: F811
    client.post(link)
    kept_at = question(client, {"code": "12"}, "/invitation/code/")
    client.post(kept_at, {"resend": "1"}, headers=LOOKING)
    assert client.get(kept_at, headers=LOOKING).status_code == 400
