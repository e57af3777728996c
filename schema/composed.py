"""Queries that Django composes once in a process, and that then differ only in the values that they ask for.

For a row found by its key, Django takes longer to compose the query than the database to answer it. What is asked is
the same as before, and is asked at each call: no row is kept.
"""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.utils import timezone, translation

P = ParamSpec("P")
R = TypeVar("R")
# Of one query, by the types and numbers of its values: how many a process keeps. Others are composed each time.
SHAPES = 16
FIELDS: dict[type, models.Field[Any, Any]] = {
    UUID: models.UUIDField(),
    str: models.CharField(),
    datetime: models.DateTimeField(),
    date: models.DateField(),
}

# Whatever a query might change in a text changes this one: the case of its letters, accents, spaces around it, what
# LIKE escapes, the end of a long one. And in a moment: every part of its clock.
_ANY_TEXT = " \t{}%_\\'\"Aéße\N{COMBINING ACUTE ACCENT}" + "z" * 500 + "{} \n"
_ANY_MOMENT = datetime(3000, 1, 1, 13, 47, 29, 123_457, tzinfo=UTC)
_days = itertools.count()
_of_thread = threading.local()
# It is never the same day on both.
_EARLIEST, _LATEST = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Etc/GMT+12")


@dataclass(frozen=True, eq=False)
class _Composed:
    """`places`: for each parameter of the SQL, which of the values it is; None if it is the same in each run."""

    queryset: models.QuerySet[Any, Any]
    compiler: Any
    sql: str
    parameters: tuple[Any, ...]
    places: tuple[int | None, ...]

    def rows(self, values: list[Any]) -> list[Any]:
        """On the connection of this thread. What comes back becomes objects as Django does it."""
        here = connections[DEFAULT_DB_ALIAS]  # not its proxy, which is looked up at each of thousands of uses
        prepared = [_prepared(one) for one in values]
        parameters = tuple(
            same if place is None else prepared[place]
            for same, place in zip(self.parameters, self.places, strict=True)
        )
        compiler = copy.copy(self.compiler)
        compiler.connection = here
        compiler.as_sql = lambda *_args, **_options: (self.sql, parameters)
        compiler.get_converters = lambda columns: self._converters(compiler, columns)
        query: Any = copy.copy(self.queryset.query)
        query.get_compiler = lambda *_args, **_options: compiler
        run: Any = type(self.queryset)(self.queryset.model, query, DEFAULT_DB_ALIAS)
        for name in ("_iterable_class", "_fields", "_prefetch_related_lookups"):
            setattr(run, name, getattr(self.queryset, name))
        return list(run)

    def _converters(self, compiler: Any, columns: Iterable[Any]) -> Any:
        """What the driver returns, as Python has it: found once in a thread, as these belong to its connection."""
        known = vars(_of_thread).setdefault("converters", {})
        if self not in known:
            known[self] = type(compiler).get_converters(compiler, columns)
        return known[self]

    @property
    def own(self) -> tuple[Any, ...]:
        """What does not depend on the values."""
        same = (one for one, place in zip(self.parameters, self.places, strict=True) if place is None)
        return self.sql, self.places, *same


def composed_once(build: Callable[P, models.QuerySet[Any, R]]) -> Callable[P, list[R]]:
    """`build` makes a query of its arguments. Ids, texts, moments, days and tuples of them are parameters of the
    query and nothing else: `build` gets others in their place. Any other argument must be hashable; the query is
    composed for each of its values, so it must not be one that a request can choose.

    The result takes the same arguments, by position, and returns the rows. Raises ValueError if a value is not a
    parameter, or if the query depends on anything else that changes, like the time.
    """
    known: dict[Hashable, _Composed | None] = {}

    @wraps(build)
    def run(*args: P.args, **named: P.kwargs) -> list[R]:
        if named:
            raise TypeError(f"{build.__qualname__} takes its arguments by position.")
        shape = (connection.vendor, *map(_shape, args))
        if shape not in known:
            if len(known) >= SHAPES:
                return list(cast("Any", build)(*args))
            known[shape] = _compose(build, args)
        found = known[shape]
        return found.rows([value for one in args for value in _values(one)]) if found else []

    return run


def in_steps(ids: Iterable[UUID]) -> tuple[UUID, ...]:
    """For a query of rows by their ids: the last one stands in it again until their number is a power of two, so that
    the query is composed for a few numbers and not for each."""
    each = tuple(ids)
    return each + each[-1:] * ((1 << (len(each) - 1).bit_length()) - len(each)) if each else ()


def _shape(argument: Any) -> Hashable:
    if isinstance(argument, tuple):
        return tuple(map(type, argument))
    kind: type = type(argument)
    return kind if kind in FIELDS else (kind, argument)


def _values(argument: Any) -> Iterator[Any]:
    if isinstance(argument, tuple):
        yield from argument
    elif type(argument) in FIELDS:
        yield argument


def _compose(build: Callable[..., models.QuerySet[Any, Any]], args: tuple[Any, ...]) -> _Composed | None:
    """None if there are no rows, whatever the values. Composes it twice, for people who have neither the language nor
    the day nor the clock in common, to see what else it depends on."""
    with translation.override("fr"), timezone.override(_EARLIEST):
        first = _with_stand_ins(build, args)
    with translation.override("en"), timezone.override(_LATEST):
        second = _with_stand_ins(build, args)
    if (first and first.own) != (second and second.own):
        raise ValueError(f"{build.__qualname__}: the query depends on more than its arguments.")
    return first


def _with_stand_ins(build: Callable[..., models.QuerySet[Any, Any]], args: tuple[Any, ...]) -> _Composed | None:
    chosen = [_stand_in(one) for one in args]
    known = {_prepared(value): place for place, value in enumerate(v for one in chosen for v in _values(one))}
    queryset = build(*chosen)
    compiler: Any = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        return None
    places = tuple(known.get(one) if isinstance(one, Hashable) else None for one in parameters)
    if missing := set(known.values()) - set(places):
        raise ValueError(f"{build.__qualname__}: no parameters of the query: values {sorted(missing)}.")
    compiler.connection = None  # of this thread, which may end before the process
    return _Composed(queryset, compiler, sql, tuple(parameters), places)


def _stand_in(argument: Any) -> Any:
    """A value of the same type that no query has by chance."""
    if isinstance(argument, tuple):
        return tuple(map(_stand_in, argument))
    if type(argument) not in FIELDS:
        return argument
    moment = _ANY_MOMENT + timedelta(days=next(_days) % 2_000_000)
    values = {UUID: uuid4(), str: _ANY_TEXT.format(uuid4(), uuid4()), datetime: moment, date: moment.date()}
    return values[type(argument)]


def _prepared(value: Any) -> Any:
    """As the database's driver takes it."""
    return FIELDS[type(value)].get_db_prep_value(value, connection)
