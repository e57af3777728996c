"""Contacts proposed to staff: the account's current contact, for a record that could not follow automatically."""

from __future__ import annotations

from datetime import date

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.mobile import replace_mobile
from accounts.models import User
from patients.invitations import accept_invitation, invitation_for
from patients.models import ContactProposal, Patient
from patients.own_contacts import follow_account, settle_proposal
from patients.records import FormerContacts, change_patient, create_patient
from practices.models import Practice
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
BORN = date(1980, 5, 6)


@pytest.fixture
def lea() -> User:
    user = make_user("lea@courriel.example", "Léa", "Roy", mobile="+33612000001", mobile_verified_at=timezone.now())
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def suspended(practice: Practice, alice: User, lea: User) -> Patient:
    """Léa's record, whose email staff changed: her tie waits for proof."""
    patient = create_patient(
        practice=practice,
        first_name="Léa",
        last_name="Roy",
        birth_date=BORN,
        email=lea.email,
        mobile=lea.mobile,
        by=alice,
    )
    accept_invitation(invitation=invitation_for(patient=patient, by=None), user=lea, birth_date=BORN)
    other = "lea.roy@courriel.example"
    return change_patient(patient=patient, by=alice, email=other, former_contacts=FormerContacts.SAME_PERSON)


def change_mobile(user: User, mobile: str) -> None:
    former = user.mobile
    replace_mobile(user=user, mobile=mobile, by=user)
    follow_account(user=user, contact="mobile", former=former, new=mobile)


def test_staff_never_take_over_a_mobile_that_the_account_changed_again(
    suspended: Patient, lea: User, alice: User
) -> None:
    change_mobile(lea, "+33612000002")
    change_mobile(lea, "+33612000003")
    proposal = ContactProposal.objects.get(settled_at=None)
    assert proposal.practice_id == suspended.practice_id  # by which its staff find it
    settle_proposal(proposal=proposal, take=True, by=alice)
    suspended.refresh_from_db()
    assert suspended.mobile == "+33612000003"
