"""Staff read a shared document in the page: pictures of its pages, a line of the trail, no reading by the patient."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from appointments.history import history_of
from appointments.models import Appointment
from documents.models import Category, DocumentReading, SharedDocument
from documents.sharing.replacing import replace_document
from documents.sharing.share import share_upload
from files.intake import Intake
from tests.markup import page_text

SignIn = Callable[[User], Client]


@pytest.fixture
def document(
    appointment: Appointment, bob: User, prescription: Category, receive: Callable[..., Intake]
) -> SharedDocument:
    return share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob
    )


def test_opening_is_a_line_of_the_trail_and_no_reading_by_the_patient(
    document: SharedDocument, rita: User, sign_in: SignIn
) -> None:
    browser, page = sign_in(rita), f"/pro/documents/{document.pk}/"
    picture = f"{page}opened/1/"
    assert browser.get(picture).status_code == 404  # not before it is opened
    assert "Ouvrir le document" in page_text(browser.get(page))
    assert not DocumentReading.objects.exists()  # a GET reads nothing
    assert browser.post(f"{page}open/")["Location"] == page
    shown = browser.get(page)
    drawn = re.findall(r'src="([^"]*/opened/1/[^"]*)"', shown.content.decode())
    assert browser.get(drawn[0])["Content-Type"].startswith("image/")
    document.refresh_from_db()
    assert document.first_read_at is None
    reading = DocumentReading.objects.get()
    assert (reading.reader, reading.as_staff, reading.means) == (rita, True, "viewed")
    last = history_of(document.appointment)[0]
    assert (last.action, last.actor_id, last.detail["means"]) == ("document.consulted", rita.pk, "viewed")
    assert "Pas encore lu" in page_text(shown)


def test_the_row_shows_the_pages_in_place_and_holds_the_rest_in_one_menu(
    document: SharedDocument, bob: User, sign_in: SignIn
) -> None:
    browser = sign_in(bob)
    panel = page_text(browser.get(f"/pro/appointments/{document.appointment_id}/"))
    row = panel[panel.index(f'data-document="{document.pk}"') :]
    row = row[: row.index("</li>")]
    outside, menu = row.split("<details", 1)
    assert outside.count("<button") == 1
    assert [word for word in ("Télécharger", "Remplacer", "Retirer") if word not in menu] == []
    part = browser.post(f"/pro/documents/{document.pk}/open/", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    assert f"/pro/documents/{document.pk}/opened/1/" in part.content.decode()


def test_a_file_that_was_replaced_since_is_not_open(
    document: SharedDocument, bob: User, sign_in: SignIn, receive: Callable[..., Intake]
) -> None:
    browser = sign_in(bob)
    browser.post(f"/pro/documents/{document.pk}/open/")
    replace_document(document=document, intake=receive(name="autre.pdf"), placement=None, by=bob)
    assert browser.get(f"/pro/documents/{document.pk}/opened/1/").status_code == 404


def test_another_practice_opens_nothing(document: SharedDocument, charlie: User, sign_in: SignIn) -> None:
    browser = sign_in(charlie)
    assert browser.post(f"/pro/documents/{document.pk}/open/").status_code == 404
    assert browser.get(f"/pro/documents/{document.pk}/").status_code == 404
    assert not DocumentReading.objects.exists()
