"""What a patient sees, opens and downloads, and nobody else does."""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.models import Appointment, BookedFor
from audit.models import AuditEvent
from documents.models import Category, DocumentReading, SharedDocument
from documents.sharing.share import share_upload
from files import preview
from files.intake import Intake
from patients.models import Patient, RecordTie, Relationship
from practices.models import Practice
from tests.conftest import BookFixture
from tests.documents.conftest import PDF

Receive = Callable[..., Intake]


@pytest.fixture
def document(appointment: Appointment, bob: User, prescription: Category, receive: Receive) -> SharedDocument:
    return share_upload(
        appointment=appointment,
        intake=receive(name='"><img src=x onerror=alert(1)>.pdf'),
        category=prescription,
        title='"><img src=x onerror=alert(1)>',
        placement=None,
        by=bob,
    )


@pytest.fixture
def marie_herself(marie: Patient) -> User:
    user = User.objects.create_user("marie.durand@courriel.example", "une-phrase-de-passe", first_name="Marie")
    RecordTie.objects.create(
        user=user,
        patient=marie,
        relationship=Relationship.SELF,
        proved_email=user.email,
        proved_mobile="+33612345678",
    )
    return user


def ways(document: SharedDocument) -> list[tuple[str, str]]:
    address = f"/documents/{document.pk}/"
    return [
        ("get", address),
        ("post", f"{address}open/"),
        ("get", f"{address}pages/1/"),
        ("post", f"{address}download/"),
    ]


def test_the_list_shows_it_as_new_then_as_read(
    document: SharedDocument, marie_herself: User, sign_in: Callable[[User], Client]
) -> None:
    browser = sign_in(marie_herself)
    page = browser.get("/documents/").content.decode()
    assert "Nouveau" in page
    assert "Non signé" in page
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    opened = browser.post(f"/documents/{document.pk}/open/", follow=True)
    assert opened.status_code == 200
    assert "Texte de la page 1" in opened.content.decode()
    assert "Nouveau" not in browser.get("/documents/").content.decode()
    picture = browser.get(f"/documents/{document.pk}/pages/1/")
    assert (picture["Content-Type"], picture.content[:4]) == ("image/png", preview.PNG[:4])
    assert picture["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize("count", [1, 60])
def test_the_list_asks_five_questions_however_long_it_is(
    count: int,
    document: SharedDocument,
    marie_herself: User,
    sign_in: Callable[[User], Client],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(count - 1):
        document.pk = uuid.uuid4()
        document.save(force_insert=True)
    browser = sign_in(marie_herself)
    browser.get("/documents/")
    with django_assert_max_num_queries(5):
        page = browser.get("/documents/").content.decode()
    assert page.count('class="document-card') == min(count, 50)


def test_the_download_is_the_document_and_nothing_runs_it(
    document: SharedDocument, marie_herself: User, sign_in: Callable[[User], Client]
) -> None:
    answer: Any = sign_in(marie_herself).post(f"/documents/{document.pk}/download/")
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Content-Disposition"].startswith("attachment")
    assert DocumentReading.objects.get().means == "downloaded"


def test_no_get_reads_or_changes_anything(
    document: SharedDocument, marie_herself: User, sign_in: Callable[[User], Client]
) -> None:
    browser = sign_in(marie_herself)
    before = (DocumentReading.objects.count(), AuditEvent.objects.count(), SharedDocument.objects.values().get())
    for _verb, address in ways(document):
        browser.get(address)
    for address in ("/documents/", "/documents/zip/", "/my-account/", "/"):
        browser.get(address)
    assert (
        DocumentReading.objects.count(),
        AuditEvent.objects.count(),
        SharedDocument.objects.values().get(),
    ) == before


def test_the_zip_holds_mine_and_only_mine(
    document: SharedDocument,
    marie_herself: User,
    hugo: User,
    sign_in: Callable[[User], Client],
    appointment: Appointment,
    bob: User,
    prescription: Category,
    receive: Receive,
) -> None:
    share_upload(appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob)
    share_upload(appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob)
    answer: Any = sign_in(marie_herself).post("/documents/zip/")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert archive.testzip() is None
    assert len(set(archive.namelist())) == 3
    assert all("/" not in name and ".." not in name for name in archive.namelist())
    assert {archive.read(name) for name in archive.namelist()} == {PDF}
    assert sign_in(hugo).post("/documents/zip/")["Location"] == "/documents/"


def test_nobody_else_finds_it_by_any_way(
    document: SharedDocument,
    hugo: User,
    charlie: User,
    alice: User,
    stranger: Patient,
    sign_in: Callable[[User], Client],
) -> None:
    """Another patient, a stranger, and also staff, who read in their own portal."""
    RecordTie.objects.create(
        user=hugo, patient=stranger, relationship=Relationship.SELF, proved_email="x@y.fr", proved_mobile="+33"
    )
    for user in (hugo, charlie, alice):
        browser = sign_in(user)
        for verb, address in ways(document):
            assert getattr(browser, verb)(address).status_code == 404, (user, address)
        assert str(document.pk) not in browser.get("/documents/").content.decode()
    for verb, address in ways(document):
        answer = getattr(Client(), verb)(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/login/")
    assert not DocumentReading.objects.exists()


def test_a_childs_documents_stand_under_their_own_heading(
    practice: Practice,
    hugo: User,
    bob: User,
    book_for: BookFixture,
    prescription: Category,
    receive: Receive,
    sign_in: Callable[[User], Client],
) -> None:
    leo = Patient.objects.create(practice=practice, first_name="Léo", last_name="Martin", birth_date=date(2018, 1, 1))
    share_upload(
        appointment=book_for(leo, holder=hugo, booked_for=BookedFor.MINOR_RELATIVE),
        intake=receive(),
        category=prescription,
        title="Certificat",
        placement=None,
        by=bob,
    )
    page = sign_in(hugo).get("/documents/").content.decode()
    assert "Documents de Léo" in page
    assert "Vos documents" not in page


def test_the_patient_sees_each_reading_by_anyone(
    document: SharedDocument, marie_herself: User, bob: User, sign_in: Callable[[User], Client]
) -> None:
    sign_in(bob).post(f"/pro/documents/{document.pk}/download/")
    page = sign_in(marie_herself).get(f"/documents/{document.pk}/").content.decode()
    assert "Bob Petit" in page
    document.refresh_from_db()
    assert document.first_read_at is None


def test_empty_is_a_sentence(hugo: User, sign_in: Callable[[User], Client]) -> None:
    assert "Aucun document pour l’instant" in sign_in(hugo).get("/documents/").content.decode()


def test_a_picture_is_kept_by_the_browser_of_its_session_alone(
    document: SharedDocument, marie_herself: User, sign_in: Callable[[User], Client]
) -> None:
    browser, another = sign_in(marie_herself), sign_in(marie_herself)
    for one in (browser, another):
        one.post(f"/documents/{document.pk}/open/")
    page = browser.get(f"/documents/{document.pk}/")
    assert "no-store" in page["Cache-Control"]
    found = re.search(rf'src="(/documents/{document.pk}/pages/1/\?s=\w+)"', page.content.decode())
    assert found
    picture = browser.get(found[1])
    assert picture["Cache-Control"] == "private, max-age=600"
    assert "Cookie" in picture["Vary"]
    assert len(picture.content) <= 40_000
    again = browser.get(found[1], headers={"If-None-Match": picture["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert another.get(found[1]).status_code == 404  # another session, even of the same person
    assert "no-store" in browser.get(found[1].partition("?")[0])["Cache-Control"]

    RecordTie.objects.all().delete()  # an access that ended
    assert browser.get(found[1], headers={"If-None-Match": picture["ETag"]}).status_code == 404
    assert Client().get(found[1], headers={"If-None-Match": picture["ETag"]}).status_code == 302
