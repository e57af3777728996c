"""The recipient of an English message gets pages in English, whatever the browser prefers."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.codes import new_code
from accounts.models import User
from appointments.models import Appointment
from documents.models import LibraryDocument
from documents.sending.autosend import send_due
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document
from notifications.models import Channel, Message
from patients.codes import CODE_PURPOSE
from patients.invitations import end_live_invitation, invitation_for, invitation_url
from patients.models import InvitationEnd, Patient
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db
OTHER = {"en": "fr", "fr": "en"}


@pytest.fixture(params=["en", "fr"])
def language(request: pytest.FixtureRequest, marie: Patient) -> str:
    marie.language = request.param
    marie.save(update_fields=["language"])
    return str(request.param)


@pytest.fixture
def browser(language: str) -> Client:
    return Client(headers={"Accept-Language": OTHER[language]})


def spoken(content: bytes) -> str:
    found = re.search(r'<html lang="(\w+)"', content.decode())
    assert found
    return found[1]


def test_from_the_invitation_to_the_documents(
    browser: Client, language: str, marie: Patient, appointment: Appointment, access_plan: LibraryDocument, bob: User
) -> None:
    share_library_document(appointment=appointment, library_document=access_plan, by=bob)
    link = "/" + invitation_url(invitation_for(patient=marie, by=None)).split("/", 3)[3]
    assert spoken(browser.get(link).content) == language
    browser.post(link)
    assert spoken(browser.get("/invitation/code/").content) == language
    invitation = marie.invitations.get()
    code = new_code(purpose=CODE_PURPOSE, subject_id=invitation.pk)
    assert spoken(browser.post("/invitation/code/", {"code": "000000"}).content) == language
    browser.post("/invitation/code/", {"code": code})
    assert spoken(browser.get("/invitation/birth-date/").content) == language
    browser.post("/invitation/birth-date/", {"day": "3", "month": "2", "year": "1941"})
    assert spoken(browser.get("/invitation/password/").content) == language
    browser.post("/invitation/password/", {"password": "une phrase facile 42"})
    assert User.objects.get(email=marie.email).language == language
    assert spoken(browser.get("/documents/").content) == language


def test_a_link_that_ended_says_so_in_the_language_of_its_message(
    browser: Client, language: str, marie: Patient, appointment: Appointment
) -> None:
    link = "/" + invitation_url(invitation_for(patient=marie, by=None)).split("/", 3)[3]
    end_live_invitation(patient=marie, reason=InvitationEnd.WITHDRAWN)
    answer = browser.get(link)
    assert answer.status_code == 410
    assert spoken(answer.content) == language


def test_automatic_documents_are_shown_in_the_language_of_their_message(
    browser: Client, language: str, marie: Patient, carol: User, access_plan: LibraryDocument, book_for: BookFixture
) -> None:
    save_rule(practice=marie.practice, content=RuleContent(name="Plan", documents=[access_plan]), by=carol)
    book_for(marie)
    send_due()
    body = Message.objects.get(channel=Channel.EMAIL).body
    found = re.search(r"http://[^/]+(/d/\S+)", body)
    assert found
    assert spoken(browser.get(found[1]).content) == language
