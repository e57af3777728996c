"""The page where an administrator requests and downloads the archive of a practice."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from audit.models import AuditEvent
from personal_data.models import PracticeExport
from personal_data.practice_exports import make_next
from practices.models import Membership, Practice
from tests.conftest import PASSWORD
from tests.markup import one_line

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGE = "/pro/settings/archive/"


def signed_in_again(user: User, sign_in: SignIn) -> Client:
    client = sign_in(user)
    answer = client.get("/my-account/data/")
    client.post(answer["Location"], {"password": PASSWORD, "next": PAGE})
    return client


@pytest.fixture
def ready(practice: Practice, carol: User, sign_in: SignIn) -> PracticeExport:
    assert signed_in_again(carol, sign_in).post(PAGE).status_code == 302
    assert make_next()
    return PracticeExport.objects.get()


def download(archive: PracticeExport) -> str:
    return f"{PAGE}{archive.pk}/download/"


def test_it_asks_who_it_is_once_more(practice: Practice, carol: User, sign_in: SignIn) -> None:
    client = sign_in(carol)
    for answer in (client.get(PAGE), client.post(PAGE)):
        assert answer["Location"].startswith("/account/reauthenticate/")
    assert not PracticeExport.objects.exists()


def test_the_download_asks_once_more(ready: PracticeExport, carol: User, sign_in: SignIn) -> None:
    assert sign_in(carol).post(download(ready))["Location"].startswith("/account/reauthenticate/")
    assert not AuditEvent.objects.filter(action="practice.export_downloaded").exists()


def test_request_wait_download(practice: Practice, carol: User, sign_in: SignIn) -> None:
    client = signed_in_again(carol, sign_in)
    assert "Demander l’archive" in client.get(PAGE).content.decode()
    asked = client.post(PAGE, {"practice": str(practice.pk)}, follow=True).content.decode()
    assert "L’archive se prépare" in asked
    assert "Demander" not in asked.split("<main")[1]
    archive = PracticeExport.objects.get()
    assert client.post(download(archive))["Location"] == PAGE  # not ready
    PracticeExport.objects.update(copied=3, documents=12)
    assert 'value="25"' in one_line(client.get(PAGE).content.decode())
    assert make_next()
    page = one_line(client.get(PAGE).content.decode())
    archive.refresh_from_db()
    assert archive.file
    assert archive.file.sha256 in page
    assert "prête" in one_line(client.get("/pro/settings/").content.decode())
    answer = client.post(download(archive))
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]
    names = zipfile.ZipFile(io.BytesIO(b"".join(answer))).namelist()
    assert "practice.json" in names
    assert AuditEvent.objects.get(action="practice.export_downloaded").actor_id == carol.pk


def test_for_everybody_else_it_does_not_exist(
    ready: PracticeExport, practice: Practice, alice: User, hugo: User, sign_in: SignIn
) -> None:
    """Whatever their role here, and for the administrator of another practice."""
    elsewhere = User.objects.create_user("admin@rivage.example", PASSWORD, first_name="Rose", last_name="Rivage")
    beside = Practice.objects.create(name="Cabinet du rivage")
    Membership.objects.create(user=elsewhere, practice=beside, is_admin=True)
    for user in (alice, hugo, elsewhere):
        client = signed_in_again(user, sign_in)
        assert client.post(download(ready)).status_code == 404, user
        assert client.get(download(ready)).status_code in (404, 405), user
        if user != elsewhere:
            assert client.get(PAGE).status_code == 404, user
            assert client.post(PAGE).status_code == 404, user
        assert client.post(PAGE, {"practice": str(practice.pk)}).status_code == 404, user
    assert Client().post(download(ready)).status_code in (302, 404)
    assert PracticeExport.objects.get().pk == ready.pk
