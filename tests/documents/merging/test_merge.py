"""Two records of one person become one: everything moves, and nobody sees what they had not proved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.access import visible_to_account
from appointments.models import Appointment, BookedFor, HolderExclusion
from appointments.recipients import resolve
from audit.models import AuditEvent
from documents.merging.merge import BothHaveAccounts, SameRecord, merge_records
from documents.merging.unmerge import unmerge_records
from documents.models import SharedDocument
from documents.sending.autosend import send_due
from notifications.models import Message
from patients.invitations import BookedForSomebodyElse, prove_new_contacts
from patients.models import IdentityChange, Invitation, Patient, RecordMerge, RecordTie, Relative, RelativeRecord
from patients.records import create_patient
from practices.models import Practice
from practices.roles import NotAllowed
from tests.documents.bookings import *  # noqa: F403  # a rule
from tests.documents.merging.conftest import seen
from tests.documents.ways import account, claim, newest_link

Book = Callable[..., Appointment]
Share = Callable[[Appointment], SharedDocument]


def test_everything_of_the_other_record_moves_and_the_other_is_found_nowhere(
    marie: Patient, double: Patient, book_for: Book, share: Share, bob: User
) -> None:
    shared = share(book_for(double))
    claim(double, account("m.durand@ancienne.example", "+33687654321"))
    assert merge_records(kept=marie, other=double, by=bob) == marie
    shared.refresh_from_db()
    assert (shared.patient, shared.appointment.patient, shared.appointment.of_record_id) == (marie, marie, double.pk)
    assert RecordTie.objects.get().patient == marie
    assert not Patient.objects.filter(pk=double.pk).exists()
    assert list(marie.practice.patients.all()) == [marie]
    tombstone = Patient.every.get(pk=double.pk)
    assert tombstone.merged_into == marie
    assert AuditEvent.objects.filter(action="record.merged", object_id=marie.pk, actor_id=bob.pk).exists()
    assert AuditEvent.objects.filter(action="record.merged_into", object_id=double.pk).exists()


def test_every_reference_to_a_record_is_moved_or_says_why_not() -> None:
    from django.apps import apps

    moved = {"appointments.Appointment.patient", "documents.SharedDocument.patient", "patients.RecordTie.patient",
             "appointments.HolderExclusion.patient", "appointments.WaitingEntry.patient",
             "patients.Invitation.patient",
             "patients.ContactProposal.patient", "patients.RelativeRecord.patient"}  # fmt: skip
    of_merging = {"patients.Patient.merged_into", "patients.RecordMerge.kept", "patients.RecordMerge.other",
                  "patients.DistinctRecords.first", "patients.DistinctRecords.second",
                  "appointments.Appointment.of_record",
                  "patients.IdentityChange.patient"}  # fmt: skip  # shown on the one that stays
    of_imports = {
        "imports.ImportLine.patient",
        "imports.ImportLine.twin",
    }  # what a file said; an undo leaves merged ones
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.concrete and field.many_to_one and field.related_model is Patient
    }
    assert found == moved | of_merging | of_imports


def test_the_account_of_the_record_that_stays_sees_the_others_documents_only_after_it_has_proved(
    marie: Patient, double: Patient, own: User, book_for: Book, share: Share, bob: User
) -> None:
    before = share(book_for(marie))
    claim(marie, own)
    others = share(book_for(double))
    merge_records(kept=marie, other=double, by=bob)
    assert seen(own) == {before.pk}
    assert {one.pk for one in visible_to_account(own)} == {before.appointment_id}
    marie.refresh_from_db()
    invitation = Invitation.objects.live().get()
    assert invitation.patient == marie
    assert any("/invitation/" in one.body for one in Message.objects.filter(to=marie.email))
    prove_new_contacts(invitation=invitation, user=own)
    assert seen(own) == {before.pk, others.pk}
    assert visible_to_account(own).count() == 2


def test_the_account_of_the_other_record_keeps_its_documents_and_must_prove_the_record_that_stays(
    marie: Patient, double: Patient, book_for: Book, share: Share, bob: User
) -> None:
    other = account("m.durand@ancienne.example", "+33687654321")
    claim(double, other)
    hers, of_marie = share(book_for(double)), share(book_for(marie))
    merge_records(kept=marie, other=double, by=bob)
    later = share(Appointment.objects.get(pk=hers.appointment_id))
    assert seen(other) == {hers.pk}
    tie = RecordTie.objects.get()
    assert tie.suspended_at is not None
    assert tie.shows_only == [str(double.pk)]
    assert {of_marie.pk, later.pk}.isdisjoint(seen(other))


def test_an_account_that_proved_what_both_carried_sees_everything_at_once(
    marie: Patient, own: User, book_for: Book, share: Share, bob: User
) -> None:
    claim(marie, own)
    twin = create_patient(
        practice=marie.practice, first_name="Márie", last_name="Durand", birth_date=marie.birth_date,
        email=marie.email, mobile=marie.mobile, by=bob,
    )  # fmt: skip
    others = share(book_for(twin))
    merge_records(kept=marie, other=twin, by=bob)
    assert seen(own) == {others.pk}
    assert RecordTie.objects.get().suspended_at is None


def test_an_empty_double_does_not_disturb_the_account(marie: Patient, double: Patient, own: User, bob: User) -> None:
    claim(marie, own)
    merge_records(kept=marie, other=double, by=bob)
    assert RecordTie.objects.get().suspended_at is None
    assert not Invitation.objects.live().exists()


def test_a_suspended_account_does_not_see_older_documents_of_the_other_record(
    marie: Patient, double: Patient, own: User, book_for: Book, share: Share, bob: User
) -> None:
    others = share(book_for(double))
    claim(marie, own)
    RecordTie.objects.update(suspended_at=timezone.now())
    merge_records(kept=marie, other=double, by=bob)
    assert others.pk not in seen(own)


def test_two_own_accounts_are_refused_and_nothing_changes(
    marie: Patient, double: Patient, own: User, book_for: Book, share: Share, bob: User
) -> None:
    claim(marie, own)
    claim(double, account("m.durand@ancienne.example", "+33687654321"))
    with pytest.raises(BothHaveAccounts):
        merge_records(kept=marie, other=double, by=bob)
    assert not RecordMerge.objects.exists()


def test_one_account_tied_to_both_keeps_one_tie_and_sees_what_it_saw(
    marie: Patient, own: User, book_for: Book, share: Share, bob: User
) -> None:
    claim(marie, own)
    twin = create_patient(
        practice=marie.practice, first_name="Marie", last_name="Durand", birth_date=date(1941, 3, 2),
        email=marie.email, mobile=marie.mobile, by=bob,
    )  # fmt: skip
    claim(twin, own)
    both = {share(book_for(marie)).pk, share(book_for(twin)).pk}
    assert seen(own) == both
    merge_records(kept=marie, other=twin, by=bob)
    assert seen(own) == both
    assert RecordTie.objects.live().count() == 1


def test_who_booked_for_the_other_as_a_relative_never_sees_it_by_an_own_account(
    marie: Patient, double: Patient, own: User, book_for: Book, share: Share, bob: User
) -> None:
    """The booker's own record and the relative's are made one by mistake."""
    claim(marie, own)
    relative = Relative.objects.create(holder=own, first_name="X", last_name="Y", birth_date=double.birth_date)
    RelativeRecord.objects.create(
        relative=relative, practice=marie.practice, patient=double, made_by_booking=True, has_booked=True
    )
    others = share(book_for(double))
    merge_records(kept=marie, other=double, by=bob)
    with pytest.raises(BookedForSomebodyElse):
        prove_new_contacts(invitation=Invitation.objects.live().get(), user=own)
    assert others.pk not in seen(own)


def test_a_contact_comes_with_its_owner(
    marie: Patient, book_for: Book, practice: Practice, hugo: User, bob: User
) -> None:
    given = create_patient(
        practice=practice, first_name="Marie", last_name="Durand", birth_date=marie.birth_date,
        email="paul@courriel.example", mobile="+33612777777", by=hugo, given_by=hugo,
    )  # fmt: skip
    Patient.objects.filter(pk=marie.pk).update(mobile=None)
    merge_records(kept=marie, other=given, by=bob, from_other=["email"])
    marie.refresh_from_db()
    assert (marie.email, marie.email_given_by, marie.mobile, marie.mobile_given_by) == (
        "paul@courriel.example", hugo, "+33612777777", hugo,
    )  # fmt: skip
    assert not resolve(book_for(marie)).is_ready


def test_names_and_birth_date_are_chosen_and_written_down(marie: Patient, double: Patient, bob: User) -> None:
    merge_records(kept=marie, other=double, by=bob, from_other=["first_name"])
    marie.refresh_from_db()
    assert (marie.first_name, marie.email) == ("Marie-Claire", "marie.durand@courriel.example")
    change = IdentityChange.objects.get()
    assert (change.patient, change.field, change.before, change.after, change.changed_by) == (
        marie, "first_name", "Marie", "Marie-Claire", bob,
    )  # fmt: skip


def test_a_booker_loses_a_minors_documents_if_the_chosen_birth_date_is_an_adults(
    marie: Patient, practice: Practice, hugo: User, book_for: Book, share: Share, bob: User
) -> None:
    child = create_patient(
        practice=practice, first_name="Marie", last_name="Durand", by=bob,
        birth_date=timezone.localdate() - timedelta(days=3000),
    )  # fmt: skip
    held = share(book_for(child, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE))
    assert seen(hugo) == {held.pk}
    merge_records(kept=marie, other=child, by=bob)
    assert seen(hugo) == set()


def test_an_excluded_booker_is_excluded_from_what_comes_from_the_other_record(
    practice: Practice, hugo: User, book_for: Book, share: Share, bob: User, alice: User
) -> None:
    born = timezone.localdate() - timedelta(days=3000)
    leo, double = (
        create_patient(practice=practice, first_name=name, last_name="Petit", birth_date=born, by=bob)
        for name in ("Léo", "Léopold")
    )
    held = share(book_for(double, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE))
    HolderExclusion.objects.create(patient=leo, holder=hugo, excluded_by=alice)
    assert seen(hugo) == {held.pk}
    merge_records(kept=leo, other=double, by=bob)
    assert seen(hugo) == set()
    assert not resolve(book_for(leo, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE)).is_ready


def test_a_booking_of_somebody_who_saw_the_other_record_lands_on_the_one_that_stays(
    marie: Patient, double: Patient, book_for: Book, bob: User
) -> None:
    merge_records(kept=marie, other=Patient.objects.get(pk=double.pk), by=bob)
    assert book_for(double).patient == marie


def test_repeated_it_changes_nothing_and_strange_pairs_are_refused(
    marie: Patient, double: Patient, stranger: Patient, bob: User, rita: User
) -> None:
    with pytest.raises(NotAllowed):
        merge_records(kept=marie, other=double, by=rita)
    with pytest.raises(SameRecord):
        merge_records(kept=marie, other=marie, by=bob)
    with pytest.raises(Patient.DoesNotExist):
        merge_records(kept=marie, other=stranger, by=bob)
    merge_records(kept=marie, other=double, by=bob)
    merge_records(kept=marie, other=double, by=bob)
    assert RecordMerge.objects.count() == 1


def waiting_for(document: SharedDocument) -> dict[str, str]:
    """The waiting messages about it: contact and text."""
    return {one.to: one.body for one in document.messages.filter(state="queued")}


def test_an_automatic_document_that_has_not_left_goes_to_the_contacts_that_stay_by_a_new_link(
    plan_rule: None, marie: Patient, double: Patient, book_for: Book, bob: User, client: Client
) -> None:
    """And back, if the two are separated before it has left: by its former link, which one message had told of."""
    book_for(double)
    send_due()
    document = SharedDocument.objects.get()
    before = newest_link(str(double.email))
    assert set(waiting_for(document)) == {double.email, double.mobile}
    document.messages.filter(channel="email").update(state="sent", sent_at=timezone.now())

    merge_records(kept=marie, other=double, by=bob)
    assert set(waiting_for(document)) == {marie.email, marie.mobile}
    assert before not in "".join(waiting_for(document).values())
    assert client.get(before).status_code == 410
    meanwhile = newest_link(str(marie.email))
    assert client.get(meanwhile).status_code == 200

    unmerge_records(kept=Patient.objects.get(pk=marie.pk), by=bob)
    assert set(waiting_for(document)) == {double.email, double.mobile}
    assert client.get(meanwhile).status_code == 410
    assert client.get(before).status_code == 200
    assert newest_link(str(double.email)) == before


def test_a_contact_that_only_one_of_them_has_is_no_choice_and_never_lost(
    marie: Patient, double: Patient, bob: User
) -> None:
    """It may be gone from the other since the page was opened."""
    Patient.objects.filter(pk=double.pk).update(mobile=None)
    mobile = marie.mobile
    merge_records(kept=marie, other=double, from_other={"email", "mobile"}, by=bob)
    marie.refresh_from_db()
    assert (marie.email, marie.mobile) == (double.email, mobile)


def test_an_automatic_document_that_has_left_is_not_sent_again(
    plan_rule: None, marie: Patient, double: Patient, book_for: Book, bob: User, client: Client
) -> None:
    book_for(double)
    send_due()
    sent = newest_link(str(double.email))
    Message.objects.update(state="sent", sent_at=timezone.now())
    merge_records(kept=marie, other=double, by=bob)
    assert not Message.objects.filter(state="queued").exists()
    assert client.get(sent).status_code == 410


def test_nothing_goes_to_contacts_that_are_not_the_patients_own(
    plan_rule: None, practice: Practice, double: Patient, hugo: User, book_for: Book, bob: User
) -> None:
    given = create_patient(
        practice=practice, first_name="Marie", last_name="Durand", birth_date=double.birth_date,
        email="paul@courriel.example", mobile="+33612777777", by=hugo, given_by=hugo,
    )  # fmt: skip
    book_for(double)
    send_due()
    merge_records(kept=given, other=double, by=bob)
    assert not Message.objects.filter(state="queued").exists()
