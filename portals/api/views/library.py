"""The practice's library."""

from __future__ import annotations

import uuid

from django.db.models import Prefetch, QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from documents.library.catalogue import (
    ONLY_ADMINISTRATORS,
    archive,
    change_library_document,
    import_document,
    import_version,
    write_document,
    write_version,
)
from documents.models import LibraryDocument, LibraryVersion
from files.intake import accept
from files.serving import respond
from portals.api.idempotency import object_id
from portals.api.pagination import NewestFirst
from portals.api.parsers import JSONParser
from portals.api.schema import FILE, IDEMPOTENCY, a_file, a_multipart, answers, page_of
from portals.api.serializers import (
    LibraryChange,
    LibraryDocumentOut,
    LibraryFileChange,
    LibraryFileIn,
    LibraryIn,
    LibraryTextChange,
    LibraryTextIn,
)
from portals.api.views.base import StaffView, administered_practice, checked
from portals.api.views.documents import category_of


def with_versions(found: QuerySet[LibraryDocument]) -> QuerySet[LibraryDocument]:
    versions = LibraryVersion.objects.select_related("file").order_by("-number")
    return found.prefetch_related(Prefetch("versions", queryset=versions))


class Library(StaffView):
    parser_classes = [JSONParser, MultiPartParser, FormParser]

    @answers(
        200, page_of(LibraryDocumentOut), operation_id="library_list", summary="List the documents of the library"
    )
    def get(self, request: Request) -> Response:
        paginator = NewestFirst()
        found = with_versions(LibraryDocument.objects.of_staff(self.user).in_use())
        page = paginator.paginate_queryset(found, request, view=self)
        return paginator.get_paginated_response(LibraryDocumentOut(page, many=True).data)

    @answers(
        201,
        LibraryDocumentOut,
        request=LibraryTextIn,
        parameters=[IDEMPOTENCY],
        summary="Write a document of the library",
        refusals=[*FILE, "cannot_write"],
    )
    def post(self, request: Request) -> Response:
        """HTML with merge fields. A file is sent to `/library/files/`; one that is sent here is taken, too."""
        return self._add(request, LibraryIn(data=request.data))

    def _add(self, request: Request, body: LibraryFileIn) -> Response:
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        practice = administered_practice(self.user, asked.get("practice"), ONLY_ADMINISTRATORS)
        if first := self.once(request, made=LibraryDocument.objects.filter(practice=practice).in_use()):
            return first
        pk = object_id(request)
        document = LibraryDocument.objects.filter(pk=pk, practice=practice).first() if pk else None
        if document is None:
            known = {"category": category_of(asked["category"]), "title": asked["title"], "by": self.user, "pk": pk}
            if "body" in asked:
                document = write_document(practice=practice, body=asked["body"], **known)
            else:
                document = import_document(practice=practice, intake=accept(asked["file"]), **known)
        return Response(LibraryDocumentOut(document).data, status=201)


class LibraryFiles(Library):
    http_method_names = ["post", "options"]
    parser_classes = [MultiPartParser, FormParser]

    @answers(
        201,
        LibraryDocumentOut,
        request=a_multipart(LibraryFileIn),
        parameters=[IDEMPOTENCY],
        operation_id="library_files_create",
        summary="Import a file into the library",
        refusals=FILE,
    )
    def post(self, request: Request) -> Response:
        return self._add(request, LibraryFileIn(data=request.data))


class LibraryDetail(StaffView):
    parser_classes = [JSONParser, MultiPartParser, FormParser]

    def _get(self, pk: uuid.UUID) -> LibraryDocument:
        return get_object_or_404(
            with_versions(LibraryDocument.objects.of_staff(self.user).in_use().select_related("practice")), pk=pk
        )

    @answers(200, LibraryDocumentOut, summary="Read a document of the library")
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        return Response(LibraryDocumentOut(self._get(pk)).data)

    @answers(
        200,
        LibraryDocumentOut,
        request=LibraryTextChange,
        summary="Change a document of the library",
        refusals=[*FILE, "cannot_write"],
    )
    def patch(self, request: Request, pk: uuid.UUID) -> Response:
        """Its title, category or text. A new file is put to `/library/{id}/file/`; one sent here is taken, too."""
        return self._change(self._get(pk), LibraryChange(data=request.data))

    def _change(self, document: LibraryDocument, body: LibraryChange | LibraryFileChange) -> Response:
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        category = category_of(asked["category"]) if "category" in asked else None
        if "file" in asked:  # first what may be refused: a refusal changes nothing
            import_version(document=document, intake=accept(asked["file"]), by=self.user)
        if "body" in asked:
            write_version(document=document, body=asked["body"], by=self.user)
        change_library_document(document=document, by=self.user, title=asked.get("title"), category=category)
        return Response(LibraryDocumentOut(self._get(document.pk)).data)

    @answers(204, summary="Archive a document of the library")
    def delete(self, request: Request, pk: uuid.UUID) -> Response:
        archive(document=self._get(pk), by=self.user)
        return Response(status=204)


class LibraryFile(LibraryDetail):
    http_method_names = ["put", "options"]
    parser_classes = [MultiPartParser, FormParser]

    @answers(
        200,
        LibraryDocumentOut,
        request=a_multipart(LibraryFileChange),
        operation_id="library_file_update",
        summary="Import a new version of a document of the library",
        refusals=FILE,
    )
    def put(self, request: Request, pk: uuid.UUID) -> Response:
        return self._change(self._get(pk), LibraryFileChange(data=request.data))


class LibraryContent(StaffView):
    @a_file("Download a document of the library")
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        document = get_object_or_404(LibraryDocument.objects.of_staff(self.user).in_use(), pk=pk)
        version = document.current
        return checked(respond(version.file, title=document.title, request=request._request))
