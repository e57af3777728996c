"""What a practice asks for, and what patients send."""

from __future__ import annotations

import uuid
from contextlib import ExitStack
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from documents.models import DocumentRequest, ReadingMeans, ReceivedDocument
from documents.receiving.access import (
    Asked,
    all_received,
    all_requests,
    received_by_staff,
    received_seen_by,
    request_of,
    requests_of,
    sees,
)
from documents.receiving.asking import (
    NotPublished,
    Question,
    ask,
    ask_questionnaire,
    cancel_request,
    change_request,
)
from documents.receiving.seeing import accept, note_reread, note_seen, refuse
from documents.receiving.sending import AT_ONCE, send_files, take_back
from documents.sharing.uploads import check_may_share
from files.intake import accept as accept_upload
from files.serving import respond
from portals.api.pagination import Whole
from portals.api.schema import FILE, a_file, a_multipart, answers, whole_list
from portals.api.serializers.receiving import (
    FilesIn,
    MyRequestOut,
    NewRequestIn,
    ReceivedOut,
    RefuseIn,
    RequestChange,
    RequestOut,
    SentOut,
)
from portals.api.views.appointments import OfAppointment
from portals.api.views.base import ApiView, Listing, StaffView, checked, read
from questionnaires.models import Questionnaire

SENT = whole_list(SentOut)


class AppointmentRequests(OfAppointment, Listing[DocumentRequest]):
    serializer_class = RequestOut
    pagination_class = Whole

    def get_queryset(self) -> QuerySet[DocumentRequest]:
        return all_requests().filter(appointment=self.appointment).order_by("-asked_at", "-id")

    def makes(self) -> QuerySet[DocumentRequest]:
        check_may_share(self.appointment, self.user)
        return DocumentRequest.objects.of_staff(self.user)

    @answers(
        200,
        whole_list(RequestOut),
        operation_id="appointments_requests_list",
        summary="List what is asked for an appointment",
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return self.list(request)

    @answers(
        201,
        RequestOut,
        request=NewRequestIn,
        summary="Ask the patient for a document, or for the answers to a questionnaire",
        refusals=[
            *("recipient_not_ready", "appointment_cancelled", "too_many_requests", "already_asked"),
            "questionnaire_not_published",
        ],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        made = self.made_before()
        if made is None:
            made = self._ask(read(NewRequestIn(data=request.data)))
        return Response(RequestOut(all_requests().get(pk=made.pk)).data, status=201)

    def _ask(self, asked: dict[str, Any]) -> DocumentRequest:
        known: dict[str, Any] = {"appointment": self.appointment, "by": self.user, "pk": self.object_id}
        wanted = asked.pop("questionnaire")
        if wanted is None:
            return ask(question=Question(**asked), **known)
        found = Questionnaire.objects.of_staff(self.user).filter(pk=wanted).first()
        if found is None:
            raise NotPublished
        return ask_questionnaire(questionnaire=found, details=asked["details"], due_at=asked["due_at"], **known)


class RequestDetail(StaffView):
    def _get(self, pk: uuid.UUID) -> DocumentRequest:
        mine = DocumentRequest.objects.of_staff(self.user).values("pk")
        return get_object_or_404(all_requests().filter(pk__in=mine), pk=pk)

    @answers(200, RequestOut, summary="Read what is asked")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(RequestOut(self._get(pk)).data)

    @answers(200, RequestOut, request=RequestChange, summary="Change what is asked", refusals=["request_over"])
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        found = self._get(pk)
        check_may_share(found.appointment, self.user)
        was = {"label": found.label, "details": found.details, "due_at": found.due_at}
        question = Question(**(was | read(RequestChange(data=request.data))))
        change_request(request=found, question=question, by=self.user)
        return Response(RequestOut(self._get(pk)).data)

    @answers(204, summary="Ask for it no more", refusals=["request_over"])
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        cancel_request(request=self._get(pk), by=self.user)
        return Response(status=204)


class AppointmentReceived(OfAppointment, Listing[ReceivedDocument]):
    serializer_class = ReceivedOut
    pagination_class = Whole

    def get_queryset(self) -> QuerySet[ReceivedDocument]:
        found = received_by_staff(self.user).filter(appointment=self.appointment)
        return found.order_by("-received_at", "-id")

    @answers(
        200,
        whole_list(ReceivedOut),
        operation_id="appointments_received_list",
        summary="List what patients sent for an appointment",
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return self.list(request)


class OfReceived(StaffView):
    def _get(self, pk: uuid.UUID) -> ReceivedDocument:
        return get_object_or_404(received_by_staff(self.user), pk=pk)

    def makes(self) -> None:
        check_may_share(self._get(self.kwargs["pk"]).appointment, self.user)


class ReceivedDetail(StaffView):
    @answers(200, ReceivedOut, summary="Read what is known of a file that a patient sent")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(ReceivedOut(get_object_or_404(received_by_staff(self.user), pk=pk)).data)


class ReceivedContent(StaffView):
    """From then on, the patient cannot take it back."""

    @a_file("Download a file that a patient sent")
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        found = get_object_or_404(received_by_staff(self.user), pk=pk)
        response = checked(respond(found.file, title=found.title, request=request._request))
        if request.method == "GET":
            note_seen(received=found, by=self.user, means=ReadingMeans.DOWNLOADED)
        return response


class AcceptReceived(OfReceived):
    @answers(200, ReceivedOut, summary="Accept a file into the record", refusals=["already_settled"])
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        accept(received=self._get(pk), by=self.user)
        return Response(ReceivedOut(self._get(pk)).data)


class RefuseReceived(OfReceived):
    @answers(
        200,
        ReceivedOut,
        request=RefuseIn,
        summary="Refuse a file, and so ask again",
        refusals=["already_settled"],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        found, asked = self._get(pk), read(RefuseIn(data=request.data))
        refuse(received=found, sentence=asked["detail"], by=self.user)
        return Response(ReceivedOut(self._get(pk)).data)


class MyRequests(ApiView):
    @answers(200, whole_list(MyRequestOut), operation_id="me_requests_list", summary="List what is asked of you")
    def get(self, request: Request) -> Response:
        return Response({"results": MyRequestOut(requests_of(self.user, with_questions=True), many=True).data})


class MyRequestFiles(ApiView):
    parser_classes = [MultiPartParser, FormParser]

    def makes(self) -> None:
        self._asked()

    @answers(
        201,
        SENT,
        request=a_multipart(FilesIn),
        operation_id="me_requests_files_create",
        summary="Send files for what is asked: all, or none if one is refused",
        refusals=[
            *("request_over", "may_not_send", "answers_wanted", "too_many_files", "too_much_today", "too_many_pages"),
            *FILE,
        ],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        uploads: list[Any] = read(FilesIn(data=request.data))["file"]
        with ExitStack() as kept:
            intakes = [kept.enter_context(accept_upload(one)) for one in uploads[: AT_ONCE + 1]]
            sent = send_files(request=self._asked().request, intakes=intakes, by=self.user, sending=self.object_id)
        ids = [one.pk for one in sent]
        return Response({"results": SentOut(all_received().filter(pk__in=ids), many=True).data}, status=201)

    def _asked(self) -> Asked:
        found = all_requests().filter(pk=self.kwargs["pk"]).first()
        asked = request_of(self.user, found) if found else None
        if asked is None:
            raise Http404
        return asked


class MyReceived(ApiView):
    @answers(200, SENT, operation_id="me_received_list", summary="List what you sent and may see again")
    def get(self, request: Request) -> Response:
        return Response({"results": SentOut(received_seen_by(self.user), many=True).data})


class OfSent(ApiView):
    def _get(self, pk: uuid.UUID) -> ReceivedDocument:
        found = all_received().filter(pk=pk).first()
        if found is None or not sees(self.user, found):
            raise Http404
        return found


class MyReceivedDetail(OfSent):
    @answers(200, SentOut, summary="Read what became of a file that you sent")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(SentOut(self._get(pk)).data)

    @answers(204, summary="Take a file back until the practice has seen it", refusals=["already_seen"])
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        take_back(received=self._get(pk), by=self.user)
        return Response(status=204)


class MyReceivedContent(OfSent):
    @a_file("Download a file that you sent")
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        found = self._get(pk)
        response = checked(respond(found.file, title=found.name, request=request._request))
        if request.method == "GET":
            note_reread(received=found, by=self.user)
        return response
