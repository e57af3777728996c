"""Takes a file to import: reads it into sealed parts, and recognises its columns. Makes nothing yet."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import PurePath
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.models import Agenda, VisitReason
from audit.trail import DetailValue, record
from imports.models import Form, Import, ImportPart, Stage, Subject
from imports.reading.cards import COLUMNS as CARD_COLUMNS
from imports.reading.cards import read_cards
from imports.reading.events import Event, read_events
from imports.reading.headings import OF_APPOINTMENTS, OF_PATIENTS, Field, lacking, recognised
from imports.reading.tables import Row, read_table
from imports.reading.texts import Unreadable, digest_of, text_of
from jobs.nudges import nudge
from practices.models import Practice
from practices.roles import require_administrator
from refusals import Kind, Refusal

PART = 200  # lines in one transaction
MOST_LINES = 200_000
LARGEST = 50 * 1024 * 1024  # bytes
SYNCHRONOUS = timedelta(minutes=5)  # the lease of the request that runs its own import
EVENT_COLUMNS = (
    *(Field.SUMMARY, Field.START, Field.END, Field.EMAIL, Field.LAST_FIRST, Field.AGENDA, Field.REASON),
    *(Field.STATUS, Field.UID),
)
FORMS = {".csv": Form.CSV, ".txt": Form.CSV, ".tsv": Form.CSV, ".ics": Form.ICS, ".vcf": Form.VCF}


class WrongColumns(Refusal):
    """The columns do not say enough about a patient or an appointment."""

    code = "wrong_columns"
    kind = Kind.INVALID
    field = "columns"


class NotNow(Refusal):
    """The import is at a stage where this is impossible."""

    code = "not_now"
    kind = Kind.CONFLICT


def upload(
    *,
    practice: Practice,
    file: BinaryIO,
    name: str,
    subject: Subject,
    by: User,
    columns: Mapping[str, str] | None = None,
    agenda: Agenda | None = None,
    visit_reason: VisitReason | None = None,
    pk: uuid.UUID | None = None,
    goes_on: bool = False,
    here: bool = False,
) -> Import:
    """Store the lines of the file, sealed. If its columns suffice the dry run begins, else it waits for
    `choose_columns`.

    `columns`: heading -> name of a field, for columns that are not recognised; "" ignores one. `goes_on`: import
    after the dry run without asking. `here`: the caller runs it in this process. Raises Unreadable, WrongColumns,
    NotAllowed.
    """
    require_administrator(by, practice)
    form = FORMS.get(PurePath(name).suffix.lower())
    if form is None:
        raise Unreadable(_("Choisissez un fichier .csv, .ics ou .vcf."))
    if form == Form.VCF and subject == Subject.APPOINTMENTS:
        raise Unreadable(_("Un fichier vCard contient des patients, pas des rendez-vous."))
    if form == Form.ICS and subject == Subject.PATIENTS:
        raise Unreadable(_("Un fichier ICS contient des rendez-vous, pas des patients."))
    job = Import(
        id=pk or uuid.uuid4(),
        practice=practice,
        subject=subject,
        form=form,
        name=PurePath(name).name[:200],
        sha256=digest_of(file),
        agenda=agenda,
        visit_reason=visit_reason,
        made_by=by,
        stage=Stage.MAPPING,
        goes_on=goes_on,
    )
    events = _events(file, practice) if form == Form.ICS else []  # before the transaction: it may take minutes
    return _stored(job, file, events, columns, here=here)


@transaction.atomic
def _stored(
    job: Import, file: BinaryIO, events: list[Event], columns: Mapping[str, str] | None, *, here: bool
) -> Import:
    """`events`: of a calendar. Raises Unreadable, WrongColumns."""
    if here:
        job.lease_until = timezone.now() + SYNCHRONOUS
    job.save(force_insert=True)
    _store(job, file, events)
    known = (
        recognised(job.headings, fields_of(job))
        if job.form == Form.CSV
        else dict(enumerate(map(Field, job.headings)))
    )
    job.columns = {str(number): field.value for number, field in _corrected(job, known, columns or {}).items()}
    if not lacks(job):
        job.stage = Stage.CHECKING
    elif columns is not None or here:
        raise _wrong(lacks(job))
    job.save()
    detail: dict[str, DetailValue] = {"kind": str(job.subject), "lines": job.lines}
    record("import.uploaded", by=job.made_by, on=job, practice=job.practice, detail=detail)
    if not here:
        transaction.on_commit(_start_worker)
    return job


@transaction.atomic
def choose_columns(
    *,
    job: Import,
    columns: Mapping[int, str],
    agenda: Agenda | None = None,
    visit_reason: VisitReason | None = None,
    by: User,
) -> Import:
    """Say what each column holds; the dry run begins. Raises WrongColumns, NotNow, NotAllowed."""
    job = locked(job)
    require_administrator(by, job.practice)
    if job.stage not in (Stage.MAPPING, Stage.CHECKED):
        raise NotNow(_("Cet import est déjà commencé : ses colonnes ne changent plus."))
    allowed = {field.value for field in fields_of(job)}
    chosen = [(number, name) for number, name in sorted(columns.items()) if name]
    twice = {name for _number, name in chosen if [other for _n, other in chosen].count(name) > 1}
    if twice:
        raise WrongColumns(_("Deux colonnes ont le même contenu : gardez-en une, et ignorez l’autre."))
    job.columns = {str(number): name for number, name in chosen if name in allowed and number < len(job.headings)}
    if lacks(job):
        raise _wrong(lacks(job))
    return _check_again(job, agenda, visit_reason, by)


@transaction.atomic
def choose_for_unnamed(*, job: Import, agenda: Agenda | None, visit_reason: VisitReason | None, by: User) -> Import:
    """Say which agenda and reason lines have that name none; the dry run begins again. Raises NotNow, NotAllowed."""
    job = locked(job)
    require_administrator(by, job.practice)
    if job.stage != Stage.CHECKED:
        raise NotNow(_("On choisit entre la vérification et l’import : cet import est à une autre étape."))
    return _check_again(job, agenda, visit_reason, by)


def _check_again(job: Import, agenda: Agenda | None, visit_reason: VisitReason | None, by: User) -> Import:
    job.agenda, job.visit_reason = agenda, visit_reason
    job.judged.all().delete()
    job.stage, job.position, job.attempts, job.due_at = Stage.CHECKING, 0, 0, timezone.now()
    job.new = job.same = job.alike = job.refused = 0
    job.save()
    record("import.uploaded", by=by, on=job, practice=job.practice, detail={"kind": job.subject, "lines": job.lines})
    transaction.on_commit(_start_worker)
    return job


def fields_of(job: Import) -> tuple[Field, ...]:
    return OF_PATIENTS if job.subject == Subject.PATIENTS else OF_APPOINTMENTS


def lacks(job: Import) -> list[str]:
    """What no column holds and no line can do without."""
    columns = {int(number): Field(name) for number, name in job.columns.items()}
    return lacking(columns, appointments=job.subject == Subject.APPOINTMENTS)


def locked(job: Import) -> Import:
    """Raises Import.DoesNotExist if it was removed meanwhile."""
    return Import.objects.select_for_update(of=("self",)).select_related("practice", "made_by").get(pk=job.pk)


def rows_of(job: Import, number: int) -> list[Row]:
    """The lines of a part, from 0."""
    part = job.parts.get(number=number)
    return [Row(line, cells) for line, cells in json.loads(part.rows)]


def _wrong(lacking_words: list[str]) -> WrongColumns:
    sentence = _("Aucune colonne ne contient : %(names)s. Dites quelle colonne le contient.")
    return WrongColumns(sentence % {"names": ", ".join(lacking_words)})


def _start_worker() -> None:
    nudge("imports.tasks.run_imports")


def _corrected(job: Import, known: dict[int, Field], columns: Mapping[str, str]) -> dict[int, Field]:
    """Raises WrongColumns for an unknown heading or field."""
    allowed = {field.value: field for field in fields_of(job)}
    for heading, name in columns.items():
        if heading not in job.headings:
            raise WrongColumns(_("Le fichier n’a pas de colonne « %(name)s ».") % {"name": heading[:50]})
        number = job.headings.index(heading)
        known.pop(number, None)
        if name and name not in allowed:
            facts = {"name": name[:50], "names": ", ".join(allowed)}
            raise WrongColumns(_("« %(name)s » n’est pas un contenu possible : %(names)s.") % facts)
        if name:
            known = {other: field for other, field in known.items() if field != name}
            known[number] = allowed[name]
    return known


def _events(file: BinaryIO, practice: Practice) -> list[Event]:
    """Raises Unreadable."""
    with text_of(file) as text:
        return read_events(iter(text), zone=practice.zone, now=timezone.now())


def _store(job: Import, file: BinaryIO, events: list[Event]) -> None:
    """Write the lines in sealed parts as they are read, so that a long file is never in memory as a whole."""
    with text_of(file) as text:
        if job.form == Form.CSV:
            table = read_table(iter(text))
            job.headings, rows = table.headings, table.rows
        elif job.form == Form.VCF:
            job.headings, rows = [field.value for field in CARD_COLUMNS], read_cards(iter(text))
        else:
            job.headings, rows = [field.value for field in EVENT_COLUMNS], _event_rows(events)
        for batch in iter(lambda: list(itertools.islice(rows, PART)), []):
            job.lines += len(batch)
            if job.lines > MOST_LINES:
                raise Unreadable(
                    _("Ce fichier a plus de %(count)d lignes : partagez-le en plusieurs.") % {"count": MOST_LINES}
                )
            written = json.dumps([[row.line, row.cells] for row in batch])
            ImportPart.objects.create(job=job, number=job.parts_count, rows=written)
            job.parts_count += 1
    if not job.lines:
        raise Unreadable(_("Ce fichier ne contient aucune ligne à importer."))


def _event_rows(events: list[Event]) -> Iterator[Row]:
    for one in events:
        yield Row(one.line, cells_of_event(one))


def cells_of_event(event: Event) -> list[str]:
    """In the order of EVENT_COLUMNS. A fault stands for the start, which then is refused with that sentence."""
    name, email = next(((name, email) for name, email in event.people), ("", ""))
    return [
        event.summary,
        event.starts_at.isoformat() if event.starts_at else "",
        event.ends_at.isoformat() if event.ends_at else "",
        email,
        name,
        "",
        event.categories.partition(",")[0].strip(),
        "cancelled" if event.is_cancelled else event.fault,
        event.key,
    ]


def check_size(size: int | None) -> None:
    """Raises ValidationError."""
    if size is not None and size > LARGEST:
        raise ValidationError(
            _("Ce fichier dépasse %(count)d Mo : partagez-le en plusieurs."), params={"count": LARGEST >> 20}
        )
