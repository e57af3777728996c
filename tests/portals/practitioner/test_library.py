"""The pages of the library: cards, versions, archive, and the editor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.test import Client

from accounts.models import User
from documents.library.catalogue import import_version
from documents.models import AutoSend, Category, LibraryDocument
from documents.sending.rules import RuleContent, save_rule
from documents.sharing.share import share_upload
from files.intake import Intake, accept
from patients.models import Patient
from portals.practitioner import library_import
from practices.models import Practice
from practices.roles import NotAllowed
from tests.conftest import BookFixture
from tests.documents.conftest import *  # noqa: F403  # a document of the library
from tests.documents.conftest import PDF
from tests.markup import one_line, page_text

SignIn = Callable[[User], Client]


def test_cards_are_searched_and_filtered(sign_in: SignIn, bob: User, access_plan: LibraryDocument) -> None:
    client = sign_in(bob)
    assert "Plan d’accès" in page_text(client.get("/pro/library/"))
    assert "Plan d’accès" in page_text(client.get("/pro/library/?q=plan&category=information"))
    assert "Aucun document ne correspond" in page_text(client.get("/pro/library/?category=prescription"))
    LibraryDocument.objects.filter(pk=access_plan.pk).update(title="Plan d’accès 2026")
    for year in ("2026", "٢٠٢٦", "２０２６"):
        assert "Plan d’accès 2026" in page_text(client.get("/pro/library/", {"q": year}))
    for words in ("acces", "plan d'acces", "ACCÈS plan", "acce\u0300s", "d acces"):
        assert "Plan d’accès" in page_text(client.get("/pro/library/", {"q": words})), words
    for words in ("accessoire", "plan bleu", "?"):
        assert "Aucun document ne correspond" in page_text(client.get("/pro/library/", {"q": words})), words
    assert "Importer" not in page_text(client.get("/pro/library/"))
    image = client.get(f"/pro/library/{access_plan.pk}/thumbnail/")
    assert image["Content-Type"] == "image/png"
    assert "no-store" in image["Cache-Control"]


def test_the_first_page_and_old_versions_are_the_practices_alone(
    sign_in: SignIn, charlie: User, bob: User, carol: User, access_plan: LibraryDocument, receive: Callable[..., Any]
) -> None:
    import_version(document=access_plan, intake=receive(PDF + b"\n", name="plan.pdf"), by=carol)
    second, first = access_plan.versions.all()
    page = page_text(sign_in(bob).get(f"/pro/library/{access_plan.pk}/"))
    assert "Version 2" in page
    assert "Version 1" in page
    assert b"".join(sign_in(bob).get(f"/pro/library/versions/{first.pk}/content/")) == PDF
    assert b"".join(sign_in(bob).get(f"/pro/library/versions/{second.pk}/content/")) == PDF + b"\n"
    for address in (
        *("", "thumbnail/", "picture/", "content/", "archive/"),
        f"../versions/{first.pk}/content/",
    ):
        assert sign_in(charlie).get(f"/pro/library/{access_plan.pk}/{address}").status_code == 404, address


def test_a_new_version_and_a_new_title(sign_in: SignIn, carol: User, bob: User, access_plan: LibraryDocument) -> None:
    address = f"/pro/library/{access_plan.pk}/"
    client = sign_in(carol)
    bad = client.post(address, {"version": "1", "file": SimpleUploadedFile("x.pdf", b"<html>")})
    assert bad.status_code == 400
    assert "x.pdf" in page_text(bad)
    client.post(address, {"version": "1", "file": SimpleUploadedFile("plan.pdf", PDF + b"\n")})
    assert client.post(address, {"title": "", "category": "information"}).status_code == 400
    client.post(address, {"title": "Venir au cabinet", "category": "information"})
    access_plan.refresh_from_db()
    assert (access_plan.title, access_plan.versions.count()) == ("Venir au cabinet", 2)
    assert sign_in(bob).post(address, {"title": "Autre", "category": "information"}).status_code == 403


def test_archiving_says_which_rules_stop_and_can_be_undone(
    sign_in: SignIn, carol: User, access_plan: LibraryDocument, book_for: BookFixture, marie: Patient
) -> None:
    rule = RuleContent(name="Plan pour tous", documents=[access_plan])
    save_rule(practice=access_plan.practice, content=rule, by=carol)
    book_for(marie)
    client, address = sign_in(carol), f"/pro/library/{access_plan.pk}/"
    assert "utilisé par une règle" in page_text(client.get("/pro/library/"))
    asked = page_text(client.get(f"{address}archive/"))
    assert "Plan pour tous" in asked
    assert "Un envoi déjà prévu sera annulé" in asked
    access_plan.refresh_from_db()
    assert access_plan.archived_at is None
    client.post(f"{address}archive/")
    assert AutoSend.objects.get().state == "cancelled"
    client.get("/pro/library/")  # shows the message of success
    assert "Plan d’accès" not in page_text(client.get("/pro/library/"))
    assert "Plan d’accès" in page_text(client.get("/pro/library/?archived=1"))
    client.post(f"{address}unarchive/")
    assert "Plan d’accès" in page_text(client.get("/pro/library/"))


def test_an_administrator_writes_a_document_and_sees_it_first(
    sign_in: SignIn, carol: User, bob: User, practice: Practice
) -> None:
    client = sign_in(carol)
    asked = {"title": "Venue", "category": "information", "body": "<p>Bonjour {{ patient_name }}</p>"}
    seen = client.post("/pro/library/preview/", asked)
    assert seen.content.startswith(b"%PDF")
    wrong = client.post("/pro/library/preview/", asked | {"body": "<p>{{ nom }}</p>"})
    assert (wrong.status_code, "« nom »" in wrong.content.decode().replace("\u00a0", " ")) == (400, True)
    again = client.post("/pro/library/write/", asked | {"body": "<p>{{ nom }}</p>"})
    assert again.status_code == 400
    assert "{{ nom }}" in again.content.decode()
    assert not LibraryDocument.objects.exists()
    saved = client.post("/pro/library/write/", asked)
    document = LibraryDocument.objects.get()
    address = f"/pro/library/{document.pk}/"
    assert saved["Location"] == f"{address}?saved=1"
    assert "chaque patient reçoit le sien" in page_text(client.get(saved["Location"]))
    body = client.get(f"{address}write/").context["form"]["body"].value()
    client.post(f"{address}write/", asked | {"body": body + "<p>Merci</p>"})
    client.post(f"{address}write/", asked | {"body": body + "<p>Merci</p>"})
    assert document.versions.count() == 2
    for address in ("write/", "preview/", f"{document.pk}/write/"):
        assert sign_in(bob).post(f"/pro/library/{address}", asked).status_code == 403


def test_files_come_one_by_one_and_a_refused_one_stops_no_other(
    sign_in: SignIn, carol: User, bob: User, practice: Practice
) -> None:
    """As the page's script does; a file sent again after a lost answer is the same document."""
    client = sign_in(carol)

    def send(name: str, content: bytes, key: str) -> Any:
        return client.post(
            "/pro/library/",
            {"files": SimpleUploadedFile(name, content), "category": "consent"},
            headers={"X-Requested-With": "card", "Idempotency-Key": key},
        )

    refused = send("abime.pdf", b"<html>", "1")
    assert refused.status_code == 400
    assert "abime.pdf" in page_text(refused)
    made, again = send("plan.pdf", PDF, "2"), send("plan.pdf", PDF, "2")
    document = LibraryDocument.objects.get()
    for answer in (made, again):
        assert answer.status_code == 201
        assert f"/pro/library/{document.pk}/" in page_text(answer)
    assert (document.title, document.category_id) == ("Plan", "consent")
    assert sign_in(bob).post("/pro/library/", {}, headers={"X-Requested-With": "card"}).status_code == 403


def test_a_file_sent_twice_at_once_is_one_document(
    sign_in: SignIn, carol: User, practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow connection: the script retries while the first request is still being processed."""
    client = sign_in(carol)
    answers: list[Any] = []

    def send() -> Any:
        return client.post(
            "/pro/library/",
            {"files": SimpleUploadedFile("plan.pdf", PDF), "category": "consent"},
            headers={"X-Requested-With": "card", "Idempotency-Key": "1"},
        )

    def slowly(file: UploadedFile[Any] | None) -> Intake:
        if not answers:
            answers.append(None)
            answers[0] = send()
        return accept(file)

    monkeypatch.setattr(library_import, "accept", slowly)
    answers.append(send())
    assert [answer.status_code for answer in answers] == [201, 201]
    assert LibraryDocument.objects.get().versions.count() == 1


def test_without_a_script_several_files_go_by_one_form(sign_in: SignIn, carol: User, practice: Practice) -> None:
    files = [SimpleUploadedFile("abime.pdf", b"<html>"), SimpleUploadedFile("plan.pdf", PDF)]
    answer = sign_in(carol).post("/pro/library/", {"files": files, "category": "consent"})
    assert answer.status_code == 400
    page = page_text(answer)
    assert "abime.pdf" in page
    assert "Plan » est dans la bibliothèque" in page
    assert '<option value="consent" selected>' in one_line(page)
    nothing = sign_in(carol).post("/pro/library/", {"category": "information"})
    assert "Aucun fichier n’a été choisi" in page_text(nothing)


def test_a_version_by_somebody_who_may_not_write_leaves_no_file_behind(
    access_plan: LibraryDocument, bob: User, receive: Callable[..., Intake]
) -> None:
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    before = set(folder.iterdir())
    with pytest.raises(NotAllowed):
        import_version(document=access_plan, intake=receive(), by=bob)
    assert set(folder.iterdir()) == before


def test_what_was_uploaded_from_an_appointment_is_never_in_the_library(
    sign_in: SignIn, carol: User, alice: User, book_for: BookFixture, marie: Patient, receive: Callable[..., Any]
) -> None:
    share_upload(
        appointment=book_for(marie), intake=receive(), category=Category.objects.get(code="prescription"),
        title="Ordonnance de Marie", placement=None, by=alice,
    )  # fmt: skip
    assert "La bibliothèque est vide" in page_text(sign_in(carol).get("/pro/library/"))
    assert not LibraryDocument.objects.exists()


@pytest.mark.parametrize("who", ["bob", "rita"])
def test_others_than_administrators_look_and_change_nothing(
    who: str, request: pytest.FixtureRequest, sign_in: SignIn, access_plan: LibraryDocument
) -> None:
    client, address = sign_in(request.getfixturevalue(who)), f"/pro/library/{access_plan.pk}/"
    for page in ("/pro/library/", address):
        shown = page_text(client.get(page))
        assert "Plan d’accès" in shown
        for word in ("Importer", "Rédiger", "Archiver", "Enregistrer"):
            assert word not in shown
    for change in (address, f"{address}archive/", f"{address}unarchive/", f"{address}write/"):
        assert client.post(change, {"title": "x", "category": "information", "body": "<p>x</p>"}).status_code == 403
