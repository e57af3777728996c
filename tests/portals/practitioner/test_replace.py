"""Replacing on the page: access of each role, cards and plain forms, and what the patient then sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from docshare.demo.letters import letter
from documents.models import Category, LibraryDocument, SharedDocument, UnreadPolicy
from documents.sharing.share import share_library_document, share_upload
from files.intake import Intake
from patients.models import Patient, RecordTie
from practices.models import Practice
from tests.conftest import make_user
from tests.markup import one_line

SignIn = Callable[[User], Client]
NEW = letter("Ordonnance", ["Ibuprofène 200 mg."], heading="Cabinet des Lilas")


@pytest.fixture
def document(
    appointment: Appointment, bob: User, prescription: Category, receive: Callable[..., Intake]
) -> SharedDocument:
    return share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="Ordonnance", placement=None, by=bob
    )


def address(document: SharedDocument) -> str:
    return f"/pro/documents/{document.pk}/replace/"


def send(browser: Client, document: SharedDocument, *, script: bool = True, **fields: Any) -> Any:
    headers: dict[str, Any] = {"headers": {"X-Requested-With": "card"}} if script else {}
    body = {"file": SimpleUploadedFile("corrigee.pdf", NEW), **fields}
    return browser.post(f"{address(document)}?instead_of={document.file_id}", body, **headers)


def test_whoever_shares_may_replace(
    document: SharedDocument, alice: User, bob: User, carol: User, sign_in: SignIn
) -> None:
    for user in (alice, bob, carol):
        page = sign_in(user).get(address(document)).content.decode()
        assert "Remplacer «\u00a0Ordonnance\u00a0»" in page
        assert f"instead_of={document.file_id}" in page
        assert "Choisir dans la bibliothèque" not in page


def test_a_card_replaces_and_becomes_its_receipt(
    document: SharedDocument, alice_signs: User, sign_in: SignIn
) -> None:
    browser = sign_in(alice_signs)
    answer = send(browser, document, sign="1", page="1", x="0.8", y="0.9")
    assert answer.status_code == 201
    assert "est remplacé" in answer.content.decode()
    replaced = SharedDocument.objects.get()
    assert (replaced.pk, replaced.title, replaced.signed_by) == (document.pk, "Ordonnance", alice_signs)
    again = send(browser, document)
    assert again.status_code == 400
    assert "déjà été remplacé" in again.content.decode()


def test_without_javascript(document: SharedDocument, bob: User, sign_in: SignIn) -> None:
    browser = sign_in(bob)
    wrong = send(browser, document, script=False, file=SimpleUploadedFile("x.pdf", b"<html>"))
    assert wrong.status_code == 400
    page = wrong.content.decode()
    assert "Il y a un problème" in page
    assert "Remplacer «" in page
    answer = send(browser, document, script=False)
    assert answer["Location"] == f"/pro/appointments/{document.appointment_id}/"
    panel = browser.get(answer["Location"]).content.decode()
    assert "est remplacé." in panel
    assert "Remplacé le" in panel


def test_the_ladder(document: SharedDocument, rita: User, charlie: User, hugo: User, sign_in: SignIn) -> None:
    assert send(sign_in(rita), document).status_code == 403
    assert sign_in(rita).get(address(document)).status_code == 403
    for user in (charlie, hugo):
        assert send(sign_in(user), document).status_code == 404
    assert Client().get(address(document))["Location"].startswith("/account/login/")
    assert sign_in(rita).put(address(document)).status_code == 405
    assert SharedDocument.objects.get().file_id == document.file_id


def test_a_document_of_the_library_says_where_it_is_changed(
    appointment: Appointment, access_plan: LibraryDocument, bob: User, sign_in: SignIn
) -> None:
    shared = share_library_document(appointment=appointment, library_document=access_plan, by=bob)
    browser = sign_in(bob)
    panel = browser.get(browser.get(address(shared))["Location"]).content.decode()
    assert "vient de la bibliothèque" in panel
    assert address(shared) not in panel


def test_the_patient_sees_that_it_was_replaced_and_opens_it_anew(
    document: SharedDocument, bob: User, marie: Patient, sign_in: SignIn
) -> None:
    account = make_user("marie.durand@courriel.example", "Marie", "Durand", mobile="+33612345678")
    RecordTie.objects.create(
        user=account, patient=marie, relationship="self", proved_email=account.email, proved_mobile="+33612345678"
    )
    browser, page = sign_in(account), f"/documents/{document.pk}/"
    browser.post(f"{page}open/")
    assert "Afficher le document" not in browser.get(page).content.decode()
    assert "Nouveau" not in browser.get("/documents/").content.decode()

    send(sign_in(bob), document)

    shown = browser.get("/documents/").content.decode()
    assert "Nouveau" in shown
    assert "Nouvelle version du" in shown
    shown = browser.get(page).content.decode()
    assert "cette version prend la place de la précédente" in shown
    assert "Afficher le document" in shown  # the patient had opened another file
    assert browser.get(f"{page}pages/1/").status_code == 404
    download = b"".join(browser.post(f"{page}download/"))
    assert download == NEW


def test_the_practice_sets_its_reminder_of_unread_documents(
    practice: Practice, carol: User, bob: User, charlie: User, sign_in: SignIn
) -> None:
    browser, where = sign_in(carol), "/pro/settings/unread/"
    assert 'name="days" value="3"' in one_line(browser.get("/pro/settings/messages/").content)
    assert browser.post(where, {"days": ""})["Location"] == "/pro/settings/messages/"
    assert UnreadPolicy.objects.get().days is None
    for wrong in ("0", "trois", "31"):
        answer = browser.post(where, {"days": wrong})
        assert answer.status_code == 400
        assert "Il y a un problème" in answer.content.decode()
        assert f'value="{wrong}"' in answer.content.decode()
    assert sign_in(bob).post(where, {"days": "1"}).status_code == 404
    assert browser.get(where).status_code == 405
    assert Client().post(where)["Location"].startswith("/account/login/")
    assert not UnreadPolicy.objects.filter(practice__name="Centre du Port").exists()
