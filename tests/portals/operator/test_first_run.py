"""From `manage.py first_run` to the agenda of the first practice."""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.account_links import LinkOver, Person, find_link, open_account, withdraw_link
from accounts.models import AccountLink, ApiToken, Scope, User
from accounts.operators import (
    LastOperator,
    invite_operator,
    open_operators_account,
    operators,
    own_operators,
    remove_operator,
)
from accounts.tokens import token_hash
from audit.models import AuditEvent
from docshare.demo.load import load
from notifications.models import Message
from practices.colleagues import Identity, invite, invite_administrator, revoke_invitation
from practices.models import Membership, Practice, Role
from tests.at_once import at_once
from tests.conftest import PASSWORD

SignIn = Callable[[User], Client]
PERSON = {"first_name": "Claire", "last_name": "Moreau", "email": "Claire@Cabinet.example"}
PHRASE = "des prunes en automne"
TYPED = Person("claire@cabinet.example", "Claire", "Moreau")


def first_run(*options: str) -> str:
    output = io.StringIO()
    call_command("first_run", *options, stdout=output)
    return output.getvalue()


def link_in(text: str) -> str:
    found = re.search(r"/start/[\w-]+/", text)
    assert found, text
    return found[0]


def opened_by(link: str) -> Client:
    """A browser that followed the link to the end."""
    client = Client()
    assert client.post(link, PERSON)["Location"] == "/start/sign-in/"
    assert client.post("/start/sign-in/", {"password": PHRASE})["Location"] == "/start/practice/"
    return client


@pytest.mark.django_db
def test_the_link_leads_to_an_operator_who_signs_in_without_any_message() -> None:
    link = link_in(first_run())
    client = Client()
    for _ in range(2):  # opening the page uses nothing up
        assert "qui exploite ce site" in client.get(link).content.decode()
    opened_by(link)
    user = User.objects.get()
    assert (user.email, user.is_superuser, user.is_staff) == ("claire@cabinet.example", True, True)
    assert EmailAddress.objects.get(user=user).verified
    again = Client()
    again.post("/account/login/", {"login": user.email, "password": PHRASE})
    assert again.get("/")["Location"] == "/start/practice/"
    assert not Message.objects.exists()
    assert {"operator.link_made", "operator.added", "account.opened_by_link"} <= set(
        AuditEvent.objects.values_list("action", flat=True)
    )


@pytest.mark.django_db
def test_the_token_is_in_no_column() -> None:
    token = link_in(first_run()).split("/")[2]
    row = AccountLink.objects.values().get()
    assert token not in str(row)
    assert find_link(token) is not None


@pytest.mark.django_db
def test_a_link_that_was_used_replaced_or_is_too_old_says_what_to_do() -> None:
    first = link_in(first_run())
    second = link_in(first_run())
    assert Client().get(first).status_code == 410
    assert "remplacé" in Client().post(first, PERSON).content.decode()
    AccountLink.objects.live().update(expires_at=timezone.now() - timedelta(seconds=1))
    page = Client().get(second)
    assert (page.status_code, "manage.py first_run" in page.content.decode()) == (410, True)
    third = link_in(first_run())
    opened_by(third)
    late = Client().post(third, PERSON)
    assert (late.status_code, "a déjà servi" in late.content.decode()) == (410, True)
    assert User.objects.count() == 1
    assert Client().get("/start/nothing/").status_code == 404


@pytest.mark.django_db
def test_with_an_operator_the_command_says_so_and_fails() -> None:
    waiting = link_in(first_run())
    User.objects.create_superuser("root@site.example", PASSWORD)
    with pytest.raises(CommandError, match="There is an operator"):
        first_run()
    page = Client().post(waiting, PERSON)
    assert (page.status_code, "déjà un exploitant" in page.content.decode()) == (410, True)
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_what_was_typed_stays_beside_what_is_wrong() -> None:
    link = link_in(first_run())
    User.objects.create_user("claire@cabinet.example", PASSWORD)
    client = Client()
    page = client.post(link, PERSON)
    assert page.status_code == 400
    assert 'value="Claire@Cabinet.example"' in page.content.decode()
    assert "Un compte a déjà cette adresse" in page.content.decode()
    client.post(link, {**PERSON, "email": "autre@cabinet.example"})
    for weak in ("court", "autre@cabinet.example", "motdepasse2026!"):
        assert client.post("/start/sign-in/", {"password": weak}).status_code == 400
    assert client.post("/start/sign-in/", {"credential": "{}"}).status_code == 400
    assert client.post("/start/sign-in/", {"credential": '{"id": "x", "response": {}}'}).status_code == 400
    assert not User.objects.filter(is_superuser=True).exists()
    assert AccountLink.objects.live().count() == 1


@pytest.mark.django_db
def test_the_second_page_without_the_first_says_where_to_begin() -> None:
    page = Client().get("/start/sign-in/")
    assert (page.status_code, "Ouvrez-le de nouveau" in page.content.decode()) == (404, True)


@pytest.mark.django_db(transaction=True)
def test_two_people_with_the_same_link_make_one_operator() -> None:
    link = find_link(link_in(first_run()).split("/")[2])
    assert link is not None

    def use(number: int) -> str:
        person = Person(f"person{number}@cabinet.example", "Claire", "Moreau")
        try:
            open_operators_account(link=link, person=person, means=PHRASE)
        except LinkOver:
            return "over"
        return "opened"

    assert sorted(at_once(use, 4)) == ["opened", "over", "over", "over"]
    assert User.objects.filter(is_superuser=True).count() == User.objects.count() == 1


@pytest.mark.django_db
def test_an_account_opened_with_an_old_copy_of_the_link_is_refused() -> None:
    link = find_link(link_in(first_run()).split("/")[2])
    assert link is not None
    open_account(link=link, person=TYPED, means=PHRASE)
    with pytest.raises(LinkOver):
        open_account(link=link, person=TYPED, means=PHRASE)


@pytest.mark.django_db
def test_for_scripts_the_operator_the_practice_and_a_token_that_works() -> None:
    made = json.loads(first_run("--email", "claire@cabinet.example", "--practice", "Cabinet du Port", "--json"))
    assert set(made) == {"link", "practice", "token"}
    assert set(made["practice"]) == {"id", "name"}
    practice = Practice.objects.get(pk=made["practice"]["id"], name="Cabinet du Port")
    membership = Membership.objects.get()
    assert (membership.user.email, membership.is_admin) == ("claire@cabinet.example", True)
    assert ApiToken.objects.get().scopes == sorted({Scope.READ.value, Scope.WRITE.value})
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {made['token']}")
    assert api.get("/api/v1/agendas/").status_code == 200
    for again in ((), ("--email", "autre@cabinet.example", "--practice", "Autre", "--json")):
        with pytest.raises(CommandError, match="There is an operator"):
            first_run(*again)
    assert list(Practice.objects.all()) == [practice]

    link, client = link_in(made["link"]), Client()
    assert "claire@cabinet.example" in client.get(link).content.decode()
    client.post(link, {"first_name": "Claire", "last_name": "Moreau"})
    assert client.post("/start/sign-in/", {"password": PHRASE})["Location"] == "/"
    assert client.get("/")["Location"] == "/pro/"
    assert client.get("/pro/").status_code == 200
    assert ApiToken.objects.valid().exists()  # the first password ends no token
    assert Client().get(link).status_code == 410


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--email", "a@b.example"], "together"),
        (["--practice", "Cabinet"], "together"),
        (["--email", "no address", "--practice", "Cabinet"], "adresse"),
        (["--email", "marie@b.example", "--practice", "Cabinet"], "An account has this address"),
    ],
)
def test_what_the_command_cannot_use_is_said_and_nothing_is_made(options: list[str], says: str) -> None:
    User.objects.create_user("marie@b.example", PASSWORD)
    with pytest.raises(CommandError, match=says):
        first_run(*options)
    assert (User.objects.count(), Practice.objects.count(), AccountLink.objects.count()) == (1, 0, 0)


@pytest.mark.django_db
def test_the_practice_is_made_and_its_agenda_comes_next(settings: Any) -> None:
    client = opened_by(link_in(first_run()))
    page = client.get("/start/practice/").content.decode()
    assert "Europe/Paris" in page
    assert "Ensuite" in page
    wrong = client.post("/start/practice/", {"name": "", "time_zone": "Europe/Paris", "language": "fr", "who": "me"})
    assert (wrong.status_code, Practice.objects.count()) == (400, 0)
    typed = {"name": " Cabinet  du Port ", "time_zone": "Indian/Reunion", "language": "fr", "who": "me", "email": ""}
    assert client.post("/start/practice/", typed)["Location"] == "/pro/"
    practice = Practice.objects.get()
    assert (practice.name, practice.time_zone) == ("Cabinet du Port", "Indian/Reunion")
    assert Membership.objects.get().is_admin
    assert "vous l’administrez" in client.get("/pro/").content.decode()
    assert set(AuditEvent.objects.filter(practice_id=practice.pk).values_list("action", flat=True)) == {
        "practice.founded",
        "member.added",
    }


@pytest.mark.django_db
def test_an_invited_administrator_opens_an_account_and_sees_the_practice() -> None:
    operator = opened_by(link_in(first_run()))
    typed = {"name": "Cabinet du Port", "time_zone": "Europe/Paris", "language": "fr", "who": "invite"}
    whom = operator.post("/start/practice/", typed)
    assert whom.status_code == 400
    for missing in ("le prénom", "le nom", "l’adresse"):
        assert f"Écrivez {missing} de la personne à inviter." in whom.content.decode()
    anne = {"email": "anne@port.example", "first_name": "Anne", "last_name": "Martin"}
    answer = operator.post("/start/practice/", {**typed, **anne})
    practice = Practice.objects.get()
    assert answer["Location"] == f"/start/practices/{practice.pk}/"
    assert "anne@port.example" in operator.get(answer["Location"]).content.decode()
    assert not Membership.objects.exists()
    assert operator.get("/pro/")["Location"] == "/"
    assert operator.get("/")["Location"] == "/admin/"
    client = Client()
    join(client, joining_in(Message.objects.get(to="anne@port.example").body))
    user = User.objects.get(email="anne@port.example")
    assert (user.is_staff, user.is_superuser, user.get_full_name()) == (False, False, "Anne Martin")
    assert client.get("/")["Location"] == "/pro/"
    assert Membership.objects.get(user=user).is_admin


def joining_in(text: str) -> str:
    found = re.search(r"/join/[\w-]+/", text)
    assert found, text
    return found[0]


def join(client: Client, link: str) -> None:
    assert client.post(link)["Location"] == "/join/account/"
    assert client.post("/join/account/", {"password": PHRASE}).status_code == 302


@pytest.mark.django_db
def test_an_invited_administrator_with_an_account_accepts_with_it(
    alice: User, hugo: User, other_practice: Practice, sign_in: SignIn
) -> None:
    root = User.objects.create_superuser("root@site.example", PASSWORD)
    invite_administrator(practice=other_practice, identity=Identity(alice.email, "Alice", "Morel"), by=root)
    link = joining_in(Message.objects.get(to=alice.email).body)
    assert "/account/login/?next=" in Client().post(link)["Location"]
    his = sign_in(hugo)
    his.post(link)
    assert his.post("/join/confirm/").status_code == 409
    assert not Membership.objects.filter(practice=other_practice).exists()
    hers = sign_in(alice)
    hers.post(link)
    assert hers.post("/join/confirm/").status_code == 302
    assert Membership.objects.get(user=alice, practice=other_practice).is_admin
    assert sign_in(alice).get(link).status_code == 410


@pytest.mark.django_db
def test_an_administrators_link_of_the_version_before_goes_on_working(practice: Practice) -> None:
    root = User.objects.create_superuser("root@site.example", PASSWORD)
    soon = timezone.now() + timedelta(days=3)
    for email, about in (("anne@site.example", practice.pk), ("eva@site.example", uuid.uuid4())):
        AccountLink.objects.create(
            purpose="administrator", email=email, about=about, token_hash=token_hash(f"token-{email}"),
            invited_by=root, expires_at=soon,
        )  # fmt: skip
    import_module("practices.migrations.0006_administrators_invited").convert(apps, None)
    client = Client()
    answer = client.get("/start/token-anne@site.example/")
    assert answer["Location"] == "/join/token-anne@site.example/"
    join(client, answer["Location"])
    assert Membership.objects.get(practice=practice, user__email="anne@site.example").is_admin
    assert Client().get("/start/token-eva@site.example/").status_code == 410  # its practice is gone


@pytest.mark.django_db
def test_a_lost_link_of_the_operator_made_by_a_script_is_replaced() -> None:
    made = json.loads(first_run("--email", "claire@cabinet.example", "--practice", "Cabinet du Port", "--json"))
    lost = link_in(made["link"])
    with pytest.raises(CommandError, match="--new-link"):
        first_run()
    new = link_in(first_run("--new-link", "Claire@cabinet.example"))
    assert Client().get(lost).status_code == 410
    client = Client()
    client.post(new, {"first_name": "Claire", "last_name": "Moreau"})
    assert client.post("/start/sign-in/", {"password": PHRASE})["Location"] == "/"
    assert client.get("/admin/").status_code == 200
    with pytest.raises(CommandError, match="Nobody waits"):
        first_run("--new-link", "claire@cabinet.example")  # it has served


@pytest.mark.django_db
def test_a_lost_link_is_replaced_after_the_row_of_the_link_is_gone() -> None:
    first_run("--email", "claire@cabinet.example", "--practice", "Cabinet du Port")
    AccountLink.objects.all().delete()  # as a month after its end
    assert Client().get(link_in(first_run("--new-link", "claire@cabinet.example"))).status_code == 200


@pytest.mark.django_db
def test_a_lost_link_of_an_invited_operator_or_administrator_is_replaced_without_an_email(
    practice: Practice, other_practice: Practice
) -> None:
    root = User.objects.create_superuser("root@site.example", PASSWORD)
    invite_operator(email="anne@site.example", by=root)
    for where in (practice, other_practice):
        invite_administrator(practice=where, identity=Identity("anne@site.example", "Anne", "Martin"), by=root)
    waiting = list(Message.objects.filter(to="anne@site.example"))
    lost = [link_in(one.body) if "/start/" in one.body else joining_in(one.body) for one in waiting]
    made = json.loads(first_run("--new-link", "anne@site.example", "--json"))
    assert [one["practice"] for one in made] == ["", practice.name, other_practice.name]
    assert [Client().get(path).status_code for path in lost] == [410, 404, 404]
    for one in made:
        path = one["link"].partition("://")[2].partition("/")[2]
        assert Client().get(f"/{path}").status_code == 200
    assert not Message.objects.filter(to="anne@site.example", body__contains="/join/").exists()
    client = Client()
    join(client, joining_in(made[1]["link"]))
    assert Membership.objects.get(practice=practice).is_admin


@pytest.mark.django_db
def test_a_withdrawn_invitation_gets_no_new_link(practice: Practice, carol: User) -> None:
    root = User.objects.create_superuser("root@site.example", PASSWORD)
    withdraw_link(link=invite_operator(email="anne@site.example", by=root), by=root)
    anne = Identity("anne@site.example", "Anne", "Martin")
    revoke_invitation(invitation=invite_administrator(practice=practice, identity=anne, by=root), by=root)
    invite(practice=practice, identity=anne, roles=[Role.ADMIN], by=carol)  # the practice's own business
    for email in ("anne@site.example", "root@site.example", "nobody@site.example"):
        with pytest.raises(CommandError, match="Nobody waits"):
            first_run("--new-link", email)


@pytest.mark.django_db
def test_the_demo_is_no_installed_site_and_its_end_leaves_a_way_in() -> None:
    load()
    demo = User.objects.get(email="admin@lilas.example")
    assert demo.is_superuser
    link = link_in(first_run())
    assert Client().get(link).status_code == 200
    client = opened_by(link)  # leads to a practice of their own
    assert client.get("/admin/").status_code == 200
    with pytest.raises(CommandError, match="There is an operator"):
        first_run()
    claire = User.objects.get(email="claire@cabinet.example")
    with pytest.raises(LastOperator):  # the demo's does not count
        remove_operator(operator=claire, by=demo)
    output = io.StringIO()
    call_command("demo", "--remove", stdout=output)
    assert "first_run" not in output.getvalue()
    assert list(operators()) == [claire]


@pytest.mark.django_db
def test_without_another_operator_the_end_of_the_demo_names_the_way_in() -> None:
    load()
    output = io.StringIO()
    call_command("demo", "--remove", stdout=output)
    assert "manage.py first_run" in output.getvalue()
    opened_by(link_in(first_run()))


@pytest.mark.django_db
def test_every_operator_of_the_demo_is_known_as_such() -> None:
    load()
    assert operators().exists()
    assert not own_operators().exists()


@pytest.mark.django_db
def test_only_operators_make_practices(alice: User, carol: User, hugo: User, sign_in: SignIn) -> None:
    typed = {"name": "Pirate", "time_zone": "Europe/Paris", "language": "fr", "who": "me"}
    for user in (alice, carol, hugo):
        assert sign_in(user).post("/start/practice/", typed).status_code == 404
    assert Practice.objects.count() == 1


@pytest.mark.django_db
def test_after_createsuperuser_one_signs_in_and_finds_ones_way(settings: Any) -> None:
    User.objects.create_superuser("root@site.example", PASSWORD)
    client = Client()
    client.post("/account/login/", {"login": "root@site.example", "password": PASSWORD})
    for address in ("/", "/pro/"):
        answer = client.get(address, follow=True)
        assert answer.status_code == 200
        assert "Créez votre cabinet" in answer.content.decode()
    Practice.objects.create(name="Cabinet")
    for address in ("/", "/pro/"):
        assert client.get(address, follow=True).redirect_chain[-1][0] == "/admin/"


@pytest.mark.django_db
def test_where_a_second_factor_is_demanded_it_comes_before_the_practice(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = True
    client = Client()
    client.post(link_in(first_run()), PERSON)
    assert client.post("/start/sign-in/", {"password": PHRASE})["Location"] == "/account/2fa/totp/activate/"
    page = client.get("/account/2fa/totp/activate/").content.decode()
    assert "Étape 3 sur 4" in page
    assert "puis votre cabinet" in page
    assert client.get("/start/practice/")["Location"] == "/account/2fa/totp/activate/"
