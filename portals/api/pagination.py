"""Pages of lists that grow without bound, newest first.

A page begins after the last row of the page before it, located by all of its sort keys (keyset.py): whatever is
inserted or deleted meanwhile, no row is skipped and none is repeated. Cursors are encrypted: a sort key may be a
person's name, and addresses are logged.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from portals.api.keyset import Keyset, NoPosition, Position
from sealing.columns import CannotOpen, Sealed

PAGE_SIZE, MAX_PAGE_SIZE = 50, 200
LONGEST_CURSOR = 4000  # characters


@dataclass(frozen=True)
class Start:
    """Where a page begins: after this position, or (`backwards`) before it; including the row itself if
    `inclusive`."""

    position: Position
    backwards: bool = False
    inclusive: bool = False


class Pages(BasePagination):
    """The view's `ordering` is the order; with its last key, no two rows are equal."""

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any]:
        """Raises ValidationError for a cursor that this site did not issue, or that belongs to another list."""
        assert isinstance(queryset, QuerySet)
        ordering: Sequence[str] = view.ordering
        self._request = request
        self._keys = Keyset(queryset.model, ordering)
        self._list = [queryset.model._meta.label_lower, *ordering]
        start = self._start_in_query()
        size = asked_page_size(request)
        backwards = start is not None and start.backwards
        usual = start is None and size == PAGE_SIZE  # other sizes are other queries, and a process keeps a few
        rows: list[Any] | None = view.first_rows(size + 1) if usual else None
        if rows is None:
            beyond = queryset if start is None else queryset.filter(self._beyond(start))
            rows = list(self._keys.ordered(beyond, backwards=backwards)[: size + 1])
        there_are_more, rows = len(rows) > size, rows[:size]
        if backwards:
            rows.reverse()
        after, before = self._edges(rows, start)
        self._next = self._link(after, queryset, sure=there_are_more and not backwards, start=start)
        self._previous = self._link(before, queryset, sure=there_are_more and backwards, start=start)
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._next, "previous": self._previous})

    def _edges(self, rows: list[Any], start: Start | None) -> tuple[Start | None, Start | None]:
        """The starts of the next and of the previous page."""
        if rows:
            return (
                Start(self._keys.position(rows[-1])),
                Start(self._keys.position(rows[0]), backwards=True),
            )
        if start is None:
            return None, None
        # Every row of this page was deleted: the only link leads back from the same position.
        back = Start(start.position, backwards=not start.backwards, inclusive=not start.inclusive)
        return (back, None) if start.backwards else (None, back)

    def _link(self, edge: Start | None, queryset: QuerySet[Any], *, sure: bool, start: Start | None) -> str | None:
        """The address of a page, if it has rows. `sure`: this page has already seen one of them."""
        if edge is None or (not sure and not self._may_have_rows(edge, queryset, start)):
            return None
        cursor = json.dumps([self._list, edge.position, edge.backwards, edge.inclusive])
        return replace_query_param(self._request.build_absolute_uri(), "cursor", Sealed.of(cursor).token)

    def _may_have_rows(self, edge: Start, queryset: QuerySet[Any], start: Start | None) -> bool:
        """Whether rows may exist beyond this edge. The first page has none before it, the last none after it."""
        if edge.backwards == (start is not None and start.backwards):
            return False
        return start is not None and queryset.filter(self._beyond(edge)).exists()

    def _beyond(self, start: Start) -> Q:
        return self._keys.beyond(start.position, backwards=start.backwards, inclusive=start.inclusive)

    def _start_in_query(self) -> Start | None:
        asked = self._request.query_params.get("cursor")
        if not asked:
            return None
        try:
            if len(asked) > LONGEST_CURSOR:
                raise NoPosition
            of, position, backwards, inclusive = json.loads(Sealed(asked).open())
            if of != self._list:
                raise NoPosition
            self._keys.read(position)
            return Start(position, backwards=bool(backwards), inclusive=bool(inclusive))
        except (CannotOpen, ValueError, TypeError):
            raise ValidationError(
                {"cursor": _("Ce curseur n’est pas valable : suivez les adresses de next et previous.")}
            ) from None


class Whole(BasePagination):
    """An unpaginated list, in the same envelope."""

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any]:
        return list(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data})


def asked_page_size(request: Request) -> int:
    """Rows on a page, at most MAX_PAGE_SIZE. Raises ValidationError."""
    asked = request.query_params.get("page_size", "")
    if not asked:
        return PAGE_SIZE
    size = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= 9 else 0
    if size < 1:
        raise ValidationError(
            {"page_size": _("Demandez un nombre de lignes de 1 à %(most)d.") % {"most": MAX_PAGE_SIZE}}
        )
    return min(size, MAX_PAGE_SIZE)
