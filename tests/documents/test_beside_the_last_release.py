"""Rows of the previous release, running beside this version, which does not record the giver of contacts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.models import BookedFor
from audit.models import AuditEvent
from documents.models import DocumentLink, LibraryDocument
from documents.models.autosend import LinkEnd
from documents.sending.autosend import send_due
from documents.sending.links import documents_of
from documents.sending.rules import RuleContent, save_rule
from documents.tasks import note_contacts_of_links
from notifications.models import Message
from patients.models import Patient, Relative, RelativeRecord
from patients.ownership import Standing, standings
from patients.records import change_patient, confirm_contacts, create_patient
from patients.relatives import record_of_relative
from patients.tasks import note_givers
from practices.models import Practice
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db
GIVEN = {"email": Standing.GIVEN_BY_BOOKER, "mobile": Standing.GIVEN_BY_BOOKER}
OWN = dict.fromkeys(GIVEN, Standing.OWN)


@pytest.fixture
def odette(practice: Practice, hugo: User) -> RelativeRecord:
    """Hugo booked for her with the previous release, and gave the contacts, which was not recorded."""
    who: Any = {"first_name": "Odette", "last_name": "Martin", "birth_date": date(1948, 2, 11)}
    contacts: Any = {"email": "odette@courriel.example", "mobile": "+33612000001"}
    relative = Relative.objects.create(holder=hugo, **who, **contacts)
    patient = create_patient(practice=practice, **who, **contacts, by=hugo)
    Patient.objects.filter(pk=patient.pk).update(email_since=None, mobile_since=None)
    return RelativeRecord.objects.create(relative=relative, practice=practice, patient=patient, made_by_booking=True)


def of_today(record: RelativeRecord) -> dict[str, Standing]:
    return standings(Patient.objects.get(pk=record.patient_id))


def test_contacts_that_a_booker_gave_become_the_bookers(odette: RelativeRecord) -> None:
    assert of_today(odette) == OWN
    note_givers()
    assert of_today(odette) == GIVEN
    odette.refresh_from_db()
    assert odette.has_booked


def test_the_next_booking_notes_it_too(odette: RelativeRecord, practice: Practice, hugo: User) -> None:
    record_of_relative(relative=odette.relative, practice=practice, by=hugo)
    assert of_today(odette) == GIVEN


def test_contacts_that_staff_entered_or_confirmed_stay_the_patients(odette: RelativeRecord, alice: User) -> None:
    change_patient(patient=odette.patient, email="vraie@courriel.example", by=alice)
    note_givers()
    assert of_today(odette) == {"email": Standing.OWN, "mobile": Standing.GIVEN_BY_BOOKER}
    confirm_contacts(patient=Patient.objects.get(pk=odette.patient_id), by=alice)
    RelativeRecord.objects.update(has_booked=False)
    note_givers()
    assert of_today(odette) == OWN


@pytest.fixture
def link(
    practice: Practice, carol: User, access_plan: LibraryDocument, book_for: BookFixture, marie: Patient
) -> DocumentLink:
    """Sent to Marie by the previous release, which did not record the contacts."""
    content = RuleContent(name="Venir", documents=[access_plan])
    save_rule(practice=practice, content=content, by=carol, to_booked=False)
    book_for(marie, booked_for=BookedFor.SELF)
    send_due()
    DocumentLink.objects.update(email=None, mobile=None)
    return DocumentLink.objects.get()


def test_a_link_without_contacts_gets_those_of_its_messages(link: DocumentLink, marie: Patient, alice: User) -> None:
    note_contacts_of_links()
    link.refresh_from_db()
    assert (link.email, link.mobile, link.revoked_at) == (marie.email, marie.mobile, None)
    assert documents_of(link).exists()
    Patient.objects.filter(pk=marie.pk).update(mobile="+33612000055")
    assert not documents_of(DocumentLink.objects.get(pk=link.pk)).exists()


def test_a_link_that_nobody_knows_the_reader_of_is_closed(link: DocumentLink) -> None:
    Message.objects.all().delete()
    note_contacts_of_links()
    link.refresh_from_db()
    assert link.revoked_at is not None
    assert link.revoked_at <= timezone.now()
    assert link.end == LinkEnd.CONTACTS_CHANGED
    assert AuditEvent.objects.filter(action="link.revoked", object_id=link.pk).count() == 1
    note_contacts_of_links()
    assert AuditEvent.objects.filter(action="link.revoked").count() == 1
