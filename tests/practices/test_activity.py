"""Sign-ins, failures, factors, passwords, devices, roles, settings: recorded in the trail, and shown."""

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
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
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

pytestmark = pytest.mark.django_db  # fixtures requested by name are not seen at collection
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


def test_a_sign_in_says_how_and_on_what(patient: User) -> None:
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


def test_a_second_factor_is_added_used_and_removed(doctor: User) -> None:
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


def test_passwords_changed_reset_and_set(doctor: User, sign_in: SignIn) -> None:
    client = browser_of(doctor)
    client.post("/account/password/change/", change(PASSWORD, NEW_PASSWORD))
    reset_password(doctor, "des prunes en automne")
    doctor.refresh_from_db()
    doctor.set_password("des noix en hiver, oui")
    doctor.save()
    found = lines(doctor, "account.password_changed")
    assert [line.detail["how"] for line in found] == ["changed", "reset", "set"]
    assert [line.actor_id for line in found] == [doctor.pk, doctor.pk, None]
    assert "cerises" not in str([line.detail for line in found])


def change(old: str, new: str, **more: Any) -> dict[str, Any]:
    return {"oldpassword": old, "password1": new, "password2": new, **more}


def test_contacts_changed_and_sessions_ended(patient: User) -> None:
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


def test_a_new_email_is_in_the_trail(patient: User) -> None:
    client = browser_of(patient)
    confirm(client)
    client.post("/account/email/", {"action_add": "", "email": "nouveau@courriel.example"})
    link = re.search(r"/account/confirm-email/\S+", Message.objects.get(to="nouveau@courriel.example").body)
    assert link
    client.post(link[0])
    assert lines(patient, "account.email_changed")


def test_roles_granted_and_taken_by_the_use_cases(bob: User, carol: User, practice: Practice) -> None:
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


def test_wrong_codes_by_sms_and_wrong_old_passwords_are_failures(patient: User) -> None:
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


# --- Who reads it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "page"), [("patient", "/my-account/activity/"), ("doctor", "/pro/activity/")])
def test_the_person_reads_what_happened_to_their_account(who: str, page: str, request: pytest.FixtureRequest) -> None:
    user: User = request.getfixturevalue(who)
    type_password(Client(headers={"User-Agent": FIREFOX}), user, "pas la bonne phrase")
    client = browser_of(user)
    text = client.get(page).content.decode()
    for words in ("Connexion refusée", "Appareil reconnu", "Firefox sur Windows", "Mot de passe", "Appareil nouveau"):
        assert words in text
    assert text.index("Connexion<") < text.index("Connexion refusée")  # newest first
    assert "account." not in text.replace("/account.", "")


def test_the_activity_has_fifty_lines_a_page(patient: User, sign_in: SignIn) -> None:
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


def test_an_administrator_reads_what_the_members_did_since_they_are_members(
    doctor: User, bob: User, carol: User, sign_in: SignIn
) -> None:
    note(doctor, "account.signed_in")  # before she joined
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
def test_an_administrator_reads_nothing_that_a_member_did_as_a_patient(
    action: str, doctor: User, carol: User, sign_in: SignIn
) -> None:
    note(doctor, action)
    text = sign_in(carol).get("/pro/settings/activity/").content.decode()
    assert "Alice" not in text
    assert words_for_account(action) not in text


def test_an_administrator_reads_nothing_of_another_practice(
    doctor: User, bob: User, charlie: User, other_practice: Practice, sign_in: SignIn
) -> None:
    browser_of(doctor)
    add_member(user=doctor, practice=other_practice, roles=[Role.READER], by=charlie)
    remove_member(membership=Membership.objects.get(user=bob), by=None)
    text = sign_in(charlie).get("/pro/settings/activity/").content.decode()
    assert "Membre ajouté" in text
    assert "Membre retiré" not in text
    assert "Connexion<" not in text  # she had signed in before she joined


@pytest.mark.parametrize("who", ["bob", "rita", "alice"])
def test_the_members_activity_is_for_administrators(
    who: str, request: pytest.FixtureRequest, sign_in: SignIn
) -> None:
    assert sign_in(request.getfixturevalue(who)).get("/pro/settings/activity/").status_code == 404


def test_the_export_of_a_practice_has_its_members_sign_ins(doctor: User, patient: User, practice: Practice) -> None:
    browser_of(doctor)
    browser_of(patient)
    out = StringIO()
    today, tomorrow = timezone.now().date(), timezone.now().date() + timedelta(days=1)
    call_command(
        "export_audit", "--from", str(today), "--to", str(tomorrow), "--practice", str(practice.pk), stdout=out
    )
    exported = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["object"] for line in exported if line["action"] == "account.signed_in"] == [str(doctor.pk)]
