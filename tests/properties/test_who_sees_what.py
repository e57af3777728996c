"""Booking, completing, authorising, sharing, taking back, growing up, tying accounts: in any order.

After every step, who sees what is compared with the model, for everybody; and by every route that shows a document
for one of the cast in turn. PROPERTY_EXAMPLES=200 runs longer; a failure prints its steps, and is tried first the
next time.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import uuid
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from rest_framework.test import APIClient

from accounts.models import Membership, Practice, Scope, User
from accounts.tokens import issue_token
from appointments.authorisation import NothingToAuthorise, authorise_holder, keep_with_holder, withdraw_authorisation
from appointments.booking import book, cancel, delete
from appointments.models import Agenda, Appointment, AppointmentKind, BookedFor, OpeningHours, VisitReason
from appointments.online import book_online
from docshare.demo.paper import signature
from documents.access import visible_as_recipient, visible_as_staff, visible_to
from documents.files.intake import accept
from documents.library import import_document
from documents.models import Category, SharedDocument
from documents.sharing import share_library_document, share_upload, take_back
from documents.uploads import RecipientNotReady
from patients.invitations import (
    RecordAlreadyClaimed,
    WrongBirthDate,
    accept_invitation,
    invitation_for,
    prove_birth_date,
)
from patients.models import Patient, Relative
from patients.records import change_patient, create_patient
from patients.relatives import Person
from tests.conftest import make_user
from tests.properties.model import Booking, Record, World

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "12"))
ACCOUNTS = ["hugo", "ines", "own", "parent"]  # account holders; none is staff
STAFF = ["alice", "rita"]
BORN_ADULT, BORN_MINOR = date(1980, 5, 6), timezone.localdate() - timedelta(days=365 * 10)
WRONG_DATE = date(1900, 1, 1)
MOST = 4  # records, and bookings: few enough that steps meet
LOOKED_EVERY = 6  # steps: pages cost more than queries
flags = st.booleans()


class Practices:
    """One practice with its cast, and a stranger's; made anew for each example and rolled back after it."""

    def __init__(self) -> None:
        self.practice = Practice.objects.create(name="Cabinet des Lilas")
        other = Practice.objects.create(name="Centre du Port")
        self.users = {name: make_user(f"{name}@cast.example", name.title(), "Cast") for name in (*STAFF, "charlie")}
        Membership.objects.create(
            user=self.users["alice"], practice=self.practice, is_practitioner=True, is_admin=True
        )
        Membership.objects.create(user=self.users["rita"], practice=self.practice, is_reader=True)
        Membership.objects.create(user=self.users["charlie"], practice=other, is_practitioner=True, is_admin=True)
        for name in ACCOUNTS:  # two of them share a mobile: nobody is told apart by it
            user = make_user(
                f"{name}@cast.example",
                name.title(),
                "Cast",
                birth_date=BORN_ADULT,
                mobile="+33612000000" if name in ("hugo", "ines") else f"+3361200000{len(name)}",
                mobile_verified_at=timezone.now(),
            )
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
            self.users[name] = user
        self.agenda = Agenda.objects.create(practice=self.practice, name="Dr Alice")
        for weekday in range(7):
            OpeningHours.objects.create(agenda=self.agenda, weekday=weekday, opens_at=time(8), closes_at=time(20))
        self.reason = VisitReason.objects.create(practice=self.practice, name="Suivi", duration_minutes=10)
        self.reason.agendas.add(self.agenda)
        self.category = Category.objects.get(code="report")
        self.library = import_document(
            practice=self.practice,
            intake=accept(SimpleUploadedFile("plan.png", signature(1))),
            title="Plan",
            category=self.category,
            by=self.users["alice"],
        )
        self.clients: dict[str, Client] = {}
        self.apis: dict[str, APIClient] = {}
        for name, user in self.users.items():
            self.clients[name] = Client(raise_request_exception=True)
            self.clients[name].force_login(user, backend=django_settings.AUTHENTICATION_BACKENDS[0])
            self.apis[name] = APIClient()
            _token, secret = issue_token(user=user, name="test", scopes=[Scope.READ, Scope.WRITE], by=None)
            self.apis[name].credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")


class WhoSeesWhat(RuleBasedStateMachine):
    records = Bundle("records")
    bookings = Bundle("bookings")
    documents = Bundle("documents")

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        cache.clear()
        self.cast = Practices()
        self.world = World()
        self.names: dict[str, str] = {}  # record -> the relative's first name, one for each booker and record
        self.numbers = itertools.count()
        self.slots = 0
        self.steps = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    # --- What there is at first: one of each interesting kind, so that a few steps reach far -------------------

    @initialize(target=bookings)
    def a_family(self) -> Any:
        child = self._record(adult=False, email=True, mobile=True)
        return multiple(
            self.the_practice_books(child, False),
            self.somebody_books_for_somebody_new("hugo", True, False, False),
            self.somebody_books_for_somebody_new("hugo", False, False, True),
        )

    # --- What happens -----------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.world.records) < MOST)
    @rule(target=records, adult=flags, email=flags, mobile=flags)
    def the_practice_makes_a_record(self, adult: bool, email: bool, mobile: bool) -> str:
        return self._record(adult, email, mobile)

    @precondition(lambda self: len(self.world.bookings) < MOST)
    @rule(target=bookings, record=records, video=flags)
    def the_practice_books(self, record: str, video: bool) -> str:
        made = book(
            agenda=self.cast.agenda,
            visit_reason=self.cast.reason,
            patient=self._patient(record),
            starts_at=self._next_slot(),
            kind=AppointmentKind.VIDEO if video else AppointmentKind.IN_PERSON,
            by=self.cast.users["alice"],
        )
        return self._booked(made, record, None, for_relative=False)

    @precondition(lambda self: len(self.world.bookings) < MOST)
    @rule(target=bookings, who=st.sampled_from(["hugo", "ines"]), video=flags)
    def somebody_books_for_themselves(self, who: str, video: bool) -> str:
        made = self._book_online(who, BookedFor.SELF, None, video)
        record = str(made.patient_id)
        # The record is made at the account's proved contacts, and tied to it.
        self.world.records.setdefault(record, Record(adult=True, email=True, mobile=True))
        self.world.own[record] = who
        return self._booked(made, record, who, for_relative=False)

    @precondition(lambda self: len(self.world.bookings) < MOST)
    @rule(target=bookings, who=st.sampled_from(["hugo", "ines"]), adult=flags, contacts=flags, video=flags)
    def somebody_books_for_somebody_new(self, who: str, adult: bool, contacts: bool, video: bool) -> str:
        name = f"Proche{next(self.numbers)}"  # a name of before may still have its record
        person = Person(
            name,
            "Cast",
            BORN_ADULT if adult else BORN_MINOR,
            f"{name.lower()}@courriel.example" if contacts else None,
            "+33612999999" if contacts else None,
        )
        made = self._book_online(who, BookedFor.ADULT_RELATIVE if adult else BookedFor.MINOR_RELATIVE, person, video)
        record = str(made.patient_id)
        own_contacts = contacts and adult  # a child's are not kept: the holder's are used
        self.world.records[record] = Record(adult, own_contacts, own_contacts)
        return self._booked(made, record, who, for_relative=True)

    @precondition(lambda self: len(self.world.bookings) < MOST)
    @rule(target=bookings, before=bookings, video=flags)
    def the_same_person_is_booked_for_again(self, before: str, video: bool) -> Any:
        booking = self.world.bookings.get(before)
        if booking is None or not booking.booker or not booking.for_relative or booking.booker in self.world.gone:
            return multiple()
        relative = Relative.objects.get(
            records__patient_id=uuid.UUID(booking.record), holder=self.cast.users[booking.booker]
        )
        adult = self.world.records[booking.record].adult
        made = self._book_online(
            booking.booker,
            BookedFor.ADULT_RELATIVE if adult else BookedFor.MINOR_RELATIVE,
            Person(relative.first_name, relative.last_name, relative.birth_date),
            video,
        )
        assert str(made.patient_id) == booking.record
        if adult and relative.email:  # contacts given before majority counted for nothing; now they are the adult's
            self.world.records[booking.record] = self._contacts_of(booking.record)
        return self._booked(made, booking.record, booking.booker, for_relative=True)

    @rule(record=records | bookings, email=flags, mobile=flags)
    def staff_change_contacts(self, record: str, email: bool, mobile: bool) -> None:
        record = self._of(record)
        if record:
            change_patient(
                patient=self._patient(record),
                by=self.cast.users["alice"],
                email=f"x{uuid.uuid4().hex[:6]}@courriel.example" if email else None,
                mobile="+33612888888" if mobile else None,
            )
            self.world.records[record].email, self.world.records[record].mobile = email, mobile

    @rule(record=records | bookings)
    def somebody_comes_of_age(self, record: str) -> None:
        record = self._of(record)
        if record:
            Patient.objects.filter(pk=record).update(birth_date=BORN_ADULT)
            Relative.objects.filter(records__patient_id=uuid.UUID(record)).update(birth_date=BORN_ADULT)
            self.world.records[record].adult = True

    @rule(booking=bookings)
    def staff_authorise(self, booking: str) -> None:
        known = self.world.bookings.get(booking)
        if known is None:
            return
        try:
            authorise_holder(appointment=self._appointment(booking), by=self.cast.users["alice"])
        except NothingToAuthorise:
            assert self.world.state(booking) != "needs_authorisation"
        else:
            if not known.authorised:
                assert self.world.state(booking) == "needs_authorisation"
                known.authorisations.append(True)

    @rule(booking=bookings, keep=flags)
    def staff_withdraw_or_keep(self, booking: str, keep: bool) -> None:
        known = self.world.bookings.get(booking)
        if known is None:
            return
        if keep:
            keep_with_holder(appointment=self._appointment(booking), by=self.cast.users["alice"])
            return
        withdraw_authorisation(appointment=self._appointment(booking), by=self.cast.users["alice"])
        known.authorisations = [False] * len(known.authorisations)

    @rule(target=documents, booking=bookings, upload=flags)
    def alice_shares(self, booking: str, upload: bool) -> Any:
        if booking not in self.world.bookings:
            return multiple()
        expected = self.world.share(booking)
        try:
            shared = self._share(self._appointment(booking), upload)
        except RecipientNotReady:
            assert expected is None
            return multiple()
        assert expected is not None, "shared though nobody may receive"
        self.world.documents[str(shared.pk)] = expected
        return str(shared.pk)

    @rule(document=consumes(documents))
    def alice_takes_back(self, document: str) -> None:
        found = SharedDocument.objects.filter(pk=document).first()
        if found:
            take_back(document=found, by=self.cast.users["alice"])
        self.world.documents.pop(document, None)

    @rule(booking=bookings)
    def staff_cancel(self, booking: str) -> None:
        if booking in self.world.bookings:
            cancel(appointment=self._appointment(booking), by=self.cast.users["alice"])

    @rule(booking=consumes(bookings))
    def staff_delete(self, booking: str) -> None:
        if self.world.bookings.pop(booking, None):
            delete(appointment=Appointment.objects.get(pk=booking), by=self.cast.users["alice"])
            kept = {key: one for key, one in self.world.documents.items() if one.booking != booking}
            self.world.documents = kept

    @rule(record=records | bookings, who=st.sampled_from(ACCOUNTS), right=st.sampled_from([True, True, True, False]))
    def an_account_claims_a_record(self, record: str, who: str, right: bool) -> None:
        """Whoever holds the link and the code: the birth date decides."""
        record = self._of(record)
        if not record or not self.world.records[record].both or who in self.world.gone:
            return
        patient = self._patient(record)
        invitation = invitation_for(patient=patient, by=None)
        born = patient.birth_date if right else WRONG_DATE
        try:
            prove_birth_date(invitation=invitation, birth_date=born)
            accept_invitation(invitation=invitation, user=self.cast.users[who], birth_date=born)
        except WrongBirthDate:
            assert not right
        except RecordAlreadyClaimed:
            assert self.world.own.get(record) not in (None, who)
        else:
            assert right
            self._tied(who, record)

    @rule(booking=bookings, who=st.sampled_from(ACCOUNTS))
    def a_guardian_claims_and_the_child_comes_of_age_and_receives(self, booking: str, who: str) -> None:
        """A way of three steps that chance takes too seldom."""
        self.an_account_claims_a_record(booking, who, True)
        self.somebody_comes_of_age(booking)
        self.alice_shares(booking, False)

    @rule(who=st.sampled_from(ACCOUNTS))
    def an_account_is_closed_or_opened_again(self, who: str) -> None:
        self.world.gone ^= {who}
        User.objects.filter(pk=self.cast.users[who].pk).update(is_active=who not in self.world.gone)
        self.cast.users[who].refresh_from_db()

    # --- What everybody sees ----------------------------------------------------------------------------------

    @invariant()
    def everybody_sees_what_the_table_says(self) -> None:
        for name, user in self.cast.users.items():
            assert self._ids(visible_as_recipient(user)) == self.world.sees(name), name

    @invariant()
    def somebody_looks_by_every_route(self) -> None:
        self.steps += 1
        if self.steps % LOOKED_EVERY:
            return
        names = list(self.cast.users)
        name = names[self.steps // LOOKED_EVERY % len(names)]
        if name in ACCOUNTS:
            self._patients_routes(name, self.world.sees(name))
        user = self.cast.users[name]
        staff = set(self.world.documents) if name in STAFF else set()
        assert self._ids(visible_as_staff(user)) == staff
        assert self._ids(visible_to(user)) == staff | self.world.sees(name)
        self._one_document_by_every_route(name)
        if name not in ACCOUNTS:
            self._staff_routes(name)

    def _patients_routes(self, name: str, expected: set[str]) -> None:
        client, api = self.cast.clients[name], self.cast.apis[name]
        page = client.get("/documents/")
        listed = api.get("/api/v1/me/documents/?page_size=200")
        archive = client.post("/documents/zip/")
        if name in self.world.gone:
            assert [page.status_code, listed.status_code, archive.status_code] == [302, 401, 302]
            return
        shown = set(re.findall(r"/documents/([0-9a-f-]{36})/open/", page.content.decode()))
        assert shown == expected
        assert {one["id"] for one in listed.json()["results"]} == expected
        if expected:
            content = b"".join(archive.streaming_content)  # type: ignore[attr-defined]
            assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == len(expected)
        else:
            assert archive.status_code == 302

    def _one_document_by_every_route(self, name: str) -> None:
        """One that is there: seen by every route, or by none."""
        documents = sorted(self.world.documents)
        if not documents or name in self.world.gone:
            return
        pk = documents[self.steps % len(documents)]
        client, api = self.cast.clients[name], self.cast.apis[name]
        received = 200 if pk in self.world.sees(name) else 404
        staff = 200 if name in STAFF else 404
        assert client.get(f"/documents/{pk}/").status_code == received
        assert api.get(f"/api/v1/me/documents/{pk}/").status_code == received
        assert api.get(f"/api/v1/me/documents/{pk}/content/").status_code == received
        assert client.post(f"/documents/{pk}/download/").status_code == received
        assert client.post(f"/documents/{pk}/open/").status_code == (302 if received == 200 else 404)
        assert client.get(f"/documents/{pk}/pages/1/").status_code == received
        assert api.get(f"/api/v1/documents/{pk}/").status_code == staff
        assert api.get(f"/api/v1/documents/{pk}/content/").status_code == staff
        assert client.post(f"/pro/documents/{pk}/download/").status_code == staff

    def _staff_routes(self, name: str) -> None:
        client, api = self.cast.clients[name], self.cast.apis[name]
        for booking in sorted(self.world.bookings)[:2]:
            here = {key for key, one in self.world.documents.items() if one.booking == booking}
            listed = api.get(f"/api/v1/appointments/{booking}/documents/?page_size=200")
            recipient = api.get(f"/api/v1/appointments/{booking}/recipient/")
            history = api.get(f"/api/v1/appointments/{booking}/history/?page_size=200")
            panel = client.get(f"/pro/appointments/{booking}/")
            if name not in STAFF:
                assert {listed.status_code, recipient.status_code, history.status_code, panel.status_code} == {404}
                continue
            assert {one["id"] for one in listed.json()["results"]} == here
            assert recipient.json()["state"] == self.world.state(booking)
            assert set(re.findall(r'data-document="([0-9a-f-]{36})"', panel.content.decode())) == here
            assert sum(one["action"] == "document.shared" for one in history.json()["results"]) >= len(here)
            person = client.get(f"/pro/patients/{self.world.bookings[booking].record}/").content.decode()
            of_record = {
                key
                for key, one in self.world.documents.items()
                if self.world.bookings[one.booking].record == self.world.bookings[booking].record
            }
            assert person.count("data-shared-document") == len(of_record)

    # --- The real ones beside the model -----------------------------------------------------------------------

    def _record(self, adult: bool, email: bool, mobile: bool) -> str:
        made = create_patient(
            practice=self.cast.practice,
            first_name="Camille",
            last_name="Cast",
            birth_date=BORN_ADULT if adult else BORN_MINOR,
            email="famille@courriel.example" if email else None,  # one mailbox for many records
            mobile="+33612777777" if mobile else None,
            by=self.cast.users["alice"],
        )
        self.world.records[str(made.pk)] = Record(adult, email, mobile)
        return str(made.pk)

    def _booked(self, made: Appointment, record: str, booker: str | None, *, for_relative: bool) -> str:
        self.world.bookings[str(made.pk)] = Booking(record, booker, for_relative)
        return str(made.pk)

    def _book_online(self, who: str, booked_for: BookedFor, person: Person | None, video: bool) -> Appointment:
        return book_online(
            holder=self.cast.users[who],
            agenda=self.cast.agenda,
            visit_reason=self.cast.reason,
            starts_at=self._next_slot(),
            kind=AppointmentKind.VIDEO if video else AppointmentKind.IN_PERSON,
            booked_for=booked_for,
            person=person,
        )

    def _next_slot(self) -> datetime:
        minutes = 10 * self.slots
        self.slots += 1
        day = timezone.localdate() + timedelta(days=7 + minutes // 720)
        opens = datetime.combine(day, time(8), self.cast.practice.zone)
        return opens + timedelta(minutes=minutes % 720)

    def _share(self, appointment: Appointment, upload: bool) -> SharedDocument:
        by = self.cast.users["alice"]
        if not upload:
            return share_library_document(appointment=appointment, library_document=self.cast.library, by=by)
        return share_upload(
            appointment=appointment,
            intake=accept(SimpleUploadedFile("photo.png", signature(2))),
            category=self.cast.category,
            title="Photo",
            placement=None,
            by=by,
        )

    def _tied(self, who: str, record: str) -> None:
        if self.world.records[record].adult:
            self.world.own[record] = who
        elif self.world.own.get(record) != who:
            self.world.guards.add((who, record))

    def _of(self, key: str) -> str:
        """The record, of itself or of a booking; "" where the booking is gone."""
        if key in self.world.records:
            return key
        booking = self.world.bookings.get(key)
        return booking.record if booking else ""

    def _contacts_of(self, record: str) -> Record:
        patient = self._patient(record)
        return Record(True, bool(patient.email), bool(patient.mobile))

    def _patient(self, record: str) -> Patient:
        return Patient.objects.select_related("practice").get(pk=record)

    def _appointment(self, booking: str) -> Appointment:
        return Appointment.objects.select_related("practice", "patient__practice", "holder").get(pk=booking)

    @staticmethod
    def _ids(found: Any) -> set[str]:
        return {str(pk) for pk in found.values_list("pk", flat=True)}


@pytest.mark.slow
@pytest.mark.timeout(900)  # a failure is made smaller before it is told
@pytest.mark.django_db
def test_who_sees_what_whatever_happens_in_whatever_order() -> None:
    run_state_machine_as_test(
        WhoSeesWhat,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=50,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
