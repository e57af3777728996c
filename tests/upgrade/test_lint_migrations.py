"""The linter of migrations detects each kind of change with which the previous release cannot work."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import NOT_PROVIDED, Q

from schema.operations import AddConstraintNotValid, AddIndexBesideWrites
from tools import lint_migrations
from tools.last_release import last_release
from tools.lint_migrations import Reader

TEXT = models.CharField(max_length=10)
SEPARATE = operations.SeparateDatabaseAndState


@pytest.fixture
def release() -> ProjectState:
    state = ProjectState()
    fields: list[tuple[str, Any]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=10)),
        ("note", models.CharField(max_length=10, null=True)),
    ]
    state.add_model(ModelState("house", "Room", fields))
    return state


def migration(*found: Any, atomic: bool = True, safe: dict[str, str] | None = None) -> Migration:
    attributes = {"operations": list(found), "atomic": atomic, "safe": safe or {}, "__module__": __name__}
    made: Migration = type("Migration", (Migration,), attributes)("0002_change", "house")
    return made


REFUSED = {
    "not null room.hue": operations.AddField("room", "hue", TEXT),
    "not null room.note": operations.AlterField("room", "note", TEXT),
    "index room.hue": operations.AddField("room", "hue", models.CharField(max_length=9, null=True, db_index=True)),
    "index room.owner": operations.AddField(
        "room", "owner", models.ForeignKey("house.Room", on_delete=models.CASCADE, null=True)
    ),
    "index room.name": operations.AlterField("room", "name", models.CharField(max_length=10, unique=True)),
    "index room_name": operations.AddIndex("room", models.Index(fields=["name"], name="room_name")),
    "constraint room_named": operations.AddConstraint(
        "room", models.CheckConstraint(condition=~Q(name=""), name="room_named")
    ),
    "unique Room": operations.AlterUniqueTogether("Room", {("name", "note")}),
    "rename room.name": operations.RenameField("room", "name", "title"),
    "rename Room": operations.RenameModel("Room", "Chamber"),
    "rename room": operations.AlterModelTable("room", "chamber"),
    "drop room.name": operations.RemoveField("room", "name"),
    "drop Room": operations.DeleteModel("Room"),
    "type room.name": operations.AlterField("room", "name", models.IntegerField()),
    "not null room.name": SEPARATE(state_operations=[operations.RemoveField("room", "name")]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_last_release_cannot_work_beside_is_told(release: ProjectState, what: str) -> None:
    found = list(Reader(release).read(migration(REFUSED[what])))
    assert len(found) == 1, found
    assert found[0].startswith(f"house.0002_change: {what}: ")
    assert len(found[0].split(": ", 2)[2]) > 40  # a sentence that says what to do


def test_an_index_beside_writes_needs_a_migration_without_a_transaction(release: ProjectState) -> None:
    for kind in (AddIndexConcurrently, AddIndexBesideWrites):
        index = kind("room", models.Index(fields=["name"], name="room_name"))
        assert "index room_name" in next(Reader(release).read(migration(index)))
        assert not list(Reader(release).read(migration(index, atomic=False)))


def test_a_check_that_locks_nobody_out_still_needs_a_reason(release: ProjectState) -> None:
    named = AddConstraintNotValid("room", models.CheckConstraint(condition=~Q(name=""), name="room_named"))
    found = list(Reader(release).read(migration(named)))
    assert len(found) == 1
    assert "say in `safe` why" in found[0]
    reason = {"constraint room_named": "the last release asks for a name"}
    assert not list(Reader(release).read(migration(named, safe=reason)))


def test_what_only_adds_is_clean(release: ProjectState) -> None:
    retire = SEPARATE(
        database_operations=[operations.AlterField("room", "name", models.CharField(max_length=10, db_default=""))],
        state_operations=[operations.RemoveField("room", "name")],
    )
    added = migration(
        operations.AddField("room", "hue", models.CharField(max_length=10, db_default="")),
        operations.AddField("room", "size", models.IntegerField(null=True)),
        operations.AlterField("room", "note", models.CharField(max_length=20, null=True)),
        operations.AlterField("room", "note", models.TextField(null=True)),
        operations.CreateModel("Door", [("id", models.BigAutoField(primary_key=True)), ("name", TEXT)]),
        operations.AddField("door", "hue", TEXT),
        operations.AddIndex("door", models.Index(fields=["name"], name="door_name")),
        retire,
    )
    assert not list(Reader(release).read(added))


def test_a_column_that_the_last_release_left_behind_may_go(release: ProjectState) -> None:
    reader = Reader(release)
    assert not list(reader._of_sql('ALTER TABLE "house_room" DROP COLUMN IF EXISTS "forgotten"'))
    assert [one.what for one in reader._of_sql("ALTER TABLE house_room DROP COLUMN name")] == [
        "SQL drop house_room.name"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "DROP TABLE house_room", "ALTER TABLE house_room RENAME COLUMN name TO title",
        "alter table house_room rename to chamber", "ALTER TABLE house_room ALTER COLUMN note SET NOT NULL",
        "ALTER TABLE house_room ADD COLUMN hue text NOT NULL", "CREATE INDEX room_name ON house_room (name)",
        "create unique index room_name on house_room (name)",
        "ALTER TABLE house_room ADD CONSTRAINT room_named CHECK (name <> '')",
    ],
)  # fmt: skip
def test_sql_by_hand_is_read_too(release: ProjectState, text: str) -> None:
    assert len(list(Reader(release)._of_sql(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE house_room ADD COLUMN hue text NOT NULL DEFAULT ''", "CREATE INDEX CONCURRENTLY a ON b (c)",
        "ALTER TABLE house_room ADD CONSTRAINT room_named CHECK (name <> '') NOT VALID",
    ],
)  # fmt: skip
def test_sql_that_locks_nobody_out_is_clean(release: ProjectState, text: str) -> None:
    assert not list(Reader(release)._of_sql(text))


def test_a_reason_makes_it_safe_and_one_without_a_fault_is_told(release: ProjectState) -> None:
    indexed = REFUSED["index room_name"]
    assert not list(Reader(release).read(migration(indexed, safe={"index room_name": "a house has ten rooms"})))
    assert "no fault here" in next(Reader(release).read(migration(safe={"index room_name": "ten rooms"})))


def test_the_migrations_since_the_last_release_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_migrations.main() == 0, capsys.readouterr().out


def test_every_column_that_came_after_its_table_has_a_default_in_the_database() -> None:
    """Also for columns of releases: after going back, an older version writes rows."""
    loader = MigrationLoader(None)
    ours = set(settings.ROOMS)
    today = loader.project_state()
    missing = []
    for (app, name), one in loader.disk_migrations.items():
        made = {operation.name_lower for operation in one.operations if isinstance(operation, operations.CreateModel)}
        for operation in one.operations if app in ours else ():
            if not isinstance(operation, operations.AddField) or operation.model_name_lower in made:
                continue
            model = today.models.get((app, operation.model_name_lower))
            field = model.fields.get(operation.name) if model else None
            if field and not field.many_to_many and not field.null and field.db_default is NOT_PROVIDED:
                missing.append(f"{app}.{name}: {operation.model_name}.{operation.name}")
    assert missing == []


def test_the_last_release_is_where_these_migrations_begin() -> None:
    known = MigrationLoader(None).disk_migrations
    assert all(key in known for key in last_release().migrations)
