"""Choosing documents of a large library on the share page: the first ones, the others by their titles."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.models import LibraryDocument
from portals.practitioner.library_choice import MOST
from tests.documents.conftest import *  # noqa: F403  # a document of the library
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def large(access_plan: LibraryDocument) -> list[LibraryDocument]:
    """More than the page shows."""
    made = LibraryDocument.objects.bulk_create(
        LibraryDocument(
            practice=access_plan.practice, title=f"Fiche n° {number} : l’été", category=access_plan.category
        )
        for number in range(1000, 1000 + MOST)
    )
    return [access_plan, *made]


def offered(page: bytes) -> list[str]:
    return re.findall(r'data-library="([^"]+)"', one_line(page))


@pytest.mark.parametrize("address", ["share/", "share/library/"])
def test_the_first_titles_are_shown_and_every_other_is_found(
    large: list[LibraryDocument], appointment: Appointment, alice: User, sign_in: SignIn, address: str
) -> None:
    client, page = sign_in(alice), f"/pro/appointments/{appointment.pk}/{address}"
    in_order = [str(one.pk) for one in sorted(large, key=lambda one: one.title)]
    first = client.get(page)
    assert offered(first.content) == in_order[:MOST]
    assert "Seuls les premiers titres sont affichés" in first.content.decode()
    for one in large[1::25]:
        number = re.sub(r"\D", "", one.title)
        assert offered(client.get(page, {"library": f"ete {number}"}).content) == [str(one.pk)]


@pytest.mark.parametrize("address", ["share/", "share/library/"])
@pytest.mark.parametrize(
    ("words", "said"), [("introuvable", "Aucun document ne correspond"), ("x" * 500, "caractères")]
)
def test_a_search_that_finds_nothing_says_so_and_keeps_what_was_typed(
    large: list[LibraryDocument], appointment: Appointment, alice: User, sign_in: SignIn, address: str, words: str,
    said: str,
) -> None:  # fmt: skip
    page = sign_in(alice).get(f"/pro/appointments/{appointment.pk}/{address}", {"library": words})
    assert page.status_code == 200
    assert offered(page.content) == []
    assert said in page.content.decode()
    assert (f'value="{words}"' in one_line(page.content)) is (address == "share/")


def test_the_list_is_for_who_may_share_there(
    large: list[LibraryDocument], appointment: Appointment, charlie: User, rita: User, sign_in: SignIn
) -> None:
    address = f"/pro/appointments/{appointment.pk}/share/library/"
    assert sign_in(charlie).get(address).status_code == 404
    assert sign_in(rita).get(address).status_code == 403
