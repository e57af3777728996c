"""Questionnaires of a practice, and the answers to them."""

from __future__ import annotations

import json
import uuid
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from documents.models import DocumentRequest, ReadingMeans
from documents.receiving.access import Asked, all_requests, request_of, requests_of_staff
from documents.receiving.answering import (
    note_answers_seen,
    replace_answers,
    response_so_far,
    send_answers,
    version_so_far,
)
from portals.answer_files import answers_as_pdf
from portals.api.schema import a_file, answers, page_of
from portals.api.serializers.questionnaires import (
    QuestionnaireChange,
    QuestionnaireIn,
    QuestionnaireOut,
    QuestionnaireResponseIn,
    ResponseOut,
)
from portals.api.views.base import ApiView, Listing, StaffView, administered_practice, read
from practices.models import Practice
from questionnaires.catalogue import (
    ONLY_ADMINISTRATORS,
    archive_questionnaire,
    check_may_edit,
    import_questionnaire,
    publish_resource,
)
from questionnaires.models import Questionnaire


class Questionnaires(StaffView, Listing[Questionnaire]):
    serializer_class = QuestionnaireOut

    def get_queryset(self) -> QuerySet[Questionnaire]:
        return Questionnaire.objects.of_staff(self.user).in_use().with_current()

    @cached_property
    def asked(self) -> dict[str, Any]:
        return read(QuestionnaireIn(data=self.request.data))

    @cached_property
    def practice(self) -> Practice:
        return administered_practice(self.user, self.asked.get("practice"), ONLY_ADMINISTRATORS)

    def makes(self) -> QuerySet[Questionnaire]:
        return Questionnaire.objects.filter(practice=self.practice).in_use()

    @answers(
        200,
        page_of(QuestionnaireOut),
        operation_id="questionnaires_list",
        summary="List the practice's questionnaires",
    )
    def get(self, request: Request) -> Response:
        return self.list(request)

    @answers(
        201,
        QuestionnaireOut,
        request=QuestionnaireIn,
        summary="Add a questionnaire (FHIR R4), published as version 1",
        refusals=["questionnaire_not_understood"],
    )
    def post(self, request: Request) -> Response:
        made = self.made_before() or import_questionnaire(
            practice=self.practice,
            resource=self.asked["questionnaire"],
            title=self.asked["title"],
            by=self.user,
            pk=self.object_id,
        )
        return Response(QuestionnaireOut(made).data, status=201)


class QuestionnaireDetail(StaffView):
    def _get(self, pk: uuid.UUID) -> Questionnaire:
        found = Questionnaire.objects.of_staff(self.user).in_use().select_related("practice")
        return get_object_or_404(found, pk=pk)

    @answers(200, QuestionnaireOut, summary="Read a questionnaire, as it is asked now")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(QuestionnaireOut(self._get(pk)).data)

    @answers(
        200,
        QuestionnaireOut,
        request=QuestionnaireChange,
        summary="Publish the next version of a questionnaire",
        refusals=["questionnaire_not_understood"],
    )
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """A draft that somebody edits is dropped. What is asked already stays at its version."""
        found = self._get(pk)
        check_may_edit(found.practice, self.user)
        if asked := read(QuestionnaireChange(data=request.data)):
            current = found.current
            now = json.loads(current.resource) if current else found.edited
            resource = asked.get("questionnaire", now)
            if "title" in asked:
                resource = resource | {"title": asked["title"]}
            publish_resource(questionnaire=found, resource=resource, by=self.user)
        return Response(QuestionnaireOut(self._get(pk)).data)

    @answers(204, summary="Archive a questionnaire: it is asked no more, answers stay")
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        archive_questionnaire(questionnaire=self._get(pk), by=self.user)
        return Response(status=204)


class OfAnswered(StaffView):
    def _get(self, pk: uuid.UUID) -> DocumentRequest:
        return get_object_or_404(requests_of_staff(self.user).filter(response__isnull=False), pk=pk)


class RequestResponse(OfAnswered):
    @answers(200, ResponseOut, summary="Read the answers to a questionnaire, with their score")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """404 before they are sent. A line of the history each time."""
        found = self._get(pk)
        if request.method == "GET":
            note_answers_seen(request=found, by=self.user, means=ReadingMeans.VIEWED)
        return Response(ResponseOut(found).data)


class RequestResponseContent(OfAnswered):
    @a_file("Download the answers to a questionnaire as PDF")
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        found = self._get(pk)
        response = answers_as_pdf(found)
        if request.method == "GET":
            note_answers_seen(request=found, by=self.user, means=ReadingMeans.DOWNLOADED)
        return response


class OfMyRequest(ApiView):
    def _asked(self) -> Asked:
        found = all_requests().filter(pk=self.kwargs["pk"], version__isnull=False).first()
        asked = request_of(self.user, found) if found else None
        if asked is None:
            raise Http404
        return asked


IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read: refused if it changed since"
)


def _versions(request: Request) -> list[str] | None:
    """Those of If-Match, compared weakly as FHIR does (R4, 3.1.0.5); None: any."""
    tags = parse_etags(request.headers.get("If-Match", "*"))
    return None if "*" in tags else [tag.removeprefix("W/").strip('"') for tag in tags]


def _as_so_far(asked: Asked) -> Response:
    return Response(response_so_far(asked), headers={"ETag": f'W/"{version_so_far(asked)}"'})


class MyResponse(OfMyRequest):
    @answers(
        200,
        OpenApiTypes.OBJECT,
        operation_id="me_requests_response_retrieve",
        summary="Read what you have answered so far (FHIR R4 QuestionnaireResponse)",
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        asked = self._asked()
        if asked.answers is None and not asked.rights.reads:
            raise Http404
        return _as_so_far(asked)

    @answers(
        200,
        OpenApiTypes.OBJECT,
        request=QuestionnaireResponseIn,
        parameters=[IF_MATCH],
        operation_id="me_requests_response_update",
        summary="Keep these answers in place of those before (FHIR R4 QuestionnaireResponse)",
        refusals=["request_over", "may_not_send", "answers_refused", "answers_changed"],
    )
    def put(self, request: Request, pk: uuid.UUID) -> Response:
        """Nothing reaches the practice before `submit`. What is not sent ends thirty days after the last change.

        With `If-Match`, the ETag of an answer before, a change that was repeated late does not replace a newer one.
        """
        replace_answers(
            request=self._asked().request, resource=request.data, by=self.user, versions=_versions(request)
        )
        return _as_so_far(self._asked())


class SubmitResponse(OfMyRequest):
    def makes(self) -> None:
        self._asked()

    @answers(
        200,
        OpenApiTypes.OBJECT,
        operation_id="me_requests_submit_create",
        summary="Send the answers: they are final",
        refusals=["request_over", "may_not_send", "answers_refused"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        send_answers(request=self._asked().request, by=self.user)
        return Response(response_so_far(self._asked()))
