"""Replacing a file: who gets it, what the patient sees, and that the old bytes are deleted."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from appointments.authorisation import authorise_holder
from appointments.models import Appointment, BookedFor
from audit.models import AuditEvent
from docshare.demo.letters import letter
from documents import invariants
from documents.models import Category, LibraryDocument, ReadingMeans, SharedDocument
from documents.sharing.access import visible_as_recipient
from documents.sharing.reading import note_reading
from documents.sharing.replacing import NotReplaceable, replace_document
from documents.sharing.share import share_library_document, share_upload, take_back
from files import storage
from files.intake import Intake, accept
from files.models import StoredFile
from notifications.models import Message, MessageState
from patients.models import Patient, RecordTie
from practices.roles import NotAllowed
from signing.pdf.placement import Placement
from tests.conftest import BookFixture, make_user

pytestmark = pytest.mark.django_db
NEW = letter("Ordonnance", ["Paracétamol 500 mg, deux fois par jour."], heading="Cabinet des Lilas")
PLACE = Placement(page=1, x=0.8, y=0.9)
Files = Callable[[], list[Path]]


def new_version() -> Intake:
    return accept(SimpleUploadedFile("ordonnance-2.pdf", NEW))


@pytest.fixture
def document(
    appointment: Appointment, alice_signs: User, prescription: Category, receive: Callable[..., Intake]
) -> SharedDocument:
    return share_upload(
        appointment=appointment,
        intake=receive(),
        category=prescription,
        title="Ordonnance",
        placement=PLACE,
        by=alice_signs,
    )


def replace(
    document: SharedDocument, by: User, placement: Placement | None = None, instead_of: uuid.UUID | None = None
) -> SharedDocument:
    document = SharedDocument.objects.get(pk=document.pk)
    return replace_document(
        document=document, intake=new_version(), placement=placement, by=by, instead_of=instead_of
    )


def test_the_entry_stays_and_the_old_bytes_are_gone(
    document: SharedDocument,
    alice_signs: User,
    marie: Patient,
    files_in_store: Files,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    account = make_user("marie.durand@courriel.example", "Marie", "Durand", mobile="+33612345678")
    RecordTie.objects.create(
        user=account, patient=marie, relationship="self", proved_email=account.email, proved_mobile="+33612345678"
    )
    note_reading(documents=[document], by=account, means=ReadingMeans.VIEWED)
    old, shared_at, before = document.file, document.shared_at, set(files_in_store())

    with django_capture_on_commit_callbacks(execute=True):
        replaced = replace(document, alice_signs, PLACE)

    (seen,) = visible_as_recipient(account)
    assert (seen.pk, seen.title, seen.shared_at) == (document.pk, "Ordonnance", shared_at)
    assert seen.file_id != old.pk
    assert seen.replaced_at is not None
    assert seen.first_read_at is None  # the new version was not read yet
    assert replaced.name == "ordonnance-2.pdf"
    with storage.open_(seen.file) as file:
        assert file.read().startswith(NEW)  # signed by an incremental update
    assert not StoredFile.objects.filter(pk=old.pk).exists()
    with pytest.raises(StoredFile.DoesNotExist):
        storage.open_(old)
    assert len(before - set(files_in_store())) == len(set(files_in_store()) - before) == 1


def test_it_is_signed_anew_where_the_practitioner_signs(document: SharedDocument, alice_signs: User) -> None:
    replaced = replace(document, alice_signs, PLACE)
    assert replaced.signed_by == alice_signs
    (signature,) = replaced.signatures
    assert signature["valid"]
    assert list(invariants.signed_files_are_signed()) == []


def test_a_secretary_replaces_unsigned_and_never_with_anothers_signature(document: SharedDocument, bob: User) -> None:
    with pytest.raises(NotAllowed):
        replace(document, bob, PLACE)
    replaced = replace(document, bob)
    assert (replaced.signed_by, replaced.signatures, replaced.shared_by) == (None, [], bob)


def test_the_history_tells_and_the_patient_is_told_again(document: SharedDocument, bob: User) -> None:
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    old_hash = document.file.sha256
    replaced = replace(document, bob)
    line = AuditEvent.objects.get(action="document.replaced")
    assert (line.object_id, line.record_id, line.actor_id) == (document.pk, document.appointment_id, bob.pk)
    assert (line.detail["sha256"], line.detail["replaced_sha256"]) == (replaced.file.sha256, old_hash)
    email, sms = Message.objects.filter(state=MessageState.QUEUED).order_by("channel")
    assert "a remplacé un document" in email.body
    assert "a remplacé un document" in sms.body
    assert "Ordonnance" not in email.subject + email.body + sms.body


def test_nobody_is_told_twice_of_what_waits(document: SharedDocument, bob: User) -> None:
    Message.objects.update(due_at=timezone.now() + timedelta(seconds=30))
    replace(document, bob)
    assert Message.objects.count() == 2


def test_two_clicks_replace_it_once(document: SharedDocument, bob: User, files_in_store: Files) -> None:
    seen = document.file_id
    replaced = replace(document, bob, instead_of=seen)
    with pytest.raises(NotReplaceable):
        replace(document, bob, instead_of=seen)
    document.refresh_from_db()
    assert document.file_id == replaced.file_id
    assert AuditEvent.objects.filter(action="document.replaced").count() == 1
    assert StoredFile.objects.count() == 1


def test_what_was_taken_back_meanwhile_is_not_replaced(
    document: SharedDocument,
    bob: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    files_in_store: Files,
) -> None:
    kept = SharedDocument.objects.get(pk=document.pk)
    with django_capture_on_commit_callbacks(execute=True):
        take_back(document=document, by=bob)
    before = set(files_in_store())
    with pytest.raises(NotReplaceable):
        replace_document(document=kept, intake=new_version(), placement=None, by=bob)
    assert set(files_in_store()) == before
    assert not SharedDocument.objects.exists()


def test_a_document_of_the_library_is_changed_in_the_library(
    appointment: Appointment, access_plan: LibraryDocument, bob: User
) -> None:
    """A link without account only opens documents of the library, never an upload."""
    shared = share_library_document(appointment=appointment, library_document=access_plan, by=bob)
    with pytest.raises(NotReplaceable):
        replace(shared, bob)


def test_the_holder_gets_no_new_version_once_the_patient_has_contacts_of_their_own(
    book_for: BookFixture,
    marie: Patient,
    hugo: User,
    bob: User,
    prescription: Category,
    receive: Callable[..., Intake],
) -> None:
    contacts = {"email": marie.email, "mobile": marie.mobile}
    Patient.objects.update(email=None, mobile=None)
    booked = book_for(Patient.objects.get(), holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    authorise_holder(appointment=booked, by=bob)
    booked = Appointment.objects.get(pk=booked.pk)
    shared = share_upload(
        appointment=booked, intake=receive(), category=prescription, title="x", placement=None, by=bob
    )
    replaced = replace(shared, bob)
    assert replaced.holder == hugo
    Patient.objects.update(**contacts)
    with pytest.raises(NotReplaceable):
        replace(shared, bob)


def test_a_guardian_gets_no_new_version_after_the_eighteenth_birthday(
    document: SharedDocument, bob: User, marie: Patient
) -> None:
    SharedDocument.objects.update(patient_was_minor=True)
    assert marie.birth_date < date(2000, 1, 1)
    with pytest.raises(NotReplaceable):
        replace(document, bob)


def test_a_reader_and_another_practice_replace_nothing(
    document: SharedDocument, rita: User, charlie: User, files_in_store: Files
) -> None:
    before = set(files_in_store())
    for who in (rita, charlie):
        with pytest.raises(NotAllowed):
            replace(document, who)
    assert set(files_in_store()) == before
