"""Going back after a question or an error: the browser shows a page, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment, VisitReason
from patients.models import Patient
from portals.stored_pages import KEPT, MOST
from practices.models import Membership
from tests.appointments.conftest import *  # noqa: F403  # an open agenda, a holder
from tests.conftest import PASSWORD
from tests.portals.patient.test_booking import get, links, to_whom  # noqa: F401
from tests.portals.patient.test_invitation import document, give_birth_date, link, prove_mobile  # noqa: F401

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NEW = "/pro/appointments/new/"
LOOKING = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture
def asked(agenda: Agenda, visit_reason: VisitReason, marie: Patient) -> dict[str, Any]:
    """In the past, so there is a question."""
    facts = {"agenda": agenda.pk, "visit_reason": visit_reason.pk, "patient": marie.pk}
    return facts | {"starts_at": "2024-01-08T09:00", "kind": "in_person", "q": "mot-cherché"}


def question(client: Client, asked: dict[str, Any], address: str = NEW) -> str:
    """The address of the page with the question."""
    answer = client.post(address, asked, headers=LOOKING)
    assert answer.status_code == 303
    return str(answer["Location"])


def test_a_question_has_an_address_that_shows_it_with_all_that_was_typed(
    bob: User, asked: dict[str, Any], sign_in: SignIn
) -> None:
    client = sign_in(bob)
    by_script = client.post(NEW, asked)
    address = question(client, asked, f"{NEW}?start=2026-12-01")
    assert "start=2026-12-01" in address
    for _time in range(2):  # back, and forward again
        page = client.get(address, headers=LOOKING)
        assert page.status_code == by_script.status_code == 409
        for text in ("mot-cherché", "2024-01-08T09:00", "C’est dans le passé"):
            assert text in page.content.decode()
    assert not Appointment.objects.exists()


def test_errors_have_one_too(bob: User, asked: dict[str, Any], sign_in: SignIn) -> None:
    client = sign_in(bob)
    page = client.get(question(client, asked | {"agenda": ""}))
    assert page.status_code == 400
    assert "Choisissez un agenda." in page.content.decode()


def test_once_it_was_agreed_to_its_address_leads_to_what_came_of_it_and_nothing_is_done_twice(
    bob: User, asked: dict[str, Any], sign_in: SignIn
) -> None:
    client = sign_in(bob)
    address = question(client, asked)
    doubts = client.post(NEW, asked).context["doubts"]
    agreed = asked | {"accepted": [one.key for one in doubts]}
    done = client.post(address, agreed, headers=LOOKING)
    assert done.status_code == 302
    made = Appointment.objects.get()
    for again in (client.get(address, headers=LOOKING), client.post(address, agreed, headers=LOOKING)):
        assert (again.status_code, again["Location"]) == (303, f"/pro/appointments/{made.pk}/")
    assert Appointment.objects.count() == 1
    assert "C’est déjà fait" in client.get(f"/pro/appointments/{made.pk}/").content.decode()


def test_a_question_after_a_question_has_its_own_address(bob: User, asked: dict[str, Any], sign_in: SignIn) -> None:
    client = sign_in(bob)
    first = question(client, asked)
    second = question(client, asked | {"starts_at": "2024-01-09T10:00"}, first)
    assert first != second
    assert "2024-01-08T09:00" in client.get(first).content.decode()
    assert "2024-01-09T10:00" in client.get(second).content.decode()


def test_forms_of_patients_have_one_too(to_whom: str, holder: User, sign_in: SignIn) -> None:  # noqa: F811
    client = sign_in(holder)
    [adult] = links(get(client, to_whom), "who=adult")
    person = {"first_name": "Paul", "last_name": "Martin", "day": "25", "month": "8", "year": "1946"}
    address = question(client, person | {"mobile": "06 12"}, adult)
    assert "Paul" not in address
    for _time in range(2):
        page = client.get(address, headers=LOOKING)
        assert page.status_code == 400
        assert 'value="Paul"' in page.content.decode()
        assert "Il manque 6 chiffres" in page.content.decode()
    done = client.post(address, person, headers=LOOKING)
    made = Appointment.objects.get()
    for again in (client.get(address, headers=LOOKING), client.post(address, person, headers=LOOKING)):
        assert (again.status_code, again["Location"]) == (303, done["Location"])
    assert done["Location"] == f"/my-appointments/{made.pk}/"
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "typed"), [("/my-account/mobile/", {"mobile": "06 12"}), ("/my-account/", {"language": "xx"})]
)
def test_so_do_those_of_the_account(hugo: User, sign_in: SignIn, address: str, typed: dict[str, str]) -> None:
    client = sign_in(hugo)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert client.get(question(client, typed, address)).status_code == 400


def test_steps_of_an_invitation_have_one_and_its_link_with_the_token_has_none(client: Client, link: str) -> None:  # noqa: F811
    assert "answer" not in client.post(link, headers=LOOKING)["Location"]
    page = client.get(question(client, {"code": "12"}, "/invitation/code/"))
    assert page.status_code == 400
    assert "Le code a six chiffres" in page.content.decode()
    prove_mobile(client, link)
    page = client.get(question(client, {"day": "31", "month": "2", "year": "1941"}, "/invitation/birth-date/"))
    assert "Cette date n’existe pas" in page.content.decode()
    give_birth_date(client)
    page = client.get(question(client, {"password": "zxqj"}, "/invitation/password/"))
    assert page.status_code == 400
    assert "zxqj" not in page.content.decode()
    assert link.split("/")[2] not in str(client.session[KEPT])


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Dest": "empty"}, {"Sec-Fetch-Dest": "iframe"}])
def test_scripts_and_old_browsers_get_the_answer_itself(
    bob: User, asked: dict[str, Any], sign_in: SignIn, headers: dict[str, str]
) -> None:
    assert sign_in(bob).post(NEW, asked, headers=headers).status_code == 409


def test_nobody_else_and_nobody_without_the_right_sees_it(
    bob: User, alice: User, asked: dict[str, Any], sign_in: SignIn
) -> None:
    client = sign_in(bob)
    address = question(client, asked)
    assert "mot-cherché" not in sign_in(alice).get(address).content.decode()
    Membership.objects.filter(user=bob).delete()
    assert client.get(address).status_code == 404
    client.logout()
    assert client.get(address).status_code == 302


def test_what_is_kept_is_sealed_and_little(bob: User, asked: dict[str, Any], sign_in: SignIn) -> None:
    client = sign_in(bob)
    addresses = [question(client, asked) for _time in range(MOST + 2)]
    assert len(client.session[KEPT]) == MOST
    assert client.get(addresses[0]).status_code == 200  # the empty form
    assert client.get(addresses[-1]).status_code == 409
    stored = Session.objects.get(pk=client.session.session_key)
    assert "mot-cherch" not in str(stored.get_decoded())
    assert stored.expire_date < timezone.now() + timedelta(days=1)
