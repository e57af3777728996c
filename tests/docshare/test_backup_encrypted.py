"""Encrypted backups to a public key, and repeated backups: real processes, and the `age` command itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from django.core.management import CommandError, call_command

from tests.docshare.installations import copy_of, manage
from tests.docshare.test_backup import content_of
from tests.prepared_process import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("backups")]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Public key, and the file of the private one."""
    made = subprocess.run(
        [sys.executable, "deploy/make_backup_key.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    path = tmp_path_factory.mktemp("key") / "key.txt"
    path.write_text(made.stdout)
    return made.stderr.split()[-1], path


@pytest.fixture(scope="module")
def old(demo_installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DATA_DIR of an installation with the demo practice."""
    return copy_of(demo_installation, tmp_path_factory)


@pytest.fixture(scope="module")
def encrypted(old: Path, key: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("backups")
    done = manage(old, "backup", "--into", str(into), "--with-keys", BACKUP_RECIPIENT=key[0])
    assert done.returncode == 0, done.stderr
    (folder,) = (path for path in into.iterdir() if path.is_dir())
    return folder


def test_nothing_of_it_is_readable_without_the_private_key(encrypted: Path, old: Path) -> None:
    files = [path for path in encrypted.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".age", ".json"}
    clear = [path.name for path in files if path.suffix != ".age"]
    assert clear == ["manifest.json"]
    assert all(path.read_bytes().startswith(b"age-encryption.org/v1\n") for path in files if path.suffix == ".age")
    held = b"".join(path.read_bytes() for path in files)
    assert b"Durand" not in held
    assert (old / "secrets" / "secret_key").read_bytes() not in held
    assert all(path.stat().st_mode & 0o077 == 0 for path in [encrypted, *encrypted.rglob("*")])


def test_an_empty_machine_becomes_the_same_installation_with_the_private_key(
    encrypted: Path, old: Path, key: tuple[str, Path], tmp_path: Path
) -> None:
    new = tmp_path / "new"
    restored = manage(new, "restore", str(encrypted), "--identity", str(key[1]))
    assert restored.returncode == 0, restored.stderr
    assert content_of(new / "docshare.sqlite3") == content_of(old / "docshare.sqlite3")
    assert (new / "secrets" / "secret_key").read_text() == (old / "secrets" / "secret_key").read_text()
    assert (manage(new, "fsck").stdout, list((new / "uploads").iterdir())) == ("", [])


def test_another_key_a_missing_one_and_damage_are_said_and_change_nothing(
    encrypted: Path, key: tuple[str, Path], tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.txt"
    stranger.write_text(str(pyrage.x25519.Identity.generate()))
    damaged = tmp_path / "damaged"
    shutil.copytree(encrypted, damaged)
    file = next(path for path in (damaged / "files").rglob("*.age"))
    file.write_bytes(file.read_bytes()[:-1])
    for folder, identity, sentence in (
        (encrypted, stranger, "names another key"),
        (damaged, key[1], "was changed or damaged"),
    ):
        refused = manage(tmp_path / "new", "restore", str(folder), "--identity", str(identity))
        assert (refused.returncode, sentence in refused.stderr) == (1, True), refused.stderr
        assert "Traceback" not in refused.stderr
    assert not (tmp_path / "new" / "files").exists()
    for named, sentence in (
        (None, "This backup is encrypted"),
        (encrypted / "manifest.json", "holds no private key of age"),
        (tmp_path / "nowhere", "There is no file"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call_command("restore", encrypted, identity=named)


def test_age_itself_reads_it(encrypted: Path, key: tuple[str, Path]) -> None:
    opened = subprocess.run(
        ["age", "--decrypt", "--identity", str(key[1]), str(encrypted / "database.age")],
        capture_output=True, check=True,
    )  # fmt: skip
    assert opened.stdout.startswith(b"SQLite format 3")


def test_old_and_unfinished_backups_go_and_the_last_success_is_noted(old: Path, tmp_path: Path) -> None:
    into = tmp_path / "backups"
    for day in range(1, 5):
        (into / f"2026-01-0{day}T023000Z").mkdir(parents=True)
        (into / f"2026-01-0{day}T023000Z" / "manifest.json").write_text("{}")
    (into / "2026-01-05T023000Z" / "files").mkdir(parents=True)  # interrupted
    (into / "of somebody else").mkdir()
    done = manage(old, "backup", "--into", str(into), "--keep", "3")
    assert done.returncode == 0, done.stderr
    (made,) = (path for path in into.iterdir() if path.name > "2026-01-06" and path.name[0].isdecimal())
    left = {path.name for path in into.iterdir()} - {".lock"}
    assert left == {"2026-01-03T023000Z", "2026-01-04T023000Z", made.name, "of somebody else"}

    noted = old / "backups" / "last-success.json"
    note = json.loads(noted.read_text())
    assert datetime.now(UTC) - datetime.fromisoformat(note["finished_at"]) < timedelta(minutes=5)
    assert note["bytes"] == sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    assert note["encrypted"] is False
    assert noted.stat().st_mode & 0o777 == 0o600

    before = noted.read_text()
    (next(path for path in (old / "files").rglob("*") if path.is_file())).write_bytes(b"changed")
    failed = manage(old, "backup", "--into", str(into), "--keep", "1")
    assert failed.returncode == 1
    assert noted.read_text() == before
    assert left <= {path.name for path in into.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Name the folder"),
        (["one", "--into", "all"], "Name the folder"),
        (["one", "--keep", "3"], "--keep needs --into"),
        (["--into", "all", "--keep", "0"], "a number from 1"),
        (["one", "--recipient", "age1nobody"], "not a public key of age"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("backup", *arguments)
