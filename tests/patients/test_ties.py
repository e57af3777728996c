"""When a tie of an account to a record ends, everything obtained through it ends, too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import refuse_holder
from appointments.models import Appointment, BookedFor
from appointments.recipients import RecipientState, resolve
from documents.models import SharedDocument
from documents.sharing.accesses import AccessKind, accesses_to, end_access
from documents.sharing.uploads import RecipientNotReady
from notifications.models import Message
from patients.claiming import open_account
from patients.invitations import (
    BookedForSomebodyElse,
    InvitationOver,
    invitation_for,
)
from patients.models import Patient
from patients.own_contacts import follow_account
from patients.records import (
    FormerContacts,
    change_patient,
    confirm_contacts,
    create_patient,
)
from patients.relatives import Person
from practices.models import Practice
from tests.documents.bookings import *  # noqa: F403  # somebody who books online, a rule
from tests.documents.ways import (
    CORRECTED,
    NEW,
    PASSWORD,
    Booker,
    SignIn,
    claim,
    doors_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def wrong_guardian(
    practice: Practice, alice: User, wrong: User, booker: Booker, share: Callable[..., SharedDocument]
) -> tuple[Patient, Appointment, SharedDocument]:
    """Somebody whose contacts were entered for a child by mistake proved them, and booked for the child online."""
    child = create_patient(
        practice=practice,
        first_name="Léa",
        last_name="Roy",
        birth_date=timezone.localdate() - timedelta(days=3000),
        email=wrong.email,
        mobile=wrong.mobile,
        by=alice,
    )
    claim(child, wrong)
    booked = booker(wrong, BookedFor.MINOR_RELATIVE, Person("Léa", "Roy", child.birth_date))
    assert booked.patient == child
    return child, booked, share(booked)


@pytest.mark.parametrize("how", ["someone_else", "button"])
def test_what_a_wrong_guardian_booked_ends_with_the_tie(
    wrong_guardian: tuple[Patient, Appointment, SharedDocument],
    wrong: User,
    alice: User,
    booker: Booker,
    share: Callable[..., SharedDocument],
    sign_in: SignIn,
    how: str,
) -> None:
    child, booked, before = wrong_guardian
    if how == "button":
        tie = next(one for one in accesses_to(child) if one.kind is AccessKind.ACCOUNT)
        end_access(patient=child, access_id=tie.id, by=alice)
        with pytest.raises(RecipientNotReady):
            share(booked)
        change_patient(patient=child, by=alice, **NEW)
    else:
        change_patient(patient=child, by=alice, former_contacts=FormerContacts.SOMEONE_ELSE, **NEW)
    after = share(booked)
    assert doors_of(wrong, before, sign_in) == doors_of(wrong, after, sign_in) == set()
    assert all(access.account != wrong for access in accesses_to(Patient.objects.get(pk=child.pk)))
    again = booker(wrong, BookedFor.MINOR_RELATIVE, Person("Lea", "Roy", child.birth_date))
    assert again.patient != child
    assert resolve(again).state is RecipientState.NEEDS_AUTHORISATION


def test_whom_staff_ended_is_not_invited_again_before_the_contacts_are_confirmed(
    appointment: Appointment, marie: Patient, wrong: User, alice: User, share: Callable[..., SharedDocument]
) -> None:
    share(appointment)
    claim(marie, wrong)
    end_access(patient=marie, access_id=accesses_to(marie)[0].id, by=alice)
    with pytest.raises(RecipientNotReady):
        share(appointment)
    with pytest.raises(InvitationOver):
        claim(marie, wrong)
    confirm_contacts(patient=marie, by=alice)
    share(appointment)


def changes_both(user: User, email: str, mobile: str) -> tuple[str, str]:
    """The account proves other contacts. Returns the former ones."""
    former = (user.email, str(user.mobile))
    EmailAddress.objects.filter(user=user).update(email=email)
    User.objects.filter(pk=user.pk).update(email=email, mobile=mobile)
    user.refresh_from_db()
    follow_account(user=user, contact="email", former=former[0], new=email)
    follow_account(user=user, contact="mobile", former=former[1], new=mobile)
    return former


@pytest.mark.parametrize("given", ["by staff", "by the booker"])
def test_what_was_a_bookers_own_before_they_changed_it_is_nobody_elses(
    booker: Booker, holder: User, alice: User, given: str
) -> None:
    if given == "by staff":
        booked = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
        change_patient(patient=booked.patient, by=alice, email=holder.email, mobile=holder.mobile)
        refuse_holder(appointment=Appointment.objects.get(pk=booked.pk), by=alice)
        changes_both(holder, "nouveau@courriel.example", "+33698765499")
    else:
        former = changes_both(holder, "nouveau@courriel.example", "+33698765499")
        booked = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1), *former))
    booked = Appointment.objects.select_related("patient__practice", "practice", "holder").get(pk=booked.pk)
    assert resolve(booked).state is RecipientState.NEEDS_AUTHORISATION


def test_a_second_account_at_the_bookers_contacts_does_not_become_the_person_booked_for(
    booker: Booker, holder: User, alice: User
) -> None:
    booked = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    former = changes_both(holder, "nouveau@courriel.example", "+33698765499")
    patient = change_patient(patient=booked.patient, by=alice, email=former[0], mobile=former[1])
    invitation = invitation_for(patient=patient, by=alice)
    with pytest.raises(BookedForSomebodyElse):
        open_account(invitation=invitation, birth_date=patient.birth_date, password=PASSWORD)


def test_a_contact_that_an_ended_account_proposed_is_offered_no_more(
    marie: Patient, maries_account: User, alice: User
) -> None:
    change_patient(patient=marie, by=alice, email=NEW["email"], former_contacts=FormerContacts.SAME_PERSON)
    follow_account(user=maries_account, contact="mobile", former=str(marie.mobile), new="+33612000099")
    assert marie.contact_proposals.filter(settled_at=None).exists()
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SOMEONE_ELSE, **CORRECTED)
    assert not marie.contact_proposals.filter(settled_at=None).exists()


def test_new_contacts_are_invited_though_staff_had_ended_the_invitation(
    appointment: Appointment, marie: Patient, alice: User, share: Callable[..., SharedDocument]
) -> None:
    share(appointment)
    Message.objects.update(state="sent", sent_at=timezone.now())
    end_access(patient=marie, access_id=accesses_to(marie)[0].id, by=alice)
    change_patient(patient=marie, by=alice, **NEW)
    assert Message.objects.filter(to=NEW["email"], state="queued").exists()
