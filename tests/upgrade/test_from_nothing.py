"""A database made at once is the one that all migrations, one after another, make; a crash leaves nothing of it.

That takes them a minute of processor, and only migrations change the result: it is kept for as long as they stay.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from schema.from_nothing import make_tables
from tests.migrated import text_of_migrations
from tests.prepared_process import run_alone
from tests.upgrade.conftest import SERVER, environment, manage, on_postgresql

ONE_BY_ONE = """
from docshare.embedded import prepare; prepare()
import django; django.setup()
from django.core.management import call_command
from django.core.management.commands.migrate import Command
call_command(Command(), verbosity=0, interactive=False)
"""
# 0.2.0 wrote the column beside newer processes (patients 0005): it stays where it was.
OF_OLD_DATABASES = re.compile(r"patients_invitation\..*(birth_date_attempts|invitation_five_tries)")
ROWS = (
    "SELECT app, name FROM django_migrations",
    "SELECT code, label_fr, label_en, position FROM documents_category",
    "SELECT app_label, model FROM django_content_type",
    "SELECT app_label, codename FROM auth_permission JOIN django_content_type type ON type.id = content_type_id",
)
COLUMNS = """
    SELECT table_name || '.' || column_name, concat_ws(
        ' ', data_type, character_maximum_length, is_nullable, column_default, is_identity
    ) FROM information_schema.columns WHERE table_schema = 'public'
"""
CONSTRAINTS = """
    SELECT conrelid::regclass || '.' || CASE contype WHEN 'f' THEN '' ELSE conname END || pg_get_constraintdef(oid),
        convalidated::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
TRIGGERS = "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
EXTENSIONS = "SELECT extname, '' FROM pg_extension"
Shape = dict[str, str]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(SERVER != "", reason="The same test compares two databases of the server")
def test_both_ways_make_the_same_embedded_database(tmp_path: Path) -> None:
    def one_by_one() -> tuple[Shape, Shape]:
        migrate_one_by_one(environment(tmp_path / "one_by_one"))
        made = tmp_path / "one_by_one" / "docshare.sqlite3"
        return shape_of_file(made), rows_of_file(made)

    manage(environment(tmp_path / "at_once"), "migrate", "--verbosity=0")
    at_once = tmp_path / "at_once" / "docshare.sqlite3"
    shape, rows = made_once(f"SQLite {sqlite3.sqlite_version}", one_by_one)
    assert_alike(shape_of_file(at_once), shape)
    assert_alike(rows_of_file(at_once), rows)


@pytest.mark.slow
@pytest.mark.timeout(600)
class TestOnPostgresql:
    pytestmark = on_postgresql

    def test_both_ways_make_the_same_database(self, database: str, other_database: str, tmp_path: Path) -> None:
        def one_by_one() -> tuple[Shape, ...]:
            migrate_one_by_one(environment(tmp_path, other_database))
            return (shape_of_server(other_database),)

        manage(environment(tmp_path, database), "migrate", "--verbosity=0")
        with closing(psycopg.connect(database)) as server:
            version = server.info.server_version
        (shape,) = made_once(f"PostgreSQL {version}", one_by_one)
        assert_alike(shape_of_server(database), shape)


def made_once(database: str, one_by_one: Callable[[], tuple[Shape, ...]]) -> list[Shape]:
    """What the migrations make one after another on this version of a database, as this file describes it."""
    name = f"{database} {Path(__file__).read_text()}"
    found: list[Shape] = json.loads(text_of_migrations(name, lambda: json.dumps(one_by_one())))
    return found


def migrate_one_by_one(environ: dict[str, str]) -> None:
    done = run_alone("-c", ONE_BY_ONE, environment=environ)
    assert done.returncode == 0, done.stderr


def assert_alike(ours: Shape, theirs: Shape) -> None:
    assert len(ours) > 20
    differ = [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]
    assert not [(n, ours.get(n), theirs.get(n)) for n in differ if n in ours or not OF_OLD_DATABASES.match(n)]


def shape_of_file(path: Path) -> Shape:
    """Of each column, constraint, index and trigger of an SQLite database, its SQL without the order of columns."""
    shape: Shape = {}
    with closing(sqlite3.connect(path)) as database:
        for kind, name, table, sql in database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"):
            if name.startswith("sqlite_"):  # SQLite's own
                continue
            if kind == "table":
                shape |= {f"{table}.{part}": text for part, text in parts(sql)}
            else:
                shape[f"{kind} {name}"] = plain(sql or "")
    return shape


def parts(create_table: str) -> Iterator[tuple[str, str]]:
    """Name and SQL of each column and constraint of a CREATE TABLE."""
    depth, part = 0, ""
    for letter in create_table[create_table.index("(") + 1 : create_table.rindex(")")] + ",":
        depth += (letter == "(") - (letter == ")")
        if letter != "," or depth:
            part += letter
            continue
        name = part.split('"')[1]
        yield name, plain(part)
        part = ""


def plain(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()


def rows_of_file(path: Path) -> Shape:
    with closing(sqlite3.connect(path)) as database:
        return {str(row): query for query in ROWS for row in database.execute(query)}


def shape_of_server(address: str) -> Shape:
    shape: Shape = {}
    with closing(psycopg.connect(address)) as database:
        for kind in (COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS, EXTENSIONS):
            shape |= {str(name): str(what) for name, what in database.execute(kind)}
    return shape


@pytest.mark.django_db
def test_a_database_with_tables_is_left_to_its_migrations() -> None:
    assert not make_tables(connection)


@pytest.mark.slow
def test_migrating_one_app_makes_that_apps_tables_only(tmp_path: Path) -> None:
    manage(environment(tmp_path), "migrate", "--verbosity=0", "contenttypes")
    with closing(sqlite3.connect(tmp_path / "docshare.sqlite3")) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables - {"sqlite_sequence"} == {"django_migrations", "django_content_type"}
