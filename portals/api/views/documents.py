"""Documents: sharing, reading, taking back; categories."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope, User
from accounts.sole_control import require_sole_control
from appointments.models import Appointment
from documents.models import Category, LibraryDocument, ReadingMeans, SharedDocument
from documents.models.shared import read_messages
from documents.sharing.access import (
    around,
    in_practices_around,
    of_records,
    one_as_recipient,
    practices_of_staff,
    records_shown_to,
    visible_as_recipient,
    visible_as_staff,
)
from documents.sharing.reading import note_reading
from documents.sharing.share import share_library_document, share_upload, take_back
from documents.sharing.uploads import check_may_share
from files.intake import accept
from files.serving import respond
from portals.api.pagination import Whole
from portals.api.parsers import JSONParser
from portals.api.schema import FILE, SIGNING, a_file, a_multipart, answers, page_of, whole_list
from portals.api.serializers.documents import CategoryOut, ReceivedDocumentOut, SharedDocumentOut, ShareIn
from portals.api.views.appointments import OfAppointment
from portals.api.views.base import ApiView, Listing, StaffView, asked_ids, checked, need_scope, read
from portals.clock import set_clock
from practices.models import Practice
from schema.composed import composed_once, in_steps
from signing.pdf.placement import Placement

PARTS = ("file", "shared_by")
NEWEST_FIRST = ("-shared_at", "-id")
ONE_DOWNLOAD = timedelta(hours=1)  # its ranges are requested one after the other


def with_parts(documents: QuerySet[SharedDocument]) -> QuerySet[SharedDocument]:
    """Reads all that the serializers show of one document, but its messages, with it."""
    return documents.select_related(*PARTS, "practice")


class Categories(ApiView, Listing[Category]):
    queryset = Category.objects.filter(is_active=True)
    serializer_class = CategoryOut
    pagination_class = Whole

    @answers(200, whole_list(CategoryOut), operation_id="categories_list", summary="List the categories of documents")
    def get(self, request: Request) -> Response:
        return self.list(request)


class AppointmentDocuments(OfAppointment, Listing[SharedDocument]):
    serializer_class = SharedDocumentOut
    ordering = NEWEST_FIRST
    parser_classes = [MultiPartParser, FormParser, JSONParser]

    def get_queryset(self) -> QuerySet[SharedDocument]:
        return around(self.appointment, user=self.user).select_related("file")

    def first_rows(self, count: int) -> list[SharedDocument]:
        return _newest_around(practices_of_staff(self.user), self.appointment.pk, count)

    def paginate_queryset(self, queryset: Any) -> Any:
        page: list[SharedDocument] = super().paginate_queryset(queryset) or []
        _add_sharers(page)
        for one in page:
            one.practice = self.appointment.practice
        read_messages(page)
        return page

    @cached_property
    def asked(self) -> dict[str, Any]:
        return read(ShareIn(data=self.request.data))

    def makes(self) -> QuerySet[SharedDocument]:
        appointment, signs = self.appointment, self.asked["sign"]
        if signs:
            need_scope(self.request, Scope.SIGN)
            if self.request.auth is None:  # a session; a token needs no new sign-in, its scope allows signing
                require_sole_control(self.request)
        check_may_share(appointment, self.user, signs=signs)
        return visible_as_staff(self.user)

    @answers(
        200,
        page_of(SharedDocumentOut),
        operation_id="appointments_documents_list",
        summary="List the documents shared from an appointment",
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        set_clock(self.appointment.practice)  # once, and not for each row
        return self.list(request)

    @answers(
        201,
        SharedDocumentOut,
        request=a_multipart(ShareIn),
        summary="Share a document, signed if you ask",
        refusals=[
            "recipient_not_ready",
            "wrong_patient_suspected",
            "blanks_unfilled",
            "not_to_be_signed",
            *FILE,
            *SIGNING,
        ],
    )
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        document = self.made_before() or self._share(self.appointment, self.asked)
        return Response(
            SharedDocumentOut(with_parts(visible_as_staff(self.user)).get(pk=document.pk)).data, status=201
        )

    def _share(self, appointment: Appointment, asked: dict[str, Any]) -> SharedDocument:
        file, library_id = asked.get("file"), asked.get("library_document")
        if (file is None) == (library_id is None):
            raise ValidationError(_("Donnez un fichier (file) ou un document de la bibliothèque (library_document)."))
        if library_id is not None:
            if asked["sign"]:
                raise ValidationError({"sign": _("Un document de la bibliothèque ne se signe pas.")})
            library_document = LibraryDocument.objects.of_staff(self.user).in_use().filter(pk=library_id).first()
            if library_document is None or library_document.practice_id != appointment.practice_id:
                raise ValidationError({"library_document": _("Ce document n’est pas dans la bibliothèque.")})
            return share_library_document(
                appointment=appointment,
                library_document=library_document,
                category=category_of(asked["category"]) if asked.get("category") else None,
                title=asked["title"],
                by=self.user,
                pk=self.object_id,
            )
        category = category_of(asked.get("category"))
        placement = _placement(asked) if asked["sign"] else None
        return share_upload(
            appointment=appointment,
            intake=accept(file),
            category=category,
            title=asked["title"],
            placement=placement,
            by=self.user,
            pk=self.object_id,
            confirm_patient=asked["confirm_patient"],
        )


def _add_sharers(page: Sequence[SharedDocument]) -> None:
    """Reads once whoever shared several of them."""
    people = {one.pk: one for one in _people(in_steps({one.shared_by_id for one in page if one.shared_by_id}))}
    for one in page:
        one.shared_by = people.get(one.shared_by_id) if one.shared_by_id else None


@composed_once
def _newest_around(practices: tuple[uuid.UUID, ...], appointment: uuid.UUID, count: int) -> QuerySet[SharedDocument]:
    return in_practices_around(practices, appointment).select_related("file")[:count]


@composed_once
def _newest_of_records(count: int, user: uuid.UUID, *records: tuple[uuid.UUID, ...]) -> QuerySet[SharedDocument]:
    return of_records(user, *records).order_by(*NEWEST_FIRST).select_related("file")[:count]


@composed_once
def _people(ids: tuple[uuid.UUID, ...]) -> QuerySet[User]:
    return User.objects.filter(pk__in=ids)


@composed_once
def _practices(ids: tuple[uuid.UUID, ...]) -> QuerySet[Practice]:
    return Practice.objects.filter(pk__in=ids)


class DocumentDetail(StaffView):
    def _get(self, pk: uuid.UUID) -> SharedDocument:
        return get_object_or_404(with_parts(visible_as_staff(self.user)), pk=pk)

    @answers(200, SharedDocumentOut, summary="Read what is known of a shared document")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(SharedDocumentOut(self._get(pk)).data)

    @answers(204, summary="Take a shared document back", refusals=["signed_by_patient"])
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        take_back(document=self._get(pk), by=self.user)
        return Response(status=204)


class DocumentContent(StaffView):
    @a_file("Download a shared document")
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        document = get_object_or_404(visible_as_staff(self.user).select_related("file"), pk=pk)
        return content(document, request, self.user)


MY_FILTERS = [
    OpenApiParameter("patient", uuid.UUID),
    OpenApiParameter("practice", uuid.UUID),
    OpenApiParameter("category", str),
]


class MyDocuments(ApiView, Listing[SharedDocument]):
    serializer_class = ReceivedDocumentOut
    ordering = NEWEST_FIRST

    def first_rows(self, count: int) -> list[SharedDocument] | None:
        if any(self.request.query_params.get(one.name) for one in MY_FILTERS):
            return None
        records = records_shown_to(self.user)
        return None if records is None else _newest_of_records(count, self.user.pk, *records)

    def paginate_queryset(self, queryset: Any) -> Any:
        page: list[SharedDocument] = super().paginate_queryset(queryset) or []
        _add_sharers(page)
        practices = {one.pk: one for one in _practices(in_steps({one.practice_id for one in page}))}
        page = [one for one in page if one.practice_id in practices]  # the others went with theirs a moment ago
        for one in page:
            one.practice = practices[one.practice_id]
        return page

    def get_queryset(self) -> QuerySet[SharedDocument]:
        documents = visible_as_recipient(self.user).select_related("file")
        documents = documents.filter(**asked_ids(self.request, "patient", "practice"))
        if category := self.request.query_params.get("category"):
            without_nul = category[:40].replace("\0", "")  # PostgreSQL text cannot contain NUL
            documents = documents.filter(category_id=without_nul)
        return documents

    @answers(
        200,
        page_of(ReceivedDocumentOut),
        operation_id="me_documents_list",
        parameters=MY_FILTERS,
        summary="List the documents that you received",
    )
    def get(self, request: Request) -> Response:
        return self.list(request)


class MyDocument(ApiView):
    @answers(200, ReceivedDocumentOut, summary="Read what is known of a document that you received")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        documents = visible_as_recipient(self.user).select_related("file", "shared_by", "practice")
        return Response(ReceivedDocumentOut(get_object_or_404(documents, pk=pk)).data)


class MyDocumentContent(ApiView):
    @a_file("Download a document that you received")
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        document = one_as_recipient(self.user, pk)
        if document is None:
            raise Http404
        return content(document, request, self.user, as_recipient=True)


def content(
    document: SharedDocument, request: Request, user: User, *, as_recipient: bool = False
) -> HttpResponseBase:
    """The bytes as attachment. A program's download counts as a reading; further ranges of it are the same reading.

    `as_recipient`: as in `note_reading`."""
    response = checked(respond(document.file, title=document.title, request=request._request))
    if request.method == "GET" and not _continues_download(document, request, user):
        note_reading(documents=[document], by=user, means=ReadingMeans.DOWNLOADED, as_recipient=as_recipient)
    return response


def _continues_download(document: SharedDocument, request: Request, user: User) -> bool:
    """Whether this is a further range of a download that the caller began within the hour."""
    if request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
        return False
    begun = document.readings.filter(reader=user, means=ReadingMeans.DOWNLOADED, at__gt=timezone.now() - ONE_DOWNLOAD)
    return begun.exists()


def category_of(code: str | None) -> Category:
    category = Category.objects.filter(code=code or "other", is_active=True).first()
    if category is None:
        raise ValidationError({"category": _("Cette catégorie n’existe pas. Voir /api/v1/categories/.")})
    return category


def _placement(asked: dict[str, Any]) -> Placement:
    for name in ("page", "x", "y"):
        if asked.get(name) is None:
            raise ValidationError({name: _("Dites où placer la signature : page, x et y.")})
    return Placement(page=asked["page"], x=asked["x"], y=asked["y"], width=asked["width"])
