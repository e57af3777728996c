"""`backup` and `restore` in the embedded default: real processes, two installations."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from django.utils.crypto import salted_hmac

from tests.docshare.installations import copy_of, manage

pytestmark = pytest.mark.xdist_group("backups")


@pytest.fixture(scope="module")
def saved(demo_installation: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An installation with the demo practice and one queued message, and its backup."""
    old, folder = copy_of(demo_installation, tmp_path_factory), tmp_path_factory.mktemp("backup") / "today"
    done = manage(old, "backup", str(folder), "--with-keys")
    assert done.returncode == 0, done.stderr
    return old, folder


def content_of(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        return list(connection.iterdump())


@pytest.mark.slow
def test_an_empty_machine_becomes_the_same_installation(saved: tuple[Path, Path], tmp_path: Path) -> None:
    old, folder = saved
    new = tmp_path / "new"
    restored = manage(new, "restore", str(folder))
    assert restored.returncode == 0, restored.stderr
    assert "1 messages are queued" in restored.stderr

    assert content_of(new / "docshare.sqlite3") == content_of(old / "docshare.sqlite3")
    for name in ("secret_key", "signing_passphrase"):
        assert (new / "secrets" / name).read_text() == (old / "secrets" / name).read_text()
    anchor = json.loads((folder / "manifest.json").read_text())["audit_anchor"]
    checked = manage(new, "fsck", "--anchor", anchor)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
    assert len(list((new / "files").rglob("*/*"))) == len(list((folder / "files").rglob("*/*"))) > 0

    again = manage(new, "restore", str(folder))
    assert again.returncode == 1
    assert "in use" in again.stderr


@pytest.mark.slow
def test_a_damaged_backup_changes_nothing(saved: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(saved[1], folder)
    file = next(path for path in (folder / "files").rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-1])
    new = tmp_path / "new"
    refused = manage(new, "restore", str(folder))
    assert refused.returncode == 1
    assert "was changed or damaged" in refused.stderr
    assert not (new / "files").exists()


@pytest.mark.slow
def test_what_a_killed_backup_left_is_removed_by_a_later_one(saved: tuple[Path, Path], tmp_path: Path) -> None:
    """It contains an unencrypted copy of the database. A backup that may still be running is left alone."""
    old = tmp_path / "old"
    shutil.copytree(saved[0], old, ignore=shutil.ignore_patterns("*.sock"))
    for name, age in (("backup-killed", 2 * 24 * 3600), ("backup-working", 60)):
        (old / name).mkdir()
        (old / name / "database").write_bytes(b"health data")
        then = time.time() - age
        os.utime(old / name, (then, then))
    made = manage(old, "backup", str(tmp_path / "backup"))
    assert made.returncode == 0, made.stderr
    assert [path.name for path in old.glob("backup-*")] == ["backup-working"]


@pytest.mark.slow
def test_keys_from_the_environment_must_be_the_backups(saved: tuple[Path, Path], tmp_path: Path) -> None:
    refused = manage(tmp_path / "new", "restore", str(saved[1]), SECRET_KEY="another-one" * 5)
    assert refused.returncode == 1
    assert "SECRET_KEY is another one" in refused.stderr


@pytest.mark.slow
def test_nobody_else_on_the_machine_reads_a_backup(saved: tuple[Path, Path]) -> None:
    folder = saved[1]
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "secrets" / "secret_key").stat().st_mode & 0o077 == 0
    assert "not empty" in manage(saved[0], "backup", str(folder)).stderr


@pytest.mark.slow
def test_a_backup_holds_no_key_unless_asked(saved: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    done = manage(saved[0], "backup", str(folder))
    assert done.returncode == 0, done.stderr
    assert "The keys are not in it" in done.stderr
    assert not (folder / "secrets").exists()
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for name in ("secret_key", "signing_passphrase"):
        assert (saved[0] / "secrets" / name).read_bytes() not in held
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.rglob("*")])


@pytest.mark.slow
def test_a_backup_made_while_a_key_is_turned_brings_the_former_one_too(
    saved: tuple[Path, Path], tmp_path: Path
) -> None:
    turning, folder, new = tmp_path / "turning", tmp_path / "today", tmp_path / "new"
    assert manage(turning, "restore", str(saved[1])).returncode == 0
    secrets = turning / "secrets"
    former = (secrets / "secret_key").rename(secrets / "secret_key_fallbacks").read_text()  # a new key is generated
    assert manage(turning, "migrate", "--verbosity", "0").returncode == 0

    done = manage(turning, "backup", str(folder), "--with-keys")
    assert done.returncode == 0, done.stderr
    restored = manage(new, "restore", str(folder))
    assert restored.returncode == 0, restored.stderr
    assert (new / "secrets" / "secret_key_fallbacks").read_text().strip() == former
    assert (new / "secrets" / "secret_key_fallbacks").stat().st_mode & 0o077 == 0
    turned = manage(new, "rotate_keys")
    assert turned.returncode == 0, turned.stderr
    assert "SECRET_KEY, queued messages: 0 under the key in use, 1 sealed again" not in turned.stdout
    assert "SECRET_KEY, queued messages: 1 under the key in use, 1 sealed again, 0 left." in turned.stdout
    (new / "secrets" / "secret_key_fallbacks").unlink()
    checked = manage(new, "check", "--database", "default")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.slow
def test_the_check_that_every_deployment_starts_with_refuses_a_wrong_key(
    saved: tuple[Path, Path], tmp_path: Path
) -> None:
    new = tmp_path / "new"
    assert manage(new, "restore", str(saved[1])).returncode == 0
    refused = manage(new, "migrate", SIGNING_PASSPHRASE="another-one" * 5)
    assert refused.returncode == 1
    assert "docshare.E053" in refused.stderr
    assert "SIGNING_PASSPHRASE opens nothing of what this installation keeps sealed" in refused.stderr


@pytest.mark.slow
def test_a_backup_gives_no_quick_way_to_guess_a_key(saved: tuple[Path, Path]) -> None:
    check_values = json.loads((saved[1] / "manifest.json").read_text())["key_check_values"]
    assert {each["secret"] for each in check_values} == {"SECRET_KEY", "SIGNING_PASSPHRASE"}
    for each in check_values:
        key = (saved[0] / "secrets" / each["secret"].lower()).read_text().encode()
        dear = hashlib.scrypt(key, salt=bytes.fromhex(each["salt"]), n=2**14, r=8, p=1, dklen=16)
        assert each["value"] == dear.hex()


@pytest.mark.slow
def test_a_backup_of_the_version_before_says_what_is_missing_too(saved: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "former"
    assert manage(saved[0], "backup", str(folder)).returncode == 0
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["key_check_values"]
    keys = {name: (saved[0] / "secrets" / name.lower()).read_text() for name in ("SECRET_KEY", "SIGNING_PASSPHRASE")}
    manifest["key_checks"] = {
        name: salted_hmac("docshare.backup", name, secret=key).hexdigest() for name, key in keys.items()
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    keys["SECRET_KEY"] = "another-one" * 5
    restored = manage(tmp_path / "new", "restore", str(folder), **keys)
    assert restored.returncode == 0, restored.stderr
    assert "without its keys, and SECRET_KEY of this installation" in restored.stderr


@pytest.mark.slow
def test_restoring_without_keys_says_what_is_missing(saved: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    assert manage(saved[0], "backup", str(folder)).returncode == 0
    restored = manage(tmp_path / "new", "restore", str(folder))
    assert restored.returncode == 0, restored.stderr
    assert "made without its keys, and SECRET_KEY and SIGNING_PASSPHRASE of this installation" in restored.stderr
    assert "signing keys" in restored.stderr

    same = {name: (saved[0] / "secrets" / name.lower()).read_text() for name in ("SECRET_KEY", "SIGNING_PASSPHRASE")}
    with_them = manage(tmp_path / "other", "restore", str(folder), **same)
    assert with_them.returncode == 0, with_them.stderr
    assert "without its keys" not in with_them.stderr
