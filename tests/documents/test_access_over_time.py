"""Access lasts as long as its proof, and contacts have an owner: docs/security-cases.md, 42 to 46 and 56.

Everything goes through use cases and doors, with the clock where a day matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Scope, User
from accounts.tokens import issue_token
from appointments.authorisation import authorise_holder, refuse_holder, withdraw_authorisation
from appointments.models import Appointment, BookedFor
from appointments.recipients import Audience, RecipientState, resolve
from audit.models import AuditEvent
from documents.models import AutoSend, SharedDocument
from documents.sending.autosend import send_again, send_due
from documents.sharing.access import visible_as_recipient
from documents.sharing.accesses import AccessKind, accesses_to, end_access
from documents.sharing.uploads import RecipientNotReady
from notifications.models import Message
from patients.claiming import open_account
from patients.invitations import (
    BookedForSomebodyElse,
    InvitationOver,
    WrongBirthDate,
    accept_invitation,
    invitation_for,
    invite_after_identity_check,
    prove_birth_date,
)
from patients.models import Invitation, Patient, RecordTie
from patients.own_contacts import follow_account
from patients.ownership import Standing, standings
from patients.records import (
    FormerContacts,
    PatientChanges,
    SayWhoseContacts,
    change_patient,
    confirm_contacts,
    create_patient,
)
from patients.relatives import Person
from practices.models import Practice
from practices.roles import NotAllowed
from tests import conftest
from tests.conftest import BookFixture, make_user
from tests.documents.bookings import *  # noqa: F403  # somebody who books online, a rule
from tests.documents.ways import Booker, SignIn, account, claim, doors_of, links_in, newest_link, on_day

pytestmark = pytest.mark.django_db
NEW: PatientChanges = {"email": "vraie@courriel.example", "mobile": "+33612000077"}
ONE_OR_BOTH: list[PatientChanges] = [{"email": NEW["email"]}, {"mobile": NEW["mobile"]}, NEW]
CORRECTED: PatientChanges = {"email": "autre@courriel.example", "mobile": "+33612000044"}
CLEARED: list[PatientChanges] = [{"mobile": None}, {"email": None, "mobile": None}]
PASSWORD = "une phrase facile 42"


@pytest.fixture
def wrong() -> User:
    """Whoever has the mistyped mailbox."""
    return account("inconnu@courriel.example", "+33612000066")


# --- 42: contacts corrected after a wrong person claimed the record ------------------------------------------------


def test_case_42_somebody_else_had_been_entered_and_sees_nothing_of_the_record_any_more(
    appointment: Appointment,
    marie: Patient,
    wrong: User,
    alice: User,
    share: Callable[[Appointment], SharedDocument],
    sign_in: SignIn,
) -> None:
    before = share(appointment)
    claim(marie, wrong)
    assert len(doors_of(wrong, before, sign_in)) == 6
    with pytest.raises(SayWhoseContacts):
        change_patient(patient=marie, by=alice, **NEW)
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SOMEONE_ELSE, **NEW)
    after = share(appointment)
    assert doors_of(wrong, before, sign_in) == doors_of(wrong, after, sign_in) == set()
    assert not RecordTie.objects.live().exists()
    invited = Invitation.objects.live().get()
    assert (invited.email, invited.mobile) == (NEW["email"], NEW["mobile"])
    untied = AuditEvent.objects.get(action="record.untied")
    assert (untied.actor_id, untied.detail["reason"]) == (alice.pk, "someone_else")


def test_case_42_the_same_person_keeps_what_was_shared_and_waits_for_the_rest(
    appointment: Appointment,
    marie: Patient,
    alice: User,
    share: Callable[[Appointment], SharedDocument],
    sign_in: SignIn,
) -> None:
    owner = account("marie.durand@courriel.example", "+33612345678")
    before = share(appointment)
    claim(marie, owner)
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    after = share(appointment)
    assert len(doors_of(owner, before, sign_in)) == 6
    assert doors_of(owner, after, sign_in) == set()

    # One screen: the link of the message to the new address, and the code that goes to the new mobile.
    browser = sign_in(owner)
    link = links_in(Message.objects.filter(channel="email", to=NEW["email"]).latest("created_at"))[0]
    browser.post(link)
    code = Message.objects.filter(channel="sms", to=NEW["mobile"], expires_at__isnull=False).latest("created_at")
    assert browser.post("/invitation/code/", {"code": code.body[:6]})["Location"] == "/documents/"
    assert len(doors_of(owner, after, sign_in)) == 6
    tie = RecordTie.objects.live().get()
    assert (tie.proved_email, tie.proved_mobile, tie.suspended_at) == (NEW["email"], NEW["mobile"], None)


def test_case_42_a_replacement_shared_while_the_tie_waits_is_not_seen(
    appointment: Appointment, marie: Patient, wrong: User, alice: User, share: Callable[..., SharedDocument]
) -> None:
    document = share(appointment)
    claim(marie, wrong)
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    SharedDocument.objects.update(replaced_at=timezone.now() + timedelta(seconds=1))
    assert not visible_as_recipient(wrong).filter(pk=document.pk).exists()


def test_case_42_a_minors_contacts_pass_from_one_parent_to_the_other(
    practice: Practice,
    alice: User,
    book_for: BookFixture,
    share: Callable[[Appointment], SharedDocument],
    sign_in: SignIn,
) -> None:
    mother, father = (
        account("mere@courriel.example", "+33612000001"),
        account("pere@courriel.example", "+33612000002"),
    )
    child = create_patient(
        practice=practice,
        first_name="Léa",
        last_name="Roy",
        birth_date=timezone.localdate() - timedelta(days=3000),
        email=mother.email,
        mobile=mother.mobile,
        by=alice,
    )
    appointment = book_for(child)
    before = share(appointment)
    claim(child, mother)
    change_patient(
        patient=child,
        by=alice,
        email=father.email,
        mobile=father.mobile,
        former_contacts=FormerContacts.SOMEONE_ELSE,
    )
    child.refresh_from_db()
    after = share(appointment)
    claim(child, father)
    assert doors_of(mother, before, sign_in) == doors_of(mother, after, sign_in) == set()
    assert len(doors_of(father, before, sign_in)) == len(doors_of(father, after, sign_in)) == 6


@pytest.mark.parametrize("answer", FormerContacts)
@pytest.mark.parametrize("change", [*ONE_OR_BOTH, *CLEARED])
def test_case_42_any_change_of_any_contact_asks_and_ends_or_suspends_every_tie(
    marie: Patient, wrong: User, alice: User, answer: FormerContacts, change: PatientChanges
) -> None:
    claim(marie, wrong)
    with pytest.raises(SayWhoseContacts):
        change_patient(patient=marie, by=alice, **change)
    changed = change_patient(patient=marie, by=alice, former_contacts=answer, **change)
    assert {name: getattr(changed, name) for name in change} == change
    live = RecordTie.objects.live()
    assert live.exists() == (answer is FormerContacts.SAME_PERSON)
    assert not live.filter(suspended_at=None).exists()


def test_case_42_the_api_asks_whose_they_were(marie: Patient, wrong: User, alice: User, api: APIClient) -> None:
    claim(marie, wrong)
    address = f"/api/v1/patients/{marie.pk}/"
    refused = api.patch(address, NEW)
    assert refused.status_code == 409
    assert [(one["code"], one["attr"]) for one in refused.json()["errors"]] == [
        ("say_whose_contacts", "former_contacts")
    ]
    assert api.patch(address, {**NEW, "former_contacts": "nobody"}).status_code == 400
    assert api.patch(address, {"first_name": "Maria"}).status_code == 200  # no contact changes
    assert api.patch(address, {**NEW, "former_contacts": "someone_else"}).status_code == 200
    assert not RecordTie.objects.live().exists()
    assert api.patch(address, {"email": "x@courriel.example"}).status_code == 200  # no account is tied any more


def test_case_42_the_page_asks_whose_they_were_and_keeps_what_was_typed(
    marie: Patient, wrong: User, bob: User, sign_in: SignIn
) -> None:
    claim(marie, wrong)
    browser, address = sign_in(bob), f"/pro/patients/{marie.pk}/"
    assert "former_contacts" in browser.get(address).content.decode()
    asked = browser.post(address, NEW)
    assert asked.status_code == 400
    assert "vraie@courriel.example" in asked.content.decode()
    assert RecordTie.objects.live().exists()
    assert browser.post(address, {**NEW, "former_contacts": "someone_else"}).status_code == 302
    assert not RecordTie.objects.live().exists()
    assert "former_contacts" not in browser.get(address).content.decode()


# --- 43: links without account -------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ONE_OR_BOTH)
def test_case_43_a_link_dies_when_the_contacts_it_was_sent_to_are_corrected(
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
    assert client.get(first).status_code == 410  # never the old one again


def test_case_43_what_waits_to_go_to_a_corrected_address_goes_to_the_new_one_alone(
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


def test_case_43_a_link_sent_under_an_authorisation_dies_with_it(
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


def test_case_43_a_link_to_a_holder_dies_with_the_holders_address(
    plan_rule: None, booker: Booker, holder: User, client: Client
) -> None:
    booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", timezone.localdate() - timedelta(days=900)))
    send_due()
    link = newest_link(holder.email)
    assert client.get(link).status_code == 200
    User.objects.filter(pk=holder.pk).update(email="nouveau@courriel.example")
    assert client.get(link).status_code == 410


def test_case_43_what_a_holder_received_of_a_minor_does_not_come_to_hang_on_an_authorisation(
    plan_rule: None, booker: Booker, holder: User, alice: User, client: Client
) -> None:
    """Sent again under an authorisation, years later: withdrawn, the link goes, and what the holder had stays."""
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


def test_case_43_an_authorisation_gives_back_what_staff_had_ended_when_it_is_sent_again(
    plan_rule: None, booker: Booker, holder: User, alice: User, client: Client
) -> None:
    """And never a message with a link that opens nothing."""
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


def test_case_43_a_new_authorisation_gives_back_what_the_former_one_had_shown(
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
    assert client.get(link).status_code == 410  # never the old one again
    assert {one.to for one in document.messages.filter(state="queued")} == {holder.email, holder.mobile}
    given = AuditEvent.objects.filter(action="document.given_back")
    assert {(one.actor_id, one.record_id) for one in given} == {(alice.pk, booked.pk)}
    withdraw_authorisation(appointment=booked, by=alice)
    assert doors_of(holder, document, sign_in) == set()


@pytest.mark.parametrize("doubt", ["an access ended", "five wrong dates"])
def test_case_43_a_link_opens_nothing_while_the_contacts_are_in_doubt(
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


def test_case_43_what_links_open_and_who_sees_this_agree(
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
    again = newest_link("marie.durand@courriel.example")  # the appointment is to come: it is sent anew
    assert again != link
    assert (client.get(link).status_code, client.get(again).status_code, listed()) == (410, 200, 1)
    Message.objects.update(state="sent", sent_at=timezone.now())
    Appointment.objects.update(starts_at=timezone.now() - timedelta(days=1))
    change_patient(patient=marie, by=alice, mobile="+33612000078")
    assert (client.get(again).status_code, listed()) == (410, 0)
    assert not Message.objects.filter(state="queued").exists()


# --- 44: the booker does not get in --------------------------------------------------------------------------------


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
def test_case_44_an_alias_of_ones_mailbox_or_ones_own_mobile_is_nobody_elses(
    booker: Booker, holder: User, given: tuple[str, str]
) -> None:
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1), *given))
    assert resolve(appointment).state is RecipientState.NEEDS_AUTHORISATION


def test_case_44_contacts_that_become_the_bookers_later_do_not_count(
    booker: Booker, holder: User, share: Callable[..., SharedDocument]
) -> None:
    person = Person("Paul", "Martin", date(1950, 1, 1), "paul@courriel.example", "+33612000050")
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, person)
    assert resolve(appointment).audience is Audience.PATIENT
    User.objects.filter(pk=holder.pk).update(email="Paul+moi@courriel.example")
    with pytest.raises(RecipientNotReady):
        share(appointment)


def test_case_44_staffs_entry_that_equals_the_bookers_waits_for_an_authorisation(
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
def test_case_44_a_second_booking_does_not_make_the_first_ready(
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


def test_case_44_what_one_booker_gave_counts_for_no_other_and_not_for_the_practice(
    booker: Booker, holder: User, alice: User, book_for: BookFixture
) -> None:
    given = Person("Paul", "Martin", date(1950, 1, 1), "paul@courriel.example", "+33612000050")
    patient = booker(holder, BookedFor.ADULT_RELATIVE, given).patient
    assert resolve(book_for(patient)).state is RecipientState.MISSING_CONTACT
    other = make_user("ines@courriel.example", "Inès", "Roy")
    by_other = book_for(patient, holder=other, booked_for=BookedFor.ADULT_RELATIVE)
    assert resolve(by_other).state is RecipientState.NEEDS_AUTHORISATION


def test_case_44_the_booker_never_becomes_the_person_booked_for(booker: Booker, holder: User, alice: User) -> None:
    """Whatever second mailbox and telephone they have."""
    given = Person("Paul", "Martin", date(1950, 1, 1), "deuxieme@courriel.example", "+33612000050")
    patient = booker(holder, BookedFor.ADULT_RELATIVE, given).patient
    with pytest.raises(BookedForSomebodyElse):
        claim(patient, holder)
    confirm_contacts(patient=patient, by=alice)
    with pytest.raises(BookedForSomebodyElse):
        claim(patient, holder)


def test_case_44_what_the_patient_proves_is_the_patients(booker: Booker, holder: User, book_for: BookFixture) -> None:
    given = Person("Paul", "Martin", date(1950, 1, 1), "paul@courriel.example", "+33612000050")
    patient = booker(holder, BookedFor.ADULT_RELATIVE, given).patient
    claim(patient, account("paul@courriel.example", "+33612000050"))
    patient.refresh_from_db()
    assert resolve(book_for(patient)).audience is Audience.PATIENT


def test_case_44_staff_read_who_gave_a_contact(booker: Booker, holder: User, bob: User, sign_in: SignIn) -> None:
    given = Person("Paul", "Martin", date(1950, 1, 1), "paul@courriel.example", "+33612000050")
    appointment = booker(holder, BookedFor.ADULT_RELATIVE, given)
    for address in (f"/pro/patients/{appointment.patient_id}/", f"/pro/appointments/{appointment.pk}/"):
        assert "Hugo Martin, non vérifi" in sign_in(bob).get(address).content.decode()


# --- 45: at eighteen ------------------------------------------------------------------------------------------------


@pytest.fixture
def eighteenth(practice: Practice) -> datetime:
    """Noon of a birthday to come, where the practice is."""
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


def test_case_45_contacts_of_minority_make_nobody_ready_at_eighteen(
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
def test_case_45_eighteen_is_reckoned_where_the_practice_is(
    practice: Practice, alice: User, zone: str, hour: int
) -> None:
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


def test_case_45_the_guardians_account_is_not_turned_into_the_adults(
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


def test_case_45_nobody_opens_an_account_with_contacts_of_minority(child: Patient, eighteenth: datetime) -> None:
    """A parent who never had an account follows the old link after the birthday."""
    invitation = invitation_for(patient=child, by=None)
    with on_day(eighteenth), pytest.raises(InvitationOver):
        open_account(invitation=invitation, birth_date=child.birth_date, password=PASSWORD)
    assert not User.objects.filter(email="parent@courriel.example").exists()


def test_case_45_a_parent_who_books_as_the_child_does_not_get_the_childs_record(
    child: Patient, eighteenth: datetime, booker: Booker
) -> None:
    parent = account("parent@courriel.example", "+33612000001", birth_date=child.birth_date)
    parent.first_name, parent.last_name = "Léa", "Roy"
    parent.save()
    with on_day(eighteenth):
        assert booker(parent, BookedFor.SELF).patient != child


def test_case_45_a_corrected_birth_date_does_not_turn_a_parents_contacts_into_the_patients(
    child: Patient, alice: User, book_for: BookFixture
) -> None:
    adult = change_patient(patient=child, by=alice, birth_date=date(1990, 1, 1))
    assert resolve(book_for(adult)).state is RecipientState.MISSING_CONTACT


def test_case_45_staff_who_make_sure_who_it_is_let_the_young_adult_prove(
    child: Patient, eighteenth: datetime, alice: User, book_for: BookFixture, share: Callable[..., SharedDocument]
) -> None:
    """An adolescent's own telephone and mailbox, entered at seventeen."""
    appointment = book_for(child)
    with on_day(eighteenth):
        invitation = invite_after_identity_check(patient=child, by=alice)
        user = open_account(invitation=invitation, birth_date=child.birth_date, password=PASSWORD)
        document = share(appointment)
        assert visible_as_recipient(user).get() == document


# --- 46: every live way is listed, and ends ------------------------------------------------------------------------


@pytest.fixture
def api(alice: User) -> APIClient:
    client = APIClient()
    _token, secret = issue_token(user=alice, name="t", scopes=[Scope.READ, Scope.WRITE], by=None)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


@pytest.fixture
def every_way(
    plan_rule: None,
    booker: Booker,
    holder: User,
    alice: User,
    book_for: BookFixture,
    share: Callable[..., SharedDocument],
) -> Patient:
    """A minor's record with a way of each kind."""
    born = timezone.localdate() - timedelta(days=3000)
    appointment = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", born))
    share(appointment)
    child = change_patient(
        patient=appointment.patient, by=alice, email="parent@courriel.example", mobile="+33612000001"
    )
    by_practice = book_for(child)
    send_due()
    share(by_practice)
    claim(child, account("parent@courriel.example", "+33612000001"))
    invitation_for(patient=child, by=alice)
    return child


def test_case_46_every_live_way_is_listed_with_what_it_stands_on(every_way: Patient, api: APIClient) -> None:
    listed = api.get(f"/api/v1/patients/{every_way.pk}/accesses/").json()["results"]
    assert sorted((one["kind"], tuple(one["stands_on"])) for one in listed) == [
        ("account", ("email", "mobile", "birth_date")),
        ("holder", ("booked_for_minor",)),
        ("invitation", ("email", "mobile", "birth_date")),
        ("link", ("email", "mobile")),
        ("link", ("email", "mobile")),
    ]
    assert all(one["since"] and one["who"] and one["suspended"] is False for one in listed)


def test_case_46_each_way_ends_by_one_button_and_in_the_trail(
    every_way: Patient, bob: User, sign_in: SignIn, client: Client
) -> None:
    people = [User.objects.get(email="parent@courriel.example"), User.objects.get(email="hugo.martin@gmail.com")]
    paths = {path for message in Message.objects.filter(channel="email") for path in links_in(message)}
    links = sorted(path for path in paths if path.startswith("/d/"))
    assert len(links) == 2
    assert all(visible_as_recipient(one).exists() for one in people)
    browser, page = sign_in(bob), f"/pro/patients/{every_way.pk}/"

    def buttons() -> list[str]:
        return re.findall(rf'href="({page}accesses/[0-9a-f-]{{36}}/end/)"', browser.get(page).content.decode())

    assert len(buttons()) == 5
    while shown := buttons():
        assert browser.post(shown[0]).status_code == 302
        assert shown[0] not in buttons()
    assert accesses_to(every_way) == []
    assert not any(visible_as_recipient(one).exists() for one in people)
    assert {client.get(path).status_code for path in links} == {410}
    ended = AuditEvent.objects.filter(actor_id=bob.pk, practice_id=every_way.practice_id)
    assert set(ended.values_list("action", flat=True)) == {
        "record.untied",
        "holder.excluded",
        "link.revoked",
        "invitation.stopped",
    }


def test_case_46_a_holder_whose_access_was_ended_receives_nothing_later(
    every_way: Patient, holder: User, bob: User, booker: Booker, share: Callable[..., SharedDocument]
) -> None:
    of_holder = next(one for one in accesses_to(every_way) if one.kind is AccessKind.HOLDER)
    end_access(patient=every_way, access_id=of_holder.id, by=bob)
    person = Person(every_way.first_name, every_way.last_name, every_way.birth_date)
    later = booker(holder, BookedFor.MINOR_RELATIVE, person)
    assert later.patient == every_way
    document = share(later)
    assert (document.audience, document.holder) == ("patient", None)
    assert not visible_as_recipient(holder).exists()


def test_case_46_staff_give_back_what_they_had_ended_for_a_holder(
    every_way: Patient,
    holder: User,
    bob: User,
    rita: User,
    charlie: User,
    booker: Booker,
    share: Callable[..., SharedDocument],
    sign_in: SignIn,
) -> None:
    before = set(visible_as_recipient(holder))
    of_holder = next(one for one in accesses_to(every_way) if one.kind is AccessKind.HOLDER)
    end_access(patient=every_way, access_id=of_holder.id, by=bob)
    assert not visible_as_recipient(holder).exists()
    browser, page = sign_in(bob), f"/pro/patients/{every_way.pk}/"
    found = re.search(r'action="(/pro/exclusions/[0-9a-f-]{36}/lift/)"', browser.get(page).content.decode())
    assert found
    assert sign_in(rita).post(found[1]).status_code == sign_in(charlie).post(found[1]).status_code == 404
    assert browser.get(found[1]).status_code == 405
    assert "lift" not in sign_in(rita).get(page).content.decode()
    assert browser.post(found[1])["Location"] == page
    assert set(visible_as_recipient(holder)) == before
    assert "data-exclusions" not in browser.get(page).content.decode()
    assert browser.post(found[1]).status_code == 404
    lifted = AuditEvent.objects.get(action="holder.exclusion_lifted")
    assert (lifted.actor_id, lifted.object_id) == (bob.pk, every_way.pk)
    person = Person(every_way.first_name, every_way.last_name, every_way.birth_date)
    assert share(booker(holder, BookedFor.MINOR_RELATIVE, person)).holder == holder


def test_case_46_the_exclusion_is_shown_on_the_record_that_the_booker_described_anew(
    every_way: Patient, practice: Practice, bob: User, alice: User, sign_in: SignIn
) -> None:
    of_holder = next(one for one in accesses_to(every_way) if one.kind is AccessKind.HOLDER)
    end_access(patient=every_way, access_id=of_holder.id, by=bob)
    anew = create_patient(
        practice=practice,
        first_name="LEA",
        last_name=every_way.last_name,
        birth_date=every_way.birth_date,
        by=alice,
    )
    assert "data-exclusions" in sign_in(bob).get(f"/pro/patients/{anew.pk}/").content.decode()


def test_case_46_whoever_booked_for_a_minor_is_listed_before_anything_is_shared(
    booker: Booker, holder: User, alice: User, share: Callable[..., SharedDocument]
) -> None:
    born = timezone.localdate() - timedelta(days=3000)
    booked = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", born))
    (access,) = accesses_to(booked.patient)
    assert (access.kind, access.account, access.since) == (AccessKind.HOLDER, holder, booked.created_at)
    assert end_access(patient=booked.patient, access_id=access.id, by=alice)
    assert accesses_to(booked.patient) == []
    with pytest.raises(RecipientNotReady):
        share(booked)


def test_case_46_whoever_booked_for_an_adult_is_not_listed_before_an_authorisation(
    booker: Booker, holder: User
) -> None:
    booked = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    assert accesses_to(booked.patient) == []


def test_case_46_who_only_reads_and_strangers_end_nothing(
    every_way: Patient, rita: User, charlie: User, alice: User, sign_in: SignIn
) -> None:
    access = accesses_to(every_way)[0]
    address = f"/pro/patients/{every_way.pk}/accesses/{access.id}/end/"
    assert sign_in(rita).post(address).status_code == 403
    assert sign_in(charlie).post(address).status_code == 404
    assert Client().post(address).status_code == 302
    assert sign_in(rita).get(address).status_code == 403
    assert sign_in(alice).get(address).status_code == 200  # the question; nothing has ended
    with pytest.raises(NotAllowed):
        end_access(patient=every_way, access_id=access.id, by=rita)
    assert len(accesses_to(every_way)) == 5
    stranger = APIClient()
    _token, secret = issue_token(user=charlie, name="t", scopes=[Scope.READ, Scope.WRITE], by=None)
    stranger.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    for path in (f"/api/v1/patients/{every_way.pk}/accesses/", f"/api/v1/patients/{every_way.pk}/confirm-contacts/"):
        assert stranger.get(path).status_code in (404, 405)
        assert stranger.post(path).status_code in (404, 405)
    assert stranger.delete(f"/api/v1/patients/{every_way.pk}/accesses/{access.id}/").status_code == 404


def test_case_46_the_api_ends_an_access_of_this_record_alone(
    every_way: Patient, marie: Patient, api: APIClient
) -> None:
    access = accesses_to(every_way)[0]
    assert api.delete(f"/api/v1/patients/{marie.pk}/accesses/{access.id}/").status_code == 404
    assert api.delete(f"/api/v1/patients/{every_way.pk}/accesses/{access.id}/").status_code == 204
    assert api.delete(f"/api/v1/patients/{every_way.pk}/accesses/{access.id}/").status_code == 404


# --- 56: wrong birth dates ------------------------------------------------------------------------------------------


def test_case_56_birth_date_tries_count_over_the_record_whatever_number_of_invitations(
    marie: Patient, alice: User, book_for: BookFixture
) -> None:
    appointment = book_for(marie)
    for tried in range(5):
        invitation = invitation_for(patient=marie, by=alice)
        with pytest.raises(WrongBirthDate) as wrong_date:
            prove_birth_date(invitation=invitation, birth_date=date(1950, 1, 1 + tried))
        assert wrong_date.value.left == 4 - tried
        Invitation.objects.filter(pk=invitation.pk, ended_at=None).update(end="withdrawn", ended_at=timezone.now())
    with pytest.raises(InvitationOver):  # not even with the right one
        prove_birth_date(invitation=invitation_for(patient=marie, by=alice), birth_date=marie.birth_date)
    marie.refresh_from_db()
    appointment.patient = marie
    assert resolve(appointment).state is RecipientState.MISSING_CONTACT
    confirm_contacts(patient=marie, by=alice)
    marie.refresh_from_db()
    appointment.patient = marie
    assert resolve(appointment).is_ready
    prove_birth_date(invitation=invitation_for(patient=marie, by=alice), birth_date=marie.birth_date)


@pytest.mark.parametrize(
    "given", [("3", "2", "41"), ("3", "2", "1850"), ("3", "2", "0041"), "tomorrow", ("31", "2", "1941")]
)
def test_case_56_what_cannot_be_a_birth_date_costs_no_try(marie: Patient, client: Client, given: Any) -> None:
    if given == "tomorrow":
        day = timezone.localdate(timezone=marie.practice.zone) + timedelta(days=1)
        given = (str(day.day), str(day.month), str(day.year))
    invitation = invitation_for(patient=marie, by=None)
    session = client.session
    session["invitation"] = {"id": str(invitation.pk), "mobile_proved": True}
    session.save()
    answer = client.post("/invitation/birth-date/", dict(zip(("day", "month", "year"), given, strict=True)))
    assert answer.status_code == 200
    assert "field-error" in answer.content.decode() or "Il y a un problème" in answer.content.decode()
    marie.refresh_from_db()
    assert marie.birth_date_attempts == 0


# --- A patient changes their own mobile or email --------------------------------------------------------------------


@pytest.fixture
def owner(marie: Patient) -> User:
    """Marie's account, tied to her record."""
    user = account("marie.durand@courriel.example", "+33612345678")
    claim(marie, user)
    return user


@pytest.fixture
def change_own(sign_in: SignIn) -> Callable[[User, str, str], None]:
    """By the account's pages: the code to the new mobile, or the link to the new address."""

    def _change(user: User, contact: str, new: str) -> None:
        browser = sign_in(user)
        browser.post("/account/reauthenticate/", {"password": conftest.PASSWORD})
        if contact == "mobile":
            browser.post("/my-account/mobile/", {"mobile": new})
            digits = Message.objects.filter(channel="sms", to=new).latest("created_at").body[:6]
            assert browser.post("/my-account/mobile/code/", {"code": digits})["Location"] == "/my-account/"
        else:
            browser.post("/account/email/", {"action_add": "", "email": new})
            confirm = links_in(Message.objects.filter(channel="email", to=new).latest("created_at"))[0]
            assert browser.post(confirm).status_code == 302
        user.refresh_from_db()
        assert getattr(user, contact) == new

    return _change


@pytest.mark.parametrize(("contact", "new"), [("mobile", "+33612000099"), ("email", "nouvelle@courriel.example")])
def test_a_contact_that_the_patient_changes_follows_in_every_record_and_nothing_goes_to_the_old_one(
    marie: Patient,
    owner: User,
    book_for: BookFixture,
    plan_rule: None,
    share: Callable[..., SharedDocument],
    client: Client,
    change_own: Callable[[User, str, str], None],
    contact: str,
    new: str,
) -> None:
    old = getattr(marie, contact)
    appointment = book_for(marie)
    send_due()
    link = newest_link("marie.durand@courriel.example")
    share(appointment)
    change_own(owner, contact, new)
    marie.refresh_from_db()
    assert getattr(marie, contact) == new
    assert getattr(RecordTie.objects.live().get(), f"proved_{contact}") == new
    assert client.get(link).status_code == 410
    document = share(Appointment.objects.get(pk=appointment.pk))
    assert visible_as_recipient(owner).filter(pk=document.pk).exists()
    to_old = Message.objects.filter(state="queued", to=old)
    # Only that the account's own contact changed, which is not about the practice.
    assert not [message for message in to_old if "Cabinet des Lilas" in message.body or "/d/" in message.body]
    changed = AuditEvent.objects.filter(action="contact.changed", object_id=marie.pk).latest("id")
    assert (changed.actor_id, changed.detail["by_the_account"]) == (owner.pk, True)


def test_where_the_record_cannot_follow_it_loses_the_old_contact_and_staff_are_asked(
    marie: Patient,
    owner: User,
    alice: User,
    bob: User,
    rita: User,
    sign_in: SignIn,
    book_for: BookFixture,
    change_own: Callable[[User, str, str], None],
) -> None:
    change_patient(patient=marie, by=alice, email=NEW["email"], former_contacts=FormerContacts.SAME_PERSON)
    change_own(owner, "mobile", "+33612000099")
    marie.refresh_from_db()
    assert marie.mobile is None
    assert resolve(book_for(marie)).state is RecipientState.MISSING_CONTACT
    browser = sign_in(bob)
    assert "Marie Durand" in browser.get("/pro/deliveries/").content.decode()
    page = browser.get(f"/pro/patients/{marie.pk}/").content.decode()
    found = re.search(r'action="(/pro/contact-proposals/[0-9a-f-]{36}/)"', page)
    assert found
    assert sign_in(rita).post(found[1], {"take": "1"}).status_code == 404
    assert browser.post(found[1], {"take": "1"}).status_code == 302
    marie.refresh_from_db()
    assert str(marie.mobile) == "+33612000099"
    assert str(marie.email) == NEW["email"]
    assert "data-proposal" not in browser.get(f"/pro/patients/{marie.pk}/").content.decode()
    assert RecordTie.objects.live().get().suspended_at is not None  # the new address is still to be proved


def test_staff_who_enter_what_the_account_has_proved_suspend_nothing(
    marie: Patient, owner: User, alice: User
) -> None:
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    assert RecordTie.objects.live().get().suspended_at is not None
    change_patient(
        patient=marie,
        by=alice,
        email="marie.durand@courriel.example",
        mobile="+33612345678",
        former_contacts=FormerContacts.SAME_PERSON,
    )
    assert RecordTie.objects.live().get().suspended_at is None


def test_a_holders_new_address_gets_what_waited_for_the_old_one(
    booker: Booker,
    holder: User,
    share: Callable[..., SharedDocument],
    change_own: Callable[[User, str, str], None],
) -> None:
    born = timezone.localdate() - timedelta(days=900)
    appointment = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", born))
    document = share(appointment)
    old = holder.email
    change_own(holder, "email", "nouveau@courriel.example")
    assert not document.messages.filter(to=old).exists()
    assert document.messages.filter(to="nouveau@courriel.example", state="queued").exists()


# --- What came of an access ends with it ----------------------------------------------------------------------------


@pytest.fixture
def wrong_guardian(
    practice: Practice, alice: User, wrong: User, booker: Booker, share: Callable[..., SharedDocument]
) -> tuple[Patient, Appointment, SharedDocument]:
    """Somebody whose contacts were entered for a child proved them, and booked for the child online."""
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
def test_case_42_what_a_wrong_guardian_booked_ends_with_the_tie(
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


def test_case_46_whom_staff_ended_is_not_invited_again_before_the_contacts_are_confirmed(
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
    """The account has proved other contacts. What they were before."""
    former = (user.email, str(user.mobile))
    EmailAddress.objects.filter(user=user).update(email=email)
    User.objects.filter(pk=user.pk).update(email=email, mobile=mobile)
    user.refresh_from_db()
    follow_account(user=user, contact="email", former=former[0], new=email)
    follow_account(user=user, contact="mobile", former=former[1], new=mobile)
    return former


@pytest.mark.parametrize("given", ["by staff", "by the booker"])
def test_case_44_what_was_a_bookers_own_before_they_changed_it_is_nobody_elses(
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


def test_case_44_a_second_account_at_the_bookers_contacts_does_not_become_the_person_booked_for(
    booker: Booker, holder: User, alice: User
) -> None:
    booked = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    former = changes_both(holder, "nouveau@courriel.example", "+33698765499")
    patient = change_patient(patient=booked.patient, by=alice, email=former[0], mobile=former[1])
    invitation = invitation_for(patient=patient, by=alice)
    with pytest.raises(BookedForSomebodyElse):
        open_account(invitation=invitation, birth_date=patient.birth_date, password=PASSWORD)


def test_case_42_a_contact_that_an_ended_account_proposed_is_offered_no_more(
    marie: Patient, owner: User, alice: User
) -> None:
    change_patient(patient=marie, by=alice, email=NEW["email"], former_contacts=FormerContacts.SAME_PERSON)
    follow_account(user=owner, contact="mobile", former=str(marie.mobile), new="+33612000099")
    assert marie.contact_proposals.filter(settled_at=None).exists()
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SOMEONE_ELSE, **CORRECTED)
    assert not marie.contact_proposals.filter(settled_at=None).exists()


def test_case_43_new_contacts_are_invited_though_staff_had_ended_the_invitation(
    appointment: Appointment, marie: Patient, alice: User, share: Callable[..., SharedDocument]
) -> None:
    share(appointment)
    Message.objects.update(state="sent", sent_at=timezone.now())
    end_access(patient=marie, access_id=accesses_to(marie)[0].id, by=alice)
    change_patient(patient=marie, by=alice, **NEW)
    assert Message.objects.filter(to=NEW["email"], state="queued").exists()


# --- 46: staff read what they did ----------------------------------------------------------------------------------

SAID = {
    FormerContacts.SOMEONE_ELSE: ["Ana Costa n’a plus accès à cette fiche."],
    FormerContacts.SAME_PERSON: ["Ana Costa garde ce qui a été partagé jusqu’ici, et ne verra la suite qu’après"],
}


@pytest.mark.parametrize("whose", FormerContacts)
def test_case_46_saving_contacts_says_what_became_of_each_access(
    whose: FormerContacts, every_way: Patient, bob: User, sign_in: SignIn
) -> None:
    User.objects.filter(email="parent@courriel.example").update(first_name="Ana", last_name="Costa")
    address = f"/pro/patients/{every_way.pk}/"
    page = sign_in(bob).post(address, {**CORRECTED, "former_contacts": whose.value}, follow=True).content.decode()
    for sentence in [
        "Les coordonnées sont enregistrées.",
        *SAID[whose],
        "Un lien envoyé aux anciennes coordonnées est fermé.",
        "L’invitation envoyée aux anciennes coordonnées est fermée, une autre part aux nouvelles.",
    ]:
        assert sentence in page, sentence


def test_case_46_saving_contacts_that_nothing_stood_on_says_no_more(
    marie: Patient, bob: User, sign_in: SignIn
) -> None:
    page = sign_in(bob).post(f"/pro/patients/{marie.pk}/", dict(NEW), follow=True).content.decode()
    assert "Les coordonnées sont enregistrées." in page
    assert not any(word in page for word in ("n’a plus accès", "est fermé", "une autre part", "Une invitation part"))


def test_case_46_staff_read_the_records_contacts_and_not_a_bookers(
    every_way: Patient, plan_rule: None, booker: Booker, holder: User, alice: User, bob: User, sign_in: SignIn
) -> None:
    page = sign_in(bob).get(f"/pro/patients/{every_way.pk}/").content.decode()
    listed = page[page.index("data-accesses") :]
    assert "parent@courriel.example, 06\u00a012\u00a000\u00a000\u00a001" in listed
    adult = booker(holder, BookedFor.ADULT_RELATIVE, Person("Zoé", "Martin", date(1980, 1, 1)))
    authorise_holder(appointment=adult, by=alice)
    send_due()
    page = sign_in(bob).get(f"/pro/patients/{adult.patient_id}/").content.decode()
    assert "Lien sans compte" in page
    assert holder.email not in page[page.index("data-accesses") :]


def test_case_46_the_history_says_whose_access_ended(every_way: Patient, bob: User, sign_in: SignIn) -> None:
    User.objects.filter(email="parent@courriel.example").update(first_name="Ana", last_name="Costa")
    browser = sign_in(bob)
    for one in accesses_to(every_way):
        browser.post(f"/pro/patients/{every_way.pk}/accesses/{one.id}/end/")
    shown = ""
    for appointment in every_way.appointments.all():
        shown += browser.get(f"/pro/appointments/{appointment.pk}/history/").content.decode()
    for line in (
        "Accès d’un compte à la fiche retiré\u00a0: Ana Costa",
        "Accès retiré à la personne qui a pris le rendez-vous\u00a0: Hugo Martin",
        "Lien fermé\u00a0: p•••@c….example",
        "Invitation arrêtée\u00a0: p•••@c….example",
    ):
        assert line in shown, line
    assert "parent@courriel.example" not in shown


# --- 42: whose access waits reads why, and what to do --------------------------------------------------------------


def test_case_42_the_person_reads_why_nothing_new_is_there_and_proves_the_new_contacts_in_two_steps(
    appointment: Appointment,
    marie: Patient,
    alice: User,
    share: Callable[[Appointment], SharedDocument],
    sign_in: SignIn,
) -> None:
    owner = account("marie.durand@courriel.example", "+33612345678")
    share(appointment)
    claim(marie, owner)
    browser = sign_in(owner)
    for page in ("/documents/", "/my-account/"):
        assert "data-suspended" not in browser.get(page).content.decode()
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SAME_PERSON, **NEW)
    share(appointment)
    for page in ("/documents/", "/my-account/"):
        shown = browser.get(page).content.decode()
        assert "Coordonnées à vérifier pour Marie Durand" in shown
        assert f"{marie.practice.name} a changé ces coordonnées le" in shown
        assert str(NEW["email"]) not in shown  # it may be typed wrongly again
    activity = browser.get("/my-account/activity/").content.decode()
    assert "Coordonnées changées par un cabinet, à vérifier pour voir la suite" in activity
    assert marie.practice.name in activity
    assert alice.last_name not in activity

    link = links_in(Message.objects.filter(channel="email", to=NEW["email"]).latest("created_at"))[0]
    start = browser.get(link).content.decode()
    assert "Étape 1 sur 2" in start
    assert "Vérifiez vos nouvelles coordonnées" in start
    assert "date de naissance" not in start
    browser.post(link)
    assert "Étape 2 sur 2" in browser.get("/invitation/code/").content.decode()
    assert "Étape 1 sur 4" in Client().get(link).content.decode()
    code = Message.objects.filter(channel="sms", to=NEW["mobile"], expires_at__isnull=False).latest("created_at")
    browser.post("/invitation/code/", {"code": code.body[:6]})
    shown = browser.get("/documents/").content.decode()
    assert "data-suspended" not in shown
    assert "Votre compte envoie toujours ses codes au 06\u00a012\u00a034\u00a056\u00a078." in shown
    assert "Nouvelles coordonnées vérifiées pour un cabinet" in browser.get("/my-account/activity/").content.decode()


def test_case_42_an_ended_access_is_in_the_activity_of_the_account_alone(
    marie: Patient, wrong: User, alice: User, sign_in: SignIn
) -> None:
    claim(marie, wrong)
    change_patient(patient=marie, by=alice, former_contacts=FormerContacts.SOMEONE_ELSE, **NEW)
    claim(marie, account(str(NEW["email"]), str(NEW["mobile"])))
    shown = sign_in(wrong).get("/my-account/activity/").content.decode()
    assert "Accès aux documents d’un cabinet retiré" in shown
    assert shown.count("Compte relié aux documents d’un cabinet") == 1
    assert "Compte relié aux documents" not in sign_in(alice).get("/my-account/activity/").content.decode()
