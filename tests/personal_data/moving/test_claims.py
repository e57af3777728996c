"""An archive that somebody wrote by hand, with sums that fit: what it claims is verified like an upload."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from docshare.management.commands.fsck import CHECKS
from documents.invariants import OF_A_PRACTICE
from documents.models import SharedDocument
from personal_data.moving.into import import_practice
from personal_data.moving.layout import ABOUT, CannotMove
from practices.models import PracticeLogo
from tests.pdf_samples import written
from tests.personal_data.house import House, furnish, whole_database
from tests.personal_data.moving.conftest import TAG
from tests.personal_data.moving.content import entries_of, with_row, write
from tests.picture_samples import icon
from tests.picture_samples import written as written_picture

pytestmark = pytest.mark.django_db
Entries = dict[str, bytes]
Row = dict[str, Any]
DOCUMENTS, FILES = "documents.SharedDocument", "files.StoredFile"


@pytest.fixture
def house(db: None) -> House:
    """One of its documents is signed."""
    return furnish(TAG, mobile="+33612345678", signs=True)


def rows(entries: Entries, label: str) -> list[Row]:
    return [json.loads(line) for line in entries[f"rows/{label}.jsonl"].splitlines()]


def with_rows(entries: Entries, label: str, changed: list[Row]) -> Entries:
    text = b"".join(json.dumps(row).encode() + b"\n" for row in changed)
    return {**entries, f"rows/{label}.jsonl": text}


def with_fields(entries: Entries, label: str, pk: uuid.UUID, **fields: object) -> Entries:
    """The same archive, with these fields of one row."""
    found = rows(entries, label)
    next(row for row in found if row["pk"] == str(pk))["fields"] |= fields
    return with_rows(entries, label, found)


def refused(entries: Entries, folder: Path, what: str) -> str:
    """The sentence; nothing was written."""
    before = whole_database()
    path = write(folder / "claims.zip", entries)
    with pytest.raises(CannotMove) as error:  # noqa: PT012
        import_practice(path)
        pytest.fail(what)
    assert whole_database() == before, what
    assert str(error.value).endswith("."), what
    return str(error.value)


def of_another_patient(entries: Entries, house: House) -> Entries:
    return with_fields(entries, DOCUMENTS, house.document.pk, patient=str(house.paul.pk))


def an_upload_with_the_librarys_file(entries: Entries, house: House) -> Entries:
    sent = next(one for one in rows(entries, DOCUMENTS) if one["fields"]["library_version"])
    return with_fields(entries, DOCUMENTS, uuid.UUID(sent["pk"]), library_version=None)


def of_a_record_that_ended(entries: Entries, house: House) -> Entries:
    double = next(one["pk"] for one in rows(entries, "patients.Patient") if one["fields"]["merged_into"])
    changed = with_fields(entries, "appointments.Appointment", house.coming.pk, patient=double)
    mine = [one for one in rows(changed, DOCUMENTS) if one["fields"]["appointment"] == str(house.coming.pk)]
    for one in mine:
        changed = with_fields(changed, DOCUMENTS, uuid.UUID(one["pk"]), patient=double)
    return changed


def without_a_history(entries: Entries, house: House) -> Entries:
    """A second document; the lines of the first ones are here still."""
    found = rows(entries, DOCUMENTS)
    sent = next(one for one in found if one["fields"]["library_version"])
    return with_rows(entries, DOCUMENTS, [*found, {**sent, "pk": str(uuid.uuid4())}])


def deleted_and_yet_there(entries: Entries, house: House) -> Entries:
    lines = rows(entries, "audit")
    booked = next(one for one in lines if one["object"] == str(house.past.pk))
    return with_rows(entries, "audit", [*lines, {**booked, "action": "appointment.deleted"}])


def sent_twice(entries: Entries, house: House) -> Entries:
    lines = rows(entries, "audit")
    sent = next(one for one in lines if one["action"] == "auto_send.sent")
    before = datetime.fromisoformat(sent["at"]) - timedelta(seconds=1)
    return with_rows(entries, "audit", [*lines, {**sent, "at": before.isoformat()}])


def a_file_of_nothing(entries: Entries, house: House) -> Entries:
    files = rows(entries, FILES)
    return with_rows(entries, FILES, [*files, {**files[0], "pk": str(uuid.uuid4())}])


CONTRADICTIONS: dict[str, Callable[[Entries, House], Entries]] = {
    "its practice or patient is not its appointment's": of_another_patient,
    "an upload, but its file is the library's": an_upload_with_the_librarys_file,
    "of a record that became part of another": of_a_record_that_ended,
    "shared, but not in the history": without_a_history,
    "deleted, says the history, and yet there": deleted_and_yet_there,
    "2 times": sent_twice,
    "no document of the archive names it": a_file_of_nothing,
}


def test_what_fsck_would_report_is_not_imported(moved_out: Path, house: House, tmp_path: Path) -> None:
    entries = entries_of(moved_out)
    for sentence, change in CONTRADICTIONS.items():
        assert sentence in refused(change(entries, house), tmp_path, sentence)


# What fsck checks and a trial of rows cannot: bytes before they are stored, and the installation as a whole.
OTHERWISE = {
    *(
        "references",
        "files",
        "named-files",
        "signatures",
        "consents",
    ),  # personal_data/moving: the same of the archive itself
    *("messages", "texts", "audit", "audit-guards", "keys", "orphans", "uploads"),
    "practices",  # a row that names another practice than the archive’s is refused anyway
}


def test_every_invariant_of_fsck_is_tried() -> None:
    tried: set[object] = set(OF_A_PRACTICE)
    assert {name for name, check in CHECKS.items() if check not in tried} == OTHERWISE


def report_of(entries: Entries, house: House, **changes: object) -> list[Row]:
    """What the row of the signed document states, with changes."""
    signed = next(row for row in rows(entries, DOCUMENTS) if row["pk"] == str(house.document.pk))
    return [{**signed["fields"]["signatures"][0], **changes}]


def an_unsigned_document(entries: Entries) -> uuid.UUID:
    of_staff = (row for row in rows(entries, DOCUMENTS) if row["fields"]["library_version"] is None)
    return next(uuid.UUID(row["pk"]) for row in of_staff if row["fields"]["signed_at"] is None)


def unsigned(entries: Entries, house: House, **fields: object) -> Entries:
    return with_fields(entries, DOCUMENTS, an_unsigned_document(entries), **fields)


def signed(entries: Entries, house: House, **changes: object) -> Entries:
    """The signed document, its report with changes."""
    return with_fields(entries, DOCUMENTS, house.document.pk, signatures=report_of(entries, house, **changes))


def signed_by_whoever_shared(entries: Entries, house: House) -> Entries:
    document = an_unsigned_document(entries)
    fields = next(row["fields"] for row in rows(entries, DOCUMENTS) if row["pk"] == str(document))
    return unsigned(entries, house, signed_by=fields["shared_by"], signed_at=fields["shared_at"])


NOT_SIGNED = "its file is not signed as its row states"
SHAPE = "not as documented"
FALSE_CLAIMS: dict[str, tuple[str, Callable[[Entries, House], Entries]]] = {
    "a report without a signature": (NOT_SIGNED, lambda e, h: unsigned(e, h, signatures=report_of(e, h))),
    "a signer without a signature": (NOT_SIGNED, signed_by_whoever_shared),
    "another signer": (NOT_SIGNED, lambda e, h: signed(e, h, signer="Dr Knock")),
    "another moment": (NOT_SIGNED, lambda e, h: signed(e, h, signed_at="2020-01-01T08:00:00+00:00")),
    "a level beyond": (NOT_SIGNED, lambda e, h: signed(e, h, level="B-LTA")),
    "one signature more": (
        NOT_SIGNED,
        lambda e, h: with_fields(e, DOCUMENTS, h.document.pk, signatures=report_of(e, h) * 2),
    ),
    "signed years before": (
        NOT_SIGNED,
        lambda e, h: with_fields(e, DOCUMENTS, h.document.pk, signed_at="2020-01-01T08:00:00Z"),
    ),
    "a moment without a zone": (
        "is no value of signed_at",
        lambda e, h: with_fields(e, DOCUMENTS, h.document.pk, signed_at="2020-01-01"),
    ),
    "a text": (SHAPE, lambda e, h: unsigned(e, h, signatures="x")),
    "a list of texts": (SHAPE, lambda e, h: unsigned(e, h, signatures=["x"])),
    "an entry that nobody knows": (SHAPE, lambda e, h: signed(e, h, colour="blue")),
    "an entry of another type": (SHAPE, lambda e, h: signed(e, h, valid="yes")),
    "a judgement that nobody knows": (SHAPE, lambda e, h: signed(e, h, judgement="perfect")),
    "a level that nobody knows": (SHAPE, lambda e, h: signed(e, h, level="B-X")),
    "a moment that is none": (SHAPE, lambda e, h: signed(e, h, signed_at="2020-13-01T08:00:00Z")),
    "a notice that nobody knows": (SHAPE, lambda e, h: unsigned(e, h, notices=["harmless"])),
    "notices of another shape": (SHAPE, lambda e, h: unsigned(e, h, notices="javascript")),
    "notices in a list": (SHAPE, lambda e, h: unsigned(e, h, notices=[["javascript"]])),
}


def test_a_signature_is_a_fact_of_the_bytes(moved_out: Path, house: House, tmp_path: Path, own_store: Path) -> None:
    entries = entries_of(moved_out)
    for what, (sentence, change) in FALSE_CLAIMS.items():
        assert sentence in refused(change(entries, house), tmp_path, what), what
    assert not [path for path in own_store.rglob("*") if path.is_file() and house.document.file_id.hex in path.name]
    import_practice(moved_out)
    document = SharedDocument.objects.get(pk=house.document.pk)
    assert document.is_signed
    assert document.signatures == house.document.signatures


def with_bytes(entries: Entries, pk: uuid.UUID, content: bytes, media_type: str = "application/pdf") -> Entries:
    """The same archive, with other bytes of one file, and sums that fit."""
    digest = hashlib.sha256(content).hexdigest()
    before = next(row["fields"]["sha256"] for row in rows(entries, FILES) if row["pk"] == str(pk))
    rest = {name: text for name, text in entries.items() if name != f"files/{before}"}
    fields = {"sha256": digest, "size": len(content), "media_type": media_type}
    return with_fields({**rest, f"files/{digest}": content}, FILES, pk, **fields)


def test_files_that_cannot_be_scanned_wait(moved_out: Path, house: House, tmp_path: Path, settings: Settings) -> None:
    entries = entries_of(moved_out)
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    for changed in (entries, without_logo(entries)):
        assert "could not be checked" in refused(changed, tmp_path, "a scanner that does not answer")


def without_logo(entries: Entries) -> Entries:
    about = json.loads(entries[ABOUT])
    about["settings"]["practices.PracticeLogo"] = []
    return {**entries, ABOUT: json.dumps(about).encode()}


def with_logo(entries: Entries, png: bytes) -> Entries:
    return with_row(
        entries, "practices.PracticeLogo", lambda row: row["fields"].update(png=base64.b64encode(png).decode())
    )


def test_a_logo_is_decoded_like_an_upload(moved_out: Path, house: House, tmp_path: Path) -> None:
    entries = entries_of(moved_out)
    for png in (b"\x89PNG\r\n\x1a\n", b"<svg onload='x'/>", written(lambda _pdf: None)):
        assert "logo" in refused(with_logo(entries, png), tmp_path, repr(png[:9]))
    import_practice(write(tmp_path / "more.zip", with_logo(entries, written_picture(icon(), "PNG") + b"<script>")))
    assert b"script" not in bytes(PracticeLogo.objects.get(practice=house.practice).png)
