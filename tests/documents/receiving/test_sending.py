"""Files from patients: what is stored, once, and taken back until it was seen."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import User
from appointments.booking import delete
from appointments.history import history_of
from appointments.models import Appointment
from docshare.demo.letters import letter
from documents import invariants
from documents.models import DocumentRequest, ReadingMeans, ReceivedDocument, ReceivedState, RequestState
from documents.receiving import sending
from documents.receiving.access import all_received
from documents.receiving.asking import RequestOver, cancel_request
from documents.receiving.seeing import note_seen
from documents.receiving.sending import AlreadySeen, send_files, take_back
from files import storage, sweeping
from files.intake import Intake, Refused, accept
from files.models import StoredFile
from notifications.models import Message, MessageState
from tests.conftest import PDF
from tests.documents.receiving.conftest import Ask, again

pytestmark = pytest.mark.django_db
Receive = Callable[..., Intake]
FilesInStore = Callable[[], list[Path]]


def photograph(colour: str, orientation: int = 1) -> bytes:
    """Wider than high, its left edge black; a telephone held upright turns it by its Exif."""
    image = Image.new("RGB", (400, 200), colour)
    image.paste("black", (0, 0, 40, 200))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[271] = "Appareil de Marie"
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def photos(*contents: bytes) -> list[Intake]:
    return [accept(SimpleUploadedFile(f"IMG_{number}.jpg", one)) for number, one in enumerate(contents)]


@pytest.fixture
def kept(files_in_store: Callable[[], list[Path]]) -> FilesInStore:
    """Files in storage, and temporary ones, that were not there before."""
    before = set(files_in_store())
    return lambda: [path for path in files_in_store() if path not in before]


@pytest.fixture
def request_(appointment: Appointment, ask_for: Ask) -> DocumentRequest:
    return ask_for(appointment)


def test_several_photographs_become_one_pdf_in_order_and_upright(
    request_: DocumentRequest, maries_account: User, receive: Receive, kept: FilesInStore
) -> None:
    first, scan, second = photos(photograph("red", 6)), receive(), photos(photograph("blue"))
    sent = send_files(request=request_, intakes=[*first, scan, *second], by=maries_account)
    assert [(one.name, one.page_count, one.file.media_type) for one in sent] == [
        ("2 pages.pdf", 2, "application/pdf"),
        ("ordonnance.pdf", 1, "application/pdf"),
    ]
    assert len(kept()) == 2
    with storage.local_copy(sent[0].file) as path:
        content, pdf = path.read_bytes(), pypdfium2.PdfDocument(path)
        pages = [page.render(scale=0.3).to_pil() for page in pdf]
    assert b"Appareil" not in content
    assert [page.width > page.height for page in pages] == [False, True]  # turned, and as it was
    assert pages[0].getpixel((pages[0].width // 2, 3))[:3] < (60, 60, 60)  # the black edge is on top now
    assert pages[0].getpixel((pages[0].width // 2, pages[0].height - 9))[0] > 200
    assert pages[1].getpixel((pages[1].width - 9, 9))[2] > 200
    assert again(request_).state == RequestState.RECEIVED
    assert not Message.objects.filter(topic="request", state=MessageState.QUEUED).exists()
    lines = [line for line in history_of(request_.appointment) if line.action == "document.received"]
    assert {line.actor_id for line in lines} == {maries_account.pk}
    assert list(invariants.files_are_named()) == []


def test_same_form_sent_twice_and_the_same_file_sent_again_send_once(
    request_: DocumentRequest, maries_account: User, receive: Receive
) -> None:
    form = uuid.uuid4()
    for _ in range(2):
        send_files(request=again(request_), intakes=[receive()], by=maries_account, sending=form)
    send_files(request=again(request_), intakes=[receive()], by=maries_account, sending=uuid.uuid4())
    pictures = photograph("red"), photograph("blue")
    for _ in range(2):
        send_files(request=again(request_), intakes=photos(*pictures), by=maries_account)
    assert sorted(one.name for one in ReceivedDocument.objects.all()) == ["2 pages.pdf", "ordonnance.pdf"]


def test_the_same_form_with_another_file_is_another_sending(
    request_: DocumentRequest, maries_account: User, receive: Receive
) -> None:
    form, other = uuid.uuid4(), letter("Compte rendu", ["Une autre page."], heading="Cabinet")
    for content in (PDF, other, PDF, other):
        send_files(request=again(request_), intakes=[receive(content)], by=maries_account, sending=form)
    assert len({one.file.sha256 for one in ReceivedDocument.objects.all()}) == 2
    assert ReceivedDocument.objects.count() == 2


def test_one_file_twice_in_a_form_is_sent_once(
    request_: DocumentRequest, maries_account: User, receive: Receive
) -> None:
    send_files(request=request_, intakes=[receive(), receive(name="copie.pdf")], by=maries_account)
    assert ReceivedDocument.objects.get().name == "ordonnance.pdf"


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_or_dies_between_the_last_file_and_the_commit_leaves_nothing(
    request_: DocumentRequest,
    maries_account: User,
    receive: Receive,
    kept: FilesInStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def dies(*_arguments: object, **_more: object) -> None:
        raise SystemExit

    form = uuid.uuid4()
    with monkeypatch.context() as patch:
        patch.setattr(sending, "follow_files", dies)
        with pytest.raises(SystemExit):
            send_files(
                request=request_, intakes=[receive(), *photos(photograph("red"))], by=maries_account, sending=form
            )
    assert (kept(), StoredFile.objects.count(), ReceivedDocument.objects.count()) == ([], 0, 0)
    with pytest.raises(Refused):
        send_files(request=request_, intakes=[], by=maries_account)
    send_files(request=again(request_), intakes=[receive()], by=maries_account, sending=form)
    assert (len(kept()), again(request_).state) == (1, RequestState.RECEIVED)


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_before_the_commit_leaves_orphans_alone_and_the_form_sent_again_sends_once(
    request_: DocumentRequest, maries_account: User, receive: Receive, kept: FilesInStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A killed process cleans up nothing: what would, does nothing here."""

    def dies(*_arguments: object, **_more: object) -> None:
        raise SystemExit

    form = uuid.uuid4()
    with monkeypatch.context() as patch:
        patch.setattr(sending, "follow_files", dies)
        patch.setattr(sending, "_abandon", lambda files: None)
        with pytest.raises(SystemExit):
            send_files(request=request_, intakes=[receive()], by=maries_account, sending=form)
    orphans = [path.name for path in kept()]
    assert (len(orphans), ReceivedDocument.objects.count(), again(request_).state) == (1, 0, RequestState.ASKED)
    for _ in range(2):
        (sent,) = send_files(request=again(request_), intakes=[receive()], by=maries_account, sending=form)
    assert ReceivedDocument.objects.count() == 1
    swept = {key.rpartition("/")[2] for key in sweeping.orphans(older_than=timedelta())}
    assert set(orphans) <= swept
    assert sent.file.key.rpartition("/")[2] not in swept


def test_taken_back_until_seen_by_its_sender_alone(
    request_: DocumentRequest, maries_account: User, hugo: User, bob: User, receive: Receive,
    kept: FilesInStore,
) -> None:  # fmt: skip
    (first,) = send_files(request=request_, intakes=[receive()], by=maries_account)
    with pytest.raises(ReceivedDocument.DoesNotExist):
        take_back(received=all_received().get(pk=first.pk), by=hugo)
    take_back(received=all_received().get(pk=first.pk), by=maries_account)
    assert (again(request_).state, ReceivedDocument.objects.count()) == (RequestState.ASKED, 0)
    take_back(received=first, by=maries_account)  # again: nothing is left to take back
    (second,) = send_files(request=again(request_), intakes=[receive()], by=maries_account)
    note_seen(received=all_received().get(pk=second.pk), by=bob, means=ReadingMeans.VIEWED)
    with pytest.raises(AlreadySeen):
        take_back(received=all_received().get(pk=second.pk), by=maries_account)
    assert ReceivedDocument.objects.get().state == ReceivedState.WAITING
    assert "received.taken_back" in [line.action for line in history_of(request_.appointment)]


def test_closed_request_takes_nothing_and_a_deleted_appointment_takes_all_with_it(
    request_: DocumentRequest, maries_account: User, bob: User, receive: Receive, appointment: Appointment,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]], kept: FilesInStore,
) -> None:  # fmt: skip
    send_files(request=request_, intakes=[receive()], by=maries_account)
    cancel_request(request=again(request_), by=bob)
    with pytest.raises(RequestOver):
        send_files(request=again(request_), intakes=[receive(name="b.pdf")], by=maries_account)
    with django_capture_on_commit_callbacks(execute=True):
        delete(appointment=appointment, by=bob)
    assert (ReceivedDocument.objects.count(), DocumentRequest.objects.count(), kept()) == (0, 0, [])
