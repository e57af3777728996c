"""An archive that was changed, or made to do harm, is refused before anything is made of it."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from personal_data.moving.into import import_practice
from personal_data.moving.layout import ABOUT, SEAL, SUMS, CannotMove, is_known, seal
from personal_data.moving.reading import open_archive
from practices.models import Practice
from tests.personal_data.house import House, whole_database
from tests.personal_data.moving.content import entries_of, write

pytestmark = pytest.mark.django_db
Entries = dict[str, bytes]


def about(entries: Entries, **changes: object) -> Entries:
    return {**entries, ABOUT: json.dumps({**json.loads(entries[ABOUT]), **changes}).encode()}


def without(entries: Entries, *names: str) -> Entries:
    return {name: text for name, text in entries.items() if name not in names}


def a_document(entries: Entries) -> str:
    return next(name for name in entries if name.startswith("files/"))


CHANGED: dict[str, Callable[[Entries], Entries]] = {
    "a newer version": lambda entries: about(entries, version=2),
    "an older version": lambda entries: about(entries, version=0),
    "another format": lambda entries: about(entries, format="zip"),
    "no list of members": lambda entries: about(entries, members=None),
    "an id that is none": lambda entries: about(entries, practice="lilas"),
    "no practice.json": lambda entries: without(entries, ABOUT),
    "no JSON": lambda entries: {**entries, ABOUT: b"{"},
    "a path upwards": lambda entries: {**entries, "../../etc/cron.d/x": b"x"},
    "a path upwards among documents": lambda entries: {**entries, "files/../../x": b"x"},
    "a path upwards among rows": lambda entries: {**entries, "rows/../x.jsonl": b"x"},
    "an absolute path": lambda entries: {**entries, "/etc/x": b"x"},
    "a path of Windows": lambda entries: {**entries, "files\\x": b"x"},
    "something else": lambda entries: {**entries, "setup.py": b"x"},
    "a document without its bytes": lambda entries: without(entries, a_document(entries)),
    "rows that are not there": lambda entries: without(entries, "rows/patients.Patient.jsonl"),
    "a document under another name": lambda entries: {**entries, f"files/{'0' * 64}": b"x"},
    "a bomb": lambda entries: {**entries, "activity.csv": b"0" * (32 << 20)},
    "rows of a bomb": lambda entries: {**entries, "rows/audit.jsonl": b"[" * (9 << 20)},
    "members of another shape": lambda entries: about(entries, members=["a"]),
    "settings of another shape": lambda entries: about(entries, settings={"practices.Practice": 1}),
    "practitioners of another shape": lambda entries: about(entries, practitioners={"a": 1}),
    "a row of another shape": lambda entries: {**entries, "rows/patients.Patient.jsonl": b'{"pk": 1}\n'},
    "a row that is no object": lambda entries: {**entries, "rows/patients.Patient.jsonl": b"1\n"},
    "a row that is too deep": lambda entries: {**entries, "rows/audit.jsonl": b"[" * 100_000 + b"\n"},
}


def test_it_is_refused_with_a_sentence(moved_out: Path, own_store: Path, tmp_path: Path) -> None:
    entries = entries_of(moved_out)
    before, files = whole_database(), sorted(own_store.rglob("*"))
    for what, change in CHANGED.items():
        path = write(tmp_path / "changed.zip", change(entries))
        with pytest.raises(CannotMove) as refused:  # noqa: PT012
            import_practice(path)
            pytest.fail(what)
        assert str(refused.value).endswith("."), what
        assert whole_database() == before, what
    assert sorted(own_store.rglob("*")) == files


def test_the_sums_are_compared_one_by_one(moved_out: Path, tmp_path: Path) -> None:
    entries = entries_of(moved_out)
    name = a_document(entries)
    for changed in (
        {**entries, name: entries[name] + b" "},
        {**entries, "patients.csv": b"x"},
        {**entries, "README.txt": b""},
        {**entries, SUMS: entries[SUMS].replace(b"README.txt", b"README.md")},
        {**entries, SUMS: b"".join(entries[SUMS].splitlines(keepends=True)[1:])},
        without(entries, SUMS),
    ):
        with pytest.raises(CannotMove), open_archive(write(tmp_path / "changed.zip", changed, sums=False)):
            pass
        (tmp_path / "changed.zip").unlink()


def test_links_folders_and_devices_are_refused(moved_out: Path, tmp_path: Path) -> None:
    entries = entries_of(moved_out)
    for mode in (0o120777, 0o040755, 0o020600):
        path = write(tmp_path / "changed.zip", entries, kinds={a_document(entries): mode})
        with pytest.raises(CannotMove, match="link or a folder"):
            import_practice(path)


def test_two_entries_of_one_name_are_refused(moved_out: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "changed.zip", entries_of(moved_out))
    with zipfile.ZipFile(path, "a") as content:
        with pytest.warns(UserWarning, match="Duplicate name"):
            content.writestr("README.txt", b"x")
        content.comment = b"0" * SEAL
    seal(path)
    with pytest.raises(CannotMove, match="two entries"):
        import_practice(path)


def test_one_changed_byte_is_found_wherever_it_is(archive: Path, house: House) -> None:
    """In documents, in the zip's own tables, in the seal."""
    content = archive.read_bytes()
    choose = random.Random(32)  # the same places each time
    places = {0, 1, len(content) - 1, len(content) - SEAL, len(content) - SEAL - 1, len(content) - SEAL - 10}
    places |= {choose.randrange(len(content)) for _ in range(40)}
    for place in sorted(places):
        archive.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(CannotMove), open_archive(archive):
            pass
    for shorter in (content[:-1], content[: len(content) // 2], b"", b"PK"):
        archive.write_bytes(shorter)
        with pytest.raises(CannotMove), open_archive(archive):
            pass
    archive.write_bytes(content)
    with open_archive(archive) as opened:
        assert opened.about["practice"] == str(house.practice.pk)
    assert Practice.objects.filter(pk=house.practice.pk).exists()


def test_only_documented_names_are_known() -> None:
    assert is_known(f"files/{'a' * 64}")
    assert not is_known(f"files/{'A' * 64}")
    assert not is_known(f"files/{'a' * 64}/x")
    assert not is_known(f"files/{'a' * 64}\n")
    assert not is_known("rows/a.b.jsonl\n")
