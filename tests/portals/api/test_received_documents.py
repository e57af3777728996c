"""The API's list of documents that somebody received: its first page is read by other queries than the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models import SharedDocument
from documents.sharing.access import visible_as_recipient
from patients.models import Patient, RecordTie, Relationship
from personal_data.practice import delete_without_archive
from portals.api.pagination import PAGE_SIZE
from portals.api.views import documents as views
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.bookings import maries_account, share  # noqa: F401
from tests.portals.api.conftest import *  # noqa: F403
from tests.portals.api.conftest import Api

pytestmark = pytest.mark.django_db
MINE = "/api/v1/me/documents/"
Share = Callable[[Appointment], SharedDocument]


def listed(api: Api, user: User, query: str = "") -> list[str]:
    found, address = [], f"{MINE}{query}"
    while address:
        page = api(user).get(address).json()
        found += [document["id"] for document in page["results"]]
        address = page["next"]
    return found


@pytest.mark.parametrize("query", ["", "?page_size=1", "?page_size=2", "?page_size=200"])
def test_it_is_what_the_rule_says_whichever_query_reads_it(
    api: Api, maries_account: User, marie: Patient, practice: Practice, share: Share,  # noqa: F811
    book_for: BookFixture, query: str,
) -> None:  # fmt: skip
    child = Patient.objects.create(
        practice=practice, first_name="Léo", last_name="Durand", birth_date="2020-03-04",
        email=marie.email, mobile=marie.mobile,
    )  # fmt: skip
    RecordTie.objects.create(
        user=maries_account, patient=child, relationship=Relationship.GUARDIAN,
        proved_email=marie.email or "", proved_mobile=marie.mobile or "",
    )  # fmt: skip
    for patient in (marie, child, marie, child):
        share(book_for(patient))
    share(book_for(Patient.objects.create(practice=practice, first_name="Zoé", last_name="Petit", email="z@x.example",
                                          mobile="+33612000099", birth_date="1970-01-01")))  # fmt: skip
    expected = visible_as_recipient(maries_account).order_by("-shared_at", "-id")
    assert listed(api, maries_account, query) == [str(pk) for pk in expected.values_list("pk", flat=True)]
    RecordTie.objects.filter(user=maries_account, patient=child).update(suspended_at=timezone.now())
    expected = visible_as_recipient(maries_account).order_by("-shared_at", "-id")
    assert listed(api, maries_account, query) == [str(pk) for pk in expected.values_list("pk", flat=True)]
    RecordTie.objects.filter(user=maries_account).update(ended_at=timezone.now() - timedelta(seconds=1))
    assert listed(api, maries_account, query) == [
        str(pk) for pk in visible_as_recipient(maries_account).values_list("pk", flat=True)
    ]


def test_a_document_whose_practice_is_deleted_meanwhile_is_left_out(
    api: Api, maries_account: User, practice: Practice, appointment: Appointment, share: Share,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    share(appointment)
    add_sharers = views._add_sharers

    def and_then_delete(page: Sequence[SharedDocument]) -> None:
        add_sharers(page)
        with transaction.atomic():
            delete_without_archive(Practice.objects.get(pk=practice.pk))

    monkeypatch.setattr(views, "_add_sharers", and_then_delete)
    answer = api(maries_account).get(MINE)
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_sizes_that_a_program_chooses_do_not_use_up_the_composed_queries_of_a_process(
    api: Api, maries_account: User, appointment: Appointment, share: Share, monkeypatch: pytest.MonkeyPatch,  # noqa: F811
) -> None:  # fmt: skip
    share(appointment)
    asked: list[int] = []
    first_rows = views.MyDocuments.first_rows

    def noted(view: views.MyDocuments, count: int) -> list[SharedDocument] | None:
        asked.append(count)
        return first_rows(view, count)

    monkeypatch.setattr(views.MyDocuments, "first_rows", noted)
    for size in (1, 2, 7, 49, 51, 200):
        assert len(api(maries_account).get(f"{MINE}?page_size={size}").json()["results"]) == 1
    assert asked == []
    api(maries_account).get(MINE)
    assert asked == [PAGE_SIZE + 1]
