"""A link without account ends with the contacts and with the authorisation it was sent under."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.models import Appointment, BookedFor
from audit.models import AuditEvent
from documents.models import AutoSend, SharedDocument
from documents.sending.autosend import send_again, send_due
from documents.sharing.access import visible_as_recipient
from documents.sharing.accesses import AccessKind, accesses_to, end_access
from notifications.models import Message
from patients.invitations import (
    WrongBirthDate,
    invitation_for,
    prove_birth_date,
)
from patients.models import Patient
from patients.records import (
    PatientChanges,
    change_patient,
    confirm_contacts,
)
from patients.relatives import Person
from tests.conftest import BookFixture
from tests.documents.bookings import *  # noqa: F403  # somebody who books online, a rule
from tests.documents.ways import (
    NEW,
    ONE_OR_BOTH,
    Booker,
    SignIn,
    account,
    claim,
    doors_of,
    newest_link,
    on_day,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("change", ONE_OR_BOTH)
def test_a_link_dies_when_the_contacts_it_was_sent_to_are_corrected(
    plan_rule: None, book_for: BookFixture, marie: Patient, alice: User, client: Client, change: PatientChanges
) -> None:
    book_for(marie)
    send_due()
    first = newest_link("marie.durand@courriel.example")
    assert client.get(first).status_code == 200
    Message.objects.update(state="sent", sent_at=timezone.now())
    change_patient(patient=marie, by=alice, **change)
    assert client.get(first).status_code == client.post(f"{first}/1").status_code == 410
    send_again(sending=AutoSend.objects.get(), by=alice)
    again = newest_link(Patient.objects.get(pk=marie.pk).email or "")
    assert again != first
    assert (client.get(first).status_code, client.get(again).status_code) == (410, 200)
    change_patient(patient=marie, by=alice, email="marie.durand@courriel.example", mobile="+33612345678")
    assert client.get(first).status_code == 410  # never the former link


def test_what_waits_to_go_to_a_corrected_address_goes_to_the_new_one_alone(
    plan_rule: None, book_for: BookFixture, marie: Patient, alice: User, share: Callable[..., SharedDocument]
) -> None:
    appointment = book_for(marie)
    send_due()
    for _ in range(3):
        share(appointment)
    change_patient(patient=marie, by=alice, **NEW)
    waiting = Message.objects.filter(state="queued")
    assert {message.to for message in waiting} == set(NEW.values())
    told = SharedDocument.objects.filter(messages__in=waiting).distinct()
    assert set(told) == set(SharedDocument.objects.all())


def test_a_link_sent_under_an_authorisation_dies_with_it(
    plan_rule: None, booker: Booker, holder: User, alice: User, client: Client
) -> None:
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    send_due()
    assert not SharedDocument.objects.exists()
    authorise_holder(appointment=appointment, by=alice)
    AutoSend.objects.update(retry_at=None)
    send_due()
    link = newest_link(holder.email)
    assert client.get(link).status_code == 200
    withdraw_authorisation(appointment=appointment, by=alice)
    assert client.get(link).status_code == client.post(f"{link}/1").status_code == 410
    assert accesses_to(appointment.patient) == []
    assert not Message.objects.filter(state="queued", body__contains="/d/").exists()
    authorise_holder(appointment=appointment, by=alice)
    assert client.get(link).status_code == 410
    assert send_again(sending=AutoSend.objects.get(), by=alice)
    assert client.get(newest_link(holder.email)).status_code == 200


def test_a_link_to_a_holder_dies_with_the_holders_address(
    plan_rule: None, booker: Booker, holder: User, client: Client
) -> None:
    booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", timezone.localdate() - timedelta(days=900)))
    send_due()
    link = newest_link(holder.email)
    assert client.get(link).status_code == 200
    User.objects.filter(pk=holder.pk).update(email="nouveau@courriel.example")
    assert client.get(link).status_code == 410


def test_what_a_holder_received_of_a_minor_does_not_come_to_hang_on_an_authorisation(
    plan_rule: None, booker: Booker, holder: User, alice: User, client: Client
) -> None:
    """Sent again under an authorisation, years later: after a withdrawal the link ends, and the holder keeps the
    document."""
    born = timezone.localdate() - timedelta(days=900)
    appointment = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", born))
    send_due()
    User.objects.filter(pk=holder.pk).update(email="nouveau@courriel.example")
    with on_day(timezone.now() + timedelta(days=17 * 366)):
        authorise_holder(appointment=Appointment.objects.get(pk=appointment.pk), by=alice)
        assert send_again(sending=AutoSend.objects.get(), by=alice)
        link = newest_link("nouveau@courriel.example")
        assert client.get(link).status_code == 200
        withdraw_authorisation(appointment=appointment, by=alice)
        assert client.get(link).status_code == 410
    assert visible_as_recipient(holder).get() == SharedDocument.objects.get()


def test_an_authorisation_gives_back_what_staff_had_ended_when_it_is_sent_again(
    plan_rule: None, booker: Booker, holder: User, alice: User, client: Client
) -> None:
    """And no message contains a link that opens nothing."""
    born = timezone.localdate() - timedelta(days=900)
    appointment = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", born))
    send_due()
    of_holder = next(one for one in accesses_to(appointment.patient) if one.kind is AccessKind.HOLDER)
    end_access(patient=appointment.patient, access_id=of_holder.id, by=alice)
    authorise_holder(appointment=appointment, by=alice)
    assert not visible_as_recipient(holder).exists()
    assert send_again(sending=AutoSend.objects.get(), by=alice)
    assert client.get(newest_link(holder.email)).status_code == 200
    assert visible_as_recipient(holder).exists()
    withdraw_authorisation(appointment=appointment, by=alice)
    assert not visible_as_recipient(holder).exists()


def test_a_new_authorisation_gives_back_what_the_former_one_had_shown(
    plan_rule: None,
    booker: Booker,
    holder: User,
    alice: User,
    share: Callable[..., SharedDocument],
    sign_in: SignIn,
    client: Client,
) -> None:
    booked = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    other = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    authorise_holder(appointment=booked, by=alice)
    authorise_holder(appointment=other, by=alice)
    AutoSend.objects.update(retry_at=None)
    send_due()
    link = newest_link(holder.email)
    document, elsewhere = share(booked), share(other)
    for one in (booked, other):
        withdraw_authorisation(appointment=one, by=alice)
    assert doors_of(holder, document, sign_in) == set()
    Message.objects.all().delete()
    authorise_holder(appointment=Appointment.objects.get(pk=booked.pk), by=alice)
    assert len(doors_of(holder, document, sign_in)) == 6
    assert doors_of(holder, elsewhere, sign_in) == set()  # of another appointment
    assert client.get(link).status_code == 410  # never the former link
    assert {one.to for one in document.messages.filter(state="queued")} == {holder.email, holder.mobile}
    given = AuditEvent.objects.filter(action="document.given_back")
    assert {(one.actor_id, one.record_id) for one in given} == {(alice.pk, booked.pk)}
    withdraw_authorisation(appointment=booked, by=alice)
    assert doors_of(holder, document, sign_in) == set()


@pytest.mark.parametrize("doubt", ["an access ended", "five wrong dates"])
def test_a_link_opens_nothing_while_the_contacts_are_in_doubt(
    plan_rule: None, book_for: BookFixture, marie: Patient, alice: User, client: Client, doubt: str
) -> None:
    book_for(marie)
    send_due()
    link = newest_link("marie.durand@courriel.example")
    if doubt == "an access ended":
        claim(marie, account("marie.durand@courriel.example", "+33612345678"))
        assert client.get(link).status_code == 200
        end_access(patient=marie, access_id=accesses_to(marie)[0].id, by=alice)
    else:
        for day in range(1, 6):
            with pytest.raises(WrongBirthDate):
                prove_birth_date(invitation=invitation_for(patient=marie, by=alice), birth_date=date(1950, 1, day))
    assert client.get(link).status_code == client.post(f"{link}/1").status_code == 410
    assert not any(one.kind is AccessKind.LINK for one in accesses_to(Patient.objects.get(pk=marie.pk)))
    confirm_contacts(patient=marie, by=alice)
    assert client.get(link).status_code == 200


def test_what_links_open_and_who_sees_this_agree(
    plan_rule: None, book_for: BookFixture, marie: Patient, alice: User, client: Client
) -> None:
    book_for(marie)
    send_due()
    link = newest_link("marie.durand@courriel.example")

    def listed() -> int:
        return sum(access.kind is AccessKind.LINK for access in accesses_to(Patient.objects.get(pk=marie.pk)))

    assert (client.get(link).status_code, listed()) == (200, 1)
    Message.objects.update(state="sent", sent_at=timezone.now())
    change_patient(patient=marie, by=alice, mobile=NEW["mobile"])
    again = newest_link("marie.durand@courriel.example")  # the appointment is in the future
    assert again != link
    assert (client.get(link).status_code, client.get(again).status_code, listed()) == (410, 200, 1)
    Message.objects.update(state="sent", sent_at=timezone.now())
    Appointment.objects.update(starts_at=timezone.now() - timedelta(days=1))
    change_patient(patient=marie, by=alice, mobile="+33612000078")
    assert (client.get(again).status_code, listed()) == (410, 0)
    assert not Message.objects.filter(state="queued").exists()
