"""Makes the tables of a database that has none from the last state of all migrations, at once.

Applying a hundred and fifty migrations one after another takes half a minute of processor, nearly all of it to model
tables that later migrations change again. A database that has any table goes through them all;
tests/upgrade/test_from_nothing.py compares both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.contrib.postgres.operations import CreateExtension
from django.db import router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

Step = tuple[str, Operation]  # an app's label, one of its operations


def make_tables(connection: BaseDatabaseWrapper) -> bool:
    """Make all tables and record all migrations as applied, in one transaction; False if there are tables already.

    Of the migrations' operations on rows and of their SQL, those marked `elidable` are left out: there are no rows to
    change yet. The others (first rows, triggers, extensions) run on the last state.
    """
    if connection.introspection.table_names():
        return False
    loader = MigrationLoader(connection)
    state = loader.project_state()
    steps = list(_steps_beside_tables(loader))
    with connection.schema_editor(atomic=True) as editor:
        _run([step for step in steps if isinstance(step[1], CreateExtension)], editor, state)
        for model in state.apps.get_models():
            if model._meta.can_migrate(connection) and router.allow_migrate_model(connection.alias, model):
                editor.create_model(model)
        _run([step for step in steps if not isinstance(step[1], CreateExtension)], editor, state)
        recorder = MigrationRecorder(connection)
        recorder.ensure_schema()
        recorder.migration_qs.bulk_create(
            recorder.Migration(app=label, name=name) for label, name in _in_order(loader)
        )
    return True


def _in_order(loader: MigrationLoader) -> Iterator[tuple[str, str]]:
    """Every migration once, after those it depends on."""
    seen = set()
    for leaf in sorted(loader.graph.leaf_nodes()):
        for key in loader.graph.forwards_plan(leaf):
            if key not in seen:
                seen.add(key)
                yield key


def _steps_beside_tables(loader: MigrationLoader) -> Iterator[Step]:
    for label, name in _in_order(loader):
        yield from _flat(label, loader.disk_migrations[label, name].operations)


def _flat(label: str, operations: Sequence[Operation]) -> Iterator[Step]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _flat(label, operation.database_operations)
        elif isinstance(operation, RunPython | RunSQL | CreateExtension) and not operation.elidable:
            yield label, operation


def _run(steps: list[Step], editor: BaseDatabaseSchemaEditor, state: ProjectState) -> None:
    for label, operation in steps:
        operation.state_forwards(label, state)
        operation.database_forwards(label, editor, state, state)
