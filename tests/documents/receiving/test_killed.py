"""A process that is killed (-9) between the last photograph and COMMIT: nothing is lost, nothing there twice."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from accounts.models import User
from appointments.models import Appointment
from documents.invariants import files_are_named, uploads_end
from documents.models import PartialUpload, ReceivedDocument, RequestState
from documents.receiving.sending import send_files
from documents.receiving.uploaded import sweep_uploads
from documents.receiving.uploading import sent_before, uploads_of
from files import sweeping
from files.models import StoredFile
from tests.conftest import PDF
from tests.documents.receiving.conftest import Ask, again
from tests.documents.receiving.test_sending import photograph, photos
from tests.prepared_process import run

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
KILLED = """
import os, signal, sys, uuid
import django; django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from accounts.models import User
from documents.receiving import sending
from documents.receiving.access import all_requests
from files.intake import accept
place, account, request, form, *pictures = sys.argv[1:]
def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)
if place == "before":
    sending.follow_files = die  # the rows are written, and not committed
intakes = [accept(SimpleUploadedFile(f"IMG_{n}.jpg", open(path, "rb").read())) for n, path in enumerate(pictures)]
sending.send_files(
    request=all_requests().get(pk=request), intakes=intakes, by=User.objects.get(pk=account), sending=uuid.UUID(form)
)
die()
"""


KILLED_WITH_PIECES = """
import os, signal, sys, uuid
import django; django.setup()
from accounts.models import User
from documents.receiving import sending, uploading
from documents.receiving.access import all_requests
from files import pieces
place, account, pk, form, path = sys.argv[1:]
def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)
by, request, content = User.objects.get(pk=account), all_requests().get(pk=pk), open(path, "rb").read()
half = len(content) // 2
upload = uploading.begin_upload(around=request, by=by, name="a.pdf", size=len(content), fingerprint="a")
def add(start, end):
    uploading.add_piece(around=request, by=by, upload=upload.pk, offset=start, content=content[start:end])
if upload.offset == 0:
    add(0, half)
if place == "in a piece":
    keep = pieces.keep
    pieces.keep = lambda *given: (keep(*given), die())  # it is in storage, and no row says so
if not upload.is_complete:
    add(half, len(content))
if place == "before":
    sending.note_sent = die  # the rows are written, and not committed
found = uploading.uploads_of(request, by, [upload.pk])
intakes = [uploading.accept_upload(one) for one in found]
sending.send_files(request=request, intakes=intakes, by=by, sending=uuid.UUID(form), uploads=found)
die()
"""


def killed(place: str, *arguments: object, script: str = KILLED) -> None:
    done = run("-c", script, place, *map(str, arguments))
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_photographs_are_there_once_whenever_the_process_is_killed(
    appointment: Appointment,
    ask_for: Ask,
    maries_account: User,
    files_in_store: Callable[[], list[Path]],
    tmp_path: Path,
) -> None:
    request, form, pages = ask_for(appointment), uuid.uuid4(), []
    for number, colour in enumerate(("red", "blue", "green")):
        pages.append(tmp_path / f"{number}.jpg")
        pages[-1].write_bytes(photograph(colour))
    before, rows = set(files_in_store()), StoredFile.objects.count()

    killed("before", maries_account.pk, request.pk, form, *pages)
    assert (ReceivedDocument.objects.count(), StoredFile.objects.count()) == (0, rows)
    assert again(request).state == RequestState.ASKED
    assert set(files_in_store()) - before
    sweeping.sweep_orphans(older_than=timedelta())
    before = set(files_in_store())

    killed("after", maries_account.pk, request.pk, form, *pages)
    assert ReceivedDocument.objects.count() == 1
    made = send_files(
        request=again(request),
        intakes=photos(*(path.read_bytes() for path in pages)),
        by=maries_account,
        sending=form,
    )
    assert [one.page_count for one in made] == [3]
    assert ReceivedDocument.objects.count() == 1
    assert again(request).state == RequestState.RECEIVED
    assert [*files_are_named()] == []


def test_a_file_in_pieces_is_there_once_whenever_the_process_is_killed(
    appointment: Appointment, ask_for: Ask, maries_account: User, tmp_path: Path
) -> None:
    request, form, path = ask_for(appointment), uuid.uuid4(), tmp_path / "a.pdf"
    path.write_bytes(PDF)
    arguments = (maries_account.pk, request.pk, form, path)

    killed("in a piece", *arguments, script=KILLED_WITH_PIECES)
    assert PartialUpload.objects.get().offset == len(PDF) // 2
    for _ in range(2):
        killed("before", *arguments, script=KILLED_WITH_PIECES)
        assert PartialUpload.objects.get().is_complete
        assert (ReceivedDocument.objects.count(), again(request).state) == (0, RequestState.ASKED)
    killed("after", *arguments, script=KILLED_WITH_PIECES)
    (upload,) = uploads_of(request, maries_account, [PartialUpload.objects.get().pk])
    (sent,) = sent_before([upload])  # the browser sends the form again
    assert (sent.file.sha256, again(request).state) == (ReceivedDocument.objects.get().file.sha256, "received")
    sweeping.sweep_orphans(older_than=timedelta())
    sweep_uploads()
    assert [*files_are_named(), *uploads_end(), *sweeping.orphans(older_than=timedelta())] == []
