"""`manage.py fsck` finds missing, changed and unreferenced files and rows."""

from __future__ import annotations

import io
import os
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test.utils import override_settings
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, BookedFor
from audit import chain
from audit.trail import record
from docshare.management.commands.fsck import read_only
from documents.models import AutoSend, AutoSendRule, Category, DocumentLink, LibraryDocument, SharedDocument
from documents.sharing.share import share_upload
from files import sandbox, storage, sweeping
from files.intake import Intake
from notifications.models import MessageState
from patients.models import Patient
from signing.pdf.placement import Placement
from tests.notifications.conftest import make_email

Receive = Callable[..., Intake]


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty store."""
    own = FileSystemStorage(location=tmp_path, file_permissions_mode=0o600)
    monkeypatch.setattr(storage, "documents_storage", lambda: own)


@pytest.fixture
def document(
    _own_store: None, appointment: Appointment, bob: User, prescription: Category, receive: Receive
) -> SharedDocument:
    return share_upload(
        appointment=appointment, intake=receive(), category=prescription, title="", placement=None, by=bob
    )


def fsck(*arguments: str) -> tuple[int, list[str]]:
    output = io.StringIO()
    try:
        call_command("fsck", *arguments, stdout=output, stderr=io.StringIO())
    except SystemExit as stop:
        return int(str(stop.code)), output.getvalue().splitlines()
    return 0, output.getvalue().splitlines()


def test_all_is_well(document: SharedDocument) -> None:
    assert fsck() == (0, [])


def test_one_changed_byte_is_told_and_not_served(document: SharedDocument) -> None:
    with storage.local_copy(document.file) as path:
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)
    assert fsck() == (1, [f"file {document.file.pk}: sha256 differs: the bytes were changed"])
    with pytest.raises(storage.BytesChanged):
        storage.check_unchanged(document.file)


def test_a_file_is_hashed_again_only_once_it_was_touched(
    document: SharedDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Serving does not cause hashing, and resetting the file's times does not prevent it."""
    asked = Mock(wraps=storage.fault_in)
    monkeypatch.setattr(storage, "fault_in", asked)
    monkeypatch.setattr(storage, "SETTLED_SECONDS", 0)
    for _ in range(3):
        storage.check_unchanged(document.file)
    assert asked.call_count == 1
    with storage.local_copy(document.file) as path:
        before = path.stat()
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        time.sleep(0.05)  # one tick of the file system's clock
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _ in range(2):
        with pytest.raises(storage.BytesChanged):
            storage.check_unchanged(document.file)


def test_a_file_just_written_is_hashed_each_time(document: SharedDocument, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes within one clock tick would leave equal times."""
    storage.check_unchanged(document.file)
    monkeypatch.setattr(storage, "fault_in", lambda *_args, **_how: "asked again")
    with pytest.raises(storage.BytesChanged, match="asked again"):
        storage.check_unchanged(document.file)


def test_missing_and_short_files_are_told(document: SharedDocument) -> None:
    with storage.local_copy(document.file) as path:
        path.write_bytes(path.read_bytes()[:-1])
        assert "size is" in fsck()[1][0]
        path.unlink()
        assert fsck() == (1, [f"file {document.file.pk}: missing from storage"])


def test_orphans_are_told_and_only_old_ones_removed(document: SharedDocument, receive: Receive) -> None:
    """Orphans result from a crash between moving a file and committing its row."""
    young, old = storage.keep(receive(), practice=None), storage.keep(receive(), practice=None)
    assert fsck()[0] == 1
    two_days_ago = (timezone.now() - timedelta(days=2)).timestamp()
    with storage.local_copy(old) as path:
        os.utime(path, (two_days_ago, two_days_ago))
    code, lines = fsck("--repair")
    assert code == 1
    assert lines == [f"orphan {young.key}: in storage, but no row names it"]
    assert storage.verify(old) == "missing from storage"
    assert storage.verify(document.file) is None


def test_a_row_that_nothing_names_is_told(document: SharedDocument) -> None:
    SharedDocument.objects.all().delete()
    assert fsck() == (1, [f"file {document.file.pk}: no shared document, library document or export names it"])


def test_the_sweep_leaves_what_is_young(document: SharedDocument, receive: Receive) -> None:
    stored = storage.keep(receive(), practice=None)
    assert sweeping.sweep_orphans() == 0
    assert storage.verify(stored) is None
    stale = Path(settings.FILE_UPLOAD_TEMP_DIR) / "x.upload"
    stale.write_bytes(b"broken off")
    of_a_child = Path(settings.FILE_UPLOAD_TEMP_DIR) / f"x{sandbox.SCRATCH}"
    of_a_child.mkdir()
    (of_a_child / "repaired").write_bytes(b"broken off")
    for path in (stale, of_a_child):
        os.utime(path, (0, 0))
    assert sweeping.sweep_stale_uploads() >= 2
    assert not stale.exists()
    assert not of_a_child.exists()


def test_bytes_that_should_be_signed_and_are_not_are_told(
    appointment: Appointment, alice_signs: User, prescription: Category, receive: Receive
) -> None:
    signed = share_upload(
        appointment=appointment,
        intake=receive(),
        category=prescription,
        title="",
        placement=Placement(page=1, x=0.5, y=0.5, width=0.25),
        by=alice_signs,
    )
    assert fsck() == (0, [])
    unsigned = storage.keep(receive(), practice=None)
    unsigned.save()
    SharedDocument.objects.filter(pk=signed.pk).update(file=unsigned)
    fault = f"document {signed.pk}: shared as signed, but no whole signature is in its file"
    assert fsck("--only", "signatures") == (1, [fault])


def test_an_upload_that_is_also_the_librarys_is_told(document: SharedDocument, access_plan: LibraryDocument) -> None:
    SharedDocument.objects.update(file=access_plan.current.file)
    assert fsck("--only", "library") == (1, [f"document {document.pk}: an upload, but its file is the library's"])


def test_a_document_with_the_wrong_patient_is_told(document: SharedDocument, stranger: Patient) -> None:
    SharedDocument.objects.update(patient=stranger)
    assert fsck("--only", "audiences")[1] == [
        f"document {document.pk}: its practice or patient is not its appointment's"
    ]


def test_an_adults_document_with_whoever_booked_needs_an_authorisation(document: SharedDocument, hugo: User) -> None:
    Appointment.objects.update(holder=hugo, booked_for=BookedFor.ADULT_RELATIVE)
    SharedDocument.objects.update(audience="holder", holder=hugo)
    assert fsck("--only", "audiences")[0] == 1


def test_a_share_that_the_history_does_not_know_is_told(document: SharedDocument) -> None:
    reported = document.pk
    document.pk = uuid.uuid4()
    document.save(force_insert=True)
    assert fsck("--only", "history") == (1, [f"document {document.pk}: shared, but not in the history"])
    assert reported != document.pk


def test_what_a_deleted_appointment_left_is_told(document: SharedDocument, bob: User) -> None:
    DocumentLink.objects.create(appointment=document.appointment)
    assert fsck("--only", "deleted") == (0, [])
    record("appointment.deleted", by=bob, on=document.appointment, within=document.appointment)
    code, lines = fsck("--only", "deleted")
    assert code == 1
    assert [line.split(" ")[0] for line in lines] == ["appointment", "document", "link"]


def test_an_automatic_document_that_went_out_twice_is_told(appointment: Appointment) -> None:
    for document in ("plan", "plan", "consent"):
        record(
            "auto_send.sent",
            by=None,
            on=appointment,
            within=appointment,
            detail={"rule": "1", "library_document": document},
        )
    assert fsck("--only", "auto-sends-once") == (
        1,
        [f"appointment {appointment.pk}: rule 1 sent document plan 2 times"],
    )


def test_what_should_have_left_hours_ago_is_told(appointment: Appointment, access_plan: LibraryDocument) -> None:
    rule = AutoSendRule.objects.create(practice=appointment.practice, name="Plan")
    due_at = timezone.now() - timedelta(hours=4)
    sending = AutoSend.objects.create(appointment=appointment, rule=rule, document=access_plan, due_at=due_at)
    assert fsck("--only", "auto-sends-in-time")[1] == [
        f"automatic sending {sending.pk}: due for more than three hours, and nobody tries"
    ]
    AutoSend.objects.update(retry_at=timezone.now())
    assert fsck("--only", "auto-sends-in-time") == (0, [])


def test_messages_that_never_end_are_told(db: None) -> None:
    make_email(due_at=timezone.now() - timedelta(hours=5))
    make_email(due_at=timezone.now() - timedelta(hours=2), attempts=21)
    make_email(due_at=timezone.now() - timedelta(hours=1))  # still waits to be sent
    code, lines = fsck("--only", "messages")
    assert code == 1
    assert sorted(line.partition(": ")[2] for line in lines) == [
        "due for more than four hours, and nobody sends it",
        "queued after its last attempt",
    ]


def test_a_text_kept_after_sending_is_told(db: None) -> None:
    message = make_email(state=MessageState.SENT, sent_at=timezone.now())
    assert fsck("--only", "texts") == (1, [f"message {message.pk}: over, and its text was kept"])


def test_a_text_that_no_key_opens_is_told(db: None) -> None:
    make_email()
    with override_settings(SECRET_KEY="a key that nobody has any more"):
        make_email()
    assert fsck() == (1, ["queued messages: 1 open with no key that is given (docs/operating.md, Keys)"])


def test_the_trails_chain_is_verified_and_held_against_an_anchor(document: SharedDocument) -> None:
    chain.seal()
    position, digest = chain.newest_anchor()
    assert fsck("--anchor", f"{position}:{digest}") == (0, [])
    assert fsck("--anchor", f"{position}:{'0' * 64}")[0] == 1


def test_a_check_cannot_write(transactional_db: None) -> None:
    with read_only(), pytest.raises(DatabaseError), transaction.atomic():
        make_email()
    make_email()
