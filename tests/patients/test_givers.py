"""Who gave a contact: bookers who give their own for somebody else get no access."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from accounts.models import User
from appointments.authorisation import authorise_holder, refuse_holder, withdraw_authorisation
from appointments.models import Appointment, BookedFor
from appointments.recipients import Audience, RecipientState, resolve
from documents.models import SharedDocument
from documents.sharing.uploads import RecipientNotReady
from patients.invitations import (
    BookedForSomebodyElse,
)
from patients.records import (
    change_patient,
    confirm_contacts,
)
from patients.relatives import Person
from tests.conftest import BookFixture, make_user
from tests.documents.bookings import *  # noqa: F403  # somebody who books online, a rule
from tests.documents.ways import (
    Booker,
    SignIn,
    account,
    claim,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "given",
    [
        ("hugo.martin@gmail.com", "+33612000050"),
        ("HUGO.MARTIN@GMAIL.COM", "+33612000050"),
        ("hugo.martin+paul@gmail.com", "+33612000050"),
        ("hugomartin@gmail.com", "+33612000050"),
        ("h.u.g.o.martin+x@googlemail.com", "+33612000050"),
        ("paul@courriel.example", "+33698765400"),
        ("paul@courriel.example", "06 98 76 54 00"),
        ("hugo.martin+paul@gmail.com", "+33698765400"),
    ],
)
def test_an_alias_of_ones_mailbox_or_ones_own_mobile_is_nobody_elses(
    booker: Booker, holder: User, given: tuple[str, str]
) -> None:
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1), *given))
    assert resolve(appointment).state is RecipientState.NEEDS_AUTHORISATION


def test_contacts_that_become_the_bookers_later_do_not_count(
    booker: Booker, holder: User, share: Callable[..., SharedDocument]
) -> None:
    person = Person("Paul", "Martin", date(1950, 1, 1), "paul@courriel.example", "+33612000050")
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, person)
    assert resolve(appointment).audience is Audience.PATIENT
    User.objects.filter(pk=holder.pk).update(email="Paul+moi@courriel.example")
    with pytest.raises(RecipientNotReady):
        share(appointment)


def test_staffs_entry_that_equals_the_bookers_waits_for_an_authorisation(
    booker: Booker, holder: User, alice: User
) -> None:
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    patient = change_patient(
        patient=appointment.patient, by=alice, email="hugomartin@gmail.com", mobile="+33612000050"
    )
    appointment.patient = patient
    recipient = resolve(appointment)
    assert (recipient.state, recipient.missing) == (RecipientState.NEEDS_AUTHORISATION, ("email",))


@pytest.mark.parametrize("staff_say", ["nothing", "refuse", "withdraw"])
def test_a_second_booking_does_not_make_the_first_ready(
    booker: Booker, holder: User, alice: User, staff_say: str
) -> None:
    first = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    if staff_say == "refuse":
        refuse_holder(appointment=first, by=alice)
    if staff_say == "withdraw":
        authorise_holder(appointment=first, by=alice)
        withdraw_authorisation(appointment=first, by=alice)
    given = Person("Paul", "Martin", date(1950, 1, 1), "paul@courriel.example", "+33612000050")
    second = booker(holder, BookedFor.ADULT_RELATIVE, given)
    assert second.patient == first.patient
    first = Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=first.pk)
    assert resolve(first).state is RecipientState.NEEDS_AUTHORISATION
    assert resolve(second).audience is Audience.PATIENT
    confirm_contacts(patient=first.patient, by=alice)
    first.patient.refresh_from_db()
    assert resolve(first).audience is Audience.PATIENT


def test_what_one_booker_gave_counts_for_no_other_and_not_for_the_practice(
    booker: Booker, holder: User, alice: User, book_for: BookFixture
) -> None:
    given = Person("Paul", "Martin", date(1950, 1, 1), "paul@courriel.example", "+33612000050")
    patient = booker(holder, BookedFor.ADULT_RELATIVE, given).patient
    assert resolve(book_for(patient)).state is RecipientState.MISSING_CONTACT
    other = make_user("ines@courriel.example", "Inès", "Roy")
    by_other = book_for(patient, holder=other, booked_for=BookedFor.ADULT_RELATIVE)
    assert resolve(by_other).state is RecipientState.NEEDS_AUTHORISATION


def test_the_booker_never_becomes_the_person_booked_for(booker: Booker, holder: User, alice: User) -> None:
    """Even with a second mailbox and telephone."""
    given = Person("Paul", "Martin", date(1950, 1, 1), "deuxieme@courriel.example", "+33612000050")
    patient = booker(holder, BookedFor.ADULT_RELATIVE, given).patient
    with pytest.raises(BookedForSomebodyElse):
        claim(patient, holder)
    confirm_contacts(patient=patient, by=alice)
    with pytest.raises(BookedForSomebodyElse):
        claim(patient, holder)


def test_what_the_patient_proves_is_the_patients(booker: Booker, holder: User, book_for: BookFixture) -> None:
    given = Person("Paul", "Martin", date(1950, 1, 1), "paul@courriel.example", "+33612000050")
    patient = booker(holder, BookedFor.ADULT_RELATIVE, given).patient
    claim(patient, account("paul@courriel.example", "+33612000050"))
    patient.refresh_from_db()
    assert resolve(book_for(patient)).audience is Audience.PATIENT


def test_staff_read_who_gave_a_contact(booker: Booker, holder: User, bob: User, sign_in: SignIn) -> None:
    given = Person("Paul", "Martin", date(1950, 1, 1), "paul@courriel.example", "+33612000050")
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, given)
    for address in (f"/pro/patients/{appointment.patient_id}/", f"/pro/appointments/{appointment.pk}/"):
        assert "Hugo Martin, non vérifi" in sign_in(bob).get(address).content.decode()
