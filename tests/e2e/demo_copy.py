"""The demo practice for each browser test: loaded by its command once, then inserted from a copy of its rows.

Loading makes 128 appointments through the use cases, two seconds each time; `tests/docshare/test_demo.py` tests that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from files.models import StoredFile

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Copy:
    columns: dict[str, list[str]]
    rows: dict[str, Rows]
    files: dict[str, bytes]

    def insert(self) -> None:
        quote = connection.ops.quote_name
        with transaction.atomic(), connection.cursor() as cursor:  # foreign keys are checked at its end
            for table, rows in self.rows.items():
                columns = self.columns[table]
                places = ", ".join(["%s"] * len(columns))
                into = f"INSERT INTO {quote(table)} ({', '.join(map(quote, columns))}) VALUES "
                values = ", ".join([f"({places})"] * len(rows))
                cursor.execute(into + values, [_bound(value) for row in rows for value in row])
        store = storages["documents"]
        for key, content in self.files.items():
            if not store.exists(key):  # an earlier test deleted it
                store.save(key, ContentFile(content))


# The demo depends on the day, and its messages on the address of the site.
_copies: dict[tuple[date, str], Copy] = {}


def load_demo() -> None:
    """As `manage.py demo` on an empty database."""
    key = (timezone.localdate(timezone=timezone.get_default_timezone()), settings.PUBLIC_URL)
    if key in _copies:
        _copies[key].insert()
        return
    before = {table for table in _tables() if _rows_of(table)[1]}
    call_command("demo", verbosity=0)
    columns: dict[str, list[str]] = {}
    rows: dict[str, Rows] = {}
    for table in _tables() - before:  # the others are filled by migrations
        names, found = _rows_of(table)
        if found:
            columns[table], rows[table] = names, found
    store = storages["documents"]
    files = {}
    for stored in StoredFile.objects.all():
        with store.open(stored.key) as content:
            files[stored.key] = content.read()
    _copies[key] = Copy(columns, rows, files)


def _bound(value: Any) -> Any:
    return value.isoformat() if isinstance(value, time) else value  # SQLite's driver reads a time and binds none


def _tables() -> set[str]:
    return set(connection.introspection.django_table_names(only_existing=True))


def _rows_of(table: str) -> tuple[list[str], Rows]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
        return [column[0] for column in cursor.description], cursor.fetchall()
