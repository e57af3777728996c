"""Files in pieces through the pages: of an account, unasked, and by a link; and the form that sends them."""

from __future__ import annotations

import errno
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.test import Client

from accounts.models import User
from appointments.models import Appointment
from documents.models import DocumentLink, DocumentRequest, PartialUpload, ReceivedDocument
from documents.sending.autosend import send_due
from documents.sending.links import link_url, revoke_link
from documents.sending.rules import Asks, RuleContent, save_rule
from files import pieces
from files.limits import MAX_BYTES
from portals.public import link_requests
from practices.models import Practice
from practices.unasked import take_unasked
from tests.conftest import PDF
from tests.documents.receiving.conftest import *  # noqa: F403  # a request
from tests.documents.receiving.conftest import Ask
from tests.scanner import Clamd

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def begin(browser: Client, address: str, **other: object) -> Any:
    given = {"name": "Ordonnance.pdf", "size": len(PDF), "fingerprint": "a"} | other
    return browser.post(f"{address}pieces/", given)


def add(browser: Client, address: str, upload: str, content: bytes, offset: object) -> Any:
    return browser.patch(
        f"{address}pieces/?upload={upload}",
        content,
        content_type="application/offset+octet-stream",
        headers={"Upload-Offset": str(offset)},
    )


def uploaded(browser: Client, address: str, content: bytes = PDF) -> str:
    upload: str = begin(browser, address, size=len(content)).json()["id"]
    for start in range(0, len(content), pieces.LARGEST):
        answer = add(browser, address, upload, content[start : start + pieces.LARGEST], start)
        assert answer.status_code == 204
    return upload


def send(browser: Client, address: str, *uploads: str, form: uuid.UUID | None = None) -> Any:
    return browser.post(
        address,
        {"sending": str(form or uuid.uuid4()), "upload": uploads},
        headers={"X-Requested-With": "pieces"},
    )


@pytest.fixture
def address(appointment: Appointment, ask_for: Ask) -> str:
    return f"/requests/{ask_for(appointment).pk}/"


@pytest.fixture
def browser(maries_account: User, sign_in: SignIn) -> Client:
    return sign_in(maries_account)


def test_a_file_is_uploaded_and_sent_and_its_form_sent_again_sends_once(address: str, browser: Client) -> None:
    assert f"{address}pieces/" in browser.get(address).content.decode()
    begun = begin(browser, address)
    assert (begun.status_code, begun.json()["offset"]) == (201, 0)
    upload = begun.json()["id"]
    first = add(browser, address, upload, PDF[:500], 0)
    assert (first.status_code, first["Upload-Offset"]) == (204, "500")
    assert add(browser, address, upload, PDF[:500], 0).status_code == 204  # its answer was lost
    other = add(browser, address, upload, PDF[200:900], 200)
    assert (other.status_code, other["Upload-Offset"]) == (409, "500")
    assert begin(browser, address).json() == {"id": upload, "offset": 500}  # the page was loaded again
    assert add(browser, address, upload, PDF[500:], 500).status_code == 204
    form = uuid.uuid4()
    for other in (form, form, uuid.uuid4()):  # its answer was lost; then from another tab
        answer = send(browser, address, upload, form=other)
        assert (answer.status_code, answer["Location"]) == (201, address)
    assert ReceivedDocument.objects.get().name == "Ordonnance.pdf"
    assert "1 document est envoyé" in browser.get(address).content.decode()


def test_what_does_not_fit_is_refused_with_a_sentence_and_nothing_is_read(address: str, browser: Client) -> None:
    large = begin(browser, address, size=MAX_BYTES + 1)
    assert (large.status_code, "La limite est de 50" in large.content.decode()) == (413, True)
    assert begin(browser, address, size="x").status_code == 400
    upload = begin(browser, address).json()["id"]
    assert add(browser, address, upload, b"x" * (pieces.LARGEST + 1), 0).status_code == 400
    assert add(browser, address, upload, PDF, "-1").status_code == 400
    assert add(browser, address, "nonsense", PDF, 0).status_code == 400
    assert add(browser, address, str(uuid.uuid4()), PDF, 0).status_code == 410
    refused = send(browser, address, upload)  # half of it is there
    assert (refused.status_code, "n’est plus complet" in refused.content.decode()) == (400, True)
    bad = uploaded(browser, address, b"no document")
    assert "field-error" in send(browser, address, bad).content.decode()
    assert not PartialUpload.objects.filter(pk=bad).exists()
    assert not ReceivedDocument.objects.exists()


def test_strangers_reach_nobodys_pieces(
    address: str, browser: Client, hugo: User, alice: User, sign_in: SignIn
) -> None:
    upload = begin(browser, address).json()["id"]
    for other in (hugo, alice):
        stranger = sign_in(other)
        assert begin(stranger, address).status_code == 404
        assert add(stranger, address, upload, PDF, 0).status_code == 404
        assert send(stranger, address, upload).status_code == 404
    ended = Client().post(f"{address}pieces/", headers={"X-Requested-With": "pieces"})
    assert (ended.status_code, ended["Session-Ended"]) == (401, "1")
    assert PartialUpload.objects.get().offset == 0


def test_unasked_files_come_in_pieces_too(
    appointment: Appointment, practice: Practice, carol: User, browser: Client
) -> None:
    address = f"/my-appointments/{appointment.pk}/files/"
    assert begin(browser, address).status_code == 404
    take_unasked(practice=practice, takes=True, by=carol)
    upload = uploaded(browser, address)
    assert send(browser, address, upload)["Location"] == address
    assert ReceivedDocument.objects.get().request is None


class ByLink:
    """The addresses of a link end without a stroke."""

    def __init__(self, link: DocumentLink, request: DocumentRequest) -> None:
        path = re.sub(r"^https?://[^/]+", "", link_url(link))
        self.page = f"{path}/{request.pk}"

    def begin(self, browser: Client) -> Any:
        given = {"name": "Ordonnance.pdf", "size": len(PDF), "fingerprint": "a"}
        return browser.post(f"{self.page}/pieces", given)

    def add(self, browser: Client, upload: str) -> Any:
        headers = {"Upload-Offset": "0"}
        address = f"{self.page}/pieces?upload={upload}"
        return browser.patch(address, PDF, content_type="application/offset+octet-stream", headers=headers)


@pytest.fixture
def by_link(carol: User, appointment: Appointment) -> ByLink:
    content = RuleContent(name="Avant", documents=[], questions=[Asks("Ordonnance")])
    save_rule(practice=appointment.practice, content=content, by=carol, to_booked=True)
    send_due()
    return ByLink(DocumentLink.objects.get(), DocumentRequest.objects.get())


def test_a_link_uploads_for_what_it_asks_until_it_closes(
    by_link: ByLink, client: Client, alice: User, appointment: Appointment, browser: Client
) -> None:
    upload = by_link.begin(client).json()["id"]
    assert begin(browser, f"/requests/{DocumentRequest.objects.get().pk}/").json()["id"] != upload  # an account's own
    foreign = DocumentLink.objects.create(appointment=appointment, email=appointment.patient.email)
    assert ByLink(foreign, DocumentRequest.objects.get()).add(client, upload).status_code == 404
    assert by_link.add(client, upload).status_code == 204
    sent = send(client, by_link.page, upload)
    assert (sent.status_code, sent["Location"]) == (201, by_link.page)
    assert ReceivedDocument.objects.get().link is not None
    other = by_link.begin(client).json()["id"]
    revoke_link(link=DocumentLink.objects.exclude(pk=foreign.pk).get(), by=alice)
    assert by_link.add(client, other).status_code == 410
    assert by_link.begin(client).status_code == 410


def test_pieces_from_one_address_are_counted(
    by_link: ByLink, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_requests, "PIECES_A_MINUTE", 1)
    assert by_link.begin(client).status_code == 201
    refused = by_link.begin(client)
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")


@pytest.fixture
def clamd() -> Iterator[Clamd]:
    """Written, and not started."""
    with TemporaryDirectory(prefix="clamd-", dir="/tmp") as folder:  # short, for a unix socket
        scanner = Clamd(Path(folder))
        scanner.write_settings()
        yield scanner
        scanner.stop()


def test_while_the_scanner_is_away_nothing_is_lost_and_the_same_form_succeeds_after_it(
    address: str, browser: Client, clamd: Clamd, settings: Any
) -> None:
    settings.CLAMD_URL = clamd.url
    upload, form = uploaded(browser, address), uuid.uuid4()
    away = send(browser, address, upload, form=form)
    assert (away.status_code, int(away["Retry-After"]) > 0) == (503, True)
    assert "L’antivirus ne répond pas" in away.content.decode()
    assert PartialUpload.objects.get().is_complete
    assert not ReceivedDocument.objects.exists()
    clamd.start()
    assert send(browser, address, upload, form=form).status_code == 201
    assert ReceivedDocument.objects.count() == 1


def test_on_a_full_disk_a_piece_is_refused_and_the_upload_goes_on_once_there_is_room(
    address: str, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(browser, address).json()["id"]
    assert add(browser, address, upload, PDF[:500], 0).status_code == 204

    def full(*_arguments: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    browser.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStorage, "_save", full)
        assert add(browser, address, upload, PDF[500:], 500).status_code == 507
        assert begin(browser, address).json() == {"id": upload, "offset": 500}
    assert add(browser, address, upload, PDF[500:], 500).status_code == 204
    assert send(browser, address, upload).status_code == 201
