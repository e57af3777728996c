"""A random UUID as the default of a column: rows that the previous version writes get one, too."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, UUIDField
from django.db.models.sql.compiler import SQLCompiler

# Version 4, variant 1 (RFC 9562, 5.4), as Django stores it in SQLite: 32 hexadecimal digits.
OF_SQLITE = (
    "(lower(hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) || "
    "substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(8)), 2)))"
)


class NewUuid(Func):
    template = "GEN_RANDOM_UUID()"
    arity = 0
    output_field = UUIDField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template=OF_SQLITE, **context)
