"""Records that were made one are separated again: everybody sees what they saw before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, BookedFor, HolderExclusion, WaitingEntry
from appointments.waiting import put_on_list
from audit.models import AuditEvent
from documents.merging.closing import close_old_merges
from documents.merging.merge import merge_records
from documents.merging.unmerge import NothingToUndo, unmerge_records
from documents.models import DocumentLink
from documents.sharing.accesses import accesses_to, end_access
from patients.invitations import prove_new_contacts
from patients.models import IdentityChange, Invitation, Patient, RecordMerge, RecordTie, TieEnd
from patients.records import FormerContacts, change_patient, create_patient
from practices.models import Practice
from practices.roles import NotAllowed
from tests.documents.merging.conftest import Share, seen
from tests.documents.ways import account, claim

Book = Callable[..., Appointment]
FIELDS = ("first_name", "last_name", "birth_date", "email", "mobile", "access_ended")


def data(patient: Patient) -> dict[str, object]:
    now = Patient.objects.get(pk=patient.pk)
    return {name: getattr(now, name) for name in FIELDS}


def test_everything_goes_back_and_what_was_added_since_stays(
    marie: Patient, double: Patient, book_for: Book, share: Share, bob: User
) -> None:
    of_double, of_marie = share(book_for(double)), share(book_for(marie))
    before = data(marie), data(double)
    merge_records(kept=marie, other=double, by=bob, from_other=["first_name", "email", "mobile"])
    since = share(book_for(Patient.objects.get(pk=marie.pk)))
    same_visit = share(Appointment.objects.get(pk=of_double.appointment_id))
    assert unmerge_records(kept=marie, by=bob) == double
    assert (data(marie), data(double)) == before
    for document, patient in ((of_double, double), (of_marie, marie), (since, marie), (same_visit, double)):
        document.refresh_from_db()
        assert document.patient == patient
        assert Appointment.objects.get(pk=document.appointment_id).patient == patient
        assert Appointment.objects.get(pk=document.appointment_id).of_record is None
    assert [one.after for one in IdentityChange.objects.filter(patient=marie)] == ["Marie", "Marie-Claire"]
    assert AuditEvent.objects.filter(action="record.unmerged").count() == 2


@pytest.mark.parametrize("chosen", [[], ["email", "mobile"], ["email"], ["first_name", "birth_date"]])
@pytest.mark.parametrize("proves", [False, True])
@pytest.mark.parametrize("of", ["kept", "other", "suspended"])
def test_everybody_sees_exactly_what_they_saw(
    chosen: list[str],
    proves: bool,
    of: str,
    marie: Patient,
    double: Patient,
    book_for: Book,
    share: Share,
    bob: User,
) -> None:
    share(book_for(marie)), share(book_for(double))
    tied = double if of == "other" else marie
    assert tied.email
    assert tied.mobile
    own = account(tied.email, tied.mobile)
    claim(tied, own)
    if of == "suspended":
        change_patient(patient=marie, by=bob, email="neuf@x.example", former_contacts=FormerContacts.SAME_PERSON)
        share(book_for(Patient.objects.get(pk=marie.pk)))
    before = seen(own), data(marie), data(double)
    proofs = list(RecordTie.objects.values_list("patient", "suspended_at", "shows_only", "proved_email"))
    merge_records(kept=marie, other=double, by=bob, from_other=chosen)
    assert seen(own) <= before[0]
    live = Invitation.objects.live().first()
    if proves and live and "birth_date" not in chosen:
        prove_new_contacts(invitation=live, user=own)
        assert len(seen(own)) > len(before[0])
    unmerge_records(kept=marie, by=bob)
    assert (seen(own), data(marie), data(double)) == before
    assert list(RecordTie.objects.values_list("patient", "suspended_at", "shows_only", "proved_email")) == proofs


def test_an_account_that_proved_the_others_contacts_since_goes_with_the_other(
    marie: Patient, double: Patient, book_for: Book, share: Share, bob: User
) -> None:
    of_marie, of_double = share(book_for(marie)), share(book_for(double))
    merge_records(kept=marie, other=double, by=bob, from_other=["email", "mobile"])
    new = account("m.durand@ancienne.example", "+33687654321")
    claim(Patient.objects.get(pk=marie.pk), new)
    assert seen(new) == {of_marie.pk, of_double.pk}
    unmerge_records(kept=marie, by=bob)
    assert seen(new) == {of_double.pk}
    assert RecordTie.objects.get().patient == double


def test_an_account_that_proved_neither_records_own_contacts_ends(
    marie: Patient, double: Patient, book_for: Book, share: Share, bob: User
) -> None:
    share(book_for(marie)), share(book_for(double))
    merge_records(kept=marie, other=double, by=bob, from_other=["email"])  # a mixture
    new = account("m.durand@ancienne.example", "+33612345678")
    claim(Patient.objects.get(pk=marie.pk), new)
    unmerge_records(kept=marie, by=bob)
    assert seen(new) == set()
    assert RecordTie.objects.get().end == TieEnd.SEPARATED


def test_an_access_that_staff_ended_meanwhile_stays_ended(
    marie: Patient, double: Patient, book_for: Book, share: Share, bob: User
) -> None:
    share(book_for(double))
    own = account("m.durand@ancienne.example", "+33687654321")
    tie = claim(double, own)
    merge_records(kept=marie, other=double, by=bob)
    kept = Patient.objects.get(pk=marie.pk)
    assert end_access(patient=kept, access_id=tie.pk, by=bob)
    unmerge_records(kept=kept, by=bob)
    assert seen(own) == set()
    assert data(double)["access_ended"]


def test_contacts_that_staff_changed_since_stay_and_the_account_proves_again(
    marie: Patient, double: Patient, book_for: Book, share: Share, bob: User
) -> None:
    before = share(book_for(marie))
    assert marie.email
    assert marie.mobile
    own = account(marie.email, marie.mobile)
    claim(marie, own)
    merge_records(kept=marie, other=double, by=bob, from_other=["mobile"])
    kept = Patient.objects.get(pk=marie.pk)
    change_patient(patient=kept, by=bob, email="neuf@x.example", former_contacts=FormerContacts.SAME_PERSON)
    unmerge_records(kept=kept, by=bob)
    assert data(marie)["email"] == "neuf@x.example"
    assert data(marie)["mobile"] == "+33612345678"
    assert seen(own) == {before.pk}
    assert RecordTie.objects.get().suspended_at is not None


def test_a_booker_sees_again_what_the_merge_took_away(
    marie: Patient, practice: Practice, hugo: User, book_for: Book, share: Share, bob: User, alice: User
) -> None:
    child = create_patient(
        practice=practice, first_name="Marie", last_name="Durand", by=bob,
        birth_date=timezone.localdate() - timedelta(days=3000),
    )  # fmt: skip
    held = share(book_for(child, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE))
    HolderExclusion.objects.create(patient=marie, holder=hugo, excluded_by=alice)
    merge_records(kept=marie, other=child, by=bob)
    assert seen(hugo) == set()
    unmerge_records(kept=marie, by=bob)
    assert seen(hugo) == {held.pk}


def test_links_that_the_merge_closed_open_again(marie: Patient, double: Patient, book_for: Book, bob: User) -> None:
    link = DocumentLink.objects.create(appointment=book_for(double), email=double.email)
    merge_records(kept=marie, other=double, by=bob)
    link.refresh_from_db()
    assert link.revoked_at
    unmerge_records(kept=marie, by=bob)
    link.refresh_from_db()
    assert link.revoked_at is None


def test_merges_are_undone_from_the_last_and_for_thirty_days(
    marie: Patient, double: Patient, practice: Practice, bob: User, rita: User
) -> None:
    third = create_patient(practice=practice, first_name="Marie", last_name="D", birth_date=marie.birth_date, by=bob)
    merge_records(kept=marie, other=double, by=bob)
    merge_records(kept=marie, other=third, by=bob)
    with pytest.raises(NotAllowed):
        unmerge_records(kept=marie, by=rita)
    assert unmerge_records(kept=marie, by=bob) == third
    old = timezone.now() - timedelta(days=30)
    RecordMerge.objects.filter(other=double).update(merged_at=old)
    with pytest.raises(NothingToUndo):
        unmerge_records(kept=marie, by=bob)
    assert close_old_merges() == 1
    assert close_old_merges() == 0
    assert RecordMerge.objects.get(other=double).state is None
    assert accesses_to(Patient.objects.get(pk=marie.pk)) == []


def test_a_record_that_became_part_of_another_is_separated_there_first(
    marie: Patient, double: Patient, practice: Practice, book_for: Book, share: Share, bob: User
) -> None:
    of_double = share(book_for(double))
    third = create_patient(practice=practice, first_name="Marie", last_name="D", birth_date=marie.birth_date, by=bob)
    merge_records(kept=marie, other=double, by=bob)
    merge_records(kept=third, other=marie, by=bob)
    with pytest.raises(Patient.DoesNotExist):
        unmerge_records(kept=marie, by=bob)
    assert book_for(double).patient == third
    assert unmerge_records(kept=third, by=bob) == marie
    of_double.refresh_from_db()
    assert (of_double.patient, of_double.appointment.of_record) == (marie, double)
    assert unmerge_records(kept=marie, by=bob) == double
    of_double.refresh_from_db()
    assert (of_double.patient, of_double.appointment.of_record) == (double, None)


def test_two_wishes_for_one_reason_are_one_after_a_merge_and_two_again_after_its_undo(
    marie: Patient, double: Patient, appointment: Appointment, bob: User
) -> None:
    def wait(patient: Patient, *, moving: Appointment | None = None) -> WaitingEntry:
        return put_on_list(
            patient=patient,
            visit_reason=appointment.visit_reason,
            agendas=[appointment.agenda],
            appointment=moving,
            by=bob,
        )

    def live() -> list[tuple[object, object]]:
        return list(WaitingEntry.objects.live().values_list("pk", "patient"))

    earlier, later, move = wait(double), wait(marie), wait(marie, moving=appointment)
    before = live()
    merge_records(kept=marie, other=double, by=bob, from_other=[])
    assert live() == [(earlier.pk, marie.pk), (move.pk, marie.pk)]  # the rank of the one that waited longer
    unmerge_records(kept=marie, by=bob)
    assert live() == before == [(earlier.pk, double.pk), (later.pk, marie.pk), (move.pk, marie.pk)]
