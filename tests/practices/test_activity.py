"""Sign-ins, failures, factors, passwords, devices, roles, settings: in the trail, and shown (docs, case 53)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, Scope, User
from accounts.tokens import issue_token
from audit.events import words_for_account
from audit.models import AuditEvent
from audit.trail import record
from notifications.models import Message
from practices.members import add_member, change_roles, remove_member
from practices.models import Membership, Practice, Role
from tests.accounts.people import (
    FIREFOX,
    browser_of,
    reset_password,
    sms_code,
    totp,
    type_password,
    with_proved_mailbox,
)
from tests.conftest import PASSWORD

SignIn = Callable[..., Client]
NEW_PASSWORD = "des cerises au printemps"


@pytest.fixture
def patient(hugo: User) -> User:
    return with_proved_mailbox(hugo)


@pytest.fixture
def doctor(alice: User) -> User:
    return with_proved_mailbox(alice)


def lines(user: User, *actions: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(object_id=user.pk, action__in=actions).order_by("id"))


def confirm(client: Client) -> None:
    client.post("/account/reauthenticate/", {"password": PASSWORD})


# --- Each event -----------------------------------------------------------------------------------------------


def test_case_53_a_sign_in_says_how_and_on_what(patient: User) -> None:
    browser_of(patient).post("/account/logout/")
    (line,) = lines(patient, "account.signed_in")
    assert line.actor_id == patient.pk
    assert line.detail == {
        "means": ["password", "sms_code"],
        "known_device": False,
        "browser": "Firefox",
        "system": "Windows",
    }
    assert lines(patient, "account.device_added")
    assert lines(patient, "account.signed_out")


def test_case_53_a_second_factor_is_added_used_and_removed(doctor: User) -> None:
    client = browser_of(doctor)
    confirm(client)
    secret = client.get("/account/2fa/totp/activate/").context["form"].secret
    client.post("/account/2fa/totp/activate/", {"code": totp(secret)})
    added = {line.detail["factor"] for line in lines(doctor, "account.factor_added")}
    assert added == {"totp"}
    assert len(lines(doctor, "account.recovery_codes_made")) == 1
    Authenticator.objects.filter(type="totp").update(created_at=timezone.now() - timedelta(minutes=1))
    client.post("/account/logout/")
    stranger = Client()
    type_password(stranger, doctor)
    stranger.post("/account/2fa/authenticate/", {"code": "000000"})
    assert lines(doctor, "account.sign_in_failed")[-1].detail["means"] == "factor"
    other = Client()
    type_password(other, doctor)
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    other.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert lines(doctor, "account.signed_in")[-1].detail["means"] == ["password", "recovery_codes"]
    confirm(other)
    other.post("/account/2fa/recovery-codes/generate/")
    assert len(lines(doctor, "account.recovery_codes_made")) == 2
    other.post("/account/2fa/totp/deactivate/")
    assert {line.detail["factor"] for line in lines(doctor, "account.factor_removed")} >= {"totp"}
    written = str(list(AuditEvent.objects.values_list("detail", flat=True)))
    assert not [code for code in [secret, *codes] if code in written]


def test_case_53_a_factor_that_the_operator_removes_is_in_the_trail(doctor: User, sign_in: SignIn) -> None:
    TOTP.activate(doctor, generate_totp_secret())
    operator = User.objects.create_superuser("root@docshare.example", PASSWORD)
    factor = Authenticator.objects.get()
    sign_in(operator).post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.exists()
    (line,) = lines(doctor, "account.factor_removed")
    assert line.actor_id == operator.pk


def test_case_53_passwords_changed_reset_and_set(doctor: User, sign_in: SignIn) -> None:
    client = browser_of(doctor)
    client.post("/account/password/change/", change(PASSWORD, NEW_PASSWORD))
    reset_password(doctor, "des prunes en automne")
    operator = User.objects.create_superuser("root@docshare.example", PASSWORD)
    path = f"/admin/accounts/user/{doctor.pk}/password/"
    typed = {"password1": "des noix en hiver, oui", "password2": "des noix en hiver, oui", "usable_password": "true"}
    assert sign_in(operator).post(path, typed).status_code == 302
    found = lines(doctor, "account.password_changed")
    assert [line.detail["how"] for line in found] == ["changed", "reset", "set"]
    assert [line.actor_id for line in found] == [doctor.pk, doctor.pk, operator.pk]
    assert "cerises" not in str([line.detail for line in found])


def change(old: str, new: str, **more: Any) -> dict[str, Any]:
    return {"oldpassword": old, "password1": new, "password2": new, **more}


def test_case_53_contacts_changed_and_sessions_ended(patient: User) -> None:
    client = browser_of(patient)
    browser_of(patient)
    client.post("/account/sessions/")
    (ended,) = lines(patient, "account.sessions_ended")
    assert ended.detail == {"count": 1}
    confirm(client)
    client.post("/my-account/mobile/", {"mobile": "06 11 22 33 44"})
    patient.mobile = "+33611223344"
    client.post("/my-account/mobile/code/", {"code": sms_code(patient)})
    assert lines(patient, "account.mobile_changed")
    EmailAddress.objects.create(user=patient, email="nouveau@courriel.example", verified=True)
    confirm(client)
    client.post("/account/email/", {"action_primary": "", "email": "nouveau@courriel.example"})
    assert "nouveau" not in str(list(AuditEvent.objects.values_list("detail", flat=True)))


def test_case_53_a_new_email_is_in_the_trail(patient: User) -> None:
    client = browser_of(patient)
    confirm(client)
    client.post("/account/email/", {"action_add": "", "email": "nouveau@courriel.example"})
    link = re.search(r"/account/confirm-email/\S+", Message.objects.get(to="nouveau@courriel.example").body)
    assert link
    client.post(link[0])
    assert lines(patient, "account.email_changed")


def test_case_53_roles_granted_and_taken_by_the_use_cases(bob: User, carol: User, practice: Practice) -> None:
    membership = Membership.objects.get(user=bob)
    change_roles(membership=membership, roles=[Role.ADMIN, Role.SECRETARY], by=carol)
    change_roles(membership=membership, roles=[Role.ADMIN, Role.SECRETARY], by=carol)
    change_roles(membership=membership, roles=[Role.READER], by=carol)
    remove_member(membership=membership, by=carol)
    remove_member(membership=membership, by=carol)
    add_member(user=bob, practice=practice, roles=[Role.SECRETARY], by=carol)
    found = lines(bob, "member.added", "member.roles_changed", "member.removed")
    assert [(line.action, line.detail) for line in found] == [
        ("member.roles_changed", {"granted": ["admin"], "taken": []}),
        ("member.roles_changed", {"granted": ["reader"], "taken": ["admin", "secretary"]}),
        ("member.removed", {"roles": ["reader"]}),
        ("member.added", {"roles": ["secretary"]}),
    ]
    assert {(line.practice_id, line.actor_id) for line in found} == {(practice.pk, carol.pk)}


def test_case_53_roles_changed_in_djangos_admin(
    bob: User, practice: Practice, other_practice: Practice, sign_in: SignIn
) -> None:
    operator = User.objects.create_superuser("root@docshare.example", PASSWORD)
    client = sign_in(operator)
    membership = Membership.objects.get(user=bob)
    path = f"/admin/practices/membership/{membership.pk}/"
    roles = {"user": bob.pk, "practice": practice.pk, "is_admin": "on"}
    assert client.post(f"{path}change/", roles).status_code == 302
    moved = {"user": bob.pk, "practice": other_practice.pk, "is_admin": "on"}
    assert client.post(f"{path}change/", moved).status_code == 302
    current = Membership.objects.get(user=bob)
    assert client.post(f"/admin/practices/membership/{current.pk}/delete/", {"post": "yes"}).status_code == 302
    added = {"user": bob.pk, "practice": practice.pk, "is_reader": "on"}
    assert client.post("/admin/practices/membership/add/", added).status_code == 302
    chosen = {"action": "delete_selected", "_selected_action": Membership.objects.get(user=bob).pk, "post": "yes"}
    client.post("/admin/practices/membership/", chosen)
    assert not Membership.objects.filter(user=bob).exists()
    found = [
        (line.action, line.practice_id)
        for line in lines(bob, "member.added", "member.roles_changed", "member.removed")
    ]
    assert found == [
        ("member.roles_changed", practice.pk),
        ("member.removed", practice.pk),
        ("member.added", other_practice.pk),
        ("member.removed", other_practice.pk),
        ("member.added", practice.pk),
        ("member.removed", practice.pk),
    ]


def test_case_53_roles_changed_on_the_page_of_an_account_in_djangos_admin(
    bob: User, practice: Practice, sign_in: SignIn
) -> None:
    client = sign_in(User.objects.create_superuser("root@docshare.example", PASSWORD))
    membership = Membership.objects.get(user=bob)
    path = f"/admin/accounts/user/{bob.pk}/change/"
    account = {"email": bob.email, "first_name": "Bob", "last_name": "Petit", "language": "fr", "is_active": "on"}
    rows = {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1", "memberships-0-id": membership.pk}
    row = {**rows, "memberships-0-user": bob.pk, "memberships-0-practice": practice.pk}
    assert client.post(path, {**account, **row, "memberships-0-is_reader": "on"}).status_code == 302
    deleted = {**row, "memberships-0-is_reader": "on", "memberships-0-DELETE": "on"}
    assert client.post(path, {**account, **deleted}).status_code == 302
    assert [line.action for line in lines(bob, "member.roles_changed", "member.removed")] == [
        "member.roles_changed",
        "member.removed",
    ]
    empty = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    _token, _secret = issue_token(user=bob, name="Logiciel", scopes=[Scope.READ], by=None)
    assert client.post(path, {**account, "is_active": "", **empty}).status_code == 302
    (edited,) = lines(bob, "account.edited")
    assert edited.detail == {"fields": ["is_active"], "is_active": False}
    assert ApiToken.objects.get().revoked_at  # does not come back with the account


def test_case_53_practice_settings_changed_by_the_operator(practice: Practice, sign_in: SignIn) -> None:
    client = sign_in(User.objects.create_superuser("root@docshare.example", PASSWORD))
    path = f"/admin/practices/practice/{practice.pk}/change/"
    typed = {"name": "Cabinet des Tilleuls", "time_zone": "Europe/Paris", "language": "fr", "email": practice.email}
    assert client.post(path, typed).status_code == 302
    line = AuditEvent.objects.get(action="practice.edited")
    assert line.practice_id == practice.pk
    assert line.detail == {"fields": ["name", "telephone"]}


def test_case_53_an_account_that_the_operator_deletes_leaves_its_lines(bob: User, sign_in: SignIn) -> None:
    client = sign_in(User.objects.create_superuser("root@docshare.example", PASSWORD))
    TOTP.activate(bob, generate_totp_secret())
    pk = bob.pk
    assert client.post(f"/admin/accounts/user/{pk}/delete/", {"post": "yes"}).status_code == 302
    actions = AuditEvent.objects.filter(object_id=pk).order_by("id").values_list("action", flat=True)
    assert list(actions)[-2:] == ["member.removed", "account.deleted"]


def test_case_53_wrong_codes_by_sms_and_wrong_old_passwords_are_failures(patient: User) -> None:
    client = Client()
    type_password(client, patient)
    code = sms_code(patient)
    client.post("/account/device/", {"code": "000000" if code != "000000" else "111111"})
    client.post("/account/device/", {"code": code})
    for _ in range(12):
        page = client.post("/account/password/change/", change("pas la bonne phrase", NEW_PASSWORD)).content.decode()
    assert "Trop d’essais" in page
    means = {line.detail["means"] for line in lines(patient, "account.sign_in_failed")}
    assert means == {"sms_code", "password"}


def test_case_53_what_the_operator_changes_of_an_account(patient: User, sign_in: SignIn) -> None:
    """Rights, the mobile, the proof of an address: the trail says by whom. Another mobile makes each device new."""
    browser_of(patient)
    operator = User.objects.create_superuser("root@docshare.example", PASSWORD)
    assert lines(operator, "account.created")[0].detail == {"is_superuser": True}
    client = sign_in(operator)
    account = {"email": patient.email, "first_name": "Hugo", "last_name": "Martin", "language": "fr"}
    rows = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    changes = {"is_active": "on", "is_staff": "on", "mobile": "+33611223344"}
    path = f"/admin/accounts/user/{patient.pk}/change/"
    assert client.post(path, {**account, **rows, **changes}).status_code == 302
    address = EmailAddress.objects.get(user=patient)
    typed = {"user": patient.pk, "email": "autre@courriel.example", "verified": "on", "primary": "on"}
    assert client.post(f"/admin/account/emailaddress/{address.pk}/change/", typed).status_code == 302
    found = lines(patient, "account.edited")
    assert [line.detail["fields"] for line in found] == [["is_staff", "mobile"], ["email_address"]]
    assert {line.actor_id for line in found} == {operator.pk}
    assert lines(patient, "account.devices_forgotten")
    assert not patient.known_devices.exists()
    page = sign_in(patient).get("/my-account/activity/").content.decode()
    assert "Compte modifié par l’administration du site" in page
    assert "root@docshare.example" not in page


# --- Who reads it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "page"), [("patient", "/my-account/activity/"), ("doctor", "/pro/activity/")])
def test_case_53_the_person_reads_what_happened_to_their_account(
    who: str, page: str, request: pytest.FixtureRequest
) -> None:
    user: User = request.getfixturevalue(who)
    type_password(Client(headers={"User-Agent": FIREFOX}), user, "pas la bonne phrase")
    client = browser_of(user)
    text = client.get(page).content.decode()
    for words in ("Connexion refusée", "Appareil reconnu", "Firefox sur Windows", "Mot de passe", "Appareil nouveau"):
        assert words in text
    assert text.index("Connexion<") < text.index("Connexion refusée")  # newest first
    assert "account." not in text.replace("/account.", "")


def test_case_53_the_activity_has_fifty_lines_a_page(patient: User, sign_in: SignIn) -> None:
    for _ in range(120):
        note(patient, "account.signed_out")
    client = sign_in(patient)
    seen, page = [], "/my-account/activity/"
    for _ in range(3):
        text = client.get(page).content.decode()
        seen.append(text.count("Déconnexion"))
        older = re.search(r'href="(\?before=\d+)"', text)
        page = f"/my-account/activity/{older[1]}" if older else ""
    assert seen == [50, 50, 20]
    assert not page
    for nonsense in ("x", "-1", "9" * 40, "١"):
        assert client.get("/my-account/activity/", {"before": nonsense}).status_code == 200


def note(user: User, action: str) -> None:
    with transaction.atomic():
        record(action, by=user, on=user)


def test_case_53_an_administrator_reads_what_the_members_did_since_they_are_members(
    doctor: User, bob: User, carol: User, sign_in: SignIn
) -> None:
    note(doctor, "account.signed_in")  # before she came
    Membership.objects.filter(user=doctor).update(since=timezone.now())
    type_password(Client(), doctor, "pas la bonne phrase")
    browser_of(doctor)
    change_roles(membership=Membership.objects.get(user=bob), roles=[Role.READER], by=carol)
    text = sign_in(carol).get("/pro/settings/activity/").content.decode()
    assert text.count("Connexion<") == 1
    assert text.count("Connexion refusée") == 1
    assert "Dr Alice Morel" in text
    assert "Rôles changés" in text
    assert "Donné\u00a0: Lecteur" in text


PATIENTS_OWN = ("account.mobile_changed", "account.email_changed", "account.device_added", "account.opened")


@pytest.mark.parametrize("action", PATIENTS_OWN)
def test_case_53_an_administrator_reads_nothing_that_a_member_did_as_a_patient(
    action: str, doctor: User, carol: User, sign_in: SignIn
) -> None:
    note(doctor, action)
    text = sign_in(carol).get("/pro/settings/activity/").content.decode()
    assert "Alice" not in text
    assert words_for_account(action) not in text


def test_case_53_an_administrator_reads_nothing_of_another_practice(
    doctor: User, bob: User, charlie: User, other_practice: Practice, sign_in: SignIn
) -> None:
    browser_of(doctor)
    add_member(user=doctor, practice=other_practice, roles=[Role.READER], by=charlie)
    remove_member(membership=Membership.objects.get(user=bob), by=None)
    text = sign_in(charlie).get("/pro/settings/activity/").content.decode()
    assert "Membre ajouté" in text
    assert "Membre retiré" not in text
    assert "Connexion<" not in text  # she signed in before she came


@pytest.mark.parametrize("who", ["bob", "rita", "alice"])
def test_case_53_the_members_activity_is_for_administrators(
    who: str, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    assert sign_in(request.getfixturevalue(who)).get("/pro/settings/activity/").status_code == 404


def test_case_53_the_export_of_a_practice_has_its_members_sign_ins(
    doctor: User, patient: User, practice: Practice
) -> None:
    browser_of(doctor)
    browser_of(patient)
    out = StringIO()
    today, tomorrow = timezone.now().date(), timezone.now().date() + timedelta(days=1)
    call_command(
        "export_audit", "--from", str(today), "--to", str(tomorrow), "--practice", str(practice.pk), stdout=out
    )
    exported = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["object"] for line in exported if line["action"] == "account.signed_in"] == [str(doctor.pk)]
