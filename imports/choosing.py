"""What becomes of lines that are alike: somebody chooses between the dry run and the import."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from audit.trail import record
from imports.models import Choice, Import, ImportLine, Likeness, Stage, Verdict
from imports.models.job import OF_RECORDS
from imports.uploads import NotNow, locked
from practices.roles import require_administrator


@transaction.atomic
def choose(*, job: Import, of_kinds: Mapping[Likeness, Choice], of_lines: Mapping[int, Choice], by: User) -> None:
    """Both at once: what is chosen for a line counts for it, whatever is chosen for its kind. Raises NotNow,
    NotAllowed."""
    for likeness, choice in of_kinds.items():
        choose_for_all(job=job, likeness=likeness, choice=choice, by=by)
    choose_for_lines(job=job, choices=of_lines, by=by)


@transaction.atomic
def choose_for_lines(*, job: Import, choices: Mapping[int, Choice], by: User) -> None:
    """`choices`: id of an alike line -> what becomes of it. A line that has no record to complete, and one of another
    import, stays as it is. Raises NotNow, NotAllowed."""
    job = _choosable(job, by)
    for choice in Choice:
        _choose(job, alike(job).filter(pk__in=[pk for pk, chosen in choices.items() if chosen == choice]), choice, by)


@transaction.atomic
def choose_for_all(*, job: Import, likeness: Likeness, choice: Choice, by: User) -> None:
    """For every line that is alike for this reason. Raises NotNow, NotAllowed."""
    job = _choosable(job, by)
    _choose(job, alike(job).filter(likeness=likeness), choice, by)


def alike(job: Import) -> QuerySet[ImportLine]:
    return ImportLine.objects.filter(job=job, verdict=Verdict.ALIKE)


def chosen(job: Import) -> int:
    """How many alike lines are imported, too."""
    return alike(job).exclude(choice=Choice.LEAVE_OUT).count()


def _choosable(job: Import, by: User) -> Import:
    job = locked(job)
    require_administrator(by, job.practice)
    if job.stage != Stage.CHECKED:
        raise NotNow(_("On choisit entre la vérification et l’import : cet import est à une autre étape."))
    return job


def _choose(job: Import, lines: QuerySet[ImportLine], choice: Choice, by: User) -> None:
    if choice == Choice.SAME_RECORD:
        lines = lines.filter(likeness__in=OF_RECORDS, twin__isnull=False)
    if count := lines.exclude(choice=choice).update(choice=choice):
        record(
            "import.alike_chosen",
            by=by,
            on=job,
            practice=job.practice,
            detail={"choice": str(choice), "lines": count},
        )
