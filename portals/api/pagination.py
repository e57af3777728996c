"""Lists that grow without bound: a cursor, newest first."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class NewestFirst(CursorPagination):
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering: Any = ("-created_at", "-id")

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link(), "previous": self.get_previous_link()})


class DocumentsNewestFirst(NewestFirst):
    ordering = ("-shared_at", "-id")


class AppointmentsNewestFirst(NewestFirst):
    ordering = ("-starts_at", "-id")


class HistoryNewestFirst(NewestFirst):
    ordering = ("-id",)
