"""Contacts are corrected after the wrong person claimed the record: who keeps access, and what the message tells each
to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from appointments.models import Appointment
from audit.models import AuditEvent
from documents.models import SharedDocument
from documents.sharing.access import visible_as_recipient
from notifications.models import Message
from patients.models import Invitation, Patient, RecordTie
from patients.records import (
    FormerContacts,
    FormerContactsUnclear,
    PatientChanges,
    change_patient,
    create_patient,
)
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.bookings import *  # noqa: F403  # somebody who books online, a rule
from tests.documents.ways import (
    NEW,
    ONE_OR_BOTH,
    SignIn,
    account,
    claim,
    doors_of,
    links_in,
)

pytestmark = pytest.mark.django_db
CLEARED: list[PatientChanges] = [{"mobile": None}, {"email": None, "mobile": None}]


def test_somebody_else_had_been_entered_and_sees_nothing_of_the_record_any_more(
    appointment: Appointment,
    marie: Patient,
    wrong: User,
    alice: User,
    share: Callable[[Appointment], SharedDocument],
    sign_in: SignIn,
) -> None:
    before = share(appointment)
    claim(marie, wrong)
    assert len(doors_of(wrong, before, sign_in)) == 6
    with pytest.raises(FormerContactsUnclear):
        change_patient(patient=marie, by=alice, **NEW)
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SOMEONE_ELSE, **NEW)
    after = share(appointment)
    assert doors_of(wrong, before, sign_in) == doors_of(wrong, after, sign_in) == set()
    assert not RecordTie.objects.live().exists()
    invited = Invitation.objects.live().get()
    assert (invited.email, invited.mobile) == (NEW["email"], NEW["mobile"])
    untied = AuditEvent.objects.get(action="record.untied")
    assert (untied.actor_id, untied.detail["reason"]) == (alice.pk, "someone_else")


def test_the_same_person_keeps_what_was_shared_and_waits_for_the_rest(
    appointment: Appointment,
    marie: Patient,
    alice: User,
    share: Callable[[Appointment], SharedDocument],
    sign_in: SignIn,
) -> None:
    owner = account("marie.durand@courriel.example", "+33612345678")
    before = share(appointment)
    claim(marie, owner)
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    after = share(appointment)
    assert len(doors_of(owner, before, sign_in)) == 6
    assert doors_of(owner, after, sign_in) == set()

    # One page: the link sent to the new address, and the code sent to the new mobile.
    browser = sign_in(owner)
    link = links_in(Message.objects.filter(channel="email", to=NEW["email"]).latest("created_at"))[0]
    browser.post(link)
    code = Message.objects.filter(channel="sms", to=NEW["mobile"], expires_at__isnull=False).latest("created_at")
    assert browser.post("/invitation/code/", {"code": code.body[:6]})["Location"] == "/documents/"
    assert len(doors_of(owner, after, sign_in)) == 6
    tie = RecordTie.objects.live().get()
    assert (tie.proved_email, tie.proved_mobile, tie.suspended_at) == (NEW["email"], NEW["mobile"], None)


def test_a_replacement_shared_while_the_tie_waits_is_not_seen(
    appointment: Appointment, marie: Patient, wrong: User, alice: User, share: Callable[..., SharedDocument]
) -> None:
    document = share(appointment)
    claim(marie, wrong)
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    SharedDocument.objects.update(replaced_at=timezone.now() + timedelta(seconds=1))
    assert not visible_as_recipient(wrong).filter(pk=document.pk).exists()


def test_a_minors_contacts_pass_from_one_parent_to_the_other(
    practice: Practice,
    alice: User,
    book_for: BookFixture,
    share: Callable[[Appointment], SharedDocument],
    sign_in: SignIn,
) -> None:
    mother, father = (
        account("mere@courriel.example", "+33612000001"),
        account("pere@courriel.example", "+33612000002"),
    )
    child = create_patient(
        practice=practice,
        first_name="Léa",
        last_name="Roy",
        birth_date=timezone.localdate() - timedelta(days=3000),
        email=mother.email,
        mobile=mother.mobile,
        by=alice,
    )
    appointment = book_for(child)
    before = share(appointment)
    claim(child, mother)
    change_patient(
        patient=child,
        by=alice,
        email=father.email,
        mobile=father.mobile,
        former_contacts=FormerContacts.SOMEONE_ELSE,
    )
    child.refresh_from_db()
    after = share(appointment)
    claim(child, father)
    assert doors_of(mother, before, sign_in) == doors_of(mother, after, sign_in) == set()
    assert len(doors_of(father, before, sign_in)) == len(doors_of(father, after, sign_in)) == 6


@pytest.mark.parametrize("answer", FormerContacts)
@pytest.mark.parametrize("change", [*ONE_OR_BOTH, *CLEARED])
def test_any_change_of_any_contact_asks_and_ends_or_suspends_every_tie(
    marie: Patient, wrong: User, alice: User, answer: FormerContacts, change: PatientChanges
) -> None:
    claim(marie, wrong)
    with pytest.raises(FormerContactsUnclear):
        change_patient(patient=marie, by=alice, **change)
    changed = change_patient(patient=marie, by=alice, former_contacts=answer, **change)
    assert {name: getattr(changed, name) for name in change} == change
    live = RecordTie.objects.live()
    assert live.exists() == (answer is FormerContacts.SAME_PERSON)
    assert not live.filter(suspended_at=None).exists()


def test_the_api_asks_whose_they_were(marie: Patient, wrong: User, alice: User, api: APIClient) -> None:
    claim(marie, wrong)
    address = f"/api/v1/patients/{marie.pk}/"
    refused = api.patch(address, NEW)
    assert refused.status_code == 409
    assert [(one["code"], one["attr"]) for one in refused.json()["errors"]] == [
        ("say_whose_contacts", "former_contacts")
    ]
    assert api.patch(address, {**NEW, "former_contacts": "nobody"}).status_code == 400
    assert api.patch(address, {"first_name": "Maria"}).status_code == 200  # no contact changes
    assert api.patch(address, {**NEW, "former_contacts": "someone_else"}).status_code == 200
    assert not RecordTie.objects.live().exists()
    assert api.patch(address, {"email": "x@courriel.example"}).status_code == 200  # no account is tied any more


def test_the_page_asks_whose_they_were_and_keeps_what_was_typed(
    marie: Patient, wrong: User, bob: User, sign_in: SignIn
) -> None:
    claim(marie, wrong)
    browser, address = sign_in(bob), f"/pro/patients/{marie.pk}/"
    assert "former_contacts" in browser.get(address).content.decode()
    asked = browser.post(address, NEW)
    assert asked.status_code == 400
    assert "vraie@courriel.example" in asked.content.decode()
    assert RecordTie.objects.live().exists()
    assert browser.post(address, {**NEW, "former_contacts": "someone_else"}).status_code == 302
    assert not RecordTie.objects.live().exists()
    assert "former_contacts" not in browser.get(address).content.decode()


def test_the_person_reads_why_nothing_new_is_there_and_proves_the_new_contacts_in_two_steps(
    appointment: Appointment,
    marie: Patient,
    alice: User,
    share: Callable[[Appointment], SharedDocument],
    sign_in: SignIn,
) -> None:
    owner = account("marie.durand@courriel.example", "+33612345678")
    share(appointment)
    claim(marie, owner)
    browser = sign_in(owner)
    for page in ("/documents/", "/my-account/"):
        assert "data-suspended" not in browser.get(page).content.decode()
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    share(appointment)
    for page in ("/documents/", "/my-account/"):
        shown = browser.get(page).content.decode()
        assert "Coordonnées à vérifier pour Marie Durand" in shown
        assert f"{marie.practice.name} a changé ces coordonnées le" in shown
        assert str(NEW["email"]) not in shown  # the new address may be mistyped, too
    activity = browser.get("/my-account/activity/").content.decode()
    assert "Coordonnées changées par un cabinet, à vérifier pour voir la suite" in activity
    assert marie.practice.name in activity
    assert alice.last_name not in activity

    link = links_in(Message.objects.filter(channel="email", to=NEW["email"]).latest("created_at"))[0]
    start = browser.get(link).content.decode()
    assert "Étape 1 sur 2" in start
    assert "Vérifiez vos nouvelles coordonnées" in start
    assert "date de naissance" not in start
    browser.post(link)
    assert "Étape 2 sur 2" in browser.get("/invitation/code/").content.decode()
    assert "Étape 1 sur 4" in Client().get(link).content.decode()
    code = Message.objects.filter(channel="sms", to=NEW["mobile"], expires_at__isnull=False).latest("created_at")
    browser.post("/invitation/code/", {"code": code.body[:6]})
    shown = browser.get("/documents/").content.decode()
    assert "data-suspended" not in shown
    assert "Votre compte envoie toujours ses codes au 06\u00a012\u00a034\u00a056\u00a078." in shown
    assert "Nouvelles coordonnées vérifiées pour un cabinet" in browser.get("/my-account/activity/").content.decode()


def test_an_ended_access_is_in_the_activity_of_the_account_alone(
    marie: Patient, wrong: User, alice: User, sign_in: SignIn
) -> None:
    claim(marie, wrong)
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SOMEONE_ELSE, **NEW)
    claim(marie, account(str(NEW["email"]), str(NEW["mobile"])))
    shown = sign_in(wrong).get("/my-account/activity/").content.decode()
    assert "Accès aux documents d’un cabinet retiré" in shown
    assert shown.count("Compte relié aux documents d’un cabinet") == 1
    assert "Compte relié aux documents" not in sign_in(alice).get("/my-account/activity/").content.decode()
