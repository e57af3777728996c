"""Checks the documents of an archive like uploads, and their signatures like those of a PDF that anybody verifies.

Bytes stay as they are. A file that was accepted under older rules is kept, and marked; one with a virus is left out
(docs/decisions/0042). Sentences name a file by its id: its name may be about a patient.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime

from documents.consents.verifying import SignedConsent, doubt_about
from documents.models import ConsentState, Doubt, SharedDocument
from files import sandbox
from files.intake import Refused, TryLater, Upload, judge
from files.limits import PDF
from personal_data.moving.layout import CannotMove
from personal_data.moving.reading import OpenArchive
from signing.certificates import known_authorities, trusted_roots
from signing.pdf.pades import LEVELS
from signing.pdf.verify import NOT_JUDGED, CannotVerify, SignatureReport, stored_judgement, verify

CONSENTS = "documents.Consent"
FILES, SHARED, VERSIONS = "files.StoredFile", "documents.SharedDocument", "documents.LibraryVersion"
RECEIVED = "documents.ReceivedDocument"
NAMES_FILES = (SHARED, RECEIVED, VERSIONS)
LONGEST_SIGNING = timedelta(hours=1)  # between the moment of the row and that of its time-stamp
Fields = dict[str, Any]


@dataclass(frozen=True)
class Claim:
    """What rows say of the signatures in a file. `consent`: the patient's signature, which came last, with its id."""

    document: str
    signatures: list[Fields]
    signed_at: datetime | None
    consent: tuple[uuid.UUID, SignedConsent] | None = None


@dataclass
class Verdicts:
    """About files, by id. `older_rules`: the code of what refuses them today; `left_out`: they have a virus.
    `doubts`: about consents, by id: their files do not prove them."""

    older_rules: dict[uuid.UUID, str] = field(default_factory=dict)
    left_out: set[uuid.UUID] = field(default_factory=set)
    doubts: dict[uuid.UUID, Doubt] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.older_rules or self.left_out or self.doubts)


@contextmanager
def extracted(archive: OpenArchive, sha256: str) -> Iterator[Path]:
    """A context with a copy of a document, which may be moved away."""
    folder = settings.FILE_UPLOAD_TEMP_DIR
    with tempfile.TemporaryDirectory(dir=folder, suffix=sandbox.SCRATCH) as scratch:
        path = Path(scratch) / "file"
        archive.extract(sha256, path)
        yield path


def check_documents(archive: OpenArchive) -> Verdicts:
    """Raises CannotMove for a file that could not be scanned, or that is not signed as its document says. The rows
    were tried before, so they have the documented shape."""
    claims, verdicts = _claims(archive), Verdicts()
    for row in archive.rows(FILES):
        pk = uuid.UUID(str(row["pk"]))
        with extracted(archive, row["fields"]["sha256"]) as path:
            judged = _judged(path, pk, verdicts)
            if claims.get(pk) and pk not in verdicts.left_out:
                signatures = _signatures(path, row["fields"]["media_type"], judged)
                for claim in claims[pk]:
                    if not _is_true(claim, signatures):
                        raise CannotMove(f"Document {claim.document}: its file is not signed as its row states.")
                    if claim.consent is not None and (doubt := _doubt_about(claim.consent[1], path)):
                        verdicts.doubts[claim.consent[0]] = doubt
    return verdicts


def lost_with(files: set[uuid.UUID], archive: OpenArchive) -> set[uuid.UUID]:
    """The files, and the documents of the library of which no version remains without them."""
    lost: set[uuid.UUID] = set()
    remain: set[uuid.UUID] = set()
    for row in archive.rows(VERSIONS) if files else ():
        fields = row["fields"]
        (lost if uuid.UUID(fields["file"]) in files else remain).add(uuid.UUID(fields["document"]))
    return files | (lost - remain)


def named_in(archive: OpenArchive, files: Collection[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """What names each of the files, for the operator: no title."""
    names: dict[uuid.UUID, list[str]] = {file: [] for file in files}
    for label in NAMES_FILES if files else ():
        for row in archive.rows(label):
            if (file := uuid.UUID(row["fields"]["file"])) in names:
                names[file].append(f"{label} {row['pk']}")
    return names


def _claims(archive: OpenArchive) -> dict[uuid.UUID, list[Claim]]:
    """By the id of the file; only documents that claim to be signed."""
    claims: dict[uuid.UUID, list[Claim]] = {}
    consents = _signed_consents(archive)
    for row in archive.rows(SHARED):
        fields = row["fields"]
        signatures, signed_at = fields.get("signatures", []), fields.get("signed_at")
        consent = consents.get(str(row["pk"]))
        if signatures or signed_at or consent:
            at = SharedDocument._meta.get_field("signed_at").to_python(signed_at)
            claims.setdefault(uuid.UUID(fields["file"]), []).append(Claim(str(row["pk"]), signatures, at, consent))
    return claims


def _signed_consents(archive: OpenArchive) -> dict[str, tuple[uuid.UUID, SignedConsent]]:
    """By the id of the document."""
    found = {}
    for row in archive.rows(CONSENTS):
        fields = row["fields"]
        if fields["state"] in (ConsentState.SIGNED, ConsentState.WITHDRAWN):
            stated = SignedConsent(
                challenge=str(fields["challenge"]),
                signer=fields["signer_name"],
                signed_as=fields["settled_as"],
                means=fields["means"],
                at=parse_datetime(fields["settled_at"]),
                read_sha256=fields["read_sha256"],
                read_size=int(fields["read_size"]),
                sentences=tuple(fields["sentences"]),
            )
            found[fields["document"]] = uuid.UUID(str(row["pk"])), stated
    return found


def _doubt_about(stated: SignedConsent, path: Path) -> Doubt | None:
    try:
        return doubt_about(stated, path, known_authorities())
    except CannotVerify:
        return Doubt.SEAL


def _judged(path: Path, pk: uuid.UUID, verdicts: Verdicts) -> Upload | None:
    """None if an upload would be refused: the verdicts say why."""
    try:
        return judge(path, name=str(pk))
    except Refused as error:
        if isinstance(error, TryLater) or error.code == "not_scanned":
            raise not_accepted(f"File {pk}", error) from error
        if error.code == "virus":
            verdicts.left_out.add(pk)
        else:
            verdicts.older_rules[pk] = error.code
        return None


def not_accepted(what: str, error: Refused) -> CannotMove:
    if isinstance(error, TryLater):
        return CannotMove(f"{what} could not be checked; import the archive again later. {error.sentence}")
    return CannotMove(f"{what} is refused, as an upload would be: {error.sentence}")


def _signatures(path: Path, media_type: str, judged: Upload | None) -> Sequence[SignatureReport]:
    """Those in the bytes, oldest first."""
    if media_type != PDF:
        return ()
    try:
        return verify(path, roots=trusted_roots())
    except CannotVerify:
        return [NOT_JUDGED] * (judged.signature_count if judged else 0)  # as when it was shared


def _is_true(claim: Claim, reports: Sequence[SignatureReport]) -> bool:
    """Whether the bytes carry what the row states. A level beyond B-T depends on the authorities that are known here,
    so it is not compared."""
    if claim.signatures and len(claim.signatures) != len(reports):
        return False
    if not all(map(_is_in, claim.signatures, reports)):
        return False
    if claim.signed_at is None:
        return True
    # The practitioner's: the last one, or the last before the patient's.
    before = reports[:-1] if claim.consent is not None else reports
    return any(_is_at(one, claim.signed_at) for one in before[-1:])


def _is_at(report: SignatureReport, moment: datetime) -> bool:
    return report.valid and report.signed_at is not None and abs(report.signed_at - moment) <= LONGEST_SIGNING


def _is_in(stated: Fields, report: SignatureReport) -> bool:
    if stored_judgement(stated) != "valid" and not stated.get("valid"):
        return True  # nothing that a reader would rely on
    at = stated.get("signed_at")
    return (
        report.valid
        and stated.get("signer") == report.signer
        and (parse_datetime(at) if at else None) == report.signed_at
        and (report.covers_whole_document or not stated.get("covers_whole_document"))
        and min(_rank(stated.get("level")), _rank("B-T")) <= _rank(report.level)
    )


def _rank(level: object) -> int:
    """Higher proves more; 0: no PAdES."""
    return ("", *LEVELS).index(str(level or ""))
