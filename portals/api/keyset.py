"""The position of a row in an order, and the rows beyond it: by every sort key, with ties and missing values."""

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

Position = list[Any]  # the row's value of each key, as JSON has it
NO_ROW = Q(pk__in=())


class NoPosition(ValueError):
    """Not a position in this order."""


@dataclass(frozen=True)
class Key:
    """One key of an order. Rows without a value come last."""

    path: str  # as a lookup: "practice__name"
    descending: bool
    field: Field[Any, Any]

    def order(self, *, backwards: bool) -> OrderBy:
        descending = self.descending != backwards
        # Only where a value may be missing: an index serves the plain form alone.
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
        """The row's value, as JSON has it."""
        value = attrgetter(self.path.replace("__", "."))(row)
        if isinstance(value, date | datetime):
            return value.isoformat()  # to the microsecond
        return value if isinstance(value, str | int | float | bool | None) else str(value)

    def read(self, value: Any) -> Any:
        """The value that JSON brought back. Raises NoPosition."""
        if value is None and self.field.null:
            return None
        if isinstance(value, list | dict | None):
            raise NoPosition
        try:
            return self.field.to_python(value)
        except (DjangoValidationError, ValueError, OverflowError) as error:
            raise NoPosition from error


class Keyset:
    """An order of a model's rows. `ordering`: as for `order_by`; its last key must tell any two rows apart."""

    def __init__(self, model: type[Model], ordering: Sequence[str]) -> None:
        self.keys = [_key(model, one) for one in ordering]
        if not self.keys or not self.keys[-1].field.unique:
            raise ImproperlyConfigured(f"The order {list(ordering)} of {model.__name__} leaves ties")

    def ordered(self, found: QuerySet[Any], *, backwards: bool = False) -> QuerySet[Any]:
        return found.order_by(*(key.order(backwards=backwards) for key in self.keys))

    def position(self, row: Model) -> Position:
        return [key.of(row) for key in self.keys]

    def read(self, position: Position) -> list[Any]:
        """The values of a position that JSON brought back. Raises NoPosition."""
        if len(position) != len(self.keys):
            raise NoPosition
        return [key.read(value) for key, value in zip(self.keys, position, strict=True)]

    def beyond(self, position: Position, *, backwards: bool = False, inclusive: bool = False) -> Q:
        """The rows behind a position in the order, or before it; with the row itself, if `inclusive`. Raises
        NoPosition."""
        parts = list(zip(self.keys, self.read(position), strict=True))
        ties = [
            reduce(Q.__and__, (key.same(value) for key, value in parts[:rank]), Q()) for rank in range(len(parts))
        ]
        found = NO_ROW
        for tie, (key, value) in zip(ties, parts, strict=True):
            found |= tie & key.beyond(value, backwards=backwards)
        if inclusive:
            found |= reduce(Q.__and__, (key.same(value) for key, value in parts))
        first, value = parts[0]
        if not first.field.null:  # says the same again, in the form that an index serves
            found &= Q((f"{first.path}__{'lte' if first.descending != backwards else 'gte'}", value))
        return found


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
    if nullable and not field.null:  # behind a relation that may be missing
        field = field.clone()
        field.null = True
    return Key(path=path, descending=asked.startswith("-"), field=field)
