"""Lines of an import that are alike: an administrator chooses what becomes of each, or of all of one kind."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.models import User
from imports.choosing import alike, choose
from imports.models import Choice, Import, ImportLine, Likeness, Stage
from imports.models.job import OF_RECORDS
from imports.uploads import rows_of
from portals.answers import not_done, refusals_shown
from portals.practitioner.imports import name_of, owned
from portals.practitioner.staff import frame, staff_only

PAGE = 50


@dataclass(frozen=True)
class Shown:
    line: ImportLine
    cells: list[str]

    @property
    def options(self) -> list[Choice]:
        return self.line.choices


@dataclass(frozen=True)
class Kind:
    likeness: Likeness
    count: int

    @property
    def name(self) -> str:
        return f"all-{self.likeness.value}"

    @property
    def options(self) -> list[Choice]:
        return [one for one in Choice if one != Choice.SAME_RECORD or self.likeness in OF_RECORDS]


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def import_alike(request: HttpRequest, user: User, pk: uuid.UUID) -> HttpResponse:
    """A page of alike lines with their choices; and one choice for all of a kind."""
    job = owned(user, pk)
    if request.method == "POST":
        return _chosen(request, user, job)
    if job.stage != Stage.CHECKED:
        return not_done("practitioner:import", pk=job.pk)
    lines, before, after = _page(job, request.GET.get("after", ""))
    context = frame(
        request,
        user,
        "settings",
        practice=job.practice,
        job=job,
        name=name_of(job),
        shown=_with_cells(job, lines),
        kinds=_kinds(job),
        first=before + 1,
        last=before + len(lines),
        after=request.GET.get("after", ""),
        next_after=after,
    )
    return render(request, "practitioner/import_alike.html", context)


def _chosen(request: HttpRequest, user: User, job: Import) -> HttpResponse:
    """Whatever button was pressed, all that was chosen on the page counts."""
    sent = request.POST
    with refusals_shown(request) as refusal:
        choose(job=job, of_kinds=_of_kinds(request), of_lines=_of_lines(request), by=user)
    address = reverse("practitioner:import-alike", args=[job.pk])
    after = sent.get("then", sent.get("after", "")) if refusal.refusal is None else sent.get("after", "")
    return refusal.redirect(f"{address}?after={after}" if _is_id(after) else address)


def _of_kinds(request: HttpRequest) -> dict[Likeness, Choice]:
    choices = {likeness: request.POST.get(f"all-{likeness}", "") for likeness in Likeness}
    return {likeness: Choice(value) for likeness, value in choices.items() if value in Choice.values}


def _of_lines(request: HttpRequest) -> dict[int, Choice]:
    """Id of a line -> what was chosen; without those that stayed as the page showed them, because another page or a
    choice for all may have changed them since."""
    sent = request.POST
    named = {name.removeprefix("line-"): value for name, value in sent.items() if name.startswith("line-")}
    return {
        int(pk): Choice(value)
        for pk, value in named.items()
        if _is_id(pk) and value in Choice.values and value != sent.get(f"shown-{pk}")
    }


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19  # of a bigint


def _page(job: Import, after: str) -> tuple[list[ImportLine], int, int | None]:
    """The lines after this id, in the order of the file; how many are before; the id to continue after."""
    items, before = alike(job).order_by("line", "id"), 0
    last = alike(job).filter(pk=int(after)).first() if _is_id(after) else None
    if last is not None:
        beyond = Q(line__gt=last.line) | Q(line=last.line, pk__gt=last.pk)
        before = items.exclude(beyond).count()
        items = items.filter(beyond)
    lines = list(items.select_related("twin")[: PAGE + 1])
    return lines[:PAGE], before, lines[PAGE - 1].pk if len(lines) > PAGE else None


def _with_cells(job: Import, lines: list[ImportLine]) -> list[Shown]:
    """With what the columns that the import uses say."""
    used = sorted(int(number) for number in job.columns)
    parts = {number: {row.line: row.cells for row in rows_of(job, number)} for number in {one.part for one in lines}}
    return [
        Shown(one, [cells[at] for at in used if at < len(cells) and cells[at]])
        for one in lines
        for cells in [parts[one.part].get(one.line, [])]
    ]


def _kinds(job: Import) -> list[Kind]:
    counts: dict[str, Any] = dict(alike(job).values_list("likeness").annotate(Count("pk")).order_by())
    return [Kind(one, counts[one]) for one in Likeness if counts.get(one)]
