"""Sharing and taking back: what is stored, who gets a message, what remains."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.booking import delete
from appointments.models import Appointment, BookedFor
from audit.models import AuditEvent
from documents.models import Category, LibraryDocument, SharedDocument
from documents.sharing.access import visible_as_recipient, visible_to
from documents.sharing.share import share_library_document, share_upload, take_back
from documents.sharing.uploads import RecipientNotReady
from files import storage
from files.intake import Intake
from files.models import StoredFile
from notifications.models import Channel, Message, MessageState
from patients.models import Invitation, Patient, RecordTie, Relationship
from practices.models import Practice
from practices.roles import NotAllowed
from signing.pdf.placement import Placement
from signing.signatures import NoSignatureImage
from tests.conftest import BookFixture
from tests.documents.conftest import PDF

Receive = Callable[..., Intake]
FilesInStore = Callable[[], list[Path]]
BOTTOM_RIGHT = Placement(page=1, x=0.75, y=0.9)


def tie(user: User, patient: Patient, relationship: Relationship = Relationship.SELF) -> RecordTie:
    return RecordTie.objects.create(
        user=user,
        patient=patient,
        relationship=relationship,
        proved_email=patient.email or "x@courriel.example",
        proved_mobile=patient.mobile or "+33600000000",
    )


def test_unsigned_share_stores_the_bytes_as_they_came(
    appointment: Appointment, bob: User, prescription: Category, receive: Receive
) -> None:
    document = share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob
    )
    assert document.title == "ordonnance.pdf"
    assert not document.is_signed
    assert document.file.sha256 == hashlib.sha256(PDF).hexdigest()
    assert storage.verify(document.file) is None


def test_signed_share_keeps_the_upload_as_a_prefix(
    appointment: Appointment, alice_signs: User, prescription: Category, receive: Receive
) -> None:
    document = share_upload(
        appointment=appointment,
        intake=receive(),
        category=prescription,
        title="Ordonnance",
        placement=BOTTOM_RIGHT,
        by=alice_signs,
    )
    with storage.open_(document.file) as file:
        stored = file.read()
    assert stored.startswith(PDF)
    assert len(stored) == document.file.size > len(PDF)
    assert document.signed_by == alice_signs


def test_sharing_plans_one_email_and_one_sms_without_health_data(
    appointment: Appointment, bob: User, prescription: Category, receive: Receive
) -> None:
    share_upload(
        appointment=appointment,
        intake=receive(name="glycemie.pdf"),
        category=prescription,
        title="Bilan de diabète",
        placement=None,
        by=bob,
    )
    assert set(Message.objects.values_list("channel", "to")) == {
        (Channel.EMAIL, "marie.durand@courriel.example"),
        (Channel.SMS, "+33612345678"),
    }
    for message in Message.objects.all():
        text = message.subject + message.body
        for secret in ("diabète", "glycemie", "Ordonnance", "Consultation", "Durand"):
            assert secret not in text
    email = Message.objects.get(channel=Channel.EMAIL)
    assert "/invitation/" in email.body
    assert Invitation.objects.live().count() == 1


@pytest.mark.usefixtures("announced_together")
def test_documents_shared_one_after_the_other_are_announced_together(
    appointment: Appointment, bob: User, prescription: Category, receive: Receive
) -> None:
    documents = [
        share_upload(
            appointment=appointment,
            intake=receive(),
            category=prescription,
            title=title,
            placement=None,
            by=bob,
        )
        for title in ("Un", "Deux", "Trois")
    ]
    assert Message.objects.count() == 2
    assert {tuple(sorted(d.messages.values_list("pk", flat=True))) for d in documents} == {
        tuple(sorted(Message.objects.values_list("pk", flat=True)))
    }


def test_a_message_on_its_way_is_not_joined(
    appointment: Appointment, bob: User, prescription: Category, receive: Receive
) -> None:
    def share() -> SharedDocument:
        return share_upload(
            appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob
        )

    share()
    Message.objects.update(lease_until="2099-01-01T00:00:00Z")
    share()
    assert Message.objects.count() == 4


def test_taking_back_removes_row_bytes_and_unsent_messages(
    appointment: Appointment,
    bob: User,
    prescription: Category,
    receive: Receive,
    files_in_store: FilesInStore,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    before = files_in_store()
    document = share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob
    )
    assert len(files_in_store()) == len(before) + 1
    with django_capture_on_commit_callbacks(execute=True):
        take_back(document=document, by=bob)
        take_back(document=document, by=bob)
    assert not SharedDocument.objects.exists()
    assert not StoredFile.objects.exists()
    assert not Message.objects.exists()
    assert files_in_store() == before
    assert AuditEvent.objects.filter(action="document.taken_back").count() == 1


def test_taking_back_one_keeps_the_message_about_the_other(
    appointment: Appointment, bob: User, prescription: Category, receive: Receive
) -> None:
    first, second = (
        share_upload(
            appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob
        )
        for _ in range(2)
    )
    take_back(document=first, by=bob)
    assert Message.objects.filter(state=MessageState.QUEUED).count() == 2
    assert second.messages.count() == 2


def test_library_document_is_shared_unsigned_and_uncopied(
    appointment: Appointment, bob: User, access_plan: LibraryDocument
) -> None:
    document = share_library_document(appointment=appointment, library_document=access_plan, by=bob)
    assert document.file == access_plan.current.file
    assert not document.is_signed
    assert document.title == "Plan d’accès"


def test_the_database_refuses_a_signed_library_document(
    appointment: Appointment, alice: User, access_plan: LibraryDocument
) -> None:
    document = share_library_document(appointment=appointment, library_document=access_plan, by=alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        SharedDocument.objects.filter(pk=document.pk).update(signed_by=alice, signed_at=document.shared_at)


def test_another_practices_library_is_not_there(
    appointment: Appointment, bob: User, access_plan: LibraryDocument, other_practice: Practice
) -> None:
    LibraryDocument.objects.update(practice=other_practice)
    with pytest.raises(LibraryDocument.DoesNotExist):
        share_library_document(appointment=appointment, library_document=LibraryDocument.objects.get(), by=bob)


def test_deleting_an_appointment_removes_uploads_and_keeps_library_and_trail(
    appointment: Appointment,
    bob: User,
    prescription: Category,
    receive: Receive,
    access_plan: LibraryDocument,
    files_in_store: FilesInStore,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with_library = files_in_store()
    share_upload(appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob)
    share_library_document(appointment=appointment, library_document=access_plan, by=bob)
    pk = appointment.pk
    with django_capture_on_commit_callbacks(execute=True):
        delete(appointment=appointment, by=bob)
    assert not SharedDocument.objects.exists()
    assert not Appointment.objects.filter(pk=pk).exists()
    assert files_in_store() == with_library
    assert storage.verify(access_plan.current.file) is None
    actions = list(AuditEvent.objects.about(pk).values_list("action", flat=True))
    assert actions.count("document.shared") == 2
    assert actions.count("document.taken_back") == 2
    assert actions[-1] == "appointment.deleted"


def refused_shares() -> list[tuple[str, type[Exception]]]:
    return [("rita", NotAllowed), ("charlie", NotAllowed), ("hugo", NotAllowed)]


@pytest.mark.parametrize(("who", "error"), refused_shares())
def test_readers_strangers_and_holders_do_not_share(
    who: str,
    error: type[Exception],
    request: pytest.FixtureRequest,
    appointment: Appointment,
    prescription: Category,
    receive: Receive,
) -> None:
    with pytest.raises(error):
        share_upload(
            appointment=appointment,
            intake=receive(),
            category=prescription,
            title="",
            placement=None,
            by=request.getfixturevalue(who),
        )
    assert not SharedDocument.objects.exists()


def test_a_secretary_and_an_administrator_do_not_sign(
    appointment: Appointment, bob: User, carol: User, prescription: Category, receive: Receive
) -> None:
    for user in (bob, carol):
        with pytest.raises(NotAllowed):
            share_upload(
                appointment=appointment,
                intake=receive(),
                category=prescription,
                title="",
                placement=BOTTOM_RIGHT,
                by=user,
            )
    assert not SharedDocument.objects.exists()


def test_without_a_signature_image_nothing_is_stored_and_nobody_told(
    appointment: Appointment,
    alice: User,
    prescription: Category,
    receive: Receive,
    files_in_store: FilesInStore,
) -> None:
    before = {path for path in files_in_store() if "files" in path.parts}
    with pytest.raises(NoSignatureImage):
        share_upload(
            appointment=appointment,
            intake=receive(),
            category=prescription,
            title="",
            placement=BOTTOM_RIGHT,
            by=alice,
        )
    assert {path for path in files_in_store() if "files" in path.parts} == before
    assert not Message.objects.exists()


def test_missing_contact_refuses_and_says_which(
    book_for: BookFixture, marie: Patient, bob: User, prescription: Category, receive: Receive
) -> None:
    Patient.objects.filter(pk=marie.pk).update(mobile=None)
    marie.refresh_from_db()
    with pytest.raises(RecipientNotReady) as caught:
        share_upload(
            appointment=book_for(marie),
            intake=receive(),
            category=prescription,
            title="",
            placement=None,
            by=bob,
        )
    assert caught.value.recipient.missing == ("mobile",)
    assert not StoredFile.objects.exists()


def test_booker_never_sees_documents_of_an_adult_relative_with_own_contacts(
    book_for: BookFixture, marie: Patient, hugo: User, bob: User, prescription: Category, receive: Receive
) -> None:
    appointment = book_for(marie, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    document = share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob
    )
    assert document.audience == "patient"
    assert not visible_to(hugo).exists()
    assert not Message.objects.filter(to__in=[hugo.email, hugo.mobile]).exists()


def test_what_was_shared_under_a_withdrawn_authorisation_disappears_for_the_holder(
    practice: Practice, book_for: BookFixture, hugo: User, bob: User, prescription: Category, receive: Receive
) -> None:
    paul = Patient.objects.create(
        practice=practice, first_name="Paul", last_name="Martin", birth_date=date(1950, 1, 1)
    )
    appointment = book_for(paul, holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    authorise_holder(appointment=appointment, by=bob)
    share_upload(appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob)
    assert visible_to(hugo).count() == 1
    withdraw_authorisation(appointment=appointment, by=bob)
    assert not visible_to(hugo).exists()
    assert visible_to(bob).count() == 1


def test_holder_keeps_a_minors_document_and_the_young_adult_sees_it_too(
    practice: Practice, book_for: BookFixture, hugo: User, bob: User, prescription: Category, receive: Receive
) -> None:
    leo = Patient.objects.create(practice=practice, first_name="Léo", last_name="Martin", birth_date=date(2015, 1, 1))
    appointment = book_for(leo, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE)
    share_upload(appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob)
    Patient.objects.filter(pk=leo.pk).update(birth_date=date(1990, 1, 1))  # he is now of age
    leo_himself = User.objects.create_user("leo@courriel.example", "une-phrase-de-passe")
    assert visible_as_recipient(hugo).count() == 1
    assert not visible_as_recipient(leo_himself).exists()
    tie(leo_himself, leo)
    assert visible_as_recipient(leo_himself).count() == 1


def test_guardian_sees_what_was_shared_with_the_minor_and_nothing_later(
    practice: Practice, book_for: BookFixture, hugo: User, bob: User, prescription: Category, receive: Receive
) -> None:
    lea = Patient.objects.create(
        practice=practice,
        first_name="Léa",
        last_name="Martin",
        birth_date=date(2015, 1, 1),
        email="parent@courriel.example",
        mobile="+33611223344",
    )
    tie(hugo, lea, Relationship.GUARDIAN)

    def share() -> SharedDocument:
        return share_upload(
            appointment=Appointment.objects.get(),
            intake=receive(),
            category=prescription,
            title="",
            placement=None,
            by=bob,
        )

    book_for(lea)
    as_minor = share()
    Patient.objects.filter(pk=lea.pk).update(birth_date=date(1990, 1, 1))
    share()
    assert list(visible_as_recipient(hugo)) == [as_minor]


def test_who_sees_a_patients_document(
    appointment: Appointment,
    bob: User,
    alice: User,
    carol: User,
    rita: User,
    charlie: User,
    hugo: User,
    marie: Patient,
    stranger: Patient,
    prescription: Category,
    receive: Receive,
) -> None:
    marie_herself = User.objects.create_user("marie.durand@courriel.example", "une-phrase-de-passe")
    sophie = User.objects.create_user("sophie.leroy@courriel.example", "une-phrase-de-passe")
    tie(sophie, stranger)
    share_upload(appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob)
    for user in (alice, bob, carol, rita):
        assert visible_to(user).count() == 1
    for user in (charlie, hugo, sophie, marie_herself):  # the same address alone is no proof
        assert not visible_to(user).exists()
    tie(marie_herself, marie)
    assert visible_to(marie_herself).count() == 1
    User.objects.filter(pk__in=[marie_herself.pk, bob.pk]).update(is_active=False)
    for user in (marie_herself, bob):
        user.refresh_from_db()
        assert not visible_to(user).exists()


def test_signature_is_set_by_its_owner_alone(alice: User, bob: User, charlie: User) -> None:
    from docshare.demo.letters import signature
    from signing.signatures import set_signature_image

    upload = SimpleUploadedFile("signature.png", signature(1), "image/png")
    for user in (bob, charlie):
        with pytest.raises(NotAllowed):
            set_signature_image(user=alice, upload=upload, by=user)
    with pytest.raises(NotAllowed):
        set_signature_image(user=bob, upload=upload, by=bob)
