"""`manage.py delete_practice`: archives, then deletes; rows and bytes of other practices are unchanged."""

from __future__ import annotations

import hashlib
import io
import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from pytest_django import Settings

from accounts.models import User
from audit import chain
from audit.models import AuditEvent
from documents.models import SharedDocument
from documents.undoing.sharing import take_back_for_now
from files import storage
from files.models import StoredFile
from notifications.models import Message
from patients.models import Patient
from personal_data import practice as deleting
from personal_data.archive import Archive
from personal_data.registry import DECISIONS, models_of_practices
from practices.models import Practice
from tests.docshare.test_fsck import fsck
from tests.personal_data.house import House, digests, furnish, whole_database

TAG = "lilas"
PASSPHRASE = "une phrase assez longue"


@pytest.fixture
def house(db: None) -> House:
    return furnish(TAG, mobile="+33612345678")


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Any:
    return django_capture_on_commit_callbacks


def run(*arguments: str, yes: bool = True) -> str:
    output = io.StringIO()
    call_command("delete_practice", *arguments, *(["--yes"] if yes else []), stdout=output, stderr=output)
    return output.getvalue()


def verify(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    output = io.StringIO()
    try:
        call_command("verify_archive", str(folder), *arguments, stdout=output, stderr=io.StringIO())
    except SystemExit as stop:
        return int(str(stop.code)), output.getvalue().splitlines()
    return 0, output.getvalue().splitlines()


def stored(folder: Path) -> dict[str, str]:
    """Path -> SHA-256 of each file in the storage."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows_in(archive: Path, label: str) -> list[dict[str, Any]]:
    paths = sorted((archive / "rows").glob(f"{label}-*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def test_everything_of_the_practice_goes_and_nothing_of_another_changes(
    house: House, own_store: Path, tmp_path: Path, commits: Any
) -> None:
    alone = whole_database()
    files_alone = stored(own_store)
    other = furnish("rivage", mobile="+33698765432")
    # What the second practice added to the database and the storage, including accounts of people.
    theirs = {key: row for key, row in digests(whole_database()).items() if key not in alone}
    their_files = {path: digest for path, digest in stored(own_store).items() if path not in files_alone}
    assert len(theirs) > 100
    assert their_files
    accounts = {
        key: row for key, row in digests(alone).items() if key.split()[0] in ("accounts.User", "patients.Relative")
    }
    with commits(execute=True):
        run(str(house.practice.pk), "--archive", str(tmp_path / "archive"))
    after = digests(whole_database())
    assert {key: after.get(key) for key in theirs} == theirs
    assert {key: after.get(key) for key in accounts} == accounts
    assert stored(own_store) == their_files
    for model, decision in models_of_practices():
        assert not model._default_manager.filter(**{decision.practice: house.practice.pk}).exists(), model
    assert not any(f"Cabinet {TAG}" in row for row in whole_database().values())
    assert Practice.objects.get() == other.practice
    chain.seal()
    assert fsck() == (0, [])
    assert AuditEvent.objects.filter(action="practice.deleted", object_id=house.practice.pk).exists()
    assert AuditEvent.objects.filter(
        action="document.shared", practice_id=house.practice.pk
    ).exists()  # the trail stays


def test_the_bytes_of_a_document_whose_taking_back_can_still_be_undone_go_too(
    house: House, own_store: Path, tmp_path: Path, commits: Any, settings: Settings
) -> None:
    settings.UNDO_FOR = timedelta(seconds=30)
    act = take_back_for_now(document=house.document, by=house.doctor, session="s")
    assert act
    assert act.file
    with commits(execute=True):
        run(str(house.practice.pk), "--archive", str(tmp_path / "archive"))
    assert act.file.key not in stored(own_store)
    assert not StoredFile.objects.exists()
    assert str(act.file.pk) not in str(rows_in(tmp_path / "archive", "files.StoredFile"))


def test_the_archive_has_every_row_and_byte_and_no_key(house: House, tmp_path: Path, commits: Any) -> None:
    counts = {
        label: rows.count()
        for label, rows in deleting.rows_of(house.practice)
        if not rows.model._meta.auto_created and rows.exists()
    }
    bytes_before = {one.pk.hex: one.sha256 for one in StoredFile.objects.filter(deleting._named_by(house.practice))}
    archive = tmp_path / "archive"
    with commits(execute=True):
        run(str(house.practice.pk), "--archive", str(archive))
    manifest = json.loads((archive / "manifest.json").read_text())
    assert {label: number for label, number in manifest["rows"].items() if "." in label} == counts
    assert manifest["documents"] == bytes_before
    for name, digest in bytes_before.items():
        assert hashlib.sha256((archive / "files" / name).read_bytes()).hexdigest() == digest
    for label, decision in DECISIONS.items():
        assert not any(set(row["fields"]) & decision.secret for row in rows_in(archive, label))
    assert f"whsec_{TAG}" not in "".join(path.read_text() for path in (archive / "rows").iterdir())
    assert {one["last_name"] for one in rows_in(archive, "people")} >= {f"Morel{TAG}", f"Durand{TAG}"}
    assert any(line["action"] == "document.shared" for line in rows_in(archive, "audit"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in archive.rglob("*") if path.is_file()} == {0o600}
    assert stat.S_IMODE(archive.stat().st_mode) == 0o700
    assert verify(archive) == (0, [])


def test_an_archive_that_was_changed_cut_or_added_to_is_found_out(house: House, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    run(str(house.practice.pk), "--archive", str(archive))
    path = next((archive / "files").iterdir())
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert verify(archive) == (1, [f"files/{path.name}: changed"])
    path.unlink()
    assert verify(archive) == (1, [f"files/{path.name}: missing"])
    path.write_bytes(content)
    (archive / "files" / "more").write_text("x")
    assert verify(archive) == (1, ["files/more: not in the manifest"])
    (archive / "manifest.json").write_text("{")
    with pytest.raises(CommandError, match="no finished archive"):
        verify(archive)


def test_with_a_passphrase_nothing_is_in_the_clear_and_only_it_opens(house: House, tmp_path: Path) -> None:
    archive, key, wrong = tmp_path / "archive", tmp_path / "key", tmp_path / "wrong"
    key.write_text(f"{PASSPHRASE}\n")
    wrong.write_text("une autre phrase longue\n")
    original = {one.pk.hex: one.sha256 for one in StoredFile.objects.filter(deleting._named_by(house.practice))}
    run(str(house.practice.pk), "--archive", str(archive), "--passphrase-file", str(key))
    content = b"".join(path.read_bytes() for path in archive.rglob("*") if path.is_file())
    assert f"Durand{TAG}".encode() not in content
    assert b"%PDF" not in content
    assert verify(archive, "--passphrase-file", str(key), "--open-into", str(tmp_path / "clear")) == (0, [])
    named = {row["fields"]["last_name"] for row in rows_in(tmp_path / "clear", "patients.Patient")}
    assert f"Durand{TAG}" in named
    for name, digest in original.items():
        assert hashlib.sha256((tmp_path / "clear" / "files" / name).read_bytes()).hexdigest() == digest
    assert verify(archive, "--passphrase-file", str(wrong))[0] == 1
    with pytest.raises(CommandError, match="encrypted"):
        verify(archive)
    manifest = json.loads((archive / "manifest.json").read_text())
    manifest["name"] = "Un autre cabinet"
    (archive / "manifest.json").write_text(json.dumps(manifest))
    assert verify(archive, "--passphrase-file", str(key))[1][0].startswith("manifest.json: changed")


def test_a_dry_run_says_what_would_go_and_changes_nothing(house: House, own_store: Path) -> None:
    rows, files = whole_database(), stored(own_store)
    told = run(str(house.practice.pk), "--dry-run", yes=False)
    assert "would be erased: 5 patients.Patient" in told
    assert (whole_database(), stored(own_store)) == (rows, files)


def test_its_name_is_to_be_typed(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: "Cabinet rivage")
    with pytest.raises(CommandError, match="not its name"):
        run(str(house.practice.pk), "--archive", str(tmp_path / "archive"), yes=False)
    assert Practice.objects.filter(pk=house.practice.pk).exists()
    monkeypatch.setattr("builtins.input", lambda _question: f" Cabinet {TAG} ")
    run(str(house.practice.pk), "--archive", str(tmp_path / "archive"), yes=False)
    assert not Practice.objects.filter(pk=house.practice.pk).exists()


def test_bad_input_is_a_sentence_and_deletes_nothing(house: House, tmp_path: Path) -> None:
    short, mine = tmp_path / "short", tmp_path / "mine"
    short.write_text("court")
    mine.mkdir()
    before = whole_database()
    pk = str(house.practice.pk)
    for arguments, sentence in (
        ([pk], "Say where the archive goes"),
        ([pk, "--archive", str(mine)], "is there already"),
        ([pk, "--archive", str(tmp_path / "no" / "folder")], "make it first"),
        ([pk, "--archive", str(tmp_path / "a"), "--passphrase-file", str(short)], "too short"),
        ([pk, "--archive", str(tmp_path / "a"), "--passphrase-file", str(tmp_path / "none")], "can't be read"),
        ([str(uuid4()), "--archive", str(tmp_path / "a")], "No practice has the id"),
    ):
        with pytest.raises(CommandError, match=sentence):
            run(*arguments)
    assert whole_database() == before


def test_nothing_is_deleted_where_a_document_cannot_be_archived(house: House, tmp_path: Path) -> None:
    with storage.local_copy(house.document.file) as path:
        path.write_bytes(path.read_bytes() + b"x")
    before = whole_database()
    with pytest.raises(CommandError, match="Nothing was deleted"):
        run(str(house.practice.pk), "--archive", str(tmp_path / "archive"))
    assert whole_database() == before
    assert not (tmp_path / "archive").exists()


def test_killed_between_the_rows_and_the_bytes_the_next_run_removes_them(
    house: House, own_store: Path, tmp_path: Path
) -> None:
    """In the test's own transaction, on_commit callbacks never run, as after a kill."""
    other = furnish("rivage", mobile="+33698765432")
    archive = str(tmp_path / "archive")
    run(str(house.practice.pk), "--archive", archive)
    left = len(stored(own_store)) - StoredFile.objects.count()
    assert left > 1
    assert f"{left} files that were left are removed" in run(str(house.practice.pk), "--archive", archive)
    assert len(stored(own_store)) == StoredFile.objects.count() > 0
    assert storage.verify(other.document.file) is None


def test_killed_after_the_archive_and_before_the_rows_the_next_run_archives_anew(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was deleted before the kill, so the archive must also contain what was shared since."""
    archive = tmp_path / "archive"

    def killed(_practice: Practice) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(deleting, "_delete_rows", killed)
        with pytest.raises(KeyboardInterrupt):
            run(str(house.practice.pk), "--archive", str(archive))
    assert verify(archive) == (0, [])
    assert SharedDocument.objects.filter(practice=house.practice).exists()
    Patient.objects.filter(pk=house.marie.pk).update(first_name="Marie-Louise")
    run(str(house.practice.pk), "--archive", str(archive))
    assert "Marie-Louise" in {row["fields"]["first_name"] for row in rows_in(archive, "patients.Patient")}
    assert verify(archive) == (0, [])


def test_what_others_wrote_meanwhile_is_archived_by_another_try(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete_rows = deleting._delete_rows
    tries: list[Practice] = []

    def refused_once(practice: Practice) -> Any:
        tries.append(practice)
        if len(tries) == 1:
            raise IntegrityError
        return delete_rows(practice)

    monkeypatch.setattr(deleting, "_delete_rows", refused_once)
    run(str(house.practice.pk), "--archive", str(tmp_path / "archive"))
    assert len(tries) == 2
    assert verify(tmp_path / "archive") == (0, [])


def test_rows_are_archived_in_files_that_fit_in_memory(tmp_path: Path) -> None:
    archive = Archive(tmp_path, None)
    archive.add_lines("audit", ({"number": number} for number in range(12_000)))
    assert sorted(archive.files) == [f"rows/audit-{number:04d}.jsonl" for number in (1, 2, 3)]
    assert archive.rows == {"audit": 12_000}


def test_patients_accounts_stay_theirs_and_staff_lose_their_role_alone(house: House, tmp_path: Path) -> None:
    run(str(house.practice.pk), "--archive", str(tmp_path / "archive"))
    for user in (house.own, house.doctor):
        kept = User.objects.get(pk=user.pk)
        assert kept.is_active
        assert kept.email == user.email
        assert not kept.memberships.exists()
        assert not kept.record_ties.exists()
    assert not Message.objects.filter(practice=house.practice.pk).exists()
