"""What staff read before they merge is what the merge does to accesses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import chain, combinations

import pytest
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, BookedFor, HolderExclusion
from documents.merging.choices import FIELDS
from documents.merging.effects import Change, effects_of_merge
from documents.merging.merge import merge_records
from documents.models import SharedDocument
from documents.sending.autosend import send_due
from documents.sharing.accesses import AccessKind, accesses_to
from patients.invitations import invitation_for
from patients.models import Patient, RecordTie
from patients.records import create_patient
from practices.models import Practice
from tests.documents.bookings import *  # noqa: F403  # a rule
from tests.documents.ways import account, claim

pytestmark = pytest.mark.django_db
Book = Callable[..., Appointment]
Share = Callable[[Appointment], SharedDocument]
CHILD = timezone.localdate() - timedelta(days=3000)
CHOICES = [set(), {"email"}, {"mobile"}, {"birth_date"}, {"email", "mobile"}, set(FIELDS)]


def ways(*records: Patient) -> dict[object, bool]:
    """Every live access, and whether it is suspended. A holder's id depends on the record: by account."""
    return {
        (one.account.pk, "booked") if one.kind is AccessKind.HOLDER and one.account else one.id: bool(one.suspended)
        for record in records
        for one in accesses_to(record)
    }


def check(kept: Patient, other: Patient, taken: set[str], by: User) -> set[Change]:
    """Merge, and compare what became of each access with what was announced."""
    before = ways(kept, other)
    announced = {
        (one.access.account.pk, "booked")
        if one.access.kind is AccessKind.HOLDER and one.access.account
        else one.access.id: one.change
        for one in effects_of_merge(kept=kept, other=other, from_other=taken)
    }
    assert ways(kept, other) == before, "announcing changes nothing"
    merge_records(kept=kept, other=other, from_other=taken, by=by)
    after = ways(Patient.objects.get(pk=kept.pk))
    joined = set(RecordTie.objects.filter(end="replaced").values_list("pk", flat=True))
    happened = {
        key: Change.ENDED if key not in after else Change.SUSPENDED
        for key, suspended in before.items()
        if key not in joined and (key not in after or (after[key] and not suspended))
    }
    assert {key: change for key, change in announced.items() if key not in joined} == happened
    return set(announced.values())


@pytest.mark.parametrize("taken", CHOICES, ids=lambda taken: "+".join(sorted(taken)) or "nothing")
@pytest.mark.parametrize("claimed", ["kept", "other", "neither"])
@pytest.mark.parametrize("books_both", [True, False])
def test_accounts_and_links_of_two_adults(
    plan_rule: None, marie: Patient, double: Patient, book_for: Book, share: Share, bob: User, taken: set[str],
    claimed: str, books_both: bool,
) -> None:  # fmt: skip
    for record in [marie, double] if books_both else [marie]:
        share(book_for(record))
    send_due()
    invitation_for(patient=double if claimed == "kept" else marie, by=bob)
    if claimed != "neither":
        record = marie if claimed == "kept" else double
        claim(record, account(str(record.email), str(record.mobile)))
    check(marie, double, taken, bob)


@pytest.mark.parametrize("taken", CHOICES, ids=lambda taken: "+".join(sorted(taken)) or "nothing")
@pytest.mark.parametrize("excluded", [True, False])
def test_who_booked_for_a_minor(
    plan_rule: None, marie: Patient, practice: Practice, hugo: User, book_for: Book, share: Share, alice: User,
    taken: set[str], excluded: bool,
) -> None:  # fmt: skip
    child = create_patient(practice=practice, first_name="Marie", last_name="Durand", birth_date=CHILD, by=alice)
    share(book_for(child, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE))
    send_due()
    if excluded:
        HolderExclusion.objects.create(patient=marie, holder=hugo, excluded_by=alice)
    changes = check(marie, child, taken, alice)
    assert (Change.ENDED in changes) == (excluded or "birth_date" not in taken)


@pytest.mark.parametrize("taken", [set(), {"birth_date"}], ids=["nothing", "birth_date"])
@pytest.mark.parametrize("suspended", list(chain.from_iterable(combinations([0, 1], n) for n in range(3))))
def test_an_account_of_both_records(
    marie: Patient, own: User, book_for: Book, share: Share, bob: User, taken: set[str], suspended: tuple[int, ...]
) -> None:
    claim(marie, own)
    twin = create_patient(
        practice=marie.practice, first_name="Marie", last_name="Durand", birth_date=date(1941, 3, 2),
        email=marie.email, mobile=marie.mobile, by=bob,
    )  # fmt: skip
    claim(twin, own)
    records = [marie, twin]
    for record in records:
        share(book_for(record))
    for index in suspended:
        RecordTie.objects.filter(patient=records[index]).update(suspended_at=timezone.now())
    check(marie, twin, taken, bob)
