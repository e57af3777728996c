"""Who may send what the practice asks for, and who sees again what was sent: the table of recipients, mirrored."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.models import Appointment, BookedFor
from documents.models import ReceivedDocument, SentAs
from documents.receiving.access import PARTS, received_seen_by, request_of, requests_of, rights_of
from documents.receiving.sending import send_files
from files.intake import Intake
from patients.models import Patient, RecordTie, Relationship
from patients.records import FormerContacts, change_patient
from patients.relatives import Person
from tests.documents.receiving.conftest import Ask, again
from tests.documents.ways import CORRECTED, Booker, account, claim, on_day

pytestmark = pytest.mark.django_db
Receive = Callable[..., Intake]
CHILD = date.today().replace(year=date.today().year - 10)


def rights(user: User, appointment: Appointment) -> tuple[str, bool, bool] | None:
    found = rights_of(user, Appointment.objects.select_related(*PARTS).get(pk=appointment.pk))
    return (found.sent_as, found.reads, found.sends) if found else None


def seen(user: User) -> set[str]:
    return {one.name for one in received_seen_by(user)}


@pytest.fixture
def grown_up() -> object:
    return on_day(timezone.now() + timedelta(days=366 * 8 + 40))


def test_own_account_reads_sends_and_sees_all_and_strangers_nothing(
    appointment: Appointment, ask_for: Ask, maries_account: User, hugo: User, alice: User, receive: Receive
) -> None:
    request = ask_for(appointment)
    assert rights(maries_account, appointment) == (SentAs.PATIENT, True, True)
    assert [rights(one, appointment) for one in (hugo, alice)] == [None, None]
    assert [one.request for one in requests_of(maries_account)] == [request]
    assert requests_of(hugo) == []
    send_files(request=request, intakes=[receive()], by=maries_account)
    assert (seen(maries_account), seen(hugo), seen(alice)) == ({"ordonnance.pdf"}, set(), set())


def test_suspended_account_sees_what_was_until_then_and_sends_nothing(
    appointment: Appointment, ask_for: Ask, maries_account: User, marie: Patient, bob: User, receive: Receive
) -> None:
    before = ask_for(appointment)
    send_files(request=before, intakes=[receive()], by=maries_account)
    marie.refresh_from_db()
    change_patient(patient=marie, by=bob, former_contacts=FormerContacts.SAME_PERSON, **CORRECTED)
    later = ask_for(appointment, "Autre chose")
    assert rights(maries_account, appointment) == (SentAs.PATIENT, True, False)
    assert [one.request for one in requests_of(maries_account)] == [before]
    assert request_of(maries_account, later) is None
    assert seen(maries_account) == {"ordonnance.pdf"}


def test_account_of_somebody_else_loses_all_at_once(
    appointment: Appointment, ask_for: Ask, maries_account: User, marie: Patient, bob: User, receive: Receive
) -> None:
    send_files(request=ask_for(appointment), intakes=[receive()], by=maries_account)
    marie.refresh_from_db()
    change_patient(patient=marie, by=bob, former_contacts=FormerContacts.SOMEONE_ELSE, **CORRECTED)
    assert (rights(maries_account, appointment), requests_of(maries_account), seen(maries_account)) == (
        None,
        [],
        set(),
    )


def test_booker_of_an_adult_with_own_contacts_sends_reads_nothing_and_never_sees_what_the_patient_sent(
    booker: Booker, holder: User, ask_for: Ask, receive: Receive
) -> None:
    odette = Person("Odette", "Martin", date(1948, 2, 11), "odette@courriel.example", "+33612000001")
    booked = booker(holder, BookedFor.ADULT_RELATIVE, odette)
    request = ask_for(booked)
    assert rights(holder, booked) == (SentAs.HOLDER, False, True)
    own = account("odette@courriel.example", "+33612000001")
    claim(booked.patient, own)
    send_files(request=request, intakes=[receive(name="de-odette.pdf")], by=own)
    send_files(request=again(request), intakes=[receive(name="de-hugo.pdf", content=receive_bytes(2))], by=holder)
    assert (seen(holder), seen(own)) == ({"de-hugo.pdf"}, {"de-hugo.pdf", "de-odette.pdf"})
    found = request_of(holder, again(request))
    assert found is not None
    assert [one.name for one in found.files] == ["de-hugo.pdf"]


def receive_bytes(number: int) -> bytes:
    """Another PDF than the usual one."""
    from docshare.demo.letters import letter

    return letter("Courrier", [f"Page {number}"], heading="Maison")


def test_booker_of_an_adult_without_contacts_stands_on_the_authorisation(
    booker: Booker, holder: User, ask_for: Ask, bob: User, receive: Receive
) -> None:
    booked = booker(holder, BookedFor.ADULT_RELATIVE, Person("Paul", "Martin", date(1950, 1, 1)))
    assert rights(holder, booked) == (SentAs.HOLDER, False, False)
    authorise_holder(appointment=booked, by=bob)
    request = ask_for(booked)
    assert rights(holder, booked) == (SentAs.HOLDER, True, True)
    send_files(request=request, intakes=[receive()], by=holder)
    assert seen(holder) == {"ordonnance.pdf"}
    withdraw_authorisation(appointment=Appointment.objects.get(pk=booked.pk), by=bob)
    assert (rights(holder, booked), requests_of(holder), seen(holder)) == (None, [], set())


def test_booker_of_a_minor_until_majority_and_keeps_what_was_sent_before(
    booker: Booker, holder: User, ask_for: Ask, receive: Receive, grown_up: AbstractContextManager[object]
) -> None:
    booked = booker(holder, BookedFor.MINOR_RELATIVE, Person("Léa", "Martin", CHILD))
    request = ask_for(booked)
    assert rights(holder, booked) == (SentAs.HOLDER, True, True)
    send_files(request=request, intakes=[receive()], by=holder)
    with grown_up:
        assert rights(holder, booked) == (SentAs.HOLDER, False, False)
        assert seen(holder) == {"ordonnance.pdf"}


def test_guardian_until_majority_sees_only_what_they_sent_while_the_patient_was_a_minor(
    appointment: Appointment,
    ask_for: Ask,
    marie: Patient,
    hugo: User,
    receive: Receive,
    grown_up: AbstractContextManager[object],
) -> None:
    Patient.objects.filter(pk=marie.pk).update(birth_date=CHILD)
    guardian = RecordTie.objects.create(
        user=hugo, patient=marie, relationship=Relationship.GUARDIAN, proved_email="x@x.example", proved_mobile="+336"
    )
    other = account("autre.parent@courriel.example", "+33612000099")
    RecordTie.objects.create(
        user=other,
        patient=marie,
        relationship=Relationship.GUARDIAN,
        proved_email="y@x.example",
        proved_mobile="+337",
    )
    request = ask_for(appointment)
    assert rights(hugo, appointment) == (SentAs.GUARDIAN, True, True)
    send_files(request=request, intakes=[receive()], by=hugo)
    assert (seen(hugo), seen(other)) == ({"ordonnance.pdf"}, set())
    with grown_up:
        assert rights(hugo, appointment) == (SentAs.GUARDIAN, False, False)
        assert seen(hugo) == {"ordonnance.pdf"}
    Patient.objects.filter(pk=marie.pk).update(birth_date=date(1941, 2, 3))  # corrected: was never a minor
    assert seen(hugo) == set()
    RecordTie.objects.filter(pk=guardian.pk).update(ended_at=timezone.now())
    assert rights(hugo, appointment) is None
    assert ReceivedDocument.objects.count() == 1
