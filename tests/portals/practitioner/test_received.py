"""Reçus: a count, pages as pictures after a POST, accepting and refusing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.models import ReceivedDocument
from documents.receiving.sending import send_files
from files.intake import Intake
from tests.documents.receiving.conftest import *  # noqa: F403  # a request
from tests.documents.receiving.conftest import Ask
from tests.markup import page_text

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.fixture
def sent(
    appointment: Appointment, ask_for: Ask, maries_account: User, receive: Callable[..., Intake]
) -> ReceivedDocument:
    return send_files(request=ask_for(appointment), intakes=[receive()], by=maries_account)[0]


def test_opened_in_place_then_accepted(
    sent: ReceivedDocument, bob: User, rita: User, charlie: User, sign_in: SignIn, appointment: Appointment
) -> None:
    browser, address = sign_in(bob), f"/pro/received/{sent.pk}/"
    listed = page_text(browser.get("/pro/received/"))
    assert "Marie Durand" in listed
    assert re.search(r'class="count">1<', listed)
    assert address in page_text(browser.get(f"/pro/appointments/{appointment.pk}/"))
    assert browser.get(f"{address}opened/1/").status_code == 404  # not before it is opened
    assert "Accepter" not in page_text(browser.get(address))
    sent.refresh_from_db()
    assert sent.seen_at is None  # a GET sees nothing
    stranger = sign_in(charlie)
    assert {stranger.get(one).status_code for one in (address, f"{address}opened/1/")} == {404}
    posts = ("open", "download", "accept", "refuse")
    assert {stranger.post(f"{address}{one}/").status_code for one in posts} == {404}
    assert browser.post(f"{address}open/")["Location"] == address
    shown = page_text(browser.get(address))
    (picture,) = re.findall(r'src="([^"]*/opened/1/[^"]*)"', shown)
    assert browser.get(picture.replace("&amp;", "&"))["Content-Type"].startswith("image/")
    got = browser.post(f"{address}download/")
    assert (got["Content-Disposition"][:10], got["Content-Security-Policy"][:7]) == ("attachment", "sandbox")
    reader = sign_in(rita)
    assert "Accepter" not in page_text(reader.get(address))
    assert reader.post(f"{address}accept/").status_code == 403
    browser.post(f"{address}accept/")
    sent.refresh_from_db()
    assert (sent.state, sent.settled_by) == ("accepted", bob)
    assert not re.search(r'class="count">1<', page_text(browser.get("/pro/received/")))


def test_refused_with_a_sentence(sent: ReceivedDocument, bob: User, maries_account: User, sign_in: SignIn) -> None:
    browser, address = sign_in(bob), f"/pro/received/{sent.pk}/"
    browser.post(f"{address}open/")
    assert browser.post(f"{address}refuse/", {"detail": ""}).status_code == 400
    browser.post(f"{address}refuse/", {"detail": "La page est floue."})
    assert "La page est floue." in page_text(browser.get(address))
    patients = page_text(sign_in(maries_account).get(f"/requests/{sent.request_id}/"))
    assert "La page est floue." in patients
    assert "data-pages-form" in patients  # may send again
    assert "Reprendre" not in patients
