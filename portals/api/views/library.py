"""The practice's library."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
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
from portals.api.parsers import JSONParser
from portals.api.schema import FILE, a_file, a_multipart, answers, page_of
from portals.api.serializers.library import (
    LibraryChange,
    LibraryDocumentOut,
    LibraryFileChange,
    LibraryFileIn,
    LibraryIn,
    LibraryTextChange,
    LibraryTextIn,
)
from portals.api.views.base import Listing, StaffView, administered_practice, checked, read
from portals.api.views.documents import category_of
from practices.models import Practice


def as_shown(documents: QuerySet[LibraryDocument]) -> QuerySet[LibraryDocument]:
    versions = LibraryVersion.objects.select_related("file").order_by("-number")
    return documents.prefetch_related(Prefetch("versions", queryset=versions), "rules")


class Library(StaffView, Listing[LibraryDocument]):
    serializer_class = LibraryDocumentOut
    parser_classes = [JSONParser, MultiPartParser, FormParser]
    takes: type[LibraryFileIn] = LibraryIn

    def get_queryset(self) -> QuerySet[LibraryDocument]:
        return as_shown(LibraryDocument.objects.of_staff(self.user).in_use())

    @cached_property
    def asked(self) -> dict[str, Any]:
        return read(self.takes(data=self.request.data))

    @cached_property
    def practice(self) -> Practice:
        return administered_practice(self.user, self.asked.get("practice"), ONLY_ADMINISTRATORS)

    def makes(self) -> QuerySet[LibraryDocument]:
        return LibraryDocument.objects.filter(practice=self.practice).in_use()

    @answers(
        200, page_of(LibraryDocumentOut), operation_id="library_list", summary="List the documents of the library"
    )
    def get(self, request: Request) -> Response:
        return self.list(request)

    @answers(
        201,
        LibraryDocumentOut,
        request=LibraryTextIn,
        summary="Write a document of the library",
        refusals=[*FILE, "cannot_write"],
    )
    def post(self, request: Request) -> Response:
        """HTML with merge fields. A file is sent to `/library/files/`; one that is sent here is taken, too."""
        return Response(LibraryDocumentOut(self.made_before() or self._add(self.asked)).data, status=201)

    def _add(self, asked: dict[str, Any]) -> LibraryDocument:
        category = category_of(asked["category"])
        known = {"category": category, "title": asked["title"], "by": self.user, "pk": self.object_id}
        if "body" in asked:
            return write_document(practice=self.practice, body=asked["body"], **known)
        return import_document(practice=self.practice, intake=accept(asked["file"]), **known)


class LibraryFiles(Library):
    http_method_names = ["post", "options"]
    parser_classes = [MultiPartParser, FormParser]
    takes = LibraryFileIn

    @answers(
        201,
        LibraryDocumentOut,
        request=a_multipart(LibraryFileIn),
        operation_id="library_files_create",
        summary="Import a file into the library",
        refusals=FILE,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class LibraryDetail(StaffView):
    parser_classes = [JSONParser, MultiPartParser, FormParser]

    def _get(self, pk: uuid.UUID) -> LibraryDocument:
        return get_object_or_404(
            as_shown(LibraryDocument.objects.of_staff(self.user).in_use().select_related("practice")),
            pk=pk,
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
        asked = read(body)
        category = category_of(asked["category"]) if "category" in asked else None
        if "file" in asked:  # change the file first: it may be refused, and a refusal must change nothing
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
