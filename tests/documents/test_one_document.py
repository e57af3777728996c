"""One document by its id, by the rule of who sees what (documents/sharing/access.py::one_as_recipient)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.models import Appointment
from documents.models import SharedDocument
from documents.sharing.access import (
    SERVED,
    of_records,
    one_as_recipient,
    records_of_ties,
    visible_as_recipient,
)
from files.models import StoredFile
from patients.models import Patient, RecordTie
from tests.conftest import BookFixture
from tests.documents.bookings import *  # noqa: F403  # maries_account, share
from tests.documents.ways import account

pytestmark = pytest.mark.django_db
Share = Callable[[Appointment], SharedDocument]


def test_what_serving_needs_is_read_as_the_database_has_it(
    share: Share, appointment: Appointment, maries_account: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shared = SharedDocument.objects.select_related("file").get(pk=share(appointment).pk)
    with django_assert_num_queries(2):
        found = one_as_recipient(maries_account, shared.pk)
        assert found is not None
        assert [getattr(found, name) for name in SERVED] == [getattr(shared, name) for name in SERVED]
        for field in StoredFile._meta.concrete_fields:
            assert getattr(found.file, field.attname) == getattr(shared.file, field.attname)
    assert found.shared_at == shared.shared_at


def test_the_same_query_serves_other_accounts_and_documents(
    share: Share, appointment: Appointment, maries_account: User, stranger: Patient, hugo: User
) -> None:
    shared = share(appointment)
    other = account("autre@courriel.example", "+33612000088")
    RecordTie.objects.create(
        user=other, patient=stranger, relationship="self", proved_email=other.email, proved_mobile="+33612000088"
    )
    assert one_as_recipient(maries_account, shared.pk) == shared
    assert one_as_recipient(other, shared.pk) is None
    assert one_as_recipient(hugo, shared.pk) is None
    assert one_as_recipient(maries_account, uuid.uuid4()) is None


def test_an_ended_or_suspended_tie_counts_at_the_next_look(
    share: Share, book_for: BookFixture, marie: Patient, maries_account: User
) -> None:
    before, later = share(book_for(marie)), share(book_for(marie))
    assert one_as_recipient(maries_account, later.pk) == later
    SharedDocument.objects.filter(pk=before.pk).update(shared_at=timezone.now() - timedelta(days=2))
    RecordTie.objects.update(suspended_at=timezone.now() - timedelta(days=1))
    assert one_as_recipient(maries_account, before.pk) == before
    assert one_as_recipient(maries_account, later.pk) is None
    RecordTie.objects.update(ended_at=timezone.now())
    assert one_as_recipient(maries_account, before.pk) is None


def test_the_list_of_an_account_is_found_by_the_same_rule(
    share: Share, book_for: BookFixture, marie: Patient, maries_account: User, hugo: User
) -> None:
    seen, others = share(book_for(marie)), share(book_for(marie))

    def found(user: User) -> set[SharedDocument] | None:
        records = records_of_ties(user, RecordTie.objects.live().filter(user=user))
        return None if records is None else set(of_records(user.pk, *records))

    assert found(maries_account) == set(visible_as_recipient(maries_account)) == {seen, others}
    assert found(hugo) == set(visible_as_recipient(hugo)) == set()
    SharedDocument.objects.filter(pk=others.pk).update(audience="holder", holder=hugo, patient_was_minor=True)
    assert found(hugo) == set(visible_as_recipient(hugo)) == {others}
    RecordTie.objects.update(relationship="guardian")
    assert found(maries_account) == set(visible_as_recipient(maries_account)) == set()
    SharedDocument.objects.update(patient_was_minor=True)
    assert found(maries_account) == set(visible_as_recipient(maries_account)) == {seen}
    RecordTie.objects.update(suspended_at=timezone.now())
    assert found(maries_account) is None
    maries_account.is_active = False
    RecordTie.objects.update(suspended_at=None)
    assert found(maries_account) is None


def test_an_account_that_was_closed_sees_nothing(
    share: Share, appointment: Appointment, maries_account: User
) -> None:
    shared = share(appointment)
    maries_account.is_active = False
    assert one_as_recipient(maries_account, shared.pk) is None
