"""Lists that grow without bound: a cursor, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response


class NewestFirst(CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering: Any = ("-created_at", "-id")

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        """Raises ValidationError for a cursor that we never gave, or that is another list's."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError, DjangoValidationError):
            raise ValidationError(
                {"cursor": _("Ce curseur n’est pas valable : suivez les adresses de next et previous.")}
            ) from None

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link(), "previous": self.get_previous_link()})


class DocumentsNewestFirst(NewestFirst):
    ordering = ("-shared_at", "-id")


class AppointmentsNewestFirst(NewestFirst):
    ordering = ("-starts_at", "-id")


class HistoryNewestFirst(NewestFirst):
    ordering = ("-id",)
