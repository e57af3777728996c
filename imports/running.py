"""Runs imports: the dry run, the import, and its undoing; part by part, each in one transaction with its position.

A worker holds an import under a lease that each part renews; after a kill another one continues at the position.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone, translation

from appointments.importing import place_imported
from audit.trail import record
from imports.completing import complete
from imports.judging_appointments import JudgedAppointment, judge_appointments
from imports.judging_patients import Judged, judge_patients
from imports.models import Choice, Import, ImportLine, Stage, Subject, Verdict
from imports.people import Person
from imports.reasons import reason_of
from imports.undoing import undo_part
from imports.uploads import rows_of
from jobs import leases
from jobs.exclusive import is_leaving
from jobs.nudges import nudge
from jobs.row_errors import log_row_error
from patients.models import Patient
from patients.records import PatientChanges, create_patients
from practices.roles import may_administer

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=2)
# After so many parts the tables have doubled, and PostgreSQL may not have looked at them yet. Without statistics,
# it reads all lines of an import to find some.
ANALYSED = {5 * 2**power for power in range(10)}
MOST_ATTEMPTS = 5  # at one position: a part that kills its worker is given up


def run_due() -> bool:
    """Claim one import and run it until it waits for somebody; False if none was due."""
    now = timezone.now()
    claimed = leases.claim(Import.objects.due(now), size=1, lease=LEASE, now=now)
    for job in claimed:
        run(job)
    return bool(claimed)


def run(job: Import) -> None:
    """Run a claimed import part by part, until its stage ends, it is stopped, or this process must end."""
    for number in itertools.count(1):
        if is_leaving():
            break
        if number in ANALYSED:
            _analyse()
        if job.attempts > MOST_ATTEMPTS:
            _give_up(job)
            return
        try:
            if not _run_part(job):
                return
        except Exception as error:
            log_row_error(logger, "Import", job.pk, error)
            wait = leases.back_off(job.attempts)
            leases.held(job).update(lease_until=None, due_at=timezone.now() + wait)
            return
    leases.put_back(job)


def _analyse() -> None:
    if connection.vendor == "postgresql":
        tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in (ImportLine, Patient))
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {tables}")


def leave_to_workers(job: Import) -> None:
    """End the lease of the request that uploaded it."""
    leases.held(job).update(lease_until=None)
    nudge("imports.tasks.run_imports")


@transaction.atomic
def _run_part(job: Import) -> bool:
    """Do the next part and renew the lease; False if there is nothing more to do now."""
    mine = leases.held(job).select_for_update(of=("self",)).select_related("practice", "made_by")
    now = mine.first()
    if now is None:
        return False  # another worker took over after this lease had expired
    if not now.is_running or now.made_by is None or not may_administer(now.made_by, now.practice):
        return _release(now, stop=now.is_running)
    if now.position < now.parts_count:
        with translation.override(now.made_by.language or now.practice.language):
            STEPS[Stage(now.stage)](now)
        now.position += 1
    now.attempts, now.lease_until = 1, timezone.now() + LEASE
    if now.position >= now.parts_count:
        _end_stage(now)
    now.save()
    job.attempts, job.lease_until = now.attempts, now.lease_until
    return now.is_running


def _release(job: Import, *, stop: bool) -> bool:
    """Nobody continues for an administrator who is one no more: another one resumes."""
    job.lease_until = None
    if stop:
        job.stopped_at = timezone.now()
    job.save(update_fields=["lease_until", "stopped_at"])
    return False


def _end_stage(job: Import) -> None:
    job.lease_until, job.ended_at, job.attempts = None, timezone.now(), 0
    facts = {"made": job.made, "left": job.left}
    if job.stage == Stage.CHECKING and job.goes_on:
        job.stage, job.position = Stage.IMPORTING, 0
        job.lease_until, job.ended_at, job.attempts = timezone.now() + LEASE, None, 1
        record("import.started", by=job.made_by, on=job, practice=job.practice, detail={"new": job.new})
        return
    if job.stage == Stage.CHECKING:
        job.stage = Stage.CHECKED
        return
    if job.stage == Stage.IMPORTING:
        job.stage = Stage.DONE
        job.parts.all().delete()
        record("import.done", by=job.made_by, on=job, practice=job.practice, detail=facts)
    else:
        job.stage = Stage.UNDONE
        record("import.undone", by=job.made_by, on=job, practice=job.practice, detail=facts)


def _give_up(job: Import) -> None:
    leases.held(job).update(stage=Stage.FAILED, lease_until=None, ended_at=timezone.now())


def _judge(job: Import, *, within_file: bool) -> list[Judged] | list[JudgedAppointment]:
    rows = rows_of(job, job.position)
    if job.subject == Subject.PATIENTS:
        return judge_patients(job, rows, within_file=within_file)
    return judge_appointments(job, rows, within_file=within_file)


def _check(job: Import) -> None:
    """The dry run of one part."""
    judged = _judge(job, within_file=True)
    ImportLine.objects.bulk_create(
        ImportLine(
            job=job,
            part=job.position,
            line=one.line,
            verdict=one.verdict,
            key=one.key,
            content=one.content,
            detail=one.detail,
            twin=one.twin,
            likeness=one.likeness or "",
        )
        for one in judged
    )
    for one in judged:
        _count(job, one.verdict.value, 1)


def _import(job: Import) -> None:
    """Write what the dry run found new in one part, and what somebody chose for alike lines, unless it exists
    meanwhile."""
    lines = {
        (one.line, one.key): one
        for one in ImportLine.objects.filter(job=job, part=job.position).select_related("twin__practice")
        if one.verdict == Verdict.NEW or (one.verdict == Verdict.ALIKE and one.choice != Choice.LEAVE_OUT)
    }
    judged = [(one, line) for one in _judge(job, within_file=False) if (line := lines.pop((one.line, one.key), None))]
    for one, line in judged:
        if line.choice == Choice.CREATE and one.verdict is Verdict.ALIKE:
            one.verdict, one.detail, one.twin, one.likeness = Verdict.NEW, "", None, None
    new = [(one, line) for one, line in judged if one.verdict is Verdict.NEW and line.choice != Choice.SAME_RECORD]
    for one, line in judged:
        if line.choice == Choice.SAME_RECORD and one.person is not None and job.made_by is not None:
            complete(line=line, person=one.person, by=job.made_by)
    _make_patients(job, new) if job.subject == Subject.PATIENTS else _make_appointments(job, new)
    for one, line in judged:
        verdict = Verdict.SAME if line.choice == Choice.SAME_RECORD else one.verdict
        _count(job, line.verdict, -1)
        _count(job, verdict, 1)
        line.verdict = verdict
        if verdict is Verdict.NEW:
            job.made += 1
        if line.choice != Choice.SAME_RECORD:
            line.detail, line.twin, line.likeness = one.detail, one.twin, one.likeness or ""
    # An upsert, because bulk_update takes longer than all the rest: it compares each row with each id.
    ImportLine.objects.bulk_create(
        [line for _one, line in judged],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["verdict", "detail", "twin", "likeness", "patient", "appointment", "filled"],
    )


def _count(job: Import, verdict: str, more: int) -> None:
    setattr(job, verdict, getattr(job, verdict) + more)


def _make_patients(job: Import, new: Sequence[tuple[Judged, ImportLine]]) -> None:
    people = [one.person for one, _line in new if one.person is not None]
    made = create_patients(practice=job.practice, people=[_changes(person) for person in people], by=job.made_by)
    for (one, line), patient in zip(new, made, strict=True):
        if isinstance(patient, ValidationError):
            one.verdict, one.detail = Verdict.REFUSED, reason_of(patient)
        else:
            line.patient = patient


def _changes(person: Person) -> PatientChanges:
    assert person.birth_date is not None  # imports.people.person_of demands it of patients
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "birth_date": person.birth_date,
        "email": person.email,
        "mobile": person.mobile,
    }


def _make_appointments(job: Import, new: Sequence[tuple[Judged, ImportLine]]) -> None:
    """What the use case refuses is a refused line, and does not stop the others."""
    for one, line in new:
        assert isinstance(one, JudgedAppointment)
        assert one.planned is not None
        try:
            line.appointment = place_imported(
                agenda=one.planned.agenda,
                visit_reason=one.planned.visit_reason,
                patient=one.planned.patient,
                starts_at=one.planned.starts_at,
                ends_at=one.planned.ends_at,
                by=job.made_by,
            )
        except ValidationError as error:
            one.verdict, one.detail = Verdict.REFUSED, reason_of(error)


STEPS: dict[Stage, Callable[[Import], None]] = {
    Stage.CHECKING: _check,
    Stage.IMPORTING: _import,
    Stage.UNDOING: undo_part,
}
