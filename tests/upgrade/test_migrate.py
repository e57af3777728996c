"""`migrate` in real processes: two at once, beside a long statement, after an interruption."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import IntegrityError, connection, models
from django.db.migrations.state import ProjectState
from django.db.models import Q

from docshare.management.commands.migrate import IN_USE, LONGEST_WAIT
from notifications.models import Message
from schema.one_at_a_time import KEY, WAITING
from schema.operations import AddConstraintNotValid, AddIndexBesideWrites, ValidateConstraint
from tests.notifications.conftest import make_email
from tests.upgrade.conftest import begin, environment, manage, on_postgresql

APP = "notifications"  # an app with few migrations


@contextmanager
def advisory_lock(database: str) -> Iterator[None]:
    with closing(psycopg.connect(database)) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [KEY])
        yield


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    path.parent.mkdir()
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def two_at_once(environ: dict[str, str], held: AbstractContextManager[None]) -> None:
    """Both start while a third holds the lock, and run one after the other once it is released."""
    with held:
        both = [begin(environ, "migrate", "--no-input", APP) for _ in range(2)]
        for process in both:
            assert process.stderr is not None
            assert WAITING in process.stderr.readline()
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert sorted("No migrations to apply" in output for output, _ in answers) == [False, True], answers


@pytest.mark.slow
def test_two_at_once_on_the_embedded_default_both_end_well(tmp_path: Path) -> None:
    lock = tmp_path / "data" / "docshare.sqlite3.migrating"
    two_at_once(environment(tmp_path / "data"), file_lock(lock))
    assert lock.stat().st_mode & 0o022 == 0


class TestOnPostgresql:
    pytestmark = [*on_postgresql, pytest.mark.slow]

    def test_two_at_once_both_end_well(self, database: str, tmp_path: Path) -> None:
        two_at_once(environment(tmp_path / "data", database), advisory_lock(database))

    def test_a_long_statement_makes_migrate_wait_and_nobody_else(self, database: str, tmp_path: Path) -> None:
        environ = environment(tmp_path / "data", database)
        manage(environ, "migrate", "--no-input", APP, "0012")
        slowest = 0.0
        with closing(psycopg.connect(database)) as backup, closing(psycopg.connect(database)) as site:
            backup.execute("LOCK TABLE notifications_message IN ACCESS SHARE MODE")  # like pg_dump
            with (tmp_path / "errors").open("w+") as errors:
                migrating = begin(environ, "migrate", "--no-input", APP, errors=errors)
                while IN_USE not in (tmp_path / "errors").read_text():
                    assert migrating.poll() is None
                    began = time.monotonic()
                    site.execute("SELECT count(*) FROM notifications_message")
                    site.commit()
                    slowest = max(slowest, time.monotonic() - began)
                    time.sleep(0.05)
                backup.rollback()
                assert migrating.wait(60) == 0
        assert LONGEST_WAIT / 4 < slowest < LONGEST_WAIT + 1


@pytest.fixture
def is_built(transactional_db: None) -> Callable[[], bool]:
    """Runs the operation of message_refused; returns whether the index is valid afterwards."""
    index = next(one for one in Message._meta.indexes if one.name == "message_refused")

    def _is_built() -> bool:
        with connection.schema_editor(atomic=False) as editor:
            state = ProjectState.from_apps(apps)
            AddIndexBesideWrites("message", index).database_forwards(APP, editor, state, state)
        with connection.cursor() as cursor:
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('message_refused')")
            found = cursor.fetchone()
        return found is not None and found[0]

    return _is_built


@pytest.mark.servers("SQLite builds indexes in its transaction")
@pytest.mark.parametrize(
    "before",
    [
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'message_refused'::regclass",
        "DROP INDEX message_refused",
        "SELECT 1",
    ],
)
def test_an_index_that_was_interrupted_is_built_anew(before: str, is_built: Callable[[], bool]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(before)
    assert is_built()


@pytest.mark.django_db(transaction=True)
def test_a_check_is_added_at_once_and_its_old_rows_are_read_later() -> None:
    before = ProjectState.from_apps(apps)
    check = models.CheckConstraint(condition=~Q(cause="!"), name="message_no_shout")
    add, after = AddConstraintNotValid("message", check), before.clone()
    add.state_forwards(APP, after)
    try:
        with connection.schema_editor() as editor:
            add.database_forwards(APP, editor, before, after)
        assert is_validated() in (False, None)
        with pytest.raises(IntegrityError):
            make_email(cause="!")
        with connection.schema_editor() as editor:
            ValidateConstraint("message", "message_no_shout").database_forwards(APP, editor, after, after)
        assert is_validated() in (True, None)
    finally:
        with connection.schema_editor() as editor:
            add.database_backwards(APP, editor, after, before)


@pytest.mark.servers("SQLite has one lock for all")
def test_a_foreign_key_that_does_not_get_its_lock_is_tried_again(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Foreign keys are added by deferred SQL, whose failure leaves Django's transaction open."""
    attempts: list[list[str]] = []

    def handle(self: object, *args: object, **options: object) -> None:
        attempts.append(connection.introspection.table_names())
        if len(attempts) == 1:
            with connection.schema_editor(atomic=True) as editor:
                editor.deferred_sql.append("DO $$ BEGIN RAISE EXCEPTION 'lock' USING ERRCODE = '55P03'; END $$")

    monkeypatch.setattr(DjangoMigrate, "handle", handle)
    call_command("migrate", verbosity=0)
    assert len(attempts) == 2
    assert not connection.in_atomic_block


def is_validated() -> bool | None:
    """None on databases without other constraints."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'message_no_shout'")
        return bool(cursor.fetchone()[0])
