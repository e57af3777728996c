"""Files of an archive that an upload may not be: kept and marked if only rules changed, left out with a virus."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.http import HttpRequest
from pikepdf import Dictionary, Name, Pdf
from pytest_django import Settings

from audit.models import AuditEvent
from documents.models import AutoSend, AutoSendRule, LibraryDocument, SharedDocument
from files import storage
from files.models import StoredFile
from files.preview import NoPreview, page_image, page_texts
from files.serving import respond
from personal_data.moving.into import import_practice
from personal_data.moving.layout import CannotMove
from personal_data.moving.out import write_archive
from tests.docshare.test_fsck import fsck
from tests.documents.conftest import PDF
from tests.files.test_scanning import with_eicar
from tests.pdf_samples import locked, written
from tests.personal_data.house import House
from tests.personal_data.moving.content import entries_of, write
from tests.personal_data.moving.test_claims import DOCUMENTS, Entries, an_unsigned_document, rows, with_bytes
from tests.scanner import Clamd

pytestmark = pytest.mark.django_db


def starts_a_program(pdf: Pdf) -> None:
    pdf.Root.OpenAction = Dictionary(S=Name.Launch, F="calc.exe")


OLDER: dict[str, tuple[bytes, str, str]] = {
    "no more than a head": (b"%PDF-1.7\n<script>", "application/pdf", "unreadable"),
    "with a password": (locked(user="x"), "application/pdf", "password"),
    "no picture": (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "image/png", "unreadable"),
    "starts a program": (written(starts_a_program), "application/pdf", "active_content"),
}


def files_of(entries: Entries) -> tuple[uuid.UUID, uuid.UUID]:
    """That of an unsigned document, and the library's."""
    unsigned = str(an_unsigned_document(entries))
    shared = next(row["fields"]["file"] for row in rows(entries, DOCUMENTS) if row["pk"] == unsigned)
    return uuid.UUID(shared), uuid.UUID(rows(entries, "documents.LibraryVersion")[0]["fields"]["file"])


def test_a_file_of_older_rules_comes_in_as_it_is_and_is_only_downloaded(
    moved_out: Path, house: House, tmp_path: Path
) -> None:
    entries = entries_of(moved_out)
    of_document, of_library = files_of(entries)
    for what, (content, media_type, code) in OLDER.items():
        path = write(tmp_path / "older.zip", with_bytes(entries, of_document, content, media_type))
        report = import_practice(path, dry_run=True)
        assert [found for found, _names in report.older_rules.values()] == [code], what
        assert not StoredFile.objects.filter(pk=of_document).exists()
    path = write(
        path, with_bytes(with_bytes(entries, of_document, content), of_library, *OLDER["with a password"][:2])
    )
    output = io.StringIO()
    call_command("import_practice", str(path), stdout=output, stderr=output)
    for file, code in ((of_document, "active_content"), (of_library, "password")):
        assert f"file {file} (" in output.getvalue()
        assert f"refused as an upload today ({code})" in output.getvalue()
    marked = StoredFile.objects.exclude(refused_as="")
    assert dict(marked.values_list("pk", "refused_as")) == {of_document: "active_content", of_library: "password"}
    stored = marked.get(pk=of_document)
    with storage.open_(stored) as kept:
        assert kept.read() == content
    response = respond(stored, title="Plan", request=HttpRequest(), disposition="inline")
    assert response["Content-Disposition"].startswith("attachment")
    assert respond(other_file(stored), title="Plan", request=HttpRequest(), disposition="inline")[
        "Content-Disposition"
    ].startswith("inline")
    with pytest.raises(NoPreview):
        page_image(stored, page=1, width=100)
    assert page_texts(stored, pages=1) == [""]
    line = AuditEvent.objects.get(action="practice.imported")
    assert line.detail["older_rules"] == sorted([str(of_document), str(of_library)])
    assert fsck() == (0, [])


def other_file(stored: StoredFile) -> StoredFile:
    return StoredFile.objects.filter(media_type="application/pdf", refused_as="").exclude(pk=stored.pk)[0]


@pytest.fixture
def clamd(settings: Settings) -> Iterator[Clamd]:
    scanner = Clamd(Path(tempfile.mkdtemp(prefix="clamd-")))
    settings.CLAMD_URL = scanner.url
    yield scanner
    scanner.stop()
    shutil.rmtree(scanner.folder)


def test_a_file_with_a_virus_is_left_out_with_what_needs_it_and_the_rest_comes_in(
    moved_out: Path, house: House, tmp_path: Path, clamd: Clamd
) -> None:
    clamd.start()
    entries = entries_of(moved_out)
    of_document, of_library = files_of(entries)
    unsigned = an_unsigned_document(entries)
    of_both = locked(user="x") + b"\n%" + with_eicar()[-200:]  # refused for its password, too
    path = write(
        tmp_path / "virus.zip", with_bytes(with_bytes(entries, of_document, of_both), of_library, with_eicar(PDF))
    )
    everything = {row["pk"] for row in rows(entries, DOCUMENTS)}
    from_library = {row["pk"] for row in rows(entries, DOCUMENTS) if row["fields"]["file"] == str(of_library)}
    output = io.StringIO()
    call_command("import_practice", str(path), stdout=output, stderr=output)
    for file in (of_document, of_library):
        assert f"file {file} (documents." in output.getvalue()
    assert "has a virus: left out" in output.getvalue()
    assert str(unsigned) in output.getvalue()
    here = {str(pk) for pk in SharedDocument.objects.filter(practice=house.practice).values_list("pk", flat=True)}
    assert here == everything - from_library - {str(unsigned)}
    assert here
    assert not StoredFile.objects.filter(pk__in=[of_document, of_library]).exists()
    assert not LibraryDocument.objects.filter(practice=house.practice, versions=None).exists()
    sent = AutoSend.objects.filter(appointment__practice=house.practice)
    assert not sent.filter(document__isnull=False).exists()
    assert sent.filter(question__isnull=False).exists()  # it asks, and sends no file
    assert AutoSendRule.objects.filter(practice=house.practice).exists()
    assert AuditEvent.objects.filter(object_id=unsigned, action="document.shared").exists()
    assert fsck() == (0, [])
    write_archive(house.practice, tmp_path / "again.zip")
    assert json.loads(entries_of(tmp_path / "again.zip")["practice.json"])["practice"] == str(house.practice.pk)


def test_a_file_that_is_too_long_for_the_scanner_waits_for_a_larger_limit(
    moved_out: Path, house: House, clamd: Clamd
) -> None:
    """Nobody knows whether it has a virus."""
    clamd.max_file_size = "1K"
    clamd.start()
    with pytest.raises(CannotMove, match="trop volumineux pour l’antivirus"):
        import_practice(moved_out)
    assert not SharedDocument.objects.filter(practice=house.practice).exists()
