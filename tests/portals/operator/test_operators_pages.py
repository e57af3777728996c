"""The operator's pages: practices, operators, blocked accounts, states of messages. Nothing of a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Field, Model
from django.test import Client
from django.urls import reverse
from django.utils.functional import Promise

from accounts.counting import count_one
from accounts.models import AccountLink, User
from accounts.operators import LastOperator, NotOperator, invite_operator, remove_operator
from accounts.tries import HOUR
from accounts.unlocking import BlocksOperator, block, remove_factors, unlock
from appointments.models import Appointment
from audit.models import AuditEvent
from audit.trail import record
from docshare.demo.load import load
from notifications.models import Message
from patients.models import Patient
from practices.colleagues import AlreadyInvited, Identity, invite, invite_administrator
from practices.founding import found_practice, rename_practice
from practices.members import remove_member
from practices.models import ColleagueInvitation, Membership, Practice, Role
from practices.suspension import lift, suspend
from tests.conftest import PASSWORD

SignIn = Callable[[User], Client]
MODELS = {"accounts.operator", "accounts.accountlink", "accounts.blockedaccount", "notifications.message",
          "practices.practice"}  # fmt: skip


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root@site.example", PASSWORD)


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


def act(client: Client, model: str, action: str, *rows: Any, search: str = "") -> Any:
    address = reverse(f"admin:{model}_changelist") + (f"?q={search}" if search else "")
    return client.post(address, {"action": action, "_selected_action": [str(row.pk) for row in rows]}, follow=True)


def test_the_administration_has_what_an_operator_needs_and_no_more() -> None:
    assert {model._meta.label_lower for model in admin.site._registry} == MODELS


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_labels_and_help_texts_of_the_administration_are_translated(model: type[Model]) -> None:
    """Of the fields that its lists and forms show."""
    page = admin.site._registry[model]
    form = page.form._meta.fields if hasattr(page.form, "_meta") else ()
    shown = {*page.list_display, *(page.fields or ()), *page.readonly_fields, *(form or ())}
    for field in model._meta.get_fields():
        if isinstance(field, Field) and field.name in shown - {"id"}:
            assert isinstance(field.verbose_name, Promise), field.name
            assert not field.help_text or isinstance(field.help_text, Promise), field.name


@pytest.mark.django_db
def test_no_page_of_it_names_a_patient_or_shows_a_contact(root: User, sign_in: SignIn) -> None:
    load()
    client = sign_in(root)
    secrets = {
        value
        for patient in Patient.objects.all()
        for value in (patient.last_name, patient.email, patient.mobile)
        if value and value not in ("Martin",)
    } | {str(patient.pk) for patient in Patient.objects.all()}
    User.objects.filter(email="hugo.lefevre@courriel.example").update(is_active=False)
    pages = 0
    for address in [
        *addresses(),
        reverse("admin:accounts_blockedaccount_changelist") + "?q=hugo.lefevre@courriel.example",
    ]:
        answer = client.get(address, follow=True)
        assert answer.status_code in (200, 403, 404), address
        text = answer.content.decode().replace('value="hugo.lefevre@courriel.example"', "")
        assert not [secret for secret in secrets if secret in text], address
        pages += answer.status_code == 200
    assert pages > 8


def addresses() -> list[str]:
    """Every address of the administration: lists, forms, one row of each kind, its history, its deletion."""
    found = [reverse("admin:index"), reverse("system-state"), reverse("admin:app_list", args=["accounts"])]
    for model in admin.site._registry:
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse(f"{place}_changelist"), reverse(f"{place}_add")]
        for row in list(model._base_manager.all()[:20]):
            found += [reverse(f"{place}_{page}", args=[row.pk]) for page in ("change", "history", "delete")]
    return found


@pytest.mark.django_db
def test_what_was_in_the_admin_of_records_is_gone(root: User, sign_in: SignIn, appointment: Appointment) -> None:
    client = sign_in(root)
    for place in ("patients/patient", "appointments/appointment", "appointments/agenda", "documents/category",
                  "practices/membership", "accounts/user", "account/emailaddress", "auth/group"):  # fmt: skip
        assert client.get(f"/admin/{place}/").status_code == 404


@pytest.mark.django_db
def test_a_superuser_sees_no_practice_without_a_membership(
    root: User, sign_in: SignIn, appointment: Appointment
) -> None:
    client = sign_in(root)
    assert client.get("/pro/patients/").status_code == 404
    assert client.get(f"/pro/appointments/{appointment.pk}/").status_code == 404
    assert client.get("/api/v1/patients/").status_code in (403, 404)


@pytest.mark.django_db
def test_it_is_for_operators_alone(alice: User, sign_in: SignIn) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    assert "/login/" in sign_in(alice).get("/admin/")["Location"]


@pytest.mark.django_db
def test_operators_are_invited_and_removed_and_the_last_one_stays(root: User, sign_in: SignIn) -> None:
    client = sign_in(root)
    client.post("/admin/accounts/accountlink/add/", {"email": "Anne@site.example"})
    link = AccountLink.objects.get()
    assert link.email == "anne@site.example"
    body = Message.objects.get(to=link.email).body
    assert "/start/" in body
    anne = Client()
    start = body[body.index("/start/") :].split()[0]
    anne.post(start, {"first_name": "Anne", "last_name": "Martin"})
    anne.post("/start/sign-in/", {"password": "des prunes en automne"})
    assert anne.get("/admin/").status_code == 200
    made = User.objects.get(email="anne@site.example")
    assert "dernier exploitant" not in act(client, "accounts_operator", "remove", made).content.decode()
    assert "/login/" in anne.get("/admin/")["Location"]
    assert "dernier exploitant" in act(client, "accounts_operator", "remove", root).content.decode()
    with pytest.raises(LastOperator):
        remove_operator(operator=root, by=root)
    assert client.get("/admin/").status_code == 200
    assert {"operator.invited", "operator.added", "operator.removed"} <= set(actions())


@pytest.mark.django_db
def test_an_invitation_is_stopped(root: User, sign_in: SignIn) -> None:
    link = invite_operator(email="anne@site.example", by=root)
    act(sign_in(root), "accounts_accountlink", "withdraw", link)
    body = Message.objects.get(to=link.email).body
    assert Client().get(body[body.index("/start/") :].split()[0]).status_code == 410
    assert actions()[-1] == "account.link_withdrawn"


@pytest.mark.django_db
def test_practices_are_found_and_renamed(root: User, sign_in: SignIn, practice: Practice) -> None:
    client = sign_in(root)
    assert client.get("/admin/practices/practice/add/")["Location"] == "/start/practice/"
    client.post(f"/admin/practices/practice/{practice.pk}/change/", {"name": "Cabinet des Tilleuls"})
    practice.refresh_from_db()
    assert practice.name == "Cabinet des Tilleuls"
    assert AuditEvent.objects.get(action="practice.edited").detail == {"fields": ["name"]}
    page = client.get("/admin/practices/practice/?q=tilleuls").content.decode()
    assert "Cabinet des Tilleuls" in page
    assert f"/start/practices/{practice.pk}/" in page


@pytest.mark.django_db
def test_administrators_are_invited_again_and_no_more(
    root: User, sign_in: SignIn, practice: Practice, carol: User
) -> None:
    client, place = sign_in(root), f"/start/practices/{practice.pk}/"
    anne = {"email": "Anne@site.example", "first_name": "Anne", "last_name": "Martin"}
    assert client.post(place, {**anne, "last_name": ""}).status_code == 400
    assert client.post(place, anne)["Location"] == place
    invitation = ColleagueInvitation.objects.get()
    assert (invitation.roles, invitation.email) == (frozenset({Role.ADMIN}), "anne@site.example")
    first = Message.objects.get(to="anne@site.example").body
    assert "attend déjà" in client.post(place, anne).content.decode()
    assert "déjà membre" in client.post(place, {**anne, "email": carol.email}).content.decode()
    assert client.post(f"/start/administrators/{invitation.pk}/again/")["Location"] == place
    assert Message.objects.get(to="anne@site.example").body != first
    assert Client().get(first[first.index("/join/") :].split()[0]).status_code == 404
    assert client.post(f"/start/administrators/{invitation.pk}/revoke/")["Location"] == place
    assert not Message.objects.filter(to="anne@site.example").exists()
    shown = client.get(place).content.decode()
    for words in ("Invitation envoyée", "Invitation envoyée de nouveau", "Invitation retirée"):
        assert words in shown
    again = client.post(f"/start/administrators/{invitation.pk}/again/", follow=True)
    assert "n’est plus valable" in again.content.decode()


@pytest.mark.django_db
def test_operators_see_and_end_no_invitation_of_the_practice_itself(
    root: User, sign_in: SignIn, practice: Practice, carol: User
) -> None:
    dora = Identity("dora.lenoir@lilas.example", "Dora", "Lenoir")
    own = invite(practice=practice, identity=dora, roles=[Role.ADMIN], by=carol)
    client = sign_in(root)
    assert "enoir" not in client.get(f"/start/practices/{practice.pk}/").content.decode()
    for act_ in ("again", "revoke"):
        assert client.post(f"/start/administrators/{own.pk}/{act_}/").status_code == 404
    with pytest.raises(AlreadyInvited):
        invite_administrator(practice=practice, identity=dora, by=root)
    own.refresh_from_db()
    assert own.end == ""


@pytest.mark.django_db
def test_an_operators_invitation_outlives_their_own_membership(root: User, practice: Practice, carol: User) -> None:
    Membership.objects.create(user=root, practice=practice, is_admin=True)
    anne = Identity("anne@site.example", "Anne", "Martin")
    made = invite_administrator(practice=practice, identity=anne, by=root)
    remove_member(membership=Membership.objects.get(user=root), by=carol)
    made.refresh_from_db()
    assert made.end == ""


@pytest.mark.django_db
def test_a_practice_is_suspended_and_works_again_with_every_act_shown(
    root: User, sign_in: SignIn, practice: Practice, carol: User
) -> None:
    client, place = sign_in(root), f"/start/practices/{practice.pk}/"
    assert client.post(f"{place}suspension/", {"reason": " "}).status_code == 400
    assert client.get(f"{place}suspension/").status_code == 200
    for reason in ("Factures impayées", "Contrat terminé"):
        assert client.post(f"{place}suspension/", {"reason": reason})["Location"] == place
    assert "Contrat terminé" in client.get(place).content.decode()
    listed = "/admin/practices/practice/?suspended="
    assert practice.name in client.get(f"{listed}yes").content.decode()
    assert practice.name not in client.get(f"{listed}no").content.decode()
    assert sign_in(carol).get("/pro/settings/activity/").status_code == 403
    assert client.post(f"{place}suspension/end/")["Location"] == place
    acts = ("Cabinet suspendu par", "Raison de la suspension changée", "Suspension du cabinet levée")
    for page in (client.get(place), sign_in(carol).get("/pro/settings/activity/")):
        assert page.status_code == 200
        for words in acts:
            assert words in page.content.decode()


@pytest.mark.django_db
def test_a_locked_account_is_listed_and_unlocked(
    root: User, hugo: User, marie: Any, sign_in: SignIn, settings: Any
) -> None:
    client, place = sign_in(root), "/admin/accounts/blockedaccount/"
    assert "h•••@" not in client.get(place).content.decode()
    for _ in range(settings.SIGN_IN_TRIES_AN_HOUR):
        count_one("password:strangers", hugo.pk, window=HOUR)
    from django.db import transaction

    with transaction.atomic():
        record("account.sign_in_failed", by=None, on=hugo)
    page = client.get(place).content.decode()
    assert "h•••@c….example" in page
    assert "Trop d’essais" in page
    act(client, "accounts_blockedaccount", "unlock", hugo)
    assert "h•••@" not in client.get(place).content.decode()
    assert actions()[-1] == "account.unlocked"


@pytest.mark.django_db
def test_an_account_is_blocked_by_its_whole_address_and_let_in_again(root: User, hugo: User, sign_in: SignIn) -> None:
    client, his = sign_in(root), sign_in(hugo)
    place = "/admin/accounts/blockedaccount/"
    assert "h•••@" not in client.get(f"{place}?q=hugo").content.decode()
    assert "h•••@" in client.get(f"{place}?q={hugo.email}").content.decode()
    act(client, "accounts_blockedaccount", "block", hugo, search=hugo.email)
    assert his.get("/documents/").status_code == 302
    act(client, "accounts_blockedaccount", "unlock", hugo)
    hugo.refresh_from_db()
    assert hugo.is_active
    with pytest.raises(BlocksOperator):
        block(user=root, by=root)


@pytest.mark.django_db
def test_nobody_else_calls_these_use_cases(alice: User, bob: User, practice: Practice) -> None:
    for call in (
        lambda: unlock(user=bob, by=alice),
        lambda: block(user=bob, by=alice),
        lambda: remove_factors(user=bob, by=alice),
        lambda: invite_operator(email="anne@site.example", by=alice),
        lambda: remove_operator(operator=bob, by=alice),
        lambda: rename_practice(practice=practice, name="Pirate", by=alice),
        lambda: invite_administrator(practice=practice, identity=Identity("a@site.example", "A", "B"), by=alice),
        lambda: suspend(practice=practice, reason="Pirate", by=alice),
        lambda: lift(practice=practice, by=alice),
        lambda: found_practice(name="Pirate", time_zone="Europe/Paris", language="fr", by=alice),
    ):
        with pytest.raises(NotOperator):
            call()
    assert not Membership.objects.filter(is_admin=True).exists()
