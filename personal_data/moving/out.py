"""Writes everything of a practice as one archive. docs/moving.md describes it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.utils import timezone, translation

from audit.models import AuditEvent
from audit.trail import record
from files import storage
from files.models import StoredFile
from notifications.models import Message
from personal_data.archive import ExactTimes, serialized
from personal_data.folder import draft_of, place
from personal_data.moving.carried import CARRIED, carried_rows
from personal_data.moving.cells import csv_lines
from personal_data.moving.doubts import contacts_to_confirm
from personal_data.moving.layout import (
    ABOUT,
    DOUBTS,
    FORMAT,
    PEOPLE,
    README,
    TRAIL,
    VERSION,
    CannotMove,
    file_path,
    rows_path,
)
from personal_data.moving.tables import as_objects, patients, tables_of
from personal_data.moving.words import README_TEXT
from personal_data.moving.writing import ArchiveWriter
from personal_data.practice import people_of, trail_of
from personal_data.snapshot import snapshot
from practices.models import Membership, Practice

SNAPSHOTS = 3  # a document taken back while its bytes are copied requires another snapshot
Progress = Callable[[int, int], None]  # documents copied, of how many


@dataclass
class Written:
    """`sha256`: of the whole archive."""

    sha256: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    files: int = 0
    size: int = 0


def write_archive(practice: Practice, target: Path, progress: Progress = lambda _done, _all: None) -> Written:
    """Write the archive to `target`, a new file. Rows are of one moment; bytes, which never change, follow.

    Raises CannotMove if documents are missing or changed in the storage; OSError.
    """
    for _attempt in range(SNAPSHOTS):
        try:
            return _write(practice, target, progress)
        except StoredFile.DoesNotExist:  # taken back meanwhile, with its bytes
            target.unlink()
    raise CannotMove("Documents are being taken back all the time: try again later.")


def export_practice(practice: Practice, target: Path) -> Written:
    """For the operator: writes the archive to `target`, which appears when it is complete, with a line in the trail.

    Raises CannotMove, folder.CannotWrite, OSError.
    """
    with draft_of(target) as draft:
        written = write_archive(practice, draft / "archive")
        with transaction.atomic():
            record("practice.exported", by=None, on=practice, practice=practice, detail={"archive": written.sha256})
            place(draft / "archive", target)
    return written


def _write(practice: Practice, target: Path, progress: Progress) -> Written:
    written = Written()
    with ArchiveWriter(target) as archive:
        archive.add(README, [README_TEXT.encode()])
        with snapshot(), translation.override("fr"):
            files = _write_rows(practice, archive, written)
        written.files, written.size = len(files), sum(size for _pk, size in files.values())
        for done, (sha256, (pk, _size)) in enumerate(sorted(files.items())):
            progress(done, len(files))
            _copy(archive, StoredFile.objects.get(pk=pk), sha256)
        progress(len(files), len(files))
    written.sha256 = archive.sha256
    return written


def _readable(rows: Generator[dict[str, Any], None, None]) -> Iterator[dict[str, Any]]:
    """Raises CannotMove for a row with a text that no key of this site opens: another site could not either."""
    for row in rows:
        if "unreadable" in row:
            rows.close()  # its cursor ends with the transaction
            raise CannotMove(f"{row['model']} {row['pk']}: encrypted under another key. See SECRET_KEY_FALLBACKS.")
        yield row


def _write_rows(practice: Practice, archive: ArchiveWriter, written: Written) -> dict[str, tuple[uuid.UUID, int]]:
    """Returns id and size of a stored file for each SHA-256."""
    current = Practice.objects.get(pk=practice.pk)
    inline: dict[str, list[dict[str, Any]]] = {}
    files: dict[str, tuple[uuid.UUID, int]] = {}
    for label, rows, without in carried_rows(current):
        each = _sorted_relations(rows.model, _readable(serialized(rows, without)))
        if CARRIED[label].inline:
            inline[label] = list(each)
            written.counts[label] = len(inline[label])
        else:
            written.counts[label] = _add_lines(archive, label, each)
        if label == "files.StoredFile":
            files = {one.sha256: (one.pk, one.size) for one in rows.iterator() if isinstance(one, StoredFile)}
        if label == "notifications.Message":
            for name, table in tables_of(current, Message.objects.filter(pk__in=rows.values("pk"))):
                archive.add(f"{name}.csv", csv_lines(table))
    archive.add("patients.json", as_objects(patients(current)))
    written.counts[PEOPLE] = _add_lines(archive, PEOPLE, people_of(current, *_in_the_trail(current)))
    written.counts[TRAIL] = _add_lines(archive, TRAIL, trail_of(current))
    written.counts[DOUBTS] = _add_lines(archive, DOUBTS, ({"patient": pk} for pk in contacts_to_confirm(current)))
    archive.add(ABOUT, [_about(current, inline, written.counts).encode()])
    return files


def _about(practice: Practice, inline: dict[str, list[dict[str, Any]]], counts: dict[str, int]) -> str:
    about = {
        "format": FORMAT,
        "version": VERSION,
        "practice": practice.pk,
        "name": practice.name,
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "made_by": settings.PUBLIC_URL,
        "rows": counts,
        "settings": inline,
        "practitioners": {
            str(one.pk): one.practitioner.get_full_name()
            for one in practice.agendas.select_related("practitioner").order_by("pk")
            if one.practitioner
        },
        "members": list(_members(practice)),
    }
    return json.dumps(about, cls=ExactTimes, ensure_ascii=False, indent=1) + "\n"


def _members(practice: Practice) -> Iterator[dict[str, Any]]:
    """Members whose access is not over: the new installation invites them."""
    rows = Membership.objects.filter(practice=practice, user__is_active=True).select_related("user")
    for one in rows.order_by("user__email"):
        if one.valid_until and one.valid_until < timezone.localdate(timezone=practice.zone):
            continue
        yield {
            "email": one.user.email,
            "title": one.user.title,
            "first_name": one.user.first_name,
            "last_name": one.user.last_name,
            "professional_number": one.user.professional_number,
            "roles": sorted(role.value for role in one.roles),
            "valid_from": one.valid_from,
            "valid_until": one.valid_until,
        }


def _in_the_trail(practice: Practice) -> set[uuid.UUID]:
    """Accounts that acted in the practice, or that a line is about."""
    lines = AuditEvent.objects.filter(practice_id=practice.pk).order_by()
    actors = lines.values_list("actor_id", flat=True).distinct()
    about = lines.filter(object_type="User").values_list("object_id", flat=True).distinct()
    return {one for one in (*actors, *about) if one}


def _add_lines(archive: ArchiveWriter, label: str, rows: Iterable[object]) -> int:
    number = 0

    def lines() -> Iterator[bytes]:
        nonlocal number
        for row in rows:
            number += 1
            yield json.dumps(row, cls=ExactTimes, ensure_ascii=False).encode() + b"\n"

    archive.add(rows_path(label), lines())
    return number


def _sorted_relations(model: type[Model], rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Ids of many-to-many relations have no order of their own: two archives of equal rows are equal."""
    relations = [field.name for field in model._meta.local_many_to_many]
    for row in rows:
        for name in relations:
            row["fields"][name] = sorted(row["fields"][name], key=str)
        yield row


def _copy(archive: ArchiveWriter, stored: StoredFile, sha256: str) -> None:
    """Raises CannotMove; StoredFile.DoesNotExist if it was taken back meanwhile."""
    try:
        with storage.open_(stored) as source:
            digest = archive.add_file(file_path(sha256), source)
    except (FileNotFoundError, storage.BytesChanged) as error:
        raise CannotMove(f"File {stored.pk}: {storage.why_not(error)}. See manage.py fsck.") from error
    if digest != sha256:
        raise CannotMove(f"File {stored.pk}: {storage.CHANGED}. See manage.py fsck.")
