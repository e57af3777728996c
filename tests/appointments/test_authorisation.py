"""Documents that a booker has, once the adult has own contacts; and messages that were given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from appointments.authorisation import (
    authorise_holder,
    keep_with_holder,
    superseded_authorisation,
    withdraw_authorisation,
)
from appointments.failures import note_failed_messages
from appointments.models import Appointment, BookedFor
from audit.models import AuditEvent
from documents.models import Category, SharedDocument
from documents.sharing.access import visible_as_recipient
from documents.sharing.share import share_upload
from notifications.models import Message
from patients.models import Patient, RecordTie
from patients.records import change_patient
from practices.roles import NotAllowed
from tests.conftest import BookFixture

SignIn = Callable[[User], Client]


@pytest.fixture
def shared(book_for: BookFixture, hugo: User, alice: User, receive: Any, prescription: Category) -> SharedDocument:
    """Shared with Hugo by authorisation, about an adult relative without contacts."""
    paul = Patient.objects.create(
        practice=alice.memberships.get().practice, first_name="Paul", last_name="Martin", birth_date=date(1946, 8, 25)
    )
    appointment = book_for(paul, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    authorise_holder(appointment=appointment, by=alice)
    return share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="Bilan", placement=None, by=alice
    )


def complete(document: SharedDocument, by: User) -> Appointment:
    change_patient(
        patient=document.patient,
        by=by,
        email="paul@courriel.example",
        mobile="+33612000002",
        within=document.appointment_id,
    )
    return Appointment.objects.get(pk=document.appointment_id)


def test_staff_are_asked_once_the_adult_has_contacts_and_may_leave_them(
    shared: SharedDocument, alice: User, hugo: User, sign_in: SignIn
) -> None:
    assert superseded_authorisation(shared.appointment) is None
    appointment = complete(shared, alice)
    assert superseded_authorisation(appointment)
    client = sign_in(alice)
    page = client.get(f"/pro/appointments/{appointment.pk}/").content.decode()
    assert "Un document déjà partagé reste visible par Hugo Martin" in page
    client.post(f"/pro/appointments/{appointment.pk}/keep/")
    assert "Les lui laisser" not in client.get(f"/pro/appointments/{appointment.pk}/").content.decode()
    assert visible_as_recipient(hugo).filter(pk=shared.pk).exists()
    keep_with_holder(appointment=appointment, by=alice)
    assert AuditEvent.objects.about(appointment.pk).filter(action="holder.authorisation_kept").count() == 1


def test_or_take_them_from_the_booker(shared: SharedDocument, alice: User, hugo: User, sign_in: SignIn) -> None:
    appointment = complete(shared, alice)
    sign_in(alice).post(f"/pro/appointments/{appointment.pk}/withdraw/")
    assert not visible_as_recipient(hugo).exists()
    assert SharedDocument.objects.filter(pk=shared.pk).exists()
    assert superseded_authorisation(appointment) is None


def test_readers_neither_keep_nor_withdraw(shared: SharedDocument, rita: User) -> None:
    for use_case in (keep_with_holder, withdraw_authorisation):
        with pytest.raises(NotAllowed):
            use_case(appointment=shared.appointment, by=rita)


def test_withdrawing_calls_off_the_messages_that_have_not_left(
    shared: SharedDocument, alice: User, hugo: User
) -> None:
    assert Message.objects.filter(to=hugo.email, state="queued").exists()
    withdraw_authorisation(appointment=shared.appointment, by=alice)
    assert not Message.objects.filter(to=hugo.email, state="queued").exists()


def test_a_message_that_was_given_up_is_told_once_in_the_history(
    shared: SharedDocument, alice: User, sign_in: SignIn
) -> None:
    Message.objects.filter(channel="sms").update(state="failed")
    assert note_failed_messages() == 1
    assert note_failed_messages() == 0
    page = sign_in(alice).get(f"/pro/appointments/{shared.appointment_id}/history/").content.decode()
    assert "Message non remis" in page


def test_as_many_accounts_are_shown_as_see_something(
    shared: SharedDocument, alice: User, hugo: User, bob: User, sign_in: SignIn
) -> None:
    def shown() -> int:
        page = sign_in(alice).get(f"/pro/patients/{shared.patient_id}/").content.decode()
        return page.count("data-grant")

    def seeing() -> int:
        users = User.objects.all()
        return sum(visible_as_recipient(user).filter(patient=shared.patient).exists() for user in users)

    assert shown() == seeing() == 1
    RecordTie.objects.create(
        user=bob, patient=shared.patient, relationship="self", proved_email=bob.email, proved_mobile="+33612000002"
    )
    assert shown() == seeing() == 2
    withdraw_authorisation(appointment=shared.appointment, by=alice)
    assert shown() == seeing() == 1
