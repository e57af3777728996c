"""Files in pieces: every byte once, by whoever began, for a day; and through the same intake as every upload."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import InMemoryStorage, Storage, storages
from django.utils import timezone

from accounts.models import User
from appointments.booking import delete
from appointments.models import Appointment
from documents import invariants
from documents.models import DocumentLink, DocumentRequest, PartialUpload, ReceivedDocument, RequestState
from documents.receiving import limits
from documents.receiving.asking import RequestOver, cancel_request
from documents.receiving.limits import MEGABYTE, Bound, TooMuchToday
from documents.receiving.sending import send_files
from documents.receiving.uploaded import sweep_uploads
from documents.receiving.uploading import (
    UploadLost,
    accept_upload,
    add_piece,
    begin_upload,
    sent_before,
    sent_meanwhile,
    uploads_of,
)
from files import pieces, sweeping
from files.intake import Refused, TryLater
from files.limits import MAX_BYTES
from tests.conftest import PDF
from tests.documents.receiving.conftest import Ask, again

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_(appointment: Appointment, ask_for: Ask) -> DocumentRequest:
    return ask_for(appointment)


def begin(request: DocumentRequest, by: User, content: bytes = PDF, fingerprint: str = "a") -> PartialUpload:
    return begin_upload(around=request, by=by, name="Ordonnance.pdf", size=len(content), fingerprint=fingerprint)


def add(request: DocumentRequest, by: User, upload: PartialUpload, content: bytes, offset: int) -> PartialUpload:
    return add_piece(around=request, by=by, upload=upload.pk, offset=offset, content=content)


def whole(request: DocumentRequest, by: User, content: bytes = PDF, fingerprint: str = "a") -> PartialUpload:
    upload = begin(request, by, content, fingerprint)
    step = len(content) // 3 + 1
    for start in range(0, len(content), step):
        upload = add(request, by, upload, content[start : start + step], start)
    return upload


def send(request: DocumentRequest, by: User, upload: PartialUpload) -> list[ReceivedDocument]:
    (found,) = uploads_of(request, by, [upload.pk])
    return send_files(request=again(request), intakes=[accept_upload(found)], by=by, uploads=[found])


def test_pieces_become_the_file_and_end_with_it(
    request_: DocumentRequest, maries_account: User, django_capture_on_commit_callbacks: Any
) -> None:
    upload = whole(request_, maries_account)
    assert upload.is_complete
    assert pieces.uploads() == {upload.pk}
    assert not [key for key in sweeping.orphans(older_than=timedelta()) if key.startswith(pieces.FOLDER)]
    with django_capture_on_commit_callbacks(execute=True):
        (sent,) = send(request_, maries_account, upload)
    assert (sent.name, sent.page_count, again(request_).state) == ("Ordonnance.pdf", 1, RequestState.RECEIVED)
    assert pieces.uploads() == set()
    (ended,) = uploads_of(request_, maries_account, [upload.pk])
    assert [one.pk for one in sent_before([ended])] == [sent.pk]  # the same form again
    assert ReceivedDocument.objects.count() == 1
    assert [*invariants.files_are_named(), *invariants.uploads_end()] == []


def test_a_lost_connection_at_every_tenth_of_the_file_goes_on_where_it_was(
    request_: DocumentRequest, maries_account: User
) -> None:
    step = len(PDF) // 10 + 1
    for number, start in enumerate(range(0, len(PDF), step)):
        found = begin(request_, maries_account)  # the page was loaded again
        assert found.offset == start
        piece = PDF[start : start + step]
        add(request_, maries_account, found, piece, start)
        repeated = add(request_, maries_account, found, piece, start)  # its answer was lost
        assert repeated.offset == start + len(piece), number
    (upload,) = PartialUpload.objects.all()
    with pieces.assembled(upload.pk, upload.pieces, name="x", size=len(PDF)) as file:
        file.seek(0)
        assert file.read() == PDF


def test_pieces_that_do_not_fit_change_nothing(
    request_: DocumentRequest, maries_account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(request_, maries_account)
    assert add(request_, maries_account, upload, PDF[100:200], 100).offset == 0
    for wrong in (b"", PDF + b"more"):
        with pytest.raises(Refused) as refused:
            add(request_, maries_account, upload, wrong, 0)
        assert refused.value.code == "piece_size"
    monkeypatch.setattr(pieces, "LARGEST", 10)
    with pytest.raises(Refused):
        add(request_, maries_account, upload, PDF[:11], 0)
    assert pieces.uploads() == set()
    with pytest.raises(UploadLost):
        uploads_of(request_, maries_account, [upload.pk])  # not complete
    for size, code in ((0, "empty"), (MAX_BYTES + 1, "too_large")):
        with pytest.raises(Refused) as refused:
            begin_upload(around=request_, by=maries_account, name="a.pdf", size=size, fingerprint="b")
        assert refused.value.code == code


def test_nobody_else_finds_adds_to_or_sends_an_upload(
    request_: DocumentRequest, maries_account: User, hugo: User, appointment: Appointment, ask_for: Ask
) -> None:
    upload = whole(request_, maries_account)
    with pytest.raises(DocumentRequest.DoesNotExist):
        add(request_, hugo, upload, PDF, 0)
    with pytest.raises(UploadLost):
        uploads_of(request_, hugo, [upload.pk])
    link = DocumentLink.objects.create(appointment=appointment, email=appointment.patient.email)
    with pytest.raises(UploadLost):
        uploads_of(request_, link, [upload.pk])
    other = ask_for(appointment, "Photo de la lésion")
    with pytest.raises(UploadLost):  # for another request
        add(other, maries_account, upload, PDF, 0)
    with pytest.raises(UploadLost):
        add_piece(around=request_, by=maries_account, upload=uuid.uuid4(), offset=0, content=PDF)
    assert begin(other, maries_account).pk != upload.pk


def test_a_closed_request_takes_no_piece_and_a_deleted_appointment_takes_them_with_it(
    request_: DocumentRequest, maries_account: User, bob: User, appointment: Appointment,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    upload = whole(request_, maries_account)
    cancel_request(request=request_, by=bob)
    with pytest.raises(RequestOver):
        add(again(request_), maries_account, upload, PDF, 0)
    with django_capture_on_commit_callbacks(execute=True):
        delete(appointment=appointment, by=bob)
    assert (pieces.uploads(), PartialUpload.objects.count()) == (set(), 0)


def test_what_is_refused_at_the_end_is_deleted_and_lost_pieces_begin_anew(
    request_: DocumentRequest, maries_account: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        bad = whole(request_, maries_account, b"no document at all")
        with pytest.raises(Refused):
            send(request_, maries_account, bad)
        lost = whole(request_, maries_account)
        pieces.remove(lost.pk, lost.pieces[1])
        with pytest.raises(UploadLost):
            send(request_, maries_account, lost)
    assert (pieces.uploads(), PartialUpload.objects.count()) == (set(), 0)
    send(request_, maries_account, whole(request_, maries_account))
    assert ReceivedDocument.objects.count() == 1


def test_an_upload_lasts_a_day_and_the_sweep_removes_it_with_its_pieces(
    request_: DocumentRequest, maries_account: User, django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    old, young = whole(request_, maries_account), whole(request_, maries_account, fingerprint="b")
    PartialUpload.objects.filter(pk=old.pk).update(began_at=timezone.now() - timedelta(hours=25))
    with pytest.raises(UploadLost):
        add(request_, maries_account, old, PDF, 0)
    stray = uuid.uuid4()
    pieces.keep(stray, b"of a row that was deleted")
    with django_capture_on_commit_callbacks(execute=True):
        assert sweep_uploads() == 1
    assert pieces.uploads() == {young.pk, stray}  # its row may not be committed yet
    monkeypatch.setattr("documents.receiving.uploaded.STRAY", timedelta())
    monkeypatch.setattr(invariants, "LATEST_LAPSE", timedelta())
    assert [str(stray) in fault for fault in invariants.uploads_end()] == [True]
    assert sweep_uploads() == 0
    assert pieces.uploads() == {young.pk}
    begun = begin(request_, maries_account)
    assert begun.pk != old.pk
    assert begun.offset == 0


def test_two_tabs_that_begin_the_same_file_at_once_go_on_with_one_upload(
    request_: DocumentRequest, maries_account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[PartialUpload] = []

    def begun_by_the_other_tab_meanwhile(*_asked: object) -> None:
        monkeypatch.undo()
        others.append(begin(request_, maries_account))
        add(request_, maries_account, others[0], PDF[:100], 0)

    monkeypatch.setattr("documents.receiving.uploading.check_may_begin", begun_by_the_other_tab_meanwhile)
    mine = begin(request_, maries_account)
    assert [(mine.pk, mine.offset)] == [(one.pk, 100) for one in others]
    assert PartialUpload.objects.get() == mine
    assert pieces.uploads() == {mine.pk}


@pytest.mark.parametrize("once", [True, False])
def test_an_upload_that_another_tab_ends_as_this_one_begins_is_begun_anew_or_refused(
    once: bool, request_: DocumentRequest, maries_account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_row = PartialUpload.save

    def save(upload: PartialUpload, **how: Any) -> None:
        """The other tab's row is there as this one is written; it goes with the savepoint, before anybody looks."""
        if once:
            monkeypatch.undo()
        other = PartialUpload(**{field.name: getattr(upload, field.name) for field in upload._meta.fields})
        other.pk = uuid.uuid4()
        begin_row(other, force_insert=True)
        begin_row(upload, **how)

    monkeypatch.setattr(PartialUpload, "save", save)
    if once:
        begun = begin(request_, maries_account)
        assert PartialUpload.objects.get() == begun
    else:
        with pytest.raises(TryLater):
            begin(request_, maries_account)
        assert not PartialUpload.objects.exists()


def test_what_is_being_uploaded_counts_as_sent(
    request_: DocumentRequest, maries_account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = whole(request_, maries_account)
    for bound in (Bound(1, 500 * MEGABYTE), Bound(60, len(PDF) * 2 - 1)):
        monkeypatch.setattr(limits, "OF_SENDER", bound)
        with pytest.raises(TooMuchToday):
            begin(request_, maries_account, fingerprint="b")
    send(request_, maries_account, first)  # its own pieces do not count beside it
    monkeypatch.setattr(limits, "OF_SENDER", Bound(1, 500 * MEGABYTE))
    with pytest.raises(TooMuchToday):
        begin(request_, maries_account, fingerprint="b")


def test_the_same_form_in_a_faster_request_has_its_answer(request_: DocumentRequest, maries_account: User) -> None:
    late = whole(request_, maries_account)
    (sent,) = send(request_, maries_account, late)
    pieces.remove_all(late.pk)  # as after the commit of the faster one
    with pytest.raises(UploadLost):
        accept_upload(late)
    assert [one.pk for one in sent_meanwhile(request_, maries_account, [late])] == [sent.pk]
    other = begin(request_, maries_account, fingerprint="b")
    assert sent_meanwhile(request_, maries_account, [other]) == []


def test_a_piece_whose_row_was_deleted_meanwhile_leaves_nothing(
    request_: DocumentRequest, maries_account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(request_, maries_account)
    keep = pieces.keep

    def kept_and_deleted(pk: uuid.UUID, content: bytes) -> str:
        PartialUpload.objects.all().delete()
        return keep(pk, content)

    monkeypatch.setattr(pieces, "keep", kept_and_deleted)
    with pytest.raises(UploadLost):
        add(request_, maries_account, upload, PDF, 0)
    assert pieces.uploads(older_than=timedelta()) in (set(), {upload.pk})
    assert all(not list(storages["documents"].listdir(f"pieces/{one.hex}")[1]) for one in pieces.uploads())


class Bucket(Storage):
    """Lists a folder whose last piece has just been deleted, as some S3 servers do for a while."""

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        return ([uuid.uuid4().hex], []) if path == pieces.FOLDER else ([], [])


def test_a_folder_without_a_piece_is_no_upload_in_a_bucket_and_is_swept_from_a_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(invariants, "LATEST_LAPSE", timedelta())
    with monkeypatch.context() as in_a_bucket:
        in_a_bucket.setattr(pieces, "documents_storage", Bucket)
        assert pieces.uploads() == set()
        assert [*invariants.uploads_end()] == []
    left, disk = uuid.uuid4(), storages["documents"]
    pieces.keep(left, b"a process was killed between this and its folder")
    (name,) = disk.listdir(f"{pieces.FOLDER}/{left.hex}")[1]
    disk.delete(f"{pieces.FOLDER}/{left.hex}/{name}")
    assert pieces.uploads(older_than=timedelta(hours=1)) == set()  # a first piece may be on its way
    monkeypatch.setattr("documents.receiving.uploaded.STRAY", timedelta())
    sweep_uploads()
    assert left.hex not in disk.listdir(pieces.FOLDER)[0]


class Wrong(InMemoryStorage):
    """A bucket, behind something that answers in its place. `how`: the way."""

    how = ""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        return str(name) if self.how == "swallowing" else super().save(name, content, max_length)

    def open(self, name: str, mode: str = "rb") -> File[bytes]:
        content = super().open(name, mode).read()
        wrong = {"cut": content[: len(content) // 2], "html": b"<!doctype html>", "flipped": b"!" + content[1:]}
        return ContentFile(wrong.get(self.how, content))


def test_a_piece_that_a_bucket_stored_with_other_bytes_is_sent_again(
    request_: DocumentRequest, maries_account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Wrong()
    monkeypatch.setattr(pieces, "documents_storage", lambda: bucket)
    upload = begin(request_, maries_account)
    others = partial(bucket.save, content=ContentFile(b"!" + PDF[1:]))
    with monkeypatch.context() as changed:
        changed.setattr(bucket, "save", lambda name, _content: others(name))
        with pytest.raises(TryLater):
            add(request_, maries_account, upload, PDF, 0)
    upload = add(request_, maries_account, upload, PDF, 0)
    (sent,) = send(request_, maries_account, upload)
    assert sent.file.sha256 == hashlib.sha256(PDF).hexdigest()


@pytest.mark.parametrize("how", ["swallowing", "cut", "html", "flipped"])
def test_a_bucket_that_answers_wrongly_for_a_while_loses_no_piece_and_changes_no_byte(
    how: str, request_: DocumentRequest, maries_account: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Wrong()
    monkeypatch.setattr(pieces, "documents_storage", lambda: bucket)
    upload, half = begin(request_, maries_account), len(PDF) // 2
    if how == "swallowing":
        bucket.how = how
        with pytest.raises(TryLater):
            add(request_, maries_account, upload, PDF[:half], 0)
        bucket.how = ""
    upload = add(request_, maries_account, upload, PDF[:half], 0)
    assert upload.offset == half
    upload = add(request_, maries_account, upload, PDF[half:], half)
    bucket.how = how
    if how != "swallowing":
        with pytest.raises(TryLater):
            send(request_, maries_account, upload)
    bucket.how = ""
    (sent,) = send(request_, maries_account, upload)
    assert sent.file.sha256 == hashlib.sha256(PDF).hexdigest()


def test_a_piece_without_its_hash_from_the_version_before_is_read(
    request_: DocumentRequest, maries_account: User
) -> None:
    upload = whole(request_, maries_account)
    disk, named = storages["documents"], []
    for piece in upload.pieces:
        folder, name = f"{pieces.FOLDER}/{upload.pk.hex}", piece.partition("-")[0]
        disk.save(f"{folder}/{name}", disk.open(f"{folder}/{piece}"))
        named.append(name)
    PartialUpload.objects.filter(pk=upload.pk).update(pieces=named)
    assert [one.name for one in send(request_, maries_account, upload)] == ["Ordonnance.pdf"]
