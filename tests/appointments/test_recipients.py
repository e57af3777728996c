# ruff: noqa: E501  # a table is read by its rows
"""The table of who receives what is shared, each row by its sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import NothingToAuthorise, authorise_holder, withdraw_authorisation
from appointments.models import AppointmentKind, BookedFor
from appointments.recipients import Audience, Reason, RecipientState, resolve
from audit.models import AuditEvent
from patients.models import Patient
from practices.models import Practice
from practices.roles import NotAllowed
from tests.conftest import BookFixture

ADULT, MINOR = date(1980, 1, 1), date(timezone.localdate().year - 8, 1, 1)
EMAIL, MOBILE = "p@courriel.example", "+33612000000"
READY, MISSING, NEEDS = (
    RecipientState.READY,
    RecipientState.MISSING_CONTACT,
    RecipientState.NEEDS_AUTHORISATION,
)


@dataclass
class Row:
    sentence: str
    booked_online: bool
    booked_for: BookedFor
    birth_date: date
    email: str | None
    mobile: str | None
    state: RecipientState
    audience: Audience | None
    missing: tuple[str, ...] = ()


ROWS = [
    Row("booked by the practice, both contacts: the patient", False, BookedFor.SELF, ADULT, EMAIL, MOBILE, READY, Audience.PATIENT),
    Row("booked for oneself, both contacts: the patient", True, BookedFor.SELF, ADULT, EMAIL, MOBILE, READY, Audience.PATIENT),
    Row("booked by the practice, no mobile: nobody", False, BookedFor.SELF, ADULT, EMAIL, None, MISSING, None, ("mobile",)),
    Row("booked by the practice, no email: nobody", False, BookedFor.SELF, ADULT, None, MOBILE, MISSING, None, ("email",)),
    Row("booked for oneself, no contact: nobody", True, BookedFor.SELF, ADULT, None, None, MISSING, None, ("email", "mobile")),
    Row("adult relative, own contacts: the patient only", True, BookedFor.ADULT_RELATIVE, ADULT, EMAIL, MOBILE, READY, Audience.PATIENT),
    Row("adult relative, no contacts: nobody until authorised", True, BookedFor.ADULT_RELATIVE, ADULT, None, None, NEEDS, None, ("email", "mobile")),
    Row("adult relative, only an email: nobody until authorised", True, BookedFor.ADULT_RELATIVE, ADULT, EMAIL, None, NEEDS, None, ("mobile",)),
    Row("minor relative, no contacts: the holder", True, BookedFor.MINOR_RELATIVE, MINOR, None, None, READY, Audience.HOLDER, ("email", "mobile")),
    Row("minor relative, own contacts: the holder all the same", True, BookedFor.MINOR_RELATIVE, MINOR, EMAIL, MOBILE, READY, Audience.HOLDER),
    Row("said to be an adult relative, but a minor: the holder", True, BookedFor.ADULT_RELATIVE, MINOR, None, None, READY, Audience.HOLDER, ("email", "mobile")),
    Row("booked as a minor, an adult by now, no contacts: nobody until authorised", True, BookedFor.MINOR_RELATIVE, ADULT, None, None, NEEDS, None, ("email", "mobile")),
    Row("booked as a minor, an adult by now, own contacts: the patient", True, BookedFor.MINOR_RELATIVE, ADULT, EMAIL, MOBILE, READY, Audience.PATIENT),
    Row("a minor booked by the practice, a parent's contacts: whoever proves them", False, BookedFor.SELF, MINOR, EMAIL, MOBILE, READY, Audience.PATIENT),
    Row("a minor booked by the practice, no contacts: nobody", False, BookedFor.SELF, MINOR, None, None, MISSING, None, ("email", "mobile")),
]  # fmt: skip


@pytest.mark.parametrize("kind", AppointmentKind)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.sentence)
def test_table_of_recipients(
    row: Row, kind: AppointmentKind, practice: Practice, hugo: User, book_for: BookFixture
) -> None:
    patient = Patient.objects.create(
        practice=practice,
        first_name="Paul",
        last_name="Martin",
        birth_date=row.birth_date,
        email=row.email,
        mobile=row.mobile,
    )
    appointment = book_for(patient, holder=hugo if row.booked_online else None, booked_for=row.booked_for, kind=kind)

    recipient = resolve(appointment)

    assert (recipient.state, recipient.audience, recipient.missing) == (row.state, row.audience, row.missing)
    assert recipient.patient_is_minor == (row.birth_date == MINOR)
    if row.audience is Audience.HOLDER:
        assert recipient.holder == hugo


def paul_without_contacts(practice: Practice) -> Patient:
    return Patient.objects.create(practice=practice, first_name="Paul", last_name="Martin", birth_date=ADULT)


def test_authorised_holder_receives_for_that_appointment_alone(
    practice: Practice, hugo: User, alice: User, book_for: BookFixture
) -> None:
    paul = paul_without_contacts(practice)
    first = book_for(paul, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    second = book_for(paul, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)

    recipient = authorise_holder(appointment=first, by=alice)

    assert (recipient.state, recipient.audience, recipient.reason) == (
        READY,
        Audience.HOLDER,
        Reason.HOLDER_AUTHORISED,
    )
    assert resolve(second).state is NEEDS
    line = AuditEvent.objects.get(action="holder.authorised")
    assert (line.record_id, line.actor_id) == (first.pk, alice.pk)


def test_authorising_twice_is_one_authorisation(
    practice: Practice, hugo: User, alice: User, bob: User, book_for: BookFixture
) -> None:
    appointment = book_for(paul_without_contacts(practice), holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    authorise_holder(appointment=appointment, by=alice)
    authorise_holder(appointment=appointment, by=bob)
    assert appointment.holder_authorisations.count() == 1
    assert AuditEvent.objects.filter(action="holder.authorised").count() == 1


def test_withdrawn_authorisation_leaves_nobody(
    practice: Practice, hugo: User, alice: User, book_for: BookFixture
) -> None:
    appointment = book_for(paul_without_contacts(practice), holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    authorise_holder(appointment=appointment, by=alice)
    assert withdraw_authorisation(appointment=appointment, by=alice).state is NEEDS
    assert resolve(appointment).audience is None


def test_contacts_completed_after_authorisation_turn_new_documents_to_the_patient(
    practice: Practice, hugo: User, alice: User, book_for: BookFixture
) -> None:
    paul = paul_without_contacts(practice)
    appointment = book_for(paul, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    authorise_holder(appointment=appointment, by=alice)
    paul.email, paul.mobile = EMAIL, MOBILE
    paul.save()
    appointment.refresh_from_db()
    assert resolve(appointment).audience is Audience.PATIENT


def test_nothing_to_authorise_where_contacts_are_merely_missing(
    practice: Practice, alice: User, book_for: BookFixture
) -> None:
    with pytest.raises(NothingToAuthorise):
        authorise_holder(appointment=book_for(paul_without_contacts(practice)), by=alice)


def test_a_reader_and_a_stranger_do_not_authorise(
    practice: Practice, hugo: User, rita: User, charlie: User, book_for: BookFixture
) -> None:
    appointment = book_for(paul_without_contacts(practice), holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    for user in (rita, charlie, hugo):
        with pytest.raises(NotAllowed):
            authorise_holder(appointment=appointment, by=user)
    assert not appointment.holder_authorisations.exists()


@pytest.mark.parametrize(("day_offset", "minor"), [(-1, True), (0, False)])
def test_majority_falls_on_the_eighteenth_birthday(
    day_offset: int, minor: bool, practice: Practice, hugo: User, book_for: BookFixture
) -> None:
    lea = Patient.objects.create(practice=practice, first_name="Léa", last_name="Martin", birth_date=date(2008, 3, 9))
    appointment = book_for(lea, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE)
    day = date(2026, 3, 9) + timedelta(days=day_offset)
    assert resolve(appointment, today=day).patient_is_minor is minor
    assert resolve(appointment, today=day).state is (READY if minor else NEEDS)


def test_born_on_29_february_comes_of_age_on_1_march(practice: Practice) -> None:
    leap = Patient(practice=practice, birth_date=date(2004, 2, 29))
    assert leap.is_minor_on(date(2022, 2, 28))
    assert not leap.is_minor_on(date(2022, 3, 1))
