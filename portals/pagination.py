"""Long lists, a page at a time: whatever has become numerous, no answer grows with it.

For lists in which nobody has to keep a place. One that is read from end to end while others write into it (documents
of a patient, deliveries, a record's timeline) continues after its last row instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from patients.birth_dates import whole_number

T = TypeVar("T")
U = TypeVar("U")
M = TypeVar("M", bound=Model)
# Reads the rows from one place of a list to before another one; places are counted from 0.
ReadPart = Callable[[int, int], Sequence[T]]
ROWS = 50
MOST_PAGES = 10_000  # the database skips the rows of the pages before


@dataclass(frozen=True)
class ListPage(Generic[T]):
    """The rows of one page. `number`: from 1 on. `first_rank`: of its first row in the list, from 1 on.

    `earlier`, `later`: addresses of the pages beside it; "" without one. `following`: the first row of the later one.
    """

    rows: Sequence[T]
    number: int = 1
    first_rank: int = 1
    earlier: str = ""
    later: str = ""
    following: T | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, rows: Sequence[U]) -> ListPage[U]:
        """The same page, of what is shown for its rows."""
        return ListPage(rows, self.number, self.first_rank, self.earlier, self.later)


@overload
def list_page(
    request: HttpRequest, found: QuerySet[M], *, rows: int = ROWS, name: str = "page", anchor: str = ""
) -> ListPage[M]: ...
@overload
def list_page(
    request: HttpRequest, found: Sequence[T], *, rows: int = ROWS, name: str = "page", anchor: str = ""
) -> ListPage[T]: ...
@overload
def list_page(
    request: HttpRequest, found: ReadPart[T], *, rows: int = ROWS, name: str = "page", anchor: str = ""
) -> ListPage[T]: ...
def list_page(
    request: HttpRequest, found: Any, *, rows: int = ROWS, name: str = "page", anchor: str = ""
) -> ListPage[Any]:
    """The page that the address asks for in the parameter `name`; the first one where there is no such page.

    One row more than shown is read, instead of counting them all. `anchor`: the id of the list in the page.
    """
    if isinstance(found, QuerySet):
        found = _in_total_order(found)
    read_part: ReadPart[Any] = found if callable(found) else lambda first, last: found[first:last]
    number = _asked(request, name)
    read = list(read_part((number - 1) * rows, number * rows + 1))
    if not read and number > 1:
        number, read = 1, list(read_part(0, rows + 1))
    earlier = _address(request, name, number - 1, anchor) if number > 1 else ""
    later = _address(request, name, number + 1, anchor) if len(read) > rows else ""
    following = read[rows] if later else None
    return ListPage(read[:rows], number, (number - 1) * rows + 1, earlier, later, following)


def _in_total_order(found: QuerySet[M]) -> QuerySet[M]:
    """Rows that are alike have an order, too: otherwise some would be on two pages, and some on none."""
    query = found.query
    order: Sequence[Any] = query.order_by or (query.default_ordering and found.model._meta.ordering) or ()
    if {"pk", "-pk", "id", "-id"} & set(order):
        return found
    return found.order_by(*order, "pk")


def _asked(request: HttpRequest, name: str) -> int:
    number = whole_number(request.GET.get(name, "")[:6])
    return number if number and number <= MOST_PAGES else 1


def _address(request: HttpRequest, name: str, number: int, anchor: str) -> str:
    asked = request.GET.copy()
    asked[name] = str(number)
    return f"{request.path}?{asked.urlencode()}{'#' if anchor else ''}{anchor}"
