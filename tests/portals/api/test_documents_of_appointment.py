"""The list of an appointment's documents, whose first page is read by a query that is composed once."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from appointments.models import Appointment
from documents.models import LibraryDocument, SharedDocument
from documents.sharing.share import share_library_document
from practices.models import Membership
from tests.portals.api.conftest import Api

pytestmark = pytest.mark.django_db
V1 = "/api/v1"


@pytest.fixture
def documents(access_plan: LibraryDocument, appointment: Appointment, alice: User, bob: User) -> list[SharedDocument]:
    """Seven of two people and one of nobody, newest first; two of them at the same moment."""
    first = share_library_document(appointment=appointment, library_document=access_plan, by=alice)
    for rank in range(1, 8):
        one = SharedDocument.objects.get(pk=first.pk)
        one.pk, one.title = uuid.uuid4(), f"Plan {rank}"
        one.shared_at -= timedelta(hours=rank // 2)
        one.shared_by = None if rank == 7 else (alice, bob)[rank % 2]
        one.save(force_insert=True)
    return list(SharedDocument.objects.order_by("-shared_at", "-id"))


def test_each_document_is_in_the_list_as_it_is_alone(
    documents: list[SharedDocument], appointment: Appointment, alice: User, bob: User, api: Api
) -> None:
    listed = api(alice).get(f"{V1}/appointments/{appointment.pk}/documents/").json()["results"]
    alone = [api(alice).get(f"{V1}/documents/{one.pk}/").json() for one in documents]
    for one in [*listed, *alone]:
        one["notifications"].sort(key=lambda told: told["channel"])  # they have no order
    assert listed == alone
    assert [one["id"] for one in listed] == [str(one.pk) for one in documents]
    assert {one["shared_by"] for one in listed} == {"Dr Alice Morel", str(bob), None}


def test_pages_follow_each_other_in_the_same_order(
    documents: list[SharedDocument], appointment: Appointment, alice: User, api: Api
) -> None:
    found, address = [], f"{V1}/appointments/{appointment.pk}/documents/?page_size=3"
    while address:
        page = api(alice).get(address).json()
        found += [one["id"] for one in page["results"]]
        address = page["next"]
    assert found == [str(one.pk) for one in documents]


def test_many_documents_take_as_many_statements_as_one(
    documents: list[SharedDocument], appointment: Appointment, alice: User, api: Api
) -> None:
    program, taken = api(alice), set()
    program.get(f"{V1}/me/")  # notes that the token is used
    for size in (1, 8):
        with CaptureQueriesContext(connection) as queries:
            answer = program.get(f"{V1}/appointments/{appointment.pk}/documents/?page_size={size}")
        assert len(answer.json()["results"]) == size
        taken.add(len(queries))
    assert len(taken) == 1


def test_who_leaves_the_practice_finds_nothing_at_the_next_call(
    documents: list[SharedDocument], appointment: Appointment, alice: User, charlie: User, api: Api
) -> None:
    address = f"{V1}/appointments/{appointment.pk}/documents/"
    assert api(alice).get(address).status_code == 200
    assert api(charlie).get(address).status_code == 404
    Membership.objects.filter(user=alice).delete()
    assert api(alice).get(address).status_code == 404
