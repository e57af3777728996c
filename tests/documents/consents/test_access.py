"""Who signs: the table of recipients, mirrored."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.models import Appointment, BookedFor
from documents.consents.access import consents_seen_by, signer_of
from documents.consents.forms import Asked, set_form
from documents.models import Consent, LibraryDocument, SignedAs
from patients.models import Patient, RecordTie, Relationship
from patients.records import FormerContacts, change_patient
from patients.relatives import Person
from tests.documents.consents.conftest import SENTENCES, AskOf, again
from tests.documents.ways import CORRECTED, Booker, on_day

pytestmark = pytest.mark.django_db
CHILD = date.today().replace(year=date.today().year - 10)


def signs_as(user: User, consent: Consent) -> SignedAs | None:
    found = signer_of(user, again(consent))
    return found.signed_as if found else None


def test_the_patients_own_account_signs_and_nobody_else(
    appointment: Appointment, ask_of: AskOf, maries_account: User, hugo: User, alice: User, carol: User
) -> None:
    consent = ask_of(appointment)
    assert signs_as(maries_account, consent) == SignedAs.PATIENT
    assert [signs_as(one, consent) for one in (hugo, alice, carol)] == [None, None, None]
    assert list(consents_seen_by(maries_account)) == [consent]
    assert list(consents_seen_by(hugo)) == []


@pytest.mark.parametrize(("former", "still_sees"), [("SAME_PERSON", True), ("SOMEONE_ELSE", False)])
def test_an_account_that_is_to_prove_new_contacts_does_not_sign(
    former: str,
    still_sees: bool,
    appointment: Appointment,
    ask_of: AskOf,
    maries_account: User,
    marie: Patient,
    bob: User,
) -> None:
    consent = ask_of(appointment)
    marie.refresh_from_db()
    change_patient(patient=marie, by=bob, former_contacts=FormerContacts[former], **CORRECTED)
    assert signs_as(maries_account, consent) is None
    assert bool(consents_seen_by(maries_account)) is still_sees


def test_who_booked_for_a_minor_signs_as_the_guardian_until_majority(
    booker: Booker, holder: User, ask_of: AskOf
) -> None:
    consent = ask_of(booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", CHILD)))
    found = signer_of(holder, consent)
    assert found is not None
    assert (found.signed_as, found.name) == (SignedAs.GUARDIAN, "Hugo Martin")
    with on_day(timezone.now() + timedelta(days=366 * 8 + 40)):
        assert signs_as(holder, consent) is None


def test_the_guardian_of_a_record_signs_until_majority(
    appointment: Appointment, ask_of: AskOf, marie: Patient, hugo: User
) -> None:
    Patient.objects.filter(pk=marie.pk).update(birth_date=CHILD)
    RecordTie.objects.create(
        user=hugo, patient=marie, relationship=Relationship.GUARDIAN, proved_email="x@x.example", proved_mobile="+336"
    )
    consent = ask_of(appointment)
    assert signs_as(hugo, consent) == SignedAs.GUARDIAN
    with on_day(timezone.now() + timedelta(days=366 * 8 + 40)):
        assert signs_as(hugo, consent) is None
    RecordTie.objects.filter(user=hugo).update(suspended_at=timezone.now())
    assert signs_as(hugo, consent) is None


def test_a_minors_own_account_signs_nothing_as_the_patient(
    appointment: Appointment, ask_of: AskOf, marie: Patient, maries_account: User
) -> None:
    """By a corrected birth date: whoever holds the account is taken for a guardian, who declares to be one."""
    consent = ask_of(appointment)
    Patient.objects.filter(pk=marie.pk).update(birth_date=CHILD)
    assert signs_as(maries_account, consent) in (None, SignedAs.GUARDIAN)


@pytest.mark.parametrize("allowed", [True, False])
def test_an_authorised_booker_signs_where_the_practice_allows_it_and_while_authorised(
    allowed: bool, booker: Booker, holder: User, ask_of: AskOf, bob: User, carol: User, consent_paper: LibraryDocument
) -> None:
    set_form(document=consent_paper, asked=Asked(SENTENCES, booker_may_sign=allowed), by=carol)
    booked = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    authorise_holder(appointment=booked, by=bob)
    consent = ask_of(booked)
    assert signs_as(holder, consent) == (SignedAs.HOLDER if allowed else None)
    withdraw_authorisation(appointment=Appointment.objects.get(pk=booked.pk), by=bob)
    assert signs_as(holder, consent) is None


def test_a_closed_account_signs_nothing(appointment: Appointment, ask_of: AskOf, maries_account: User) -> None:
    consent = ask_of(appointment)
    User.objects.filter(pk=maries_account.pk).update(is_active=False)
    maries_account.refresh_from_db()
    assert signs_as(maries_account, consent) is None
