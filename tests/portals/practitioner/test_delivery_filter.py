"""Looking for deliveries: by patient, state, agenda and day."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Agenda, Appointment
from documents.models import LibraryDocument, SharedDocument
from documents.sharing.share import share_library_document
from notifications.models import Message, MessageState
from patients.models import Patient
from portals.practitioner import deliveries
from practices.models import Practice
from tests.conftest import BookFixture
from tests.markup import page_text

SignIn = Callable[[User], Client]
PAGE = "/pro/deliveries/"


@pytest.fixture
def maries(appointment: Appointment, access_plan: LibraryDocument, alice: User) -> SharedDocument:
    """Read."""
    shared = share_library_document(appointment=appointment, library_document=access_plan, by=alice)
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    SharedDocument.objects.update(first_read_at=timezone.now())
    return shared


@pytest.fixture
def annes(
    maries: SharedDocument, book_for: BookFixture, access_plan: LibraryDocument, alice: User, practice: Practice
) -> SharedDocument:
    """Of another agenda, shared ten days ago; its messages wait."""
    anne = Patient.objects.create(
        practice=practice, first_name="Anne", last_name="Petit", birth_date=date(1970, 5, 6),
        email="anne@courriel.example", mobile="+33612000001",
    )  # fmt: skip
    room = Agenda.objects.create(practice=practice, name="Salle 2")
    booked = book_for(anne)
    Appointment.objects.filter(pk=booked.pk).update(agenda=room)
    shared = share_library_document(appointment=booked, library_document=access_plan, by=alice)
    SharedDocument.objects.filter(pk=shared.pk).update(shared_at=timezone.now() - timedelta(days=10))
    return shared


def found(answer: Any) -> list[str]:
    return re.findall(r'data-delivery="([^"]+)"', answer.content.decode())


def test_a_patient_is_found_by_name_and_no_address_has_the_name(
    maries: SharedDocument,
    annes: SharedDocument,
    stranger: Patient,
    rita: User,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    browser = sign_in(rita)
    answer = browser.post(PAGE, {"q": "petit anne", "show": "all"})
    assert found(answer) == [str(annes.pk)]
    assert 'value="petit anne"' in answer.content.decode()
    assert found(browser.post(PAGE, {"q": "leroy", "show": "all"})) == []  # of another practice
    assert "Aucun envoi ne correspond à cette recherche." in page_text(browser.post(PAGE, {"q": "leroy"}))
    assert len(found(browser.get(f"{PAGE}?q=petit&show=all"))) == 2  # not read from an address
    monkeypatch.setattr(deliveries, "SHOWN", 1)
    first = browser.post(PAGE, {"q": "courriel.example", "show": "all"})
    addresses = re.findall(r'(?:href|action)="([^"]*)"', first.content.decode())
    assert not [one for one in addresses if "courriel" in unquote(one)]
    assert (found(first), "2 documents partagés" in page_text(first)) == ([str(maries.pk)], True)
    (older,) = [one for one in page_text(first).split("<form") if 'name="after"' in one]
    assert found(browser.post(PAGE, dict(re.findall(r'name="(\w+)" value="([^"]*)"', older)))) == [str(annes.pk)]


CASES: list[tuple[dict[str, Any], str]] = [
    ({"show": "all"}, "both"),
    ({"show": "read"}, "maries"),
    ({"show": "unread"}, "annes"),
    ({"show": "waiting"}, "annes"),
    ({"show": "all", "agenda": "Salle 2"}, "annes"),
    ({"show": "all", "first": 2, "last": 0}, "maries"),
    ({"show": "all", "last": 9}, "annes"),
    ({"show": "read", "agenda": "Salle 2"}, "none"),
]


def test_states_agendas_and_days_narrow_the_list_by_an_address(
    maries: SharedDocument, annes: SharedDocument, alice: User, sign_in: SignIn
) -> None:
    today, browser = timezone.localdate(timezone=maries.practice.zone), sign_in(alice)
    room = str(Agenda.objects.get(name="Salle 2").pk)
    expected = {"both": [maries, annes], "maries": [maries], "annes": [annes], "none": []}
    for asked, whose in CASES:
        days = {one: (today - timedelta(days=asked[one])).isoformat() for one in ("first", "last") if one in asked}
        agenda = {"agenda": room} if "agenda" in asked else {}
        address = browser.post(PAGE, {"q": "", **asked, **days, **agenda})["Location"]
        answer, count = browser.get(address), len(expected[whose])
        assert found(answer) == [str(one.pk) for one in expected[whose]], asked
        assert not count or f"{count} document{'s' if count > 1 else ''} partagé" in page_text(answer)


def test_faults_are_said_beside_the_field_and_what_was_typed_stays(
    maries: SharedDocument, alice: User, sign_in: SignIn
) -> None:
    browser = sign_in(alice)
    answer = browser.post(PAGE, {"q": "marie", "first": "2026-03-02", "last": "2026-03-01"})
    assert answer.status_code == 400
    assert "Ce jour est avant le premier" in page_text(answer)
    assert 'value="marie"' in answer.content.decode()
    assert browser.post(PAGE, {"q": "x " * 40}).status_code == 400
    assert browser.get(f"{PAGE}?show=nothing").status_code == 400
    for day in ("0001-01-01", "9999-12-31"):  # the first and the last that a date can hold
        for asked in (f"first={day}", f"last={day}"):
            assert "Vérifiez l’année" in page_text(browser.get(f"{PAGE}?show=all&{asked}"))


def test_the_next_page_follows_a_document_that_left_the_list(
    maries: SharedDocument, annes: SharedDocument, alice: User, sign_in: SignIn
) -> None:
    """Marie read hers after the first page of unread ones was shown: what follows is not the first page again."""
    answer = sign_in(alice).get(f"{PAGE}?show=unread&after={annes.pk}")
    assert found(answer) == []
    assert found(sign_in(alice).get(f"{PAGE}?show=unread&after={maries.pk}")) == [str(annes.pk)]
