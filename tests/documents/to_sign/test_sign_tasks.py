"""Signing what was prepared: once, by the named practitioner alone, each document with its own fate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.booking import delete
from audit.models import AuditEvent
from documents.filling.filled import prepare_filled
from documents.invariants import OF_A_PRACTICE, files_are_as_kept, files_are_named, signed_files_are_signed
from documents.library.catalogue import archive
from documents.models import LibraryDocument, SharedDocument, Task, UndoableAct
from documents.sharing.uploads import sign_papers
from documents.to_sign import sign_tasks as signing
from documents.to_sign.sign_tasks import sign_task, sign_tasks
from documents.to_sign.standing import awaiting_count
from documents.undoing.sharing import undo_share
from files import sandbox, storage
from files.models import StoredFile
from notifications.models import Channel, Message, MessageState
from patients.models import Patient
from practices.models import Membership
from signing.metrics import SIGNING_SECONDS
from signing.models import SignatureImage
from tests.conftest import BookFixture
from tests.documents.to_sign.conftest import Prepare, again, looked_at
from tests.pdfs import text_of_pdf

pytestmark = pytest.mark.django_db


def why(task: Task, by: User) -> str:
    (outcome,) = sign_tasks(tasks=[task.pk], by=by)
    return outcome.sentence


def test_what_was_looked_at_is_signed_shared_and_told(prepare: Prepare, alice_signs: User) -> None:
    task = looked_at(prepare(), alice_signs)
    assert why(task, alice_signs) == ""
    document, task = SharedDocument.objects.get(), again(task)
    assert (document.signed_by, document.shared_by) == (alice_signs, alice_signs)
    assert document.signatures[-1]["judgement"] == "valid"
    with storage.open_(document.file) as file:
        assert "arrêt jusqu’au 2 mars 2027" in " ".join(text_of_pdf(file.read()).split())
    assert (task.state, task.document, task.answers) == ("signed", document, "")
    assert Message.objects.exists()
    lines = AuditEvent.objects.filter(record_id=task.appointment_id).order_by("id")
    assert {line.action for line in lines} >= {"task.prepared", "document.shared", "task.signed"}
    for check in (files_are_as_kept, files_are_named, signed_files_are_signed):
        assert list(check()) == []
    assert [fault for check in OF_A_PRACTICE for fault in check(None)] == []


def test_a_signature_that_is_undone_lets_the_document_wait_as_it_was(
    prepare: Prepare, alice_signs: User, settings: Settings
) -> None:
    """Of two signed together one is undone: one message tells of the other, and the undone one can be signed."""
    settings.UNDO_FOR = timedelta(seconds=30)
    undone, stays = (looked_at(prepare(), alice_signs) for _ in range(2))
    assert all(one.is_signed for one in sign_tasks(tasks=[undone.pk, stays.pk], by=alice_signs, session="s"))
    files = {one.pk for one in StoredFile.objects.all()}
    act = UndoableAct.objects.get(document=again(undone).document_id)
    assert undone.answers
    assert undone.answers not in str(UndoableAct.objects.values_list("journal", flat=True))
    assert {one.due_at for one in Message.objects.filter(channel=Channel.EMAIL)} == {
        SharedDocument.objects.get(task=stays).shared_at + settings.UNDO_FOR
    }
    for _ in range(2):  # a double click
        undo_share(act=act, by=alice_signs)
    back = again(undone)
    assert (back.state, back.answers, back.document) == ("waiting", undone.answers, None)
    assert (back.settled_at, back.looked_mark) == (None, undone.looked_mark)
    assert len(files) - StoredFile.objects.count() == 1
    assert SharedDocument.objects.get() == again(stays).document
    waiting = Message.objects.filter(state=MessageState.QUEUED)
    assert waiting
    assert {SharedDocument.objects.filter(messages=one).count() for one in waiting} == {1}
    assert AuditEvent.objects.filter(action="task.signing_undone").count() == 1
    assert sign_task(task=back, by=alice_signs, session="s").task == again(undone)
    for check in (files_are_as_kept, files_are_named, signed_files_are_signed):
        assert list(check()) == []


def test_nobody_else_signs_it_and_nothing_unlooked_at_is_signed(
    prepare: Prepare, alice_signs: User, bob: User, charlie: User, practice: Any
) -> None:
    task = prepare()
    assert "Regardez" in why(task, alice_signs)
    task = looked_at(task, alice_signs)
    Membership.objects.create(user=charlie, practice=practice, is_practitioner=True)
    for other in (bob, charlie):
        assert why(task, other)
        with pytest.raises(Task.DoesNotExist):
            sign_task(task=task, by=other)
    assert not SharedDocument.objects.exists()


def test_one_that_fails_says_why_and_the_others_go_on(
    prepare: Prepare, book_for: BookFixture, practice: Any, marie: Patient, alice_signs: User, bob: User
) -> None:
    lonely = Patient.objects.create(
        practice=practice, first_name="Paul", last_name="Seul", birth_date=marie.birth_date, email="p@x.example"
    )
    later = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
    gone, bad = prepare(book_for(marie, starts_at=later)), prepare(book_for(lonely, starts_at=later))
    good = [prepare(), prepare()]
    tasks = [looked_at(task, alice_signs) for task in (gone, bad, *good)]
    delete(appointment=gone.appointment, by=bob)
    outcomes = sign_tasks(tasks=[*(task.pk for task in tasks), tasks[-1].pk], by=alice_signs)
    assert [outcome.is_signed for outcome in outcomes] == [False, False, True, True]
    assert "supprimé" in outcomes[0].sentence
    assert "Il manque des coordonnées" in outcomes[1].sentence
    assert again(bad).state == "waiting"
    Patient.objects.filter(pk=lonely.pk).update(mobile="+33612121212")
    looked_at(bad, alice_signs)
    assert why(bad, alice_signs) == ""


def test_several_are_signed_in_one_child_and_leave_no_file_behind(
    prepare: Prepare, alice_signs: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of eleven, ten together: as many as one child signs."""
    tasks = [looked_at(prepare(), alice_signs) for _ in range(11)]
    ran: list[str] = []
    run = sandbox._run

    def noted(job: sandbox._Job, wall_seconds: float) -> tuple[object, float]:
        ran.append(job.function.__name__)
        return run(job, wall_seconds)

    monkeypatch.setattr(sandbox, "_run", noted)
    before = signatures_timed()
    outcomes = sign_tasks(tasks=[task.pk for task in tasks], by=alice_signs)
    assert [outcome.sentence for outcome in outcomes] == [""] * 11
    assert [outcome.task for outcome in outcomes] == [task.pk for task in tasks]
    assert [name for name in ran if name == "render" or name.startswith("sign_")] == [
        *(*["render"] * 10, "sign_files"),
        *("render", "sign_file"),
    ]
    assert signatures_timed() - before == 11
    for outcome in outcomes:
        assert outcome.document is not None
        assert again(Task.objects.get(pk=outcome.task)).document == outcome.document
        assert outcome.document.signatures[-1]["judgement"] == "valid"
        assert outcome.document.signed_at
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.written"))
    for check in (files_are_as_kept, files_are_named, signed_files_are_signed):
        assert list(check()) == []


def signatures_timed() -> float:
    (metric,) = SIGNING_SECONDS.collect()
    return next(sample.value for sample in metric.samples if sample.name.endswith("_count"))


def test_without_a_signature_none_of_several_is_signed_and_each_says_why(prepare: Prepare, alice_signs: User) -> None:
    tasks = [looked_at(prepare(), alice_signs) for _ in range(3)]
    SignatureImage.objects.all().delete()
    outcomes = sign_tasks(tasks=[task.pk for task in tasks], by=alice_signs)
    assert all("Créez d’abord votre signature" in outcome.sentence for outcome in outcomes)
    assert {again(task).state for task in tasks} == {"waiting"}
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.written"))


def test_one_of_several_that_is_corrected_while_they_are_signed_is_not(
    prepare: Prepare, alice_signs: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    corrected, other = (looked_at(prepare(), alice_signs) for _ in range(2))

    def meanwhile(**asked: Any) -> Any:
        made = sign_papers(**asked)
        Task.objects.filter(pk=corrected.pk).update(title="Autre titre", revision=2)
        looked_at(corrected, alice_signs)
        return made

    monkeypatch.setattr(signing, "sign_papers", meanwhile)
    outcomes = sign_tasks(tasks=[corrected.pk, other.pk], by=alice_signs)
    assert "a changé" in outcomes[0].sentence
    assert outcomes[1].is_signed
    assert SharedDocument.objects.get().task == again(other)
    assert list(files_are_named()) == []


def test_a_storage_that_fails_in_the_middle_loses_nothing_and_says_what_waits(
    prepare: Prepare, alice_signs: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [looked_at(prepare(), alice_signs) for _each in range(3)]
    folder: Path = settings.DOCUMENTS_DIR
    away, end = folder.with_name("away"), signing._end

    def ended(*arguments: Any) -> None:
        end(*arguments)
        folder.rename(away)  # once the first is signed the volume is gone
        folder.touch()

    monkeypatch.setattr(signing, "_end", ended)
    try:
        outcomes = sign_tasks(tasks=[task.pk for task in tasks], by=alice_signs, session="a session")
    finally:
        folder.unlink()
        away.rename(folder)
        monkeypatch.undo()
    assert [outcome.is_signed for outcome in outcomes] == [True, False, False]
    assert "Il attend toujours votre signature" in outcomes[1].sentence
    assert [again(task).state for task in tasks] == ["signed", "waiting", "waiting"]
    assert list(files_are_as_kept()) == list(files_are_named()) == []
    assert [why(task, alice_signs) for task in tasks[1:]] == ["", ""]
    assert SharedDocument.objects.count() == 3


def test_what_no_longer_holds_says_so_and_loses_nothing(
    prepare: Prepare, template: LibraryDocument, alice_signs: User, carol: User, practice: Any
) -> None:
    task = looked_at(prepare(), alice_signs)
    archive(document=template, by=carol)
    assert "n’est plus dans la bibliothèque" in why(task, alice_signs)
    LibraryDocument.objects.update(archived_at=None)
    SignatureImage.objects.all().delete()
    assert "Créez d’abord votre signature" in why(task, alice_signs)
    member = Membership.objects.filter(user=alice_signs)
    member.update(valid_until=timezone.localdate(timezone=practice.zone) - timedelta(days=1))
    assert why(task, alice_signs)
    member.update(valid_until=None)
    type(practice).objects.update(suspended_at=timezone.now())
    assert why(task, alice_signs)
    assert (again(task).state, SharedDocument.objects.count()) == ("waiting", 0)


def test_a_second_tab_signs_nothing_twice(prepare: Prepare, alice_signs: User) -> None:
    task = looked_at(prepare(), alice_signs)
    assert why(task, alice_signs) == ""
    assert "n’est plus à signer" in why(task, alice_signs)
    assert SharedDocument.objects.count() == 1


def test_killed_between_signing_and_commit_it_waits_and_no_bytes_stay(
    prepare: Prepare, alice_signs: User, monkeypatch: pytest.MonkeyPatch, files_in_store: Callable[[], list[Path]]
) -> None:
    task, before = looked_at(prepare(), alice_signs), len(files_in_store())
    with monkeypatch.context() as patch:
        patch.setattr(signing, "_end", lambda *_arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sign_task(task=task, by=alice_signs)
    assert (again(task).state, SharedDocument.objects.count(), len(files_in_store())) == ("waiting", 0, before)
    assert why(task, alice_signs) == ""


def test_corrected_and_looked_at_again_while_it_is_signed_it_is_not(
    prepare: Prepare, alice_signs: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paper that was signed is no longer the one that was looked at."""
    task = looked_at(prepare(), alice_signs)

    def meanwhile(**asked: Any) -> Any:
        made = prepare_filled(**asked)
        Task.objects.update(title="Autre titre", revision=2)
        looked_at(task, alice_signs)
        return made

    monkeypatch.setattr(signing, "prepare_filled", meanwhile)
    assert "a changé" in why(task, alice_signs)
    assert not SharedDocument.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_sign_and_share_it_once(prepare: Prepare, alice_signs: User) -> None:
    from tests.at_once import at_once

    task = looked_at(prepare(), alice_signs)
    sentences = at_once(lambda _number: why(task, alice_signs), 2)
    assert sorted(map(bool, sentences)) == [False, True]
    assert SharedDocument.objects.count() == 1
    assert AuditEvent.objects.filter(action="task.signed").count() == 1
    assert list(files_are_named()) == []


def test_the_count_is_one_question_and_counts_what_needs_the_reader(
    prepare: Prepare, alice_signs: User, bob: User, practice: Any, django_assert_num_queries: Any
) -> None:
    from documents.to_sign.preparing import send_back

    prepare()
    back = prepare()
    send_back(task=back, sentence="Non.", by=alice_signs)
    with django_assert_num_queries(2):
        assert awaiting_count(alice_signs, practice) == 1
        assert awaiting_count(bob, practice) == 1
