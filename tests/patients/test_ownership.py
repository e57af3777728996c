"""Ownership of contacts: at eighteen, contacts of a minor's record make nobody ready and no guardian the adult."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, BookedFor
from appointments.recipients import Audience, RecipientState, resolve
from documents.models import SharedDocument
from documents.sharing.access import visible_as_recipient
from documents.sharing.uploads import RecipientNotReady
from patients.claiming import open_account
from patients.invitations import (
    InvitationOver,
    accept_invitation,
    invitation_for,
    invite_after_identity_check,
)
from patients.models import Patient
from patients.ownership import Standing, standings
from patients.records import (
    FormerContacts,
    change_patient,
    confirm_contacts,
    create_patient,
)
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.bookings import *  # noqa: F403  # somebody who books online, a rule
from tests.documents.ways import (
    PASSWORD,
    Booker,
    SignIn,
    account,
    claim,
    on_day,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def eighteenth(practice: Practice) -> datetime:
    """Noon of a future birthday, at the practice."""
    return datetime.combine(timezone.localdate() + timedelta(days=30), time(12), practice.zone)


@pytest.fixture
def child(practice: Practice, alice: User, eighteenth: datetime) -> Patient:
    return create_patient(
        practice=practice,
        first_name="Léa",
        last_name="Roy",
        birth_date=eighteenth.date().replace(year=eighteenth.year - 18),
        email="parent@courriel.example",
        mobile="+33612000001",
        by=alice,
    )


def test_contacts_of_minority_make_nobody_ready_at_eighteen(
    child: Patient, eighteenth: datetime, book_for: BookFixture, alice: User
) -> None:
    appointment = book_for(child)
    assert resolve(appointment).audience is Audience.PATIENT
    with on_day(eighteenth - timedelta(days=1)):
        assert resolve(appointment).is_ready
    with on_day(eighteenth):
        recipient = resolve(appointment)
        assert (recipient.state, recipient.missing) == (RecipientState.MISSING_CONTACT, ("email", "mobile"))
        assert set(standings(child).values()) == {Standing.OF_MINORITY}
        confirm_contacts(patient=child, by=alice)
        child.refresh_from_db()
        appointment.patient = child
        assert resolve(appointment).audience is Audience.PATIENT


@pytest.mark.parametrize("hour", [0, 23])
@pytest.mark.parametrize("zone", ["Pacific/Noumea", "Indian/Reunion", "America/Martinique", "Pacific/Tahiti"])
def test_eighteen_is_reckoned_where_the_practice_is(practice: Practice, alice: User, zone: str, hour: int) -> None:
    practice.time_zone = zone
    practice.save()
    birthday = timezone.localdate(timezone=practice.zone) + timedelta(days=40)
    child = create_patient(
        practice=practice, first_name="Léa", last_name="Roy",
        birth_date=birthday.replace(year=birthday.year - 18),
        email="parent@courriel.example", mobile="+33612000001", by=alice,
    )  # fmt: skip
    for day, standing in ((birthday - timedelta(days=1), Standing.OWN), (birthday, Standing.OF_MINORITY)):
        with on_day(datetime.combine(day, time(hour, 30), practice.zone)):
            assert set(standings(child).values()) == {standing}


def test_the_guardians_account_is_not_turned_into_the_adults(
    child: Patient,
    eighteenth: datetime,
    book_for: BookFixture,
    share: Callable[[Appointment], SharedDocument],
    alice: User,
    sign_in: SignIn,
) -> None:
    parent = account("parent@courriel.example", "+33612000001")
    appointment = book_for(child)
    of_minority = share(appointment)
    claim(child, parent)
    waiting = invitation_for(patient=child, by=alice)
    with on_day(eighteenth):
        with pytest.raises(InvitationOver):
            accept_invitation(invitation=waiting, user=parent, birth_date=child.birth_date)
        with pytest.raises(RecipientNotReady):
            share(appointment)
        assert visible_as_recipient(parent).filter(pk=of_minority.pk).exists()
        change_patient(
            patient=child, by=alice, email="lea@courriel.example", mobile="+33612000009",
            former_contacts=FormerContacts.SAME_PERSON,
        )  # fmt: skip
        child.refresh_from_db()
        adults = share(appointment)
        user = open_account(
            invitation=invitation_for(patient=child, by=alice), birth_date=child.birth_date, password=PASSWORD
        )
        assert set(visible_as_recipient(user)) == {of_minority, adults}
        assert set(visible_as_recipient(parent)) == {of_minority}


def test_nobody_opens_an_account_with_contacts_of_minority(child: Patient, eighteenth: datetime) -> None:
    """A parent without an account follows the old link after the birthday."""
    invitation = invitation_for(patient=child, by=None)
    with on_day(eighteenth), pytest.raises(InvitationOver):
        open_account(invitation=invitation, birth_date=child.birth_date, password=PASSWORD)
    assert not User.objects.filter(email="parent@courriel.example").exists()


def test_a_parent_who_books_as_the_child_does_not_get_the_childs_record(
    child: Patient, eighteenth: datetime, booker: Booker
) -> None:
    parent = account("parent@courriel.example", "+33612000001", birth_date=child.birth_date)
    parent.first_name, parent.last_name = "Léa", "Roy"
    parent.save()
    with on_day(eighteenth):
        assert booker(parent, BookedFor.SELF).patient != child


def test_a_corrected_birth_date_does_not_turn_a_parents_contacts_into_the_patients(
    child: Patient, alice: User, book_for: BookFixture
) -> None:
    adult = change_patient(patient=child, by=alice, birth_date=date(1990, 1, 1))
    assert resolve(book_for(adult)).state is RecipientState.MISSING_CONTACT


def test_staff_who_make_sure_who_it_is_let_the_young_adult_prove(
    child: Patient, eighteenth: datetime, alice: User, book_for: BookFixture, share: Callable[..., SharedDocument]
) -> None:
    """A teenager's own telephone and mailbox, entered at seventeen."""
    appointment = book_for(child)
    with on_day(eighteenth):
        invitation = invite_after_identity_check(patient=child, by=alice)
        user = open_account(invitation=invitation, birth_date=child.birth_date, password=PASSWORD)
        document = share(appointment)
        assert visible_as_recipient(user).get() == document
