"""Queries that Django composes once in a process and that then differ only in the ids that they ask for.

For one document by the access rules, Django takes longer to compose the query than it takes to run it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.db.models.expressions import Expression


@dataclass(frozen=True)
class Composed:
    """`places`: for each parameter of the SQL, which of the ids it is; None if it is the same in each run.
    `columns`: what is selected, which determines how Python reads it."""

    sql: str
    parameters: tuple[Any, ...]
    places: tuple[int | None, ...]
    columns: tuple[Expression, ...]

    def rows(self, ids: Sequence[uuid.UUID]) -> list[tuple[Any, ...]]:
        """The rows for these ids, in the order of those it was composed with."""
        prepared = [_prepared(one) for one in ids]
        parameters = [
            same if place is None else prepared[place]
            for same, place in zip(self.parameters, self.places, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            found = cursor.fetchall()
        return [tuple(map(_read, row, self.columns)) for row in found] if found else []


def compose(queryset: models.QuerySet[Any, tuple[Any, ...]], ids: Sequence[uuid.UUID]) -> Composed:
    """`queryset`: made by `values_list`, for these ids, which must be random: each run replaces them by others.

    Raises ValueError if one is not a parameter of the query.
    """
    compiler = queryset.query.get_compiler(connection=connection)
    sql, parameters = compiler.as_sql()
    known = {_prepared(one): place for place, one in enumerate(ids)}
    places = tuple(known.get(one) if isinstance(one, str | uuid.UUID) else None for one in parameters)
    if missing := set(known.values()) - set(places):
        raise ValueError(f"Not parameters of the query: ids {sorted(missing)}")
    return Composed(sql, tuple(parameters), places, tuple(expression for expression, _sql, _alias in compiler.select))


def _prepared(one: uuid.UUID) -> uuid.UUID | str:
    """As the database's driver takes it."""
    value: uuid.UUID | str = models.UUIDField[Any, Any]().get_db_prep_value(one, connection)
    return value


def _read(value: Any, column: Expression) -> Any:
    for converter in connection.ops.get_db_converters(column) + column.get_db_converters(connection):
        value = converter(value, column, connection)
    return value
