"""Migration operations that lock no table for long (docs/upgrading.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres import operations as postgresql
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddConstraint, AddIndex, RunPython
from django.db.migrations.state import ProjectState, StateApps
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

FILLED_AT_ONCE = 1_000  # rows
VALIDITY = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"


class AddIndexBesideWrites(postgresql.AddIndexConcurrently):
    """AddIndex by CREATE INDEX CONCURRENTLY on PostgreSQL; a plain AddIndex on other databases. Its migration has
    `atomic = False`.

    May be run again after an interruption: a finished index stays, an unfinished one is rebuilt.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
            return
        if not _is_built(schema_editor, self.index.name):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
        else:
            AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)


class AddUniqueBesideWrites(AddConstraint):
    """AddConstraint of a UniqueConstraint with a condition, which is an index, by CREATE UNIQUE INDEX CONCURRENTLY on
    PostgreSQL. Its migration has `atomic = False`, and its rows never break it. May be run again, as
    AddIndexBesideWrites."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        if _is_built(schema_editor, self.constraint.name):
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        statement = str(self.constraint.create_sql(model, schema_editor))
        beside = statement.replace("CREATE UNIQUE INDEX", "CREATE UNIQUE INDEX CONCURRENTLY", 1)
        schema_editor.execute(beside)


def _is_built(schema_editor: BaseDatabaseSchemaEditor, index: str) -> bool:
    """Drops an unfinished one."""
    name = schema_editor.quote_name(index)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(VALIDITY, [name])
        found = cursor.fetchone()
        if found and not found[0]:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    return bool(found and found[0])


class AddConstraintNotValid(postgresql.AddConstraintNotValid):
    """Add a check for new rows. On PostgreSQL existing rows are not read; other databases add a plain constraint."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        else:
            AddConstraint.database_forwards(self, app_label, schema_editor, from_state, to_state)


class ValidateConstraint(postgresql.ValidateConstraint):
    """Validate existing rows, too, in a separate migration that does not block writes. Does nothing except on
    PostgreSQL."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class MoveContentTypes(RunPython):
    """Move the content types of models that moved to this migration's app, so that references to them stay valid.

    Harmless beside the previous version: content types that it creates again under the old label have no references.
    """

    def __init__(self, old_label: str, models: list[str]) -> None:
        self.old_label, self.models = old_label, models
        super().__init__(self._move, self._move_back)

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return type(self).__name__, [self.old_label, self.models], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        self.new_label = app_label

    def _move(self, apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        self._relabel(apps, schema_editor, self.old_label, self.new_label)

    def _move_back(self, apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        self._relabel(apps, schema_editor, self.new_label, self.old_label)

    def _relabel(self, apps: StateApps, schema_editor: BaseDatabaseSchemaEditor, old: str, new: str) -> None:
        types = apps.get_model("contenttypes", "ContentType").objects.using(schema_editor.connection.alias)
        for name in (model.lower() for model in self.models):
            if not types.filter(app_label=new, model=name).exists():
                types.filter(app_label=old, model=name).update(app_label=new)


class FillPractice(RunPython):
    """Copy the practice of each row's parent into the column of its own, a thousand rows at a time, each in a
    transaction of its own. Its migration has `atomic = False`; it may be run again after an interruption.

    `model`: of the migration's app, or "app.Model". `lookups`: ways from a row to its practice; the first that leads
    to one counts. Rows that the previous release writes meanwhile are filled later (personal_data/growth.py).
    """

    def __init__(self, model: str, *lookups: str) -> None:
        self.model, self.lookups = model, lookups
        super().__init__(self._fill, RunPython.noop, atomic=False, elidable=True)

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:
        return type(self).__name__, [self.model, *self.lookups], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        self.app_label = app_label

    def _fill(self, apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        model = apps.get_model(self.model if "." in self.model else f"{self.app_label}.{self.model}")
        fill_practice(model._base_manager.using(schema_editor.connection.alias).all(), self.lookups)


def fill_practice(rows: QuerySet[Any], lookups: Sequence[str]) -> None:
    """Set `practice_id` of those rows where it is null, in batches in the order of their keys; each is a statement
    of its own. Rows without any practice stay as they are."""
    rows, last = rows.order_by("pk"), None
    same = rows.model._base_manager.using(rows.db).filter(pk=OuterRef("pk")).order_by()
    ways = [Subquery(same.filter(**{f"{way}__isnull": False}).values(way)[:1]) for way in lookups]
    while True:
        following = rows if last is None else rows.filter(pk__gt=last)
        keys = list(following.values_list("pk", flat=True)[:FILLED_AT_ONCE])
        if not keys:
            return
        batch = rows.model._base_manager.using(rows.db).filter(pk__in=keys, practice_id=None)
        batch.update(practice_id=Coalesce(*ways, Value(None)))
        last = keys[-1]
