"""The pages where a person requests their archive and closes their account."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from personal_data.data_exports import make_next
from personal_data.models import DataExport
from tests.conftest import PASSWORD
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE, DOWNLOAD, CLOSE = "/my-account/data/", "/my-account/data/download/", "/my-account/close/"


@pytest.fixture
def client_of_hugo(hugo: User, sign_in: SignIn) -> Client:
    """Signed in, and again just now."""
    client = sign_in(hugo)
    answer = client.get(PAGE)
    client.post(answer["Location"], {"password": PASSWORD, "next": PAGE})
    return client


@pytest.mark.parametrize("address", [PAGE, CLOSE])
def test_each_page_asks_who_it_is_once_more(hugo: User, sign_in: SignIn, address: str) -> None:
    client = sign_in(hugo)
    for answer in (client.get(address), client.post(address)):
        assert answer["Location"].startswith("/account/reauthenticate/")
    hugo.refresh_from_db()
    assert hugo.is_active
    assert not DataExport.objects.exists()


def test_request_wait_download(client_of_hugo: Client, hugo: User) -> None:
    assert "Demander mon archive" in client_of_hugo.get(PAGE).content.decode()
    asked = client_of_hugo.post(PAGE, follow=True).content.decode()
    assert "Un e-mail vous prévient" in asked
    assert "Demander" not in asked.split("<main")[1]
    assert make_next()
    ready = one_line(client_of_hugo.get(PAGE).content.decode())
    assert "Votre archive est prête" in ready
    answer = client_of_hugo.post(DOWNLOAD)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith("attachment; filename")
    assert answer["Cache-Control"] == "no-store, private"
    content = answer.getvalue()
    assert "bundle.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_an_archive_that_is_not_there_says_what_to_do(client_of_hugo: Client) -> None:
    answer = client_of_hugo.post(DOWNLOAD, follow=True)
    assert "Demandez-en une nouvelle" in answer.content.decode()


def test_closing_signs_out_and_nobody_signs_in_again(client_of_hugo: Client, hugo: User) -> None:
    page = client_of_hugo.get(CLOSE).content.decode()
    assert "Cela ne peut pas être annulé" in page
    answer = client_of_hugo.post(CLOSE, follow=True)
    assert "Votre compte est fermé" in answer.content.decode()
    assert client_of_hugo.get("/documents/").status_code == 302
    again = Client().post("/account/login/", {"login": hugo.email, "password": PASSWORD})
    assert again.status_code == 200
    hugo.refresh_from_db()
    assert not hugo.is_active


def test_closing_answers_in_the_language_of_the_page_that_follows(client_of_hugo: Client, hugo: User) -> None:
    User.objects.filter(pk=hugo.pk).update(language="en")
    answer = client_of_hugo.post(CLOSE, follow=True, headers={"accept-language": "fr"})
    assert '<html lang="fr"' in answer.content.decode()
    assert "Votre compte est fermé" in answer.content.decode()


def test_staff_are_refused_on_the_page_and_by_the_form(alice: User, sign_in: SignIn) -> None:
    client = sign_in(alice)
    client.post(client.get(CLOSE)["Location"], {"password": PASSWORD, "next": CLOSE})
    page = client.get(CLOSE).content.decode()
    assert "travaille pour un cabinet" in page
    assert "Oui, fermer mon compte" not in page
    assert "travaille pour un cabinet" in client.post(CLOSE, follow=True).content.decode()
    alice.refresh_from_db()
    assert alice.is_active
