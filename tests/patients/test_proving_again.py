"""An account proves a record again: as another account, after staff ended it, or after wrong dates."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import User
from patients.invitations import (
    BookedForSomebodyElse,
    InvitationOver,
    WrongBirthDate,
    accept_invitation,
    invitation_for,
    invite_after_identity_check,
    prove_birth_date,
    why_closed,
)
from patients.models import Patient, RecordTie, Relationship, Relative, TieEnd
from patients.records import PatientChanges, change_patient, confirm_contacts, create_patient, give_contacts
from patients.relatives import record_of_holder, record_of_relative
from patients.ties import end_tie
from portals.practitioner.access_words import unconfirmed_sentences
from practices.models import Practice
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
CHILD = timezone.localdate() - timedelta(days=3000)


def account(email: str, mobile: str) -> User:
    user = make_user(email, "Léa", "Roy", mobile=mobile, mobile_verified_at=timezone.now(), birth_date=CHILD)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def claim(patient: Patient, user: User) -> RecordTie:
    invitation = invitation_for(patient=patient, by=None)
    return accept_invitation(invitation=invitation, user=user, birth_date=patient.birth_date)


@pytest.fixture
def lea() -> User:
    return account("lea@courriel.example", "+33612000001")


@pytest.fixture
def child(practice: Practice, alice: User) -> Patient:
    return create_patient(
        practice=practice,
        first_name="Léa",
        last_name="Roy",
        birth_date=CHILD,
        email="lea@courriel.example",
        mobile="+33612000001",
        by=alice,
    )


def test_a_child_with_an_account_of_their_own_comes_of_age_and_books_for_themselves(
    child: Patient, lea: User, alice: User, practice: Practice
) -> None:
    claim(child, lea)
    of_age = date(2000, 1, 1)
    User.objects.filter(pk=lea.pk).update(birth_date=of_age)
    lea.refresh_from_db()
    change_patient(patient=child, by=alice, birth_date=of_age)
    confirm_contacts(patient=child, by=alice)
    assert record_of_holder(holder=lea, practice=practice) == child
    assert RecordTie.objects.live().get().relationship == Relationship.SELF
    assert RecordTie.objects.exclude(ended_at=None).get().end == TieEnd.REPLACED


def test_a_guardian_who_proves_again_may_book_for_one_child_and_not_for_two(
    child: Patient, lea: User, alice: User
) -> None:
    end_tie(tie=claim(child, lea), reason=TieEnd.STAFF, by=alice)
    Relative.objects.update(removed_at=timezone.now())
    with pytest.raises(InvitationOver):
        claim(child, lea)  # after staff ended it, they must first say whose the contacts are
    confirm_contacts(patient=child, by=alice)
    claim(child, lea)
    assert Relative.objects.get(holder=lea).removed_at is None


def test_contacts_that_a_booker_gave_for_a_minor_open_no_invitation_at_eighteen(
    practice: Practice, alice: User, lea: User
) -> None:
    """The record said minor though its booker said adult: the contacts still count as a minor's."""
    record = create_patient(practice=practice, first_name="Tom", last_name="Roy", birth_date=CHILD, by=alice)
    given = give_contacts(patient=record, email="tom@courriel.example", mobile="+33612000002", by=lea)
    adult = change_patient(patient=given, by=alice, birth_date=date(2000, 1, 1))
    assert why_closed(invitation_for(patient=adult, by=alice)) == "majority"


@pytest.mark.parametrize("change", [{"first_name": "Lena"}, {"language": "en"}, {"birth_date": date(2000, 1, 1)}])
def test_wrong_dates_stay_counted_when_staff_change_anything_but_the_contacts(
    child: Patient, alice: User, change: PatientChanges
) -> None:
    Patient.objects.filter(pk=child.pk).update(birth_date_attempts=5)
    assert change_patient(patient=child, by=alice, **change).birth_date_attempts == 5


def test_staff_who_confirm_open_the_invitation_again_though_another_parent_is_tied(
    child: Patient, lea: User, alice: User
) -> None:
    """The other parent entered five wrong dates: the contacts are not in doubt, but no invitation opens."""
    claim(child, lea)
    for day in range(1, 6):
        with pytest.raises(WrongBirthDate):
            prove_birth_date(invitation=invitation_for(patient=child, by=alice), birth_date=date(1950, 1, day))
    assert why_closed(invitation_for(patient=Patient.objects.get(pk=child.pk), by=alice)) == "too_many_attempts"
    sentences = unconfirmed_sentences(Patient.objects.get(pk=child.pk))
    assert len(sentences) == 2
    assert all("cinq dates de naissance" in sentence for sentence in sentences)
    confirm_contacts(patient=child, by=alice)
    assert why_closed(invitation_for(patient=Patient.objects.get(pk=child.pk), by=alice)) is None


@pytest.mark.parametrize("end", [TieEnd.STAFF, TieEnd.SOMEONE_ELSE])
def test_whom_staff_took_a_record_from_does_not_get_it_back_by_booking(
    practice: Practice, alice: User, end: TieEnd
) -> None:
    born = date(1990, 1, 1)
    adult = create_patient(
        practice=practice,
        first_name="Léa",
        last_name="Roy",
        birth_date=born,
        email="lea@courriel.example",
        mobile="+33612000001",
        by=alice,
    )
    lea = account("lea@courriel.example", "+33612000001")
    User.objects.filter(pk=lea.pk).update(birth_date=born)
    lea.refresh_from_db()
    end_tie(tie=claim(adult, lea), reason=end, by=alice)
    assert record_of_holder(holder=lea, practice=practice) != adult
    confirm_contacts(patient=adult, by=alice)
    assert claim(adult, lea).patient == adult  # an invitation by staff allows it


@pytest.mark.parametrize("end", [TieEnd.STAFF, TieEnd.SOMEONE_ELSE])
def test_a_guardian_who_booked_never_becomes_the_adult_though_staff_ended_the_tie(
    child: Patient, lea: User, alice: User, practice: Practice, end: TieEnd
) -> None:
    """The birth date turns out to be an adult's, and the contacts are confirmed: they may still be the guardian's."""
    tie = claim(child, lea)
    relative = Relative.objects.get(holder=lea)
    assert record_of_relative(relative=relative, practice=practice, by=lea) == child
    end_tie(tie=tie, reason=end, by=alice)
    assert record_of_relative(relative=relative, practice=practice, by=lea) != child
    change_patient(patient=child, by=alice, birth_date=date(2000, 1, 1))
    adult = confirm_contacts(patient=child, by=alice)
    with pytest.raises(BookedForSomebodyElse):
        claim(adult, lea)
    # After staff have checked the identity, the account can prove the record.
    invitation = invite_after_identity_check(patient=adult, by=alice)
    tie = accept_invitation(invitation=invitation, user=lea, birth_date=date(2000, 1, 1))
    assert tie.relationship == Relationship.SELF


def test_a_guardian_who_proves_again_books_for_the_same_record(
    child: Patient, lea: User, alice: User, practice: Practice
) -> None:
    tie = claim(child, lea)
    relative = Relative.objects.get(holder=lea)
    record_of_relative(relative=relative, practice=practice, by=lea)
    end_tie(tie=tie, reason=TieEnd.STAFF, by=alice)
    claim(confirm_contacts(patient=child, by=alice), lea)
    again = Relative.objects.get(holder=lea)
    assert record_of_relative(relative=again, practice=practice, by=lea) == child
