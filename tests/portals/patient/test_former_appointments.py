"""An appointment that an account could see once: its pages and the empty list say whom to ask. Whoever never had it
reads the page of an appointment that never existed, by the same queries.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from appointments.booking import delete
from appointments.models import Appointment, BookedFor
from patients.models import Patient, RecordTie, Relationship, TieEnd
from patients.ties import end_tie, suspend_tie
from tests.conftest import BookFixture
from tests.documents.ways import account, claim

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
LIST = "/my-appointments/"
PAGES = ["", "calendar.ics", "cancel/", "move/"]
SENTENCE = 'n’est plus dans votre compte\u00a0: pour toute question, appelez Cabinet des Lilas au <a href="tel:+33140'


@pytest.fixture
def own(marie: Patient) -> User:
    user = account(str(marie.email), str(marie.mobile))
    claim(marie, user)
    return user


def tie_of(user: User) -> RecordTie:
    return RecordTie.objects.get(user=user)


def page(client: Client, address: str) -> str:
    return unescape(client.get(address).content.decode())


def check_former(client: Client, booked_pk: uuid.UUID) -> None:
    for one in PAGES:
        answer = client.get(f"{LIST}{booked_pk}/{one}")
        assert answer.status_code == 404
        assert SENTENCE in unescape(answer.content.decode()), one
        assert "<nav" in answer.content.decode()
        assert "Dr Morel" not in answer.content.decode()


def check_unknown(client: Client, booked_pk: uuid.UUID) -> None:
    unknown = uuid.uuid4()
    client.get(LIST)  # what a session writes once a while is written now
    for one in PAGES:
        known, other = f"{LIST}{booked_pk}/{one}", f"{LIST}{unknown}/{one}"
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(known)
        with CaptureQueriesContext(connection) as asked_of_unknown:
            unknowns = client.get(other)
        assert answer.status_code == unknowns.status_code == 404
        assert _plain(answer.content.decode(), booked_pk) == _plain(unknowns.content.decode(), unknown)
        assert [_plain(query["sql"], booked_pk) for query in asked] == [
            _plain(query["sql"], unknown) for query in asked_of_unknown
        ]


def _plain(text: str, pk: uuid.UUID) -> str:
    return text.replace(str(pk), "PK").replace(pk.hex, "PK")


def test_whose_access_is_withdrawn_reads_whom_to_ask(
    appointment: Appointment, own: User, bob: User, sign_in: SignIn
) -> None:
    client = sign_in(own)
    assert client.get(f"{LIST}{appointment.pk}/").status_code == 200
    assert SENTENCE not in page(client, LIST)
    end_tie(tie=tie_of(own), reason=TieEnd.STAFF, by=bob)
    check_former(client, appointment.pk)
    assert SENTENCE in page(client, LIST)
    assert "Aucun rendez-vous à venir" not in page(client, LIST)
    Appointment.objects.update(status="cancelled")
    assert "Aucun rendez-vous à venir" in page(client, LIST)  # nothing stands


@pytest.mark.parametrize("whose", ["patient", "booker", "patient whose access was withdrawn before"])
def test_one_that_is_deleted(
    whose: str, book_for: BookFixture, marie: Patient, own: User, hugo: User, bob: User, sign_in: SignIn
) -> None:
    booked = book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    pk = booked.pk
    if "withdrawn" in whose:
        end_tie(tie=tie_of(own), reason=TieEnd.STAFF, by=bob)
    delete(appointment=booked, by=bob)
    check_former(sign_in(hugo if whose == "booker" else own), pk)


def _nobody(own: User, bob: User) -> None:
    pass


def _never_theirs(own: User, bob: User) -> None:
    end_tie(tie=tie_of(own), reason=TieEnd.SOMEONE_ELSE, by=bob)


def _ended_before_it_was_booked(own: User, bob: User) -> None:
    end_tie(tie=tie_of(own), reason=TieEnd.STAFF, by=bob)


def _waits_for_proof(own: User, bob: User) -> None:
    suspend_tie(tie=tie_of(own), by=bob)


def _guardian(own: User, bob: User) -> None:
    RecordTie.objects.update(relationship=Relationship.GUARDIAN)
    end_tie(tie=tie_of(own), reason=TieEnd.STAFF, by=bob)


NEVER: dict[str, tuple[Callable[[User, User], None], str]] = {
    "a stranger": (_nobody, "hugo"),
    "staff who booked it": (_nobody, "alice"),
    "an account tied by mistake": (_never_theirs, "own"),
    "a tie that ended before": (_ended_before_it_was_booked, "own"),
    "a tie that waited for proof": (_waits_for_proof, "own"),
    "a guardian": (_guardian, "own"),
}


@pytest.mark.parametrize("deleted", [False, True], ids=["stands", "deleted"])
@pytest.mark.parametrize("who", NEVER)
def test_all_others_read_what_an_unknown_one_says(
    who: str, deleted: bool, book_for: BookFixture, marie: Patient, own: User, hugo: User, alice: User, bob: User,
    sign_in: SignIn,
) -> None:  # fmt: skip
    before, reader = NEVER[who]
    early = who in ("a tie that ended before", "a tie that waited for proof")
    if early:
        before(own, bob)
    booked = book_for(marie)
    pk = booked.pk
    if not early:
        before(own, bob)
    if deleted:
        delete(appointment=booked, by=bob)
    client = sign_in({"hugo": hugo, "alice": alice, "own": own}[reader])
    check_unknown(client, pk)
    assert "Lilas" not in page(client, f"{LIST}{pk}/")
    assert "Aucun rendez-vous à venir" in page(client, LIST)


def test_who_sees_it_and_did_not_book_it_changes_nothing(
    appointment: Appointment, own: User, sign_in: SignIn
) -> None:
    for one in ("cancel/", "move/"):
        answer = sign_in(own).get(f"{LIST}{appointment.pk}/{one}")
        assert answer.status_code == 404
        assert SENTENCE not in unescape(answer.content.decode())


def test_staff_read_that_appointments_vanish_too(
    appointment: Appointment, own: User, bob: User, sign_in: SignIn
) -> None:
    asked = page(sign_in(bob), f"/pro/patients/{appointment.patient_id}/accesses/{tie_of(own).pk}/end/")
    assert "Les rendez-vous n’y seront plus affichés, sauf ceux qu’il a pris." in asked
