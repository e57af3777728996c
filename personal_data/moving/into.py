"""Reads the archive of a practice into this installation: all of it or nothing.

Everything is tried first, in a transaction that is rolled back; then the bytes are stored, which no row names yet;
then the rows are written, in one transaction. A killed run leaves no row; the bytes that it stored are overwritten by
the next run, or removed by the nightly sweep.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone, translation

from audit.models import AuditEvent
from audit.trail import DetailValue, record
from documents.invariants import OF_A_PRACTICE
from documents.models import Category
from files import storage
from files.kinds import HEAD_BYTES, sniff
from personal_data.moving.arriving import CHANGES
from personal_data.moving.carried import CARRIED
from personal_data.moving.documents import (
    FILES,
    NAMES_FILES,
    Verdicts,
    check_documents,
    extracted,
    lost_with,
    named_in,
)
from personal_data.moving.layout import DOUBTS, PEOPLE, TRAIL, CannotMove
from personal_data.moving.people import ids_here, write_people
from personal_data.moving.reading import OpenArchive, open_archive
from personal_data.moving.rows import Known, Relations, all_made_from, key_of
from personal_data.moving.trail import write_trail
from personal_data.registry import DECISIONS
from practices.colleagues import Identity, invite
from practices.models import Practice, Role
from practices.periods import Period
from refusals import Refusal

BATCH = 500


@dataclass
class Report:
    """`again`: the practice is here from this archive, and nothing was done. `not_invited`: members for whom an
    administrator writes the invitation. `older_rules`: files that an upload may not be, by id, with the code of why;
    `left_out`: those with a virus. Each with what names it. `doubts`: consents that their files do not prove, by
    id."""

    practice: uuid.UUID
    name: str
    archive: str
    rows: dict[str, int] = field(default_factory=dict)
    invited: list[str] = field(default_factory=list)
    not_invited: list[str] = field(default_factory=list)
    practitioners: dict[str, str] = field(default_factory=dict)
    older_rules: dict[uuid.UUID, tuple[str, list[str]]] = field(default_factory=dict)
    left_out: dict[uuid.UUID, list[str]] = field(default_factory=dict)
    doubts: dict[uuid.UUID, str] = field(default_factory=dict)
    again: bool = False


def import_practice(path: Path, *, dry_run: bool = False) -> Report:
    """Raises CannotMove, OSError."""
    with open_archive(path) as archive, translation.override("fr"):
        report = _report(archive)
        if _is_here(report):
            report.again = True
            return report
        now = timezone.now()
        _try(archive, report, now, Verdicts())
        if verdicts := check_documents(archive):
            report = _report(archive)
            _try(archive, report, now, verdicts)
        if dry_run:
            return report
        _store(archive, verdicts, report.practice)
        report = _report(archive)
        with transaction.atomic():
            _write(archive, report, now, verdicts)
        return report


def _try(archive: OpenArchive, report: Report, now: datetime, verdicts: Verdicts) -> None:
    """Write everything, and roll it back. Raises CannotMove."""
    try:
        with transaction.atomic():
            _write(archive, report, now, verdicts)
            _check_invariants(report.practice)
            transaction.set_rollback(True)
    except (LookupError, TypeError, ValueError, AttributeError, DataError) as error:  # of another shape than ours
        raise CannotMove(f"The archive is not as documented ({type(error).__name__}: {error}).") from error


def _check_invariants(practice: uuid.UUID) -> None:
    """What `manage.py fsck` would report of this practice refuses the archive. Raises CannotMove."""
    try:
        connection.check_constraints(apps.get_model(label)._meta.db_table for label in CARRIED)
    except IntegrityError as error:
        raise CannotMove(f"The archive contradicts itself, or what is here: {error}.") from error
    for check in OF_A_PRACTICE:
        for fault in check(practice):
            raise CannotMove(f"The archive contradicts itself: {fault}.")


def _report(archive: OpenArchive) -> Report:
    about = archive.about
    try:
        practice = uuid.UUID(about["practice"])
    except ValueError as error:
        raise CannotMove(f"The archive names the practice {about['practice']!r}, which is no id.") from error
    return Report(practice, str(about.get("name", "")), archive.sha256)


def _is_here(report: Report) -> bool:
    """Whether this archive was imported before. Raises CannotMove if something else has its id."""
    if not Practice.objects.filter(pk=report.practice).exists():
        return False
    lines = AuditEvent.objects.filter(object_id=report.practice, action="practice.imported")
    newest = lines.order_by("id").last()
    if newest and newest.detail.get("archive") == report.archive:
        return True
    raise CannotMove(
        f"A practice with the id {report.practice} is here already, and not from this archive. Delete it first "
        "(manage.py delete_practice), or import into another installation."
    )


def _write(archive: OpenArchive, report: Report, now: datetime, verdicts: Verdicts) -> None:
    people = ids_here(report.practice, archive.rows(PEOPLE))
    categories = frozenset(Category.objects.values_list("code", flat=True))
    left_out = lost_with(verdicts.left_out, archive)
    known = Known(
        report.practice,
        people,
        categories,
        left_out=left_out,
        older_rules=verdicts.older_rules,
        doubts=verdicts.doubts,
    )
    for label in CARRIED:
        model = apps.get_model(label)
        known.ids[label] = {key for row in archive.rows(label) if (key := key_of(model, row)) is not None}
    _check_files(archive)
    doubts = {uuid.UUID(str(row.get("patient"))) for row in archive.rows(DOUBTS)}
    try:
        report.rows["accounts without sign-in"] = write_people(people, archive.rows(PEOPLE))
        for label in CARRIED:
            report.rows[label] = _write_rows(archive, label, known, now, doubts)
        report.rows["lines of the trail"] = write_trail(archive.rows(TRAIL), known)
    except IntegrityError as error:
        raise CannotMove(f"The archive contradicts itself, or what is here: {error}") from error
    practice = Practice.objects.filter(pk=report.practice).first()
    if practice is None:
        raise CannotMove("The archive has no row of its practice.")
    _say_of_files(archive, report, verdicts)
    detail: dict[str, DetailValue] = {"archive": report.archive}
    if verdicts:
        detail |= {name: sorted(map(str, files)) for name, files in vars(verdicts).items()}
    record("practice.imported", by=None, on=practice, practice=practice, detail=detail)
    _invite(archive, practice, report)
    agendas = dict(practice.agendas.values_list("pk", "name"))
    practitioners = archive.about["practitioners"].items()
    report.practitioners = {
        agendas[key]: str(name) for pk, name in practitioners if (key := uuid.UUID(pk)) in agendas
    }


def _say_of_files(archive: OpenArchive, report: Report, verdicts: Verdicts) -> None:
    named = named_in(archive, {*verdicts.older_rules, *verdicts.left_out})
    report.older_rules = {file: (code, named[file]) for file, code in verdicts.older_rules.items()}
    report.doubts = {consent: doubt.value for consent, doubt in sorted(verdicts.doubts.items())}
    report.left_out = {file: named[file] for file in sorted(verdicts.left_out)}


def _write_rows(archive: OpenArchive, label: str, known: Known, now: datetime, doubts: set[uuid.UUID]) -> int:
    without = CARRIED[label].without | DECISIONS[label].secret
    rows, written = archive.rows(label), 0
    while batch := list(islice(rows, BATCH)):
        made = all_made_from(batch, label, without, known)
        if change := CHANGES.get(label):
            for one, _relations in made:
                change(one, known, now, doubts)
        _save(label, made)
        written += len(made)
    return written


def _save(label: str, made: list[tuple[Model, Relations]]) -> None:
    model = apps.get_model(label)
    keys = [one.pk for one, _relations in made if one.pk is not None]
    taken = model._base_manager.filter(pk__in=keys).values_list("pk", flat=True).first()
    if taken is not None:
        raise CannotMove(f"The id {taken} of the archive's {label} is taken here by something else.")
    model._base_manager.bulk_create([one for one, _relations in made])
    for name in {name for _one, relations in made for name in relations}:
        through = model._meta.get_field(name).remote_field.through
        here, there = model._meta.get_field(name).m2m_column_name(), model._meta.get_field(name).m2m_reverse_name()
        pairs = [through(**{here: one.pk, there: key}) for one, relations in made for key in relations.get(name, ())]
        through._base_manager.bulk_create(pairs, batch_size=BATCH)


def _store(archive: OpenArchive, verdicts: Verdicts, practice: uuid.UUID) -> None:
    """Store the bytes of every row that comes in under its own key, as they are. Raises CannotMove."""
    for row in archive.rows(FILES):
        fields, key = row["fields"], uuid.UUID(str(row["pk"]))
        if key in verdicts.left_out:
            continue
        with extracted(archive, fields["sha256"]) as path:
            storage.remove_erased([key], practice=practice)  # of a killed run
            storage.keep_path(path, fields["media_type"], practice=practice, pk=key)  # the row follows


def _check_files(archive: OpenArchive) -> None:
    """Every row of a file has its bytes, of the type and size that it states, and a document names it. Raises
    CannotMove."""
    named = {str(row["fields"].get("file")) for label in NAMES_FILES for row in archive.rows(label)}
    for row in archive.rows(FILES):
        fields = row["fields"]
        if str(row["pk"]) not in named:
            raise CannotMove(f"File {row['pk']}: no document of the archive names it.")
        if not archive.has_file(str(fields.get("sha256"))):
            raise CannotMove(f"File {row['pk']}: its bytes are not in the archive.")
        head, size = archive.head(fields["sha256"], HEAD_BYTES)
        if (sniff(head), size) != (fields.get("media_type"), fields.get("size")):
            raise CannotMove(f"File {row['pk']}: its row states another type or size than its bytes have.")


def _invite(archive: OpenArchive, practice: Practice, report: Report) -> None:
    """Members join by their own acceptance, whether they have an account here or not."""
    for one in archive.about["members"]:
        names = {name: str(one.get(name, "")) for name in ("email", "first_name", "last_name", "title")}
        period = Period(_day(one.get("valid_from")), _day(one.get("valid_until")))
        roles = [Role(role) for role in one.get("roles", ())]
        number = str(one.get("professional_number", ""))
        # An earlier release did not check numbers: without it, the person enters it again.
        invited = any(
            _is_invited(practice, Identity(**names, professional_number=each), roles, period)
            for each in dict.fromkeys((number, ""))
        )
        (report.invited if invited else report.not_invited).append(names["email"])


def _is_invited(practice: Practice, identity: Identity, roles: list[Role], period: Period) -> bool:
    try:
        with transaction.atomic():
            invite(practice=practice, identity=identity, roles=roles, period=period, by=None)
    except (ValidationError, Refusal):
        return False
    return True


def _day(value: object) -> date | None:
    return date.fromisoformat(str(value)) if value else None
