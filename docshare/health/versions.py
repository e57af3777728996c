"""Which versions run here."""

from __future__ import annotations

import platform
import tomllib
from dataclasses import dataclass
from functools import cache

import django
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


@cache
def code_version() -> str:
    """The version of docshare, from pyproject.toml."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        version: str = tomllib.load(file)["project"]["version"]
    return version


@dataclass(frozen=True)
class Versions:
    """`newest_migration`: of each of our own apps. `pending`: migrations of this code that the database lacks."""

    docshare: str
    python: str
    django: str
    database: str
    newest_migrations: list[str]
    pending: list[str]


def versions() -> Versions:
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SHOW server_version")
        database = f"{connection.display_name} {cursor.fetchone()[0]}"
    return Versions(
        docshare=code_version(),
        python=platform.python_version(),
        django=django.get_version(),
        database=database,
        newest_migrations=[f"{app} {name}" for app, name in leaves],
        pending=[
            f"{migration.app_label} {migration.name}" for migration, _backwards in executor.migration_plan(leaves)
        ],
    )
