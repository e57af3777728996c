"""Patients change their own mobile or email: records, links and messages follow."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, BookedFor
from appointments.recipients import RecipientState, resolve
from audit.models import AuditEvent
from documents.models import SharedDocument
from documents.sending.autosend import send_due
from documents.sharing.access import visible_as_recipient
from notifications.models import Message
from patients.models import Patient, RecordTie
from patients.records import (
    FormerContacts,
    change_patient,
)
from patients.relatives import Person
from tests import conftest
from tests.conftest import BookFixture
from tests.documents.bookings import *  # noqa: F403  # somebody who books online, a rule
from tests.documents.ways import (
    NEW,
    Booker,
    SignIn,
    links_in,
    newest_link,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def change_own(sign_in: SignIn) -> Callable[[User, str, str], None]:
    """Through the account's pages: the code to the new mobile, or the link to the new address."""

    def _change(user: User, contact: str, new: str) -> None:
        browser = sign_in(user)
        browser.post("/account/reauthenticate/", {"password": conftest.PASSWORD})
        if contact == "mobile":
            browser.post("/my-account/mobile/", {"mobile": new})
            digits = Message.objects.filter(channel="sms", to=new).latest("created_at").body[:6]
            assert browser.post("/my-account/mobile/code/", {"code": digits})["Location"] == "/my-account/"
        else:
            browser.post("/account/email/", {"action_add": "", "email": new})
            confirm = links_in(Message.objects.filter(channel="email", to=new).latest("created_at"))[0]
            assert browser.post(confirm).status_code == 302
        user.refresh_from_db()
        assert getattr(user, contact) == new

    return _change


@pytest.mark.parametrize(("contact", "new"), [("mobile", "+33612000099"), ("email", "nouvelle@courriel.example")])
def test_a_contact_that_the_patient_changes_follows_in_every_record_and_nothing_goes_to_the_old_one(
    marie: Patient,
    maries_account: User,
    book_for: BookFixture,
    plan_rule: None,
    share: Callable[..., SharedDocument],
    client: Client,
    change_own: Callable[[User, str, str], None],
    contact: str,
    new: str,
) -> None:
    old = getattr(marie, contact)
    appointment = book_for(marie)
    send_due()
    link = newest_link("marie.durand@courriel.example")
    share(appointment)
    change_own(maries_account, contact, new)
    marie.refresh_from_db()
    assert getattr(marie, contact) == new
    assert getattr(RecordTie.objects.live().get(), f"proved_{contact}") == new
    assert client.get(link).status_code == 410
    document = share(Appointment.objects.get(pk=appointment.pk))
    assert visible_as_recipient(maries_account).filter(pk=document.pk).exists()
    to_old = Message.objects.filter(state="queued", to=old)
    # Only the message that the account's own contact changed, which is not about the practice.
    assert not [message for message in to_old if "Cabinet des Lilas" in message.body or "/d/" in message.body]
    changed = AuditEvent.objects.filter(action="contact.changed", object_id=marie.pk).latest("id")
    assert (changed.actor_id, changed.detail["by_the_account"]) == (maries_account.pk, True)


def test_where_the_record_cannot_follow_it_loses_the_old_contact_and_staff_are_asked(
    marie: Patient,
    maries_account: User,
    alice: User,
    bob: User,
    rita: User,
    sign_in: SignIn,
    book_for: BookFixture,
    change_own: Callable[[User, str, str], None],
) -> None:
    change_patient(patient=marie, by=alice, email=NEW["email"], former_contacts=FormerContacts.SAME_PERSON)
    change_own(maries_account, "mobile", "+33612000099")
    marie.refresh_from_db()
    assert marie.mobile is None
    assert resolve(book_for(marie)).state is RecipientState.MISSING_CONTACT
    browser = sign_in(bob)
    assert "Marie Durand" in browser.get("/pro/deliveries/").content.decode()
    page = browser.get(f"/pro/patients/{marie.pk}/").content.decode()
    found = re.search(r'action="(/pro/contact-proposals/[0-9a-f-]{36}/)"', page)
    assert found
    assert sign_in(rita).post(found[1], {"take": "1"}).status_code == 404
    assert browser.post(found[1], {"take": "1"}).status_code == 302
    marie.refresh_from_db()
    assert str(marie.mobile) == "+33612000099"
    assert str(marie.email) == NEW["email"]
    assert "data-proposal" not in browser.get(f"/pro/patients/{marie.pk}/").content.decode()
    assert RecordTie.objects.live().get().suspended_at is not None  # the new address still needs proof


def test_staff_who_enter_what_the_account_has_proved_suspend_nothing(
    marie: Patient, maries_account: User, alice: User
) -> None:
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    assert RecordTie.objects.live().get().suspended_at is not None
    change_patient(
        patient=marie,
        by=alice,
        email="marie.durand@courriel.example",
        mobile="+33612345678",
        former_contacts=FormerContacts.SAME_PERSON,
    )
    assert RecordTie.objects.live().get().suspended_at is None


def test_a_holders_new_address_gets_what_waited_for_the_old_one(
    booker: Booker,
    holder: User,
    share: Callable[..., SharedDocument],
    change_own: Callable[[User, str, str], None],
) -> None:
    born = timezone.localdate() - timedelta(days=900)
    appointment = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", born))
    document = share(appointment)
    old = holder.email
    change_own(holder, "email", "nouveau@courriel.example")
    assert not document.messages.filter(to=old).exists()
    assert document.messages.filter(to="nouveau@courriel.example", state="queued").exists()
