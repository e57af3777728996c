"""An old link, opened by an account that once had access: the page says that the document is no longer available, and
whom to ask. Others get the page of a link that never existed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.booking import delete
from appointments.models import Appointment, BookedFor
from documents.models import LibraryDocument, SharedDocument
from documents.sharing.former_access import former_practices
from documents.sharing.share import share_library_document, take_back
from patients.models import Patient, RecordTie, TieEnd
from patients.records import FormerContacts, change_patient, confirm_contacts
from patients.ties import end_tie, renew_tie, suspend_tie
from tests.conftest import BookFixture
from tests.documents.ways import account, claim

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
SENTENCE = 'pour toute question, appelez Cabinet des Lilas au <a href="tel:+33140'


@pytest.fixture
def own(marie: Patient) -> User:
    return account(str(marie.email), str(marie.mobile))


@pytest.fixture
def shared(
    marie: Patient, own: User, book_for: BookFixture, access_plan: LibraryDocument, bob: User
) -> SharedDocument:
    claim(marie, own)
    return share_library_document(appointment=book_for(marie), library_document=access_plan, by=bob)


def page(client: Client, address: str) -> str:
    return " ".join(unescape(client.get(address).content.decode()).split(" "))


ENDS: dict[str, Callable[[SharedDocument, User, User], object]] = {
    "taken back": lambda one, _own, bob: take_back(document=one, by=bob),
    "access ended": lambda one, own, bob: end_tie(
        tie=own.record_ties.get(patient=one.patient), reason=TieEnd.STAFF, by=bob
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_whoever_had_it_reads_that_it_is_over_and_whom_to_ask(
    shared: SharedDocument, own: User, bob: User, sign_in: SignIn, how: str
) -> None:
    client, address = sign_in(own), f"/documents/{shared.pk}/"
    assert SENTENCE not in page(client, "/documents/")
    ENDS[how](shared, own, bob)
    assert SENTENCE in page(client, "/documents/")
    assert "Aucun document pour l’instant" not in page(client, "/documents/")
    for answer in (client.get(address), client.post(f"{address}open/"), client.post(f"{address}download/")):
        assert answer.status_code == 404
        assert SENTENCE in unescape(answer.content.decode())
        assert shared.title not in answer.content.decode()


@pytest.mark.parametrize("how", ["withdrawn", "taken back"])
def test_a_relative_who_is_not_entitled_any_more(
    marie: Patient,
    hugo: User,
    book_for: BookFixture,
    access_plan: LibraryDocument,
    bob: User,
    sign_in: SignIn,
    how: str,
) -> None:
    Patient.objects.update(email=None, mobile=None)
    marie.refresh_from_db()
    booked = book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    authorise_holder(appointment=booked, by=bob)
    document = share_library_document(appointment=booked, library_document=access_plan, by=bob)
    client = sign_in(hugo)
    assert client.get(f"/documents/{document.pk}/").status_code == 200
    if how == "withdrawn":
        withdraw_authorisation(appointment=booked, by=bob)
    else:
        take_back(document=document, by=bob)
    for address in ("/documents/", f"/documents/{document.pk}/"):
        assert SENTENCE in page(client, address)


def test_one_that_was_read_before_its_appointment_was_deleted(
    shared: SharedDocument, own: User, bob: User, sign_in: SignIn
) -> None:
    client, address = sign_in(own), f"/documents/{shared.pk}/"
    client.post(f"{address}open/")
    delete(appointment=shared.appointment, by=bob)
    assert SENTENCE in page(client, address)


@pytest.mark.parametrize("how", ["there", *ENDS])
def test_whoever_never_had_it_reads_what_a_link_that_never_was_says(
    shared: SharedDocument, own: User, hugo: User, bob: User, sign_in: SignIn, how: str
) -> None:
    if how in ENDS:
        ENDS[how](shared, own, bob)
    client, known, unknown = sign_in(hugo), f"/documents/{shared.pk}/", f"/documents/{uuid.uuid4()}/"
    assert page(client, known).replace(known, unknown) == page(client, unknown)
    assert "Lilas" not in page(client, known)
    assert "Aucun document pour l’instant" in page(client, "/documents/")


def test_a_tie_shows_nothing_of_what_was_shared_after_it_ended(
    shared: SharedDocument, own: User, access_plan: LibraryDocument, bob: User, sign_in: SignIn
) -> None:
    end_tie(tie=own.record_ties.get(), reason=TieEnd.STAFF, by=bob)
    confirm_contacts(patient=shared.patient, by=bob)
    again = Appointment.objects.select_related("patient__practice", "practice").get(pk=shared.appointment_id)
    later = share_library_document(appointment=again, library_document=access_plan, by=bob)
    assert "Lilas" not in page(sign_in(own), f"/documents/{later.pk}/")
    take_back(document=later, by=bob)
    assert "Lilas" not in page(sign_in(own), f"/documents/{later.pk}/")


def test_the_end_of_a_list_says_nothing_of_what_is_there(shared: SharedDocument, own: User, sign_in: SignIn) -> None:
    client = sign_in(own)
    for query in (f"?after={shared.pk}", "?category=consent"):
        assert "n’est plus disponible" not in page(client, f"/documents/{query}")


def fresh(shared: SharedDocument) -> Appointment:
    return Appointment.objects.select_related("patient__practice", "practice").get(pk=shared.appointment_id)


def test_what_came_and_went_while_the_tie_was_suspended_was_never_shown(
    shared: SharedDocument, own: User, access_plan: LibraryDocument, bob: User, sign_in: SignIn
) -> None:
    tie = own.record_ties.get()
    suspend_tie(tie=tie, by=bob)
    later = share_library_document(appointment=fresh(shared), library_document=access_plan, by=bob)
    never, client = f"/documents/{later.pk}/", sign_in(own)
    take_back(document=later, by=bob)
    tie.refresh_from_db()
    renew_tie(tie, email=tie.proved_email, mobile=tie.proved_mobile, birth_date=shared.patient.birth_date)
    assert "Lilas" not in page(client, never)
    again = share_library_document(appointment=fresh(shared), library_document=access_plan, by=bob)
    was = f"/documents/{again.pk}/"
    take_back(document=again, by=bob)
    assert SENTENCE in page(client, was)


def test_a_corrected_birth_date_gives_a_former_guardian_nothing(
    marie: Patient, hugo: User, book_for: BookFixture, access_plan: LibraryDocument, bob: User, sign_in: SignIn
) -> None:
    tie = RecordTie.objects.create(
        user=hugo, patient=marie, relationship="guardian", proved_email=hugo.email, proved_mobile=str(hugo.mobile),
        proved_birth_date=marie.birth_date,
    )  # fmt: skip
    document = share_library_document(appointment=book_for(marie), library_document=access_plan, by=bob)
    end_tie(tie=tie, reason=TieEnd.STAFF, by=bob)
    marie.refresh_from_db()
    change_patient(patient=marie, by=bob, birth_date=timezone.localdate() - timedelta(days=3000))
    for address in ("/documents/", f"/documents/{document.pk}/"):
        assert "Lilas" not in page(sign_in(hugo), address)


@pytest.mark.parametrize("read", [False, True])
def test_an_account_that_was_tied_by_mistake_reads_nothing(
    shared: SharedDocument, own: User, marie: Patient, bob: User, sign_in: SignIn, read: bool
) -> None:
    client = sign_in(own)
    if read:
        client.post(f"/documents/{shared.pk}/open/")
    marie.refresh_from_db()
    change_patient(
        patient=marie, by=bob, email="la.vraie@courriel.example", mobile="+33698765432",
        former_contacts=FormerContacts.SOMEONE_ELSE,
    )  # fmt: skip
    for address in ("/documents/", f"/documents/{shared.pk}/"):
        assert "Lilas" not in page(client, address)
    counts = []
    for pk in (shared.pk, uuid.uuid4()):
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/documents/{pk}/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_strangers_ask_as_much_of_the_database_for_every_id(
    shared: SharedDocument, hugo: User, bob: User, access_plan: LibraryDocument, sign_in: SignIn
) -> None:
    taken = share_library_document(appointment=fresh(shared), library_document=access_plan, by=bob)
    ids = {"unknown": uuid.uuid4(), "live": shared.pk, "taken back": taken.pk}
    take_back(document=taken, by=bob)
    client = sign_in(hugo)
    client.get("/documents/")
    counts = {}
    for name, pk in ids.items():
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/documents/{pk}/")
        counts[name] = len(queries)
    assert len(set(counts.values())) == 1, counts


def test_the_cost_does_not_grow_with_what_was_taken_back(
    shared: SharedDocument, own: User, bob: User, access_plan: LibraryDocument
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            one = share_library_document(appointment=fresh(shared), library_document=access_plan, by=bob)
            take_back(document=one, by=bob)
        with CaptureQueriesContext(connection) as queries:
            former_practices(own)
        counts.append(len(queries))
    assert counts[0] == counts[1]
