"""Checks that the last release can run beside each newer migration and that no large table is locked. One line a
fault.

Reads the operations and the SQL in the migration's file; needs no database. A migration may state why something is
safe all the same, by the name of its fault:

    class Migration(migrations.Migration):
        safe = {"index agenda_name": "a practice has ten agendas"}
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "docshare.settings")
    import django

    django.setup()

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import NOT_PROVIDED, Field, ManyToManyField

from schema.operations import AddUniqueBesideWrites
from tools.last_release import last_release

POSTGRESQL = DatabaseWrapper({"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere", "OPTIONS": {}})
NEEDS_DEFAULT = "the last release inserts without it and fails: give it a db_default, or null=True"
DROPPED = (
    "the last release reads and writes it: take it out of the state alone (SeparateDatabaseAndState) and drop it in "
    "the next release"
)
RENAMED = "the last release knows it by its old name: add the new one, fill both, drop the old one two releases later"
LOCKS = (
    "nobody can write while it is built: AddIndexBesideWrites (schema/operations.py) in a migration of its own with "
    "atomic = False, and db_index=False on the field"
)
LOCKS_AND_REFUSES = (
    "the whole table is read while nobody can write: AddConstraintNotValid, and ValidateConstraint in a migration "
    "of its own (schema/operations.py); the last release may write what it refuses"
)
REFUSES = "the last release may write what it refuses: add it a release later, or say in `safe` why it never does"
SQL = [
    (r"\bDROP\s+TABLE\b", "drop table", DROPPED),
    (r"\bRENAME\s+(COLUMN|TO)\b", "rename", RENAMED),
    (r"\bSET\s+NOT\s+NULL\b", "not null", NEEDS_DEFAULT),
    (r"\bADD\s+COLUMN\b(?![^;]*\bDEFAULT\b)[^;]*\bNOT\s+NULL\b", "not null", NEEDS_DEFAULT),
    (r"\bCREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b)", "index", LOCKS),
    (r"\bADD\s+CONSTRAINT\b(?![^;]*\bNOT\s+VALID\b)", "constraint", LOCKS_AND_REFUSES),
]
DROP_COLUMN = r'\bALTER\s+TABLE\s+"?(\w+)"?\s+DROP\s+COLUMN\s+(?:IF\s+EXISTS\s+)?"?(\w+)"?'


class Fault(NamedTuple):
    what: str
    sentence: str


class Reader:
    """Applies migrations to the model state of the release."""

    def __init__(self, release: ProjectState) -> None:
        self.release = release
        self.state = release.clone()
        self.columns = {
            (model._meta.db_table, field.column)
            for model in release.apps.get_models()
            for field in model._meta.fields
        }

    def read(self, migration: Migration, source: str = "") -> Iterator[str]:
        """A line for each fault of this migration; earlier ones must be read first. `source`: its file, which may
        contain SQL."""
        safe: dict[str, str] = dict(getattr(migration, "safe", {}))
        faults = list(self._of_sql(source))
        for operation in migration.operations:
            faults += self._of(operation, migration, self.state)
            operation.state_forwards(migration.app_label, self.state)
        label = f"{migration.app_label}.{migration.name}"
        for operation_name, sentence in dict.fromkeys(faults):
            if not safe.pop(operation_name, ""):
                yield f"{label}: {operation_name}: {sentence}."
        for unused in safe:
            yield f"{label}: safe names “{unused}”, which is no fault here: remove it."

    def _of_sql(self, text: str) -> Iterator[Fault]:
        for pattern, statement, sentence in SQL:
            if re.search(pattern, text, re.IGNORECASE):
                yield Fault(f"SQL {statement}", sentence)
        for table, column in re.findall(DROP_COLUMN, text, re.IGNORECASE):
            if (table, column) in self.columns:
                yield Fault(f"SQL drop {table}.{column}", DROPPED)

    def _of(self, operation: Operation, migration: Migration, state: ProjectState) -> Iterator[Fault]:
        """Faults of an operation applied to `state`."""
        app = migration.app_label
        if isinstance(operation, operations.SeparateDatabaseAndState):
            database = state.clone()
            for each in operation.database_operations:
                yield from self._of(each, migration, database)
                each.state_forwards(app, database)
            yield from _left_behind(operation.state_operations, app, database)
            return
        match operation:
            case operations.RenameField():
                yield Fault(f"rename {operation.model_name}.{operation.old_name}", RENAMED)
            case operations.RenameModel() if self._released(app, operation.old_name):
                yield Fault(f"rename {operation.old_name}", RENAMED)
            case operations.AlterModelTable() if self._released(app, operation.name):
                yield Fault(f"rename {operation.name}", RENAMED)
            case operations.DeleteModel() if self._released(app, operation.name):
                yield Fault(f"drop {operation.name}", DROPPED)
            case AddIndexConcurrently() if migration.atomic:
                yield Fault(f"index {operation.index.name}", LOCKS)
            case AddIndexConcurrently():
                pass
            case operations.AddIndex() if self._released(app, operation.model_name):
                yield Fault(f"index {operation.index.name}", LOCKS)
            case AddUniqueBesideWrites() if self._released(app, operation.model_name):
                yield Fault(f"constraint {operation.constraint.name}", LOCKS if migration.atomic else REFUSES)
            case AddConstraintNotValid() if self._released(app, operation.model_name):
                yield Fault(f"constraint {operation.constraint.name}", REFUSES)
            case operations.AddConstraint() if self._released(app, operation.model_name):
                yield Fault(f"constraint {operation.constraint.name}", LOCKS_AND_REFUSES)
            case operations.AlterUniqueTogether() if self._released(app, operation.name):
                yield Fault(f"unique {operation.name}", LOCKS_AND_REFUSES)
            case operations.AddField() if self._released(app, operation.model_name):
                yield from _of_added(operation.model_name, operation.name, operation.field)
            case operations.RemoveField() if released := self._released(app, operation.model_name):
                if operation.name in released.fields:
                    yield Fault(f"drop {operation.model_name}.{operation.name}", DROPPED)
            case operations.AlterField() if self._released(app, operation.model_name):
                before = state.models[app, operation.model_name_lower].fields[operation.name]
                yield from _of_altered(operation.model_name, operation.name, before, operation.field)
            case _:
                pass

    def _released(self, app: str, model: str) -> ModelState | None:
        return self.release.models.get((app, model.lower()))


def _of_added(model: str, name: str, field: Field[Any, Any]) -> Iterator[Fault]:
    if isinstance(field, ManyToManyField):
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield Fault(f"not null {model}.{name}", NEEDS_DEFAULT)
    if field.unique or _has_index(field):
        yield Fault(f"index {model}.{name}", LOCKS)


def _of_altered(model: str, name: str, before: Field[Any, Any], after: Field[Any, Any]) -> Iterator[Fault]:
    if before.null and not after.null:
        sentence = "the last release writes nulls: give a default now, and forbid null in the next release"
        yield Fault(f"not null {model}.{name}", sentence)
    if (after.unique and not before.unique) or (_has_index(after) and not _has_index(before)):
        yield Fault(f"index {model}.{name}", LOCKS)
    if before.db_column != after.db_column:
        yield Fault(f"rename {model}.{name}", RENAMED)
    old, new = (_type(field) for field in (before, after))
    if old != new and not _is_wider(old, new):
        yield Fault(f"type {model}.{name}", "the table is written anew under a lock: add another column instead")


def _has_index(field: Field[Any, Any]) -> bool:
    return bool(getattr(field, "db_index", False))


def _type(field: Field[Any, Any]) -> str:
    """The column's type in PostgreSQL; for a foreign key, the target that the migration names."""
    if field.remote_field is not None:
        return str(field.remote_field.model)
    return field.db_type(POSTGRESQL) or ""


def _is_wider(old: str, new: str) -> bool:
    """Whether PostgreSQL changes the type without rewriting the table."""
    lengths = [re.fullmatch(r"varchar\((\d+)\)", each) for each in (old, new)]
    if lengths[0] and new in ("text", "varchar"):
        return True
    return bool(lengths[0] and lengths[1] and int(lengths[1][1]) >= int(lengths[0][1]))


def _left_behind(state_operations: Any, app: str, database: ProjectState) -> Iterator[Fault]:
    """Faults of columns that stay in the database after their field: without a default, inserts would fail."""
    for operation in state_operations:
        if isinstance(operation, operations.RemoveField):
            model = database.models.get((app, operation.model_name_lower))
            field = model.fields.get(operation.name) if model else None
            if field is not None and not field.null and field.db_default is NOT_PROVIDED:
                sentence = "this version inserts without it and fails: first give it a db_default (AlterField)"
                yield Fault(f"not null {operation.model_name}.{operation.name}", sentence)


def main() -> int:
    loader = MigrationLoader(None)
    released = last_release().migrations
    reader = Reader(loader.project_state(released))
    old = {key for leaf in released for key in loader.graph.forwards_plan(leaf)}
    leaves = sorted(loader.graph.leaf_nodes())
    found: list[str] = []
    for key in dict.fromkeys(key for leaf in leaves for key in loader.graph.forwards_plan(leaf)):
        if key not in old:
            migration = loader.graph.nodes[key]
            found += reader.read(migration, inspect.getsource(sys.modules[type(migration).__module__]))
    print(*found, sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
