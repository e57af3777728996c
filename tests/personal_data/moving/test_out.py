"""What leaves in an archive: everything of the practice, nothing of another, no secret; in bounded memory."""

from __future__ import annotations

import hashlib
import io
import json
import re
import stat
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils.dateparse import parse_datetime

from audit.models import AuditEvent
from files import storage
from files.models import StoredFile
from personal_data.archive import ExactTimes
from personal_data.moving.carried import CARRIED, LEFT
from personal_data.moving.cells import rows_in
from personal_data.moving.layout import ABOUT, SUMS, CannotMove
from personal_data.moving.out import write_archive
from personal_data.practice import rows_of
from personal_data.registry import DECISIONS, is_deleted_with, models_of_practices
from tests.personal_data.house import House
from tests.personal_data.moving.conftest import OTHER, TAG
from tests.personal_data.moving.content import entries_of
from tests.personal_data.moving.content import rows_of as rows_in_archive

pytestmark = pytest.mark.django_db


def test_every_model_of_a_practice_moves_or_says_why_not() -> None:
    owned = {model._meta.label for model, _decision in models_of_practices() if not is_deleted_with(model)}
    assert set(CARRIED) | set(LEFT) == owned | {"files.StoredFile", "notifications.Message"}
    assert not set(CARRIED) & set(LEFT)


def test_rows_are_written_after_what_they_refer_to() -> None:
    order = list(CARRIED)
    for label in order:
        for one in apps.get_model(label)._meta.get_fields():
            target = one.related_model._meta.label if one.is_relation and one.concrete and one.related_model else ""
            assert target not in order[order.index(label) + 1 :], (label, one.name)


def test_the_archive_has_every_row_and_byte(archive: Path, house: House) -> None:
    entries = entries_of(archive)
    rows = rows_in_archive(entries)
    for label, here in rows_of(house.practice):
        if label in CARRIED and label != "notifications.Message":
            assert {str(row["pk"]) for row in rows[label]} == set(map(str, here.values_list("pk", flat=True))), label
    for stored in StoredFile.objects.filter(pk__in=[row["pk"] for row in rows["files.StoredFile"]]):
        assert hashlib.sha256(entries[f"files/{stored.sha256}"]).hexdigest() == stored.sha256
    assert {one["email"] for one in json.loads(entries[ABOUT])["members"]} == {house.doctor.email, house.admin.email}
    lines = AuditEvent.objects.filter(practice_id=house.practice.pk)
    assert [one["id"] for one in rows["audit"]] == list(lines.order_by("id").values_list("pk", flat=True))


def test_the_sums_are_those_of_sha256sum(archive: Path) -> None:
    entries = entries_of(archive)
    listed = {line[66:]: line[:64] for line in entries[SUMS].decode().splitlines()}
    assert listed == {name: hashlib.sha256(text).hexdigest() for name, text in entries.items() if name != SUMS}


def test_nothing_of_another_practice_is_in_it(archive: Path, other: House) -> None:
    """No text, no id of any row, no byte of a document."""
    entries = entries_of(archive)
    text = b"\n".join(body for name, body in entries.items() if not name.startswith("files/")).decode()
    assert TAG in text
    assert OTHER not in text
    for label, rows in rows_of(other.practice):
        for pk in rows.values_list("pk", flat=True):
            assert isinstance(pk, int) or str(pk) not in text, (label, pk)
    theirs = StoredFile.objects.filter(pk__in=dict(rows_of(other.practice))["files.StoredFile"].values("pk"))
    assert theirs.exists()
    assert not {f"files/{one.sha256}" for one in theirs} & set(entries)


def test_times_keep_their_microseconds() -> None:
    """Cut to milliseconds, something shared after an access ended could have been shared before."""
    first, then = (datetime(2026, 11, 30, 8, 38, 32, microsecond, tzinfo=UTC) for microsecond in (5, 6))
    written = json.dumps([first, then], cls=ExactTimes)
    assert written == '["2026-11-30T08:38:32.000005Z", "2026-11-30T08:38:32.000006Z"]'
    assert [parse_datetime(one) for one in json.loads(written)] == [first, then]


def test_no_secret_leaves(archive: Path, house: House) -> None:
    entries = entries_of(archive)
    text = b"\n".join(body for name, body in entries.items() if not name.startswith("files/")).decode()
    for secret in (f"whsec_{TAG}", f"secret{TAG}", house.own.password, house.doctor.password, "token_hash", "BEGIN "):
        assert secret not in text, secret
    for label, rows in rows_in_archive(entries).items():
        gone = DECISIONS[label].secret | CARRIED[label].without if label in CARRIED else frozenset()
        assert not any(gone & set(row.get("fields", ())) for row in rows), label
    people = rows_in_archive(entries)["people"]
    assert {frozenset(one) for one in people} == {
        frozenset(("pk", "title", "first_name", "last_name", "professional_number"))
    }
    for one in ("mots de passe", "passwords", "images de signature", "signature images"):
        assert one in entries["README.txt"].decode()


def test_the_tables_are_read_by_a_french_spreadsheet(archive: Path, house: House) -> None:
    entries = entries_of(archive)
    headings, *rows = rows_in(io.BytesIO(entries["patients.csv"]))
    assert headings[:4] == ["Identifiant", "Nom", "Prénom", "Date de naissance"]
    marie = next(row for row in rows if row[0] == str(house.marie.pk))
    assert marie[1:6] == ["Durandlilas", "Marie", "03/02/1941", "marie@lilas.example", "+33612345678"]
    assert b'"\'+33612345678"' in entries["patients.csv"]
    assert [list(one.values()) for one in json.loads(entries["patients.json"])] == rows
    documents = list(rows_in(io.BytesIO(entries["documents.csv"])))
    files = {row[documents[0].index("SHA-256")] for row in documents[1:]}
    assert all(f"files/{one}" in entries for one in files)
    asked, received = (list(rows_in(io.BytesIO(entries[f"{name}.csv"]))) for name in ("requests", "received"))
    (by_hand,) = (row for row in asked[1:] if row[1] == "Carnet lilas")
    assert by_hand[asked[0].index("Nom")] == "Durandlilas"
    assert "une règle" in {row[asked[0].index("Demandé par")] for row in asked[1:]}
    assert [(row[1], row[2]) for row in received[1:]] == [(by_hand[0], "Carnet lilas.pdf")]
    assert f"files/{received[1][received[0].index('SHA-256')]}" in entries
    for name in ("appointments", "library", "messages", "accesses", "activity"):
        assert len(list(rows_in(io.BytesIO(entries[f"{name}.csv"])))) > 1, name


def test_the_command_writes_it_privately_and_into_the_trail(house: House, tmp_path: Path) -> None:
    output = io.StringIO()
    call_command("export_practice", str(house.practice.pk), "--to", str(tmp_path), stdout=output, stderr=output)
    written = next(tmp_path.glob("cabinet-lilas-*.zip"))
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    digest = hashlib.sha256(written.read_bytes()).hexdigest()
    assert digest in output.getvalue()
    line = AuditEvent.objects.get(action="practice.exported")
    assert (line.practice_id, line.detail) == (house.practice.pk, {"archive": digest})
    with pytest.raises(CommandError, match="is there already"):
        call_command("export_practice", str(house.practice.pk), "--to", str(tmp_path), stderr=output)
    with pytest.raises(CommandError, match="No practice"):
        call_command("export_practice", str(house.marie.pk), "--to", str(tmp_path), stderr=output)


def test_a_missing_or_changed_document_stops_it(house: House, tmp_path: Path, own_store: Path) -> None:
    path = own_store / house.document.file.key
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    with pytest.raises(CannotMove, match="changed"):
        write_archive(house.practice, tmp_path / "one.zip")
    path.unlink()
    with pytest.raises(CannotMove, match="missing"):
        write_archive(house.practice, tmp_path / "two.zip")


def test_a_document_taken_back_meanwhile_is_not_missed(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, calls = storage.open_, []

    def taken_back(stored: StoredFile) -> Any:
        calls.append(stored.pk)
        if len(calls) == 1:
            raise StoredFile.DoesNotExist
        return opened(stored)

    monkeypatch.setattr(storage, "open_", taken_back)
    write_archive(house.practice, tmp_path / "one.zip")
    assert len(calls) > 2


def test_memory_does_not_grow_with_the_documents(house: House, tmp_path: Path) -> None:
    """Forty files of a megabyte each are copied piece by piece."""
    big = tmp_path / "big"
    for number in range(40):
        big.write_bytes(b"%PDF-1.7\n" + number.to_bytes(2, "big") * (1 << 19))
        stored = storage.keep_path(big, "application/pdf", practice=None)
        stored.save()
        type(house.document).objects.create(
            practice=house.practice, patient=house.marie, appointment=house.past, file=stored, title="x",
            name="x.pdf", category=house.document.category, audience="patient",
        )  # fmt: skip
    tracemalloc.start()
    write_archive(house.practice, tmp_path / "one.zip")
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    with zipfile.ZipFile(tmp_path / "one.zip") as content:
        assert sum(one.file_size for one in content.infolist()) > 40 << 20
    assert peak < 20 << 20


def test_the_readme_says_the_same_twice(archive: Path) -> None:
    french, english = re.split(r"\nWHAT IS IN THIS ARCHIVE\n", entries_of(archive)["README.txt"].decode())
    for name in ("patients.csv", "files/", "practice.json", SUMS):
        assert name in french
        assert name in english
