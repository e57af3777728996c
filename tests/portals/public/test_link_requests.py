"""Sending what a rule asked, by its link: without an account, and never seen again by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.authorisation import authorise_holder, withdraw_authorisation
from appointments.models import Appointment, BookedFor
from documents.models import DocumentLink, DocumentRequest, ReceivedDocument
from documents.receiving.access import all_received, received_seen_by, requests_of, sees
from documents.receiving.sending import send_files
from documents.sending.autosend import send_due
from documents.sending.links import link_url, revoke_link
from documents.sending.rules import Asks, RuleContent, save_rule
from notifications.models import Message
from patients.models import Patient
from tests.conftest import BookFixture
from tests.documents.bookings import *  # noqa: F403  # accounts that own a record
from tests.documents.conftest import *  # noqa: F403
from tests.documents.ways import account, claim
from tests.picture_samples import photograph

LABEL = "Ordonnance de votre médecin traitant"
pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(carol: User, appointment: Appointment) -> None:
    asked = [Asks(LABEL, "Pour préparer la visite"), Asks("Photo de la lésion")]
    content = RuleContent(name="Avant", documents=[], questions=asked)
    save_rule(practice=appointment.practice, content=content, by=carol, to_booked=True)
    send_due()


@pytest.fixture
def paul(appointment: Appointment) -> Patient:
    born = date(1950, 1, 1)
    return Patient.objects.create(
        practice=appointment.practice, first_name="Paul", last_name="Martin", birth_date=born
    )


@pytest.fixture
def leo(appointment: Appointment) -> Patient:
    born = date(timezone.now().year - 8, 1, 1)
    return Patient.objects.create(
        practice=appointment.practice, first_name="Léo", last_name="Martin", birth_date=born
    )


def address(link: DocumentLink | None = None) -> str:
    return re.sub(r"^https?://[^/]+", "", link_url(link or DocumentLink.objects.get()))


def photo(name: str = "IMG_1.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, photograph(), content_type="image/jpeg")


def test_what_is_asked_is_sent_by_the_link_and_seen_again_only_from_the_records_account(
    rule: None, client: Client, marie: Patient, alice: User, sign_in: Callable[[User], Client]
) -> None:
    page = address()
    request = DocumentRequest.objects.get(label=LABEL)
    asking = client.get(page).content.decode()
    assert f"{page}/{request.pk}" in asking
    assert "Envoyer un autre document" not in asking
    shown = client.get(f"{page}/{request.pk}").content.decode()
    assert "Pour préparer la visite" in shown
    assert "vous ne pourrez pas le revoir ici" in " ".join(shown.split())
    answer = client.post(f"{page}/{request.pk}", {"file": [photo(), photo("IMG_2.jpg")]}, follow=True)
    assert "C’est envoyé" in answer.content.decode()
    assert "Envoyer un autre document" in answer.content.decode(), "the form is folded: nothing looks left to do"
    assert "Envoyer un autre document" in client.get(page).content.decode()
    received = ReceivedDocument.objects.get()
    assert (received.sent_by, received.link, received.sent_as) == (None, DocumentLink.objects.get(), "patient")
    assert str(received.pk) not in answer.content.decode()
    assert received.name not in client.get(f"{page}/{request.pk}").content.decode()
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    staff = sign_in(alice)
    assert LABEL in staff.get("/pro/received/").content.decode()
    owner = account("marie.durand@courriel.example", "+33612345678")
    claim(marie, owner)
    assert [one.pk for one in received_seen_by(owner)] == [received.pk]
    assert received.name in sign_in(owner).get(f"/requests/{request.pk}/").content.decode()


def test_nothing_wrong_is_sent_and_a_closed_or_foreign_link_sends_nothing(
    rule: None, client: Client, alice: User, appointment: Appointment
) -> None:
    page = address()
    first, second = DocumentRequest.objects.order_by("label")
    refused = client.post(f"{page}/{first.pk}", {"file": SimpleUploadedFile("note.txt", b"non")})
    assert refused.status_code == 400
    assert client.post(f"{page}/{first.pk}").status_code == 400
    other = DocumentLink.objects.create(appointment=appointment, email=appointment.patient.email)
    assert client.post(f"{address(other)}/{first.pk}", {"file": photo()}).status_code == 410
    assert client.post("/d/faux/" + str(first.pk), {"file": photo()}).status_code == 404
    revoke_link(link=DocumentLink.objects.exclude(pk=other.pk).get(), by=alice)
    assert client.post(f"{page}/{second.pk}", {"file": photo()}).status_code == 410
    assert LABEL not in client.get(f"{page}/{first.pk}").content.decode()
    assert not ReceivedDocument.objects.exists()


def test_the_link_of_an_authorised_booker_of_an_adult_sends_and_never_shows_it_again(
    rule: None, client: Client, book_for: BookFixture, holder: User, alice: User, paul: Patient
) -> None:
    Message.objects.all().delete()
    booked = book_for(paul, holder=holder, booked_for=BookedFor.ADULT_RELATIVE)
    send_due()
    assert not DocumentLink.objects.filter(appointment=booked).exists()  # nobody may receive yet
    authorise_holder(appointment=booked, by=alice)
    send_due(now=timezone.now() + timedelta(minutes=5))
    link = DocumentLink.objects.get(appointment=booked)
    request = DocumentRequest.objects.filter(appointment=booked).first()
    assert request
    assert client.post(f"{address(link)}/{request.pk}", {"file": photo()}).status_code == 302
    received = all_received().get()
    assert (received.sent_as, received.link) == ("holder", link)
    assert not sees(holder, received)
    assert [one.files for one in requests_of(holder) if one.pk == request.pk] == [[]]
    withdraw_authorisation(appointment=Appointment.objects.get(pk=booked.pk), by=alice)
    assert client.get(address(link)).status_code == 410


def test_the_link_of_a_minors_booker_sends_until_majority(
    rule: None, client: Client, book_for: BookFixture, holder: User, leo: Patient
) -> None:
    booked = book_for(leo, holder=holder, booked_for=BookedFor.MINOR_RELATIVE)
    send_due()
    link = DocumentLink.objects.get(appointment=booked)
    first, second = DocumentRequest.objects.filter(appointment=booked)
    assert client.post(f"{address(link)}/{first.pk}", {"file": photo()}).status_code == 302
    assert sees(holder, all_received().get())
    Patient.objects.filter(pk=leo.pk).update(birth_date="1990-01-01")
    assert client.post(f"{address(link)}/{second.pk}", {"file": photo()}).status_code == 410
    assert not sees(holder, all_received().get())


def test_a_link_that_closes_while_a_file_is_checked_sends_nothing(
    rule: None, alice: User, receive: Callable[..., Any]
) -> None:
    link, request = DocumentLink.objects.get(), DocumentRequest.objects.first()
    assert request
    revoke_link(link=link, by=alice)
    with pytest.raises(DocumentRequest.DoesNotExist):
        send_files(request=request, intakes=[receive()], by=link)
