"""Old links, after an access ended or documents were taken back: their pages make no false promises, and reveal
nothing to strangers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentLink, LibraryDocument, SharedDocument
from documents.sending.autosend import send_due
from documents.sending.links import link_url, revoke_link
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_library_document, take_back
from notifications.models import Channel, Message
from patients.invitations import accept_invitation, end_live_invitation, invitation_for, invitation_url
from patients.models import Invitation, InvitationEnd, Patient, TieEnd
from patients.records import FormerContacts, change_patient
from patients.ties import end_tie
from practices.models import Practice
from tests.conftest import BookFixture

pytestmark = pytest.mark.django_db
NAME, DISCREET = "Centre d’addictologie", "Maison des Lilas"
PROMISES = ("document vous attend", "documents vous attend", "a partagé", "sera envoyée", "a été ou sera envoyé")


@pytest.fixture
def shared(appointment: Appointment, access_plan: LibraryDocument, bob: User) -> SharedDocument:
    Practice.objects.update(name=NAME, discreet_name=DISCREET)
    return share_library_document(appointment=appointment, library_document=access_plan, by=bob)


def path_of(url: str) -> str:
    found = re.search(r"https?://[^/]+(/\S+)", url)
    assert found
    return found[1]


ENDS: dict[str, Callable[[SharedDocument, User, User], object]] = {
    "taken back": lambda one, bob, _hugo: take_back(document=one, by=bob),
    "withdrawn": lambda one, bob, _hugo: end_live_invitation(
        patient=one.patient, reason=InvitationEnd.WITHDRAWN, by=bob
    ),
    "contacts changed": lambda one, bob, _hugo: change_patient(
        patient=one.patient, by=bob, email="autre@courriel.example", former_contacts=FormerContacts.SOMEONE_ELSE
    ),
    "expired and taken back": lambda one, bob, _hugo: (
        take_back(document=one, by=bob),
        Invitation.objects.update(expires_at=timezone.now()),
    ),
    "accepted and ended": lambda one, bob, hugo: end_tie(
        tie=accept_invitation(invitation=Invitation.objects.get(), user=hugo, birth_date=one.patient.birth_date),
        reason=TieEnd.STAFF,
        by=bob,
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_an_invitation_that_opens_nothing_promises_nothing(
    shared: SharedDocument, bob: User, hugo: User, how: str
) -> None:
    path = path_of(invitation_url(Invitation.objects.get()))
    assert "a partagé un document avec vous" in Client().get(path).content.decode()
    ENDS[how](shared, bob, hugo)
    sms = Message.objects.filter(channel=Channel.SMS).count()
    for answer in (Client().get(path), Client().post(path)):
        page = answer.content.decode()
        assert answer.status_code == 410
        assert not [one for one in PROMISES if one in page]
        for secret in (NAME, "Marie", "Durand", "majorité", "coordonnées", "retiré"):
            assert secret not in page, secret
    assert Message.objects.filter(channel=Channel.SMS).count() == sms
    if how == "expired and taken back":
        assert "n’est plus valable" in Client().post(f"{path}renew/").content.decode()
        assert not Message.objects.filter(channel=Channel.EMAIL, state="queued").exists()


def test_an_invitation_says_how_much_waits(shared: SharedDocument, access_plan: LibraryDocument, bob: User) -> None:
    share_library_document(appointment=shared.appointment, library_document=access_plan, by=bob)
    page = Client().get(path_of(invitation_url(Invitation.objects.get()))).content.decode()
    assert "a partagé des documents avec vous" in page


def test_whom_staff_have_identified_goes_on_without_documents(marie: Patient, bob: User) -> None:
    invitation = invitation_for(patient=marie, by=bob)
    path = path_of(invitation_url(invitation))
    assert Client().get(path).status_code == 410
    Invitation.objects.update(identity_checked_by=bob)
    page = Client().get(path)
    assert page.status_code == 200
    assert not [one for one in PROMISES if one in page.content.decode()]


CLOSED: dict[str, Callable[[DocumentLink, User], object]] = {
    "by staff": lambda link, bob: revoke_link(link=link, by=bob),
    "contacts changed": lambda link, bob: change_patient(
        patient=link.appointment.patient, by=bob, email="autre@courriel.example", mobile="+33612000044",
        former_contacts=FormerContacts.SOMEONE_ELSE,
    ),
}  # fmt: skip


@pytest.fixture
def automatic(access_plan: LibraryDocument, carol: User, marie: Patient, book_for: BookFixture) -> DocumentLink:
    Practice.objects.update(name=NAME, discreet_name=DISCREET)
    save_rule(practice=access_plan.practice, content=RuleContent(name="P", documents=[access_plan]), by=carol)
    book_for(marie)
    send_due()
    return DocumentLink.objects.get()


@pytest.mark.parametrize("how", CLOSED)
def test_a_closed_link_does_not_say_that_documents_were_taken_back(
    automatic: DocumentLink, bob: User, how: str
) -> None:
    path = path_of(link_url(automatic))
    CLOSED[how](automatic, bob)
    answer = Client().get(path)
    page = answer.content.decode()
    assert answer.status_code == 410
    assert "Ce lien n’ouvre plus rien" in page
    assert "retiré" not in page
    assert "coordonnées" not in page
    assert NAME not in page
    assert DISCREET in page


def test_a_link_whose_documents_were_taken_back_says_so(automatic: DocumentLink, bob: User) -> None:
    take_back(document=SharedDocument.objects.get(), by=bob)
    page = Client().get(path_of(link_url(automatic))).content.decode()
    assert f"{DISCREET} les a retirés" in page
    assert NAME not in page
