"""Today's date in the zone of each row's practice, computed by the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField, DateTimeField, F, Func, Value
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone


class TodayIn(Func):
    """`zone`: the column with the name of the time zone. `at`: now, if the caller has read the clock."""

    template = "((%(expressions)s)::date)"
    arg_joiner = " AT TIME ZONE "
    arity = 2
    output_field = DateField()

    def __init__(self, zone: str, at: datetime | None = None) -> None:
        super().__init__(Value(at or timezone.now(), output_field=DateTimeField()), F(zone))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        """With the function that Django registers for TruncDate."""
        template = "django_datetime_cast_date(%(expressions)s, 'UTC')"
        return self.as_sql(compiler, connection, template=template, arg_joiner=", ", **context)
