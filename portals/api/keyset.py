"""The position of a row in an order, and the rows after or before it, with ties and missing values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import attrgetter
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.expressions import OrderBy

Position = list[Any]  # the row's value for each key, as JSON
NO_ROW = Q(pk__in=())


class NoPosition(ValueError):
    """The values are not a position in this order."""


@dataclass(frozen=True)
class Key:
    """One key of an order. Rows without a value come last."""

    path: str  # a lookup, for example "practice__name"
    descending: bool
    field: Field[Any, Any]

    def order(self, *, backwards: bool) -> OrderBy:
        descending = self.descending != backwards
        # Only for nullable columns: an index serves the plain form alone.
        missing = ({"nulls_first": True} if backwards else {"nulls_last": True}) if self.field.null else {}
        return OrderBy(F(self.path), descending=descending, **missing)

    def same(self, value: Any) -> Q:
        return Q((f"{self.path}__isnull", True)) if value is None else Q((self.path, value))

    def beyond(self, value: Any, *, backwards: bool) -> Q:
        if value is None:
            return Q((f"{self.path}__isnull", False)) if backwards else NO_ROW
        further = Q((f"{self.path}__{'lt' if self.descending != backwards else 'gt'}", value))
        return further | Q((f"{self.path}__isnull", True)) if self.field.null and not backwards else further

    def of(self, row: Model) -> Any:
        """The row's value, as JSON."""
        value = attrgetter(self.path.replace("__", "."))(row)
        if isinstance(value, date | datetime):
            return value.isoformat()  # with microseconds
        return value if isinstance(value, str | int | float | bool | None) else str(value)

    def read(self, value: Any) -> Any:
        """Parse a value from JSON. Raises NoPosition."""
        if value is None and self.field.null:
            return None
        if isinstance(value, list | dict | None):
            raise NoPosition
        try:
            return self.field.to_python(value)
        except (DjangoValidationError, ValueError, OverflowError) as error:
            raise NoPosition from error


class Keyset:
    """An order of a model's rows. `ordering`: as for `order_by`; with its last key, no two rows are equal."""

    def __init__(self, model: type[Model], ordering: Sequence[str]) -> None:
        self.keys = [_key(model, one) for one in ordering]
        if not self.keys or not self.keys[-1].field.unique:
            raise ImproperlyConfigured(f"The order {list(ordering)} of {model.__name__} leaves ties")

    def ordered(self, rows: QuerySet[Any], *, backwards: bool = False) -> QuerySet[Any]:
        return rows.order_by(*(key.order(backwards=backwards) for key in self.keys))

    def position(self, row: Model) -> Position:
        return [key.of(row) for key in self.keys]

    def read(self, position: Position) -> list[Any]:
        """Parse a position from JSON. Raises NoPosition."""
        if len(position) != len(self.keys):
            raise NoPosition
        return [key.read(value) for key, value in zip(self.keys, position, strict=True)]

    def beyond(self, position: Position, *, backwards: bool = False, inclusive: bool = False) -> Q:
        """The rows after a position, or before it if `backwards`; including the row itself if `inclusive`. Raises
        NoPosition."""
        parts = list(zip(self.keys, self.read(position), strict=True))
        ties = [
            reduce(Q.__and__, (key.same(value) for key, value in parts[:rank]), Q()) for rank in range(len(parts))
        ]
        condition = NO_ROW
        for tie, (key, value) in zip(ties, parts, strict=True):
            condition |= tie & key.beyond(value, backwards=backwards)
        if inclusive:
            condition |= reduce(Q.__and__, (key.same(value) for key, value in parts))
        first, value = parts[0]
        if not first.field.null:  # redundant, but an index serves this form
            condition &= Q((f"{first.path}__{'lte' if first.descending != backwards else 'gte'}", value))
        return condition


def _key(model: type[Model], asked: str) -> Key:
    path = asked.lstrip("-")
    field: Any = None
    of: Any = model
    nullable = False
    for part in path.split("__"):
        try:
            field = of._meta.get_field(part)
        except FieldDoesNotExist as error:
            raise ImproperlyConfigured(f"{model.__name__} has no {path} to be ordered by") from error
        nullable = nullable or field.null
        of = field.related_model or of
    if nullable and not field.null:  # behind a nullable relation
        field = field.clone()
        field.null = True
    return Key(path=path, descending=asked.startswith("-"), field=field)
