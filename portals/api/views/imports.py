"""Imports of patients and appointments, for administrators."""

from __future__ import annotations

import uuid
from itertools import groupby
from typing import Any, cast

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from imports.choosing import alike, choose_for_all, choose_for_lines
from imports.models import Choice, Import, Likeness, Subject
from imports.running import leave_to_workers, run
from imports.steering import start, undo
from imports.uploads import check_size, upload
from portals.api.parsers import JSONParser
from portals.api.practice import PRACTICE, practice_of_call
from portals.api.schema import a_multipart, answers, page_of
from portals.api.serializers.imports import ImportIn, ImportOut, ImportRowOut, StartIn
from portals.api.views.base import Listing, StaffView, read
from practices.models import Practice, Role

# Lines of a file that one call imports itself; a worker imports longer ones.
AT_ONCE = {Subject.PATIENTS: 5000, Subject.APPOINTMENTS: 1000}


def run_or_leave(job: Import) -> None:
    """Run what fits into one call; leave the rest to workers."""
    if job.lines > AT_ONCE[Subject(job.subject)]:
        leave_to_workers(job)
    else:
        run(job)


class OfPractice(StaffView):
    @cached_property
    def practice(self) -> Practice:
        return practice_of_call(self.request, Role.ADMIN)

    def the(self, pk: uuid.UUID) -> Import:
        """Raises Http404 for another practice's, whatever the caller's role."""
        get_object_or_404(Import.objects.of_staff(self.user), pk=pk)
        return get_object_or_404(Import.objects.filter(practice=self.practice).select_related("practice"), pk=pk)

    def answer(self, job: Import, status: int) -> Response:
        """202 while a worker is at it."""
        job = Import.objects.get(pk=job.pk)
        return Response(ImportOut(job).data, status=202 if job.is_running else status)


class Imports(OfPractice, Listing[Import]):
    serializer_class = ImportRowOut
    parser_classes = [MultiPartParser, FormParser, JSONParser]

    def get_queryset(self) -> QuerySet[Import]:
        return Import.objects.filter(practice=self.practice)

    @answers(200, page_of(ImportRowOut), parameters=[PRACTICE], summary="List the imports of a practice")
    def get(self, request: Request) -> Response:
        return self.list(request)

    def makes(self) -> QuerySet[Any]:
        return Import.objects.filter(practice=self.practice)

    @answers(
        201,
        ImportOut,
        request=a_multipart(ImportIn),
        parameters=[PRACTICE],
        summary="Import a file of patients or appointments, or check it",
        refusals=["unreadable_file", "wrong_columns", "too_large"],
    )
    def post(self, request: Request) -> Response:
        """201 with all counts. A file of more than 5,000 patients or 1,000 appointments is imported by a worker: 202,
        and `GET /imports/{id}/` tells how far it is. Alike lines are left out. A repeated file makes nothing new."""
        job = cast("Import | None", self.made_before())
        if job is None:
            asked = read(ImportIn(data=request.data))
            job = self._upload(asked)
            run_or_leave(job)
        return self.answer(job, 201)

    def _upload(self, asked: dict[str, Any]) -> Import:
        file = asked["file"]
        check_size(file.size)
        return upload(
            practice=self.practice,
            file=file,
            name=file.name,
            subject=Subject(asked["kind"]),
            columns=asked.get("columns"),
            agenda=self._one(self.practice.agendas.all(), "agenda", asked),
            visit_reason=self._one(self.practice.visit_reasons.all(), "visit_reason", asked),
            goes_on=not asked["dry_run"],
            by=self.user,
            pk=self.object_id,
            here=True,
        )

    def _one(self, among: QuerySet[Any], name: str, asked: dict[str, Any]) -> Any:
        if name not in asked:
            return None
        one = among.filter(pk=asked[name], is_active=True).first()
        if one is None:
            raise ValidationError({name: _("Ceci n’existe pas dans ce cabinet.")})
        return one


class ImportDetail(OfPractice):
    @answers(200, ImportOut, parameters=[PRACTICE], summary="Read how far an import is, and what it found")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(ImportOut(self.the(pk)).data)


class StartImport(OfPractice):
    def makes(self) -> None:
        self.the(self.kwargs["pk"])

    @answers(
        200,
        ImportOut,
        request=StartIn,
        parameters=[PRACTICE],
        summary="Import what a dry run found new",
        refusals=["not_now"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """`alike` chooses for lines that are alike: one by one, or all that are alike for a reason."""
        job = self.the(pk)
        asked = read(StartIn(data=request.data))
        with transaction.atomic():
            self._choose(job, asked.get("alike", []))
            job = start(job=job, by=self.user, here=True)
        run_or_leave(job)
        return self.answer(job, 200)

    def _choose(self, job: Import, asked: list[dict[str, Any]]) -> None:
        """In the order given: a line may differ from an earlier choice for all. Lines in a row are one change."""
        for of_all, group in groupby(asked, key=lambda one: "likeness" in one):
            if of_all:
                for one in group:
                    likeness, choice = Likeness(one["likeness"]), Choice(one["choice"])
                    choose_for_all(job=job, likeness=likeness, choice=choice, by=self.user)
                continue
            wanted = {one["line"]: Choice(one["choice"]) for one in group}
            lines = dict(alike(job).filter(line__in=wanted).values_list("pk", "line"))
            choose_for_lines(job=job, choices={pk: wanted[line] for pk, line in lines.items()}, by=self.user)


class UndoImport(OfPractice):
    def makes(self) -> None:
        self.the(self.kwargs["pk"])

    @answers(
        200,
        ImportOut,
        parameters=[PRACTICE],
        summary="Undo an import, while nothing was shared from it",
        refusals=["already_shared", "not_now"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """What changed or is used since stays: `left` counts it."""
        job = undo(job=self.the(pk), by=self.user, here=True)
        run_or_leave(job)
        return self.answer(job, 200)
