"""What an administrator does with an import: begin it, stop it, resume it, undo it, put it away."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from audit.trail import record
from imports.choosing import chosen
from imports.models import Import, ImportLine, Stage, Verdict
from imports.models.job import RUNNING
from imports.undoing import MADE_SOMETHING, check_nothing_shared, parts_to_undo
from imports.uploads import SYNCHRONOUS, NotNow, locked
from jobs.nudges import nudge
from practices.roles import require_administrator

KEPT = timedelta(days=7)  # the lines of a file that is never imported, and the report of one that was


@transaction.atomic
def start(*, job: Import, by: User, here: bool = False) -> Import:
    """Import what the dry run found new, and what was chosen for alike lines. `here`: the caller runs it in this
    process. Raises NotNow, NotAllowed."""
    job = locked(job)
    require_administrator(by, job.practice)
    if job.stage == Stage.IMPORTING or job.stage == Stage.DONE:
        return job  # a second click
    if job.stage != Stage.CHECKED:
        raise NotNow(_("Cet import n’est pas encore vérifié."))
    _begin(job, Stage.IMPORTING, by, here=here)
    facts = {"new": job.new, "chosen": chosen(job)}
    record("import.started", by=by, on=job, practice=job.practice, detail=facts)
    return job


@transaction.atomic
def undo(*, job: Import, by: User, here: bool = False) -> Import:
    """Remove what it made. Raises AlreadyShared, NotNow, NotAllowed."""
    job = locked(job)
    require_administrator(by, job.practice)
    stopped = job.stage == Stage.IMPORTING and job.stopped_at is not None
    if job.stage in (Stage.UNDOING, Stage.UNDONE):
        return job
    if job.stage not in (Stage.DONE, Stage.FAILED) and not stopped:
        raise NotNow(_("Cet import n’est pas terminé : arrêtez-le d’abord."))
    check_nothing_shared(job)
    job.parts_count, job.stopped_at = parts_to_undo(job), None
    job.parts.all().delete()
    ImportLine.objects.filter(job=job, verdict=Verdict.NEW, patient=None, appointment=None).delete()
    _begin(job, Stage.UNDOING, by, here=here)
    record("import.undo_started", by=by, on=job, practice=job.practice, detail={"made": job.made})
    return job


@transaction.atomic
def stop(*, job: Import, by: User) -> Import:
    """After the part in progress. Stopping twice changes nothing. Raises NotAllowed."""
    job = locked(job)
    require_administrator(by, job.practice)
    if job.is_running:
        job.stopped_at = timezone.now()
        job.save(update_fields=["stopped_at"])
        record("import.stopped", by=by, on=job, practice=job.practice, detail={"made": job.made})
    return job


@transaction.atomic
def resume(*, job: Import, by: User) -> Import:
    """Continue a stopped import, or one that an error interrupted. Raises NotNow, NotAllowed."""
    job = locked(job)
    require_administrator(by, job.practice)
    if job.is_running:
        return job
    if job.stage not in RUNNING:
        raise NotNow(_("Cet import n’est pas arrêté."))
    job.stopped_at, job.made_by, job.due_at, job.attempts = None, by, timezone.now(), 0
    job.save(update_fields=["stopped_at", "made_by", "due_at", "attempts"])
    record("import.resumed", by=by, on=job, practice=job.practice, detail={"made": job.made})
    transaction.on_commit(start_worker)
    return job


def forget_old(*, now_minus: timedelta = KEPT) -> int:
    """Remove files that were never imported, and what the reports of ended imports say about people, after a week.

    The lines that made something stay: they recognise the same file later. Returns how many files were removed.
    """
    before = timezone.now() - now_minus
    waiting = (Stage.MAPPING, Stage.CHECKED, Stage.CHECKING)
    abandoned = Import.objects.filter(stage__in=waiting, created_at__lt=before)
    count, _rows = abandoned.delete()
    stopped = Import.objects.filter(stage=Stage.IMPORTING, stopped_at__lt=before)
    for job in stopped:
        job.parts.all().delete()
    stopped.update(stage=Stage.DONE, stopped_at=None, ended_at=timezone.now())
    ended = Import.objects.filter(stage__in=(Stage.DONE, Stage.UNDONE, Stage.FAILED), ended_at__lt=before)
    for job in ended.filter(stage=Stage.FAILED):
        job.parts.all().delete()
    ImportLine.objects.filter(job__in=ended).exclude(MADE_SOMETHING).delete()
    return count


def start_worker() -> None:
    nudge("imports.tasks.run_imports")


def _begin(job: Import, stage: Stage, by: User, *, here: bool) -> None:
    job.stage, job.position, job.attempts, job.due_at = stage, 0, 0, timezone.now()
    job.made_by, job.ended_at = by, None
    job.lease_until = timezone.now() + SYNCHRONOUS if here else None
    job.save()
    if not here:
        transaction.on_commit(start_worker)
