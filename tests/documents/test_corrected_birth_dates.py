"""Staff correct a birth date: accesses that depended on the former one change."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import BookedFor, HolderExclusion
from audit.models import AuditEvent
from documents.invariants import audiences_are_right
from documents.models import SharedDocument
from documents.sending.autosend import send_due
from documents.sharing.access import visible_as_recipient
from documents.sharing.accesses import AccessBasis, AccessKind, accesses_to, end_access, restore_holder_access
from notifications.models import Message
from patients.invitations import (
    InvitationOver,
    WrongBirthDate,
    invitation_for,
    prove_birth_date,
    prove_new_contacts,
    why_closed,
)
from patients.models import Invitation, Patient, RecordTie, Relationship
from patients.models.patient import LOOK_ALIKES
from patients.records import FormerContacts, PatientChanges, change_patient, confirm_contacts, create_patient
from patients.relatives import Person
from patients.signals import guardian_ended
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.bookings import *  # noqa: F403  # somebody who books online, a rule
from tests.documents.ways import Booker, Share, SignIn, account, claim, doors_of, links_in, newest_link

pytestmark = pytest.mark.django_db
ADULT, OTHER_ADULT = date(1990, 1, 1), date(1990, 1, 2)
NEW: PatientChanges = {"email": "vraie@courriel.example", "mobile": "+33612000077"}
CHILD = timezone.localdate() - timedelta(days=3000)


@pytest.fixture
def paul(practice: Practice, alice: User) -> Patient:
    return create_patient(
        practice=practice,
        first_name="Paul",
        last_name="Roy",
        birth_date=ADULT,
        email="paul@courriel.example",
        mobile="+33612000050",
        by=alice,
    )


@pytest.fixture
def owner(paul: Patient) -> User:
    user = account("paul@courriel.example", "+33612000050")
    claim(paul, user)
    return user


def correct(patient: Patient, by: User, born: date) -> Patient:
    return change_patient(patient=patient, by=by, birth_date=born)


@pytest.mark.parametrize("corrected", [OTHER_ADULT, CHILD])
def test_a_tie_whose_birth_date_is_corrected_waits_until_the_new_one_is_proved(
    paul: Patient,
    owner: User,
    alice: User,
    book_for: BookFixture,
    share: Share,
    sign_in: SignIn,
    corrected: date,
) -> None:
    appointment = book_for(paul)
    before = share(appointment)
    correct(paul, alice, corrected)
    after = share(appointment)
    assert len(doors_of(owner, before, sign_in)) == 6
    assert doors_of(owner, after, sign_in) == set()

    # The link is not enough, though the account has proved the contacts: it must also prove the new birth date.
    browser = sign_in(owner)
    mails = Message.objects.filter(channel="email", to="paul@courriel.example").order_by("-created_at")
    link = next(path for mail in mails for path in links_in(mail) if path.startswith("/invitation/"))
    assert browser.post(link)["Location"] == "/invitation/birth-date/"
    assert doors_of(owner, after, sign_in) == set()
    given = {"day": corrected.day, "month": corrected.month, "year": corrected.year}
    assert browser.post("/invitation/birth-date/", given)["Location"] == "/invitation/confirm/"
    assert browser.post("/invitation/confirm/")["Location"] == "/documents/"
    assert len(doors_of(owner, after, sign_in)) == 6
    tie = RecordTie.objects.live().get()
    assert (tie.proved_birth_date, tie.suspended_at) == (corrected, None)
    assert tie.relationship == (Relationship.GUARDIAN if corrected == CHILD else Relationship.SELF)


def test_whoever_waits_is_invited_to_prove_the_new_one(paul: Patient, owner: User, alice: User) -> None:
    correct(paul, alice, OTHER_ADULT)
    invited = Invitation.objects.live().get()
    assert Message.objects.filter(about=invited.pk, to="paul@courriel.example", state="queued").count() == 1


def test_the_new_contacts_alone_do_not_renew_a_tie_that_proved_another_birth_date(
    paul: Patient, owner: User, alice: User
) -> None:
    both: PatientChanges = {**NEW, "birth_date": OTHER_ADULT}
    change_patient(patient=paul, by=alice, former_contacts=FormerContacts.SAME_PERSON, **both)
    with pytest.raises(InvitationOver):
        prove_new_contacts(invitation=invitation_for(patient=paul, by=alice), user=owner)
    assert RecordTie.objects.live().get().suspended_at is not None


def test_staff_who_put_back_the_former_birth_date_renew_the_tie(paul: Patient, owner: User, alice: User) -> None:
    correct(paul, alice, OTHER_ADULT)
    assert RecordTie.objects.live().get().suspended_at is not None
    correct(paul, alice, ADULT)
    assert RecordTie.objects.live().get().suspended_at is None


def test_contacts_that_are_still_to_be_proved_stay_so_whatever_the_birth_date(
    paul: Patient, owner: User, alice: User
) -> None:
    change_patient(patient=paul, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    correct(paul, alice, OTHER_ADULT)
    correct(paul, alice, ADULT)
    assert RecordTie.objects.live().get().suspended_at is not None


def test_a_new_name_suspends_nothing(paul: Patient, owner: User, alice: User) -> None:
    change_patient(patient=paul, by=alice, first_name="Paulin")
    assert RecordTie.objects.live().get().suspended_at is None


def test_staff_read_what_is_still_to_be_proved(
    paul: Patient, owner: User, alice: User, bob: User, sign_in: SignIn
) -> None:
    correct(paul, alice, OTHER_ADULT)
    access = next(one for one in accesses_to(paul) if one.kind is AccessKind.ACCOUNT)
    assert access.unproved == (AccessBasis.BIRTH_DATE,)
    assert "La date de naissance de la fiche a été corrigée" in (
        sign_in(bob).get(f"/pro/patients/{paul.pk}/").content.decode()
    )
    change_patient(patient=paul, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    access = next(one for one in accesses_to(Patient.objects.get(pk=paul.pk)) if one.kind is AccessKind.ACCOUNT)
    assert access.unproved == (AccessBasis.EMAIL, AccessBasis.MOBILE, AccessBasis.BIRTH_DATE)
    page = sign_in(bob).get(f"/pro/patients/{paul.pk}/").content.decode()
    assert "Les coordonnées et la date de naissance de la fiche ont changé" in page


# --- What stood on minority is judged anew ------------------------------------------------------------------------


def test_what_the_booker_of_a_supposed_minor_received_goes_and_comes_back_with_the_birth_date(
    plan_rule: None,
    booker: Booker,
    holder: User,
    alice: User,
    share: Share,
    sign_in: SignIn,
    client: Client,
) -> None:
    booked = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", CHILD))
    send_due()
    link = newest_link(holder.email)
    document = share(booked)
    assert len(doors_of(holder, document, sign_in)) == 6
    assert client.get(link).status_code == 200
    correct(booked.patient, alice, ADULT)
    assert doors_of(holder, document, sign_in) == set()
    assert client.get(link).status_code == client.post(f"{link}/1").status_code == 410
    assert accesses_to(Patient.objects.get(pk=booked.patient_id)) == []
    assert not Message.objects.filter(state="queued", pk__in=document.messages.values("pk")).exists()
    assert not SharedDocument.objects.get(pk=document.pk).has_readers
    judged = AuditEvent.objects.get(action="accesses.judged_anew")
    assert (judged.actor_id, judged.detail) == (alice.pk, {"of_a_minor": 0, "of_an_adult": 2})
    assert list(audiences_are_right()) == []
    correct(booked.patient, alice, CHILD)
    assert len(doors_of(holder, document, sign_in)) == 6
    assert client.get(link).status_code == 200
    assert list(audiences_are_right()) == []
    history = sign_in(alice).get(f"/pro/appointments/{booked.pk}/history/").content.decode()
    assert history.count("Document retiré à la personne qui a pris le rendez-vous") == 2
    assert history.count("Document rendu à la personne qui a pris le rendez-vous") == 2


@pytest.mark.parametrize("ended_first", [True, False])
def test_what_staff_ended_does_not_come_back_with_the_birth_date(
    booker: Booker, holder: User, alice: User, share: Share, ended_first: bool
) -> None:
    booked = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", CHILD))
    document = share(booked)

    def end() -> None:
        patient = Patient.objects.get(pk=booked.patient_id)
        guardian_ended.send(sender=RecordTie, patient=patient, guardian=holder, by=alice)

    if ended_first:
        end()
    correct(booked.patient, alice, ADULT)
    if not ended_first:
        end()
    correct(booked.patient, alice, CHILD)
    assert not visible_as_recipient(holder).exists()
    correct(booked.patient, alice, ADULT)
    restore_holder_access(patient=booked.patient, holder=holder, by=alice)
    assert list(audiences_are_right()) == []
    assert not visible_as_recipient(holder).exists()
    correct(booked.patient, alice, CHILD)
    assert visible_as_recipient(holder).get() == document


def test_what_was_hidden_before_it_was_ended_is_ended_when_the_site_is_upgraded(
    booker: Booker, holder: User, alice: User, share: Share
) -> None:
    booked = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", CHILD))
    document = share(booked)
    correct(booked.patient, alice, ADULT)
    SharedDocument.objects.update(holder_ended_at=None, holder_ended_by_age=False)  # as the version before did
    assert len(list(audiences_are_right())) == 1
    import_module("documents.migrations.0080_end_what_adults_holders_saw").end_hidden(apps, None)
    assert list(audiences_are_right()) == []
    correct(booked.patient, alice, CHILD)
    assert visible_as_recipient(holder).get() == document


def test_what_was_shared_before_eighteen_stays_with_the_booker_by_the_corrected_date_too(
    booker: Booker,
    holder: User,
    alice: User,
    share: Share,
) -> None:
    booked = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", CHILD))
    document = share(booked)
    yesterday = timezone.localdate() - timedelta(days=1)
    SharedDocument.objects.update(shared_at=timezone.now() - timedelta(days=10))
    correct(booked.patient, alice, yesterday.replace(year=yesterday.year - 18))  # of age since yesterday
    assert visible_as_recipient(holder).get() == document


@pytest.mark.parametrize("first", [CHILD, ADULT])
def test_a_guardian_sees_what_was_shared_of_a_minor_by_the_birth_date_of_today(
    paul: Patient,
    alice: User,
    book_for: BookFixture,
    share: Share,
    first: date,
) -> None:
    other = ADULT if first == CHILD else CHILD
    if first == CHILD:
        correct(paul, alice, CHILD)
    document = share(book_for(paul))
    correct(paul, alice, CHILD)
    parent = account("parent@courriel.example", "+33612000060")
    claim(Patient.objects.get(pk=paul.pk), parent)
    assert visible_as_recipient(parent).get() == document
    if other == ADULT:
        correct(paul, alice, ADULT)
        assert not visible_as_recipient(parent).exists()


def test_a_link_to_contacts_of_minority_opens_nothing_of_an_adult(
    plan_rule: None,
    paul: Patient,
    alice: User,
    book_for: BookFixture,
    client: Client,
) -> None:
    """The contacts may be a parent's: the link opens again once staff confirm them."""
    child = create_patient(
        practice=paul.practice,
        first_name="Tom",
        last_name="Roy",
        birth_date=CHILD,
        email="parent@courriel.example",
        mobile="+33612000051",
        by=alice,
    )
    book_for(child)
    send_due()
    link = newest_link("parent@courriel.example")
    assert client.get(link).status_code == 200
    correct(child, alice, ADULT)
    assert client.get(link).status_code == client.post(f"{link}/1").status_code == 410
    confirm_contacts(patient=child, by=alice)
    assert client.get(link).status_code == 200


def test_nobody_is_invited_to_contacts_of_minority(paul: Patient, owner: User, alice: User) -> None:
    correct(paul, alice, CHILD)
    confirm_contacts(patient=paul, by=alice)
    change_patient(patient=paul, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    Invitation.objects.all().delete()
    Message.objects.all().delete()
    correct(paul, alice, ADULT)
    assert not Message.objects.exists()


def test_what_was_corrected_before_it_was_judged_anew_is_judged_when_the_site_is_upgraded(
    booker: Booker, holder: User, share: Share, paul: Patient, book_for: BookFixture
) -> None:
    supposed = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", CHILD))
    child = booker(holder, BookedFor.MINOR_RELATIVE, Person("Tom", "Martin", CHILD))
    of_adult, of_child, of_paul = share(supposed), share(child), share(book_for(paul))
    Patient.objects.filter(pk=supposed.patient_id).update(birth_date=ADULT)
    Patient.objects.filter(pk=paul.pk).update(birth_date=CHILD)
    import_module("documents.migrations.0077_minority_by_todays_birth_date").judge_anew(apps, None)
    assert list(visible_as_recipient(holder)) == [of_child]
    assert SharedDocument.objects.get(pk=of_paul.pk).patient_was_minor
    told = SharedDocument.messages.through.objects.filter(message__state="queued")
    assert set(told.values_list("shareddocument", flat=True)) == {of_child.pk, of_paul.pk}
    assert not of_adult.messages.exists()


# --- What staff ended stays ended -------------------------------------------------------------------------------


@pytest.mark.parametrize("correction", [{"birth_date": CHILD + timedelta(days=1)}, {"first_name": "Léana"}])
@pytest.mark.parametrize("corrected", ["the record it was ended on", "the one described anew"])
def test_an_access_that_staff_ended_stays_so_when_a_correction_makes_the_records_differ(
    booker: Booker,
    holder: User,
    alice: User,
    practice: Practice,
    corrected: str,
    correction: PatientChanges,
) -> None:
    first = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", CHILD)).patient
    of_holder = next(one for one in accesses_to(first) if one.kind is AccessKind.HOLDER)
    end_access(patient=first, access_id=of_holder.id, by=alice)
    anew = create_patient(practice=practice, first_name="LEA", last_name="Martin", birth_date=CHILD, by=alice)
    change_patient(patient=first if corrected.startswith("the record") else anew, by=alice, **correction)
    for patient in (first, anew):
        patient.refresh_from_db()
        assert [one.holder for one in HolderExclusion.objects.applying_to(patient)] == [holder]
    kept = AuditEvent.objects.filter(action="holder.excluded", object_id=anew.pk).get()
    assert kept.detail == {"account": str(holder.pk), "of_record": str(first.pk)}


def test_it_stays_ended_for_every_copy_however_many_there_are(
    booker: Booker, holder: User, alice: User, practice: Practice
) -> None:
    first = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", CHILD)).patient
    of_holder = next(one for one in accesses_to(first) if one.kind is AccessKind.HOLDER)
    end_access(patient=first, access_id=of_holder.id, by=alice)
    create = partial(create_patient, practice=practice, birth_date=CHILD, by=alice)
    copies = [create(first_name="LEA", last_name="Martin") for _ in range(LOOK_ALIKES + 5)]
    other = create(first_name="Martin", last_name="Léa")
    change_patient(patient=first, by=alice, first_name="Léana")
    for copy in copies:
        assert {one.holder for one in HolderExclusion.objects.applying_to(copy)} == {holder}
    assert HolderExclusion.objects.applying_to(other) == []


def test_wrong_answers_are_counted_by_the_date_they_were_judged_by(paul: Patient, alice: User) -> None:
    invitation = invitation_for(patient=paul, by=alice)
    for day in range(3, 7):
        with pytest.raises(WrongBirthDate):
            prove_birth_date(invitation=invitation, birth_date=date(1990, 1, day))
    correct(paul, alice, OTHER_ADULT)
    with pytest.raises(WrongBirthDate) as wrong:
        prove_birth_date(invitation=invitation, birth_date=ADULT)
    assert wrong.value.left == 4


def test_after_five_wrong_answers_a_corrected_date_opens_nothing_before_staff_confirm_the_contacts(
    paul: Patient, alice: User
) -> None:
    invitation = invitation_for(patient=paul, by=alice)
    for day in range(3, 8):
        with pytest.raises(WrongBirthDate):
            prove_birth_date(invitation=invitation, birth_date=date(1990, 1, day))
    correct(paul, alice, OTHER_ADULT)
    assert why_closed(invitation_for(patient=paul, by=alice)) == "too_many_attempts"
    confirm_contacts(patient=paul, by=alice)
    assert why_closed(invitation_for(patient=paul, by=alice)) is None
