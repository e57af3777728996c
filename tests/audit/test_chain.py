"""The hash chain over the trail detects changed, missing and hidden lines; sealing blocks no writer."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from audit import chain
from audit.models import AuditEvent, AuditSeal
from audit.trail import record
from practices.models import Practice

APPEND_ONLY = ("0002_append_only", "0010_seals", "0020_chains_of_practices")
Write = Callable[[int], list[int]]


@pytest.fixture
def write(practice: Practice, alice: User) -> Write:
    def _write(count: int) -> list[int]:
        return [record("document.shared", by=alice, on=practice, detail={"line": n}).pk for n in range(count)]

    return _write


@contextmanager
def as_the_owner_of_the_database() -> Iterator[None]:
    """With the rights of the database's owner, who may drop triggers; restores everything afterwards."""
    migrations = [import_module(f"audit.migrations.{name}") for name in APPEND_ONLY]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        else:
            for migration in migrations:
                for statement in migration.UNDO["sqlite"]:
                    cursor.execute(statement)
        yield
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = DEFAULT")
        else:
            for migration in migrations:
                for statement in migration.SQLITE:
                    cursor.execute(statement)


def tamper(statement: str, *values: int | str) -> None:
    with as_the_owner_of_the_database(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_a_whole_trail_has_no_fault_and_is_sealed_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "BATCH", 2)
    count = AuditEvent.objects.count() + len(write(5))
    assert chain.seal() == count
    assert chain.seal() == 0
    assert list(chain.faults()) == []
    assert chain.newest_anchor().position == count


def test_a_line_that_commits_late_is_sealed_late(write: Write) -> None:
    """Its id was assigned before those of lines that were sealed meanwhile."""
    early, *_others = write(4)
    line = AuditEvent.objects.get(pk=early)
    tamper("DELETE FROM audit_auditevent WHERE id = %s", early)
    chain.seal()
    AuditEvent.objects.bulk_create([line])
    assert chain.seal() == 1
    assert AuditSeal.objects.latest("position").event_id == early
    assert list(chain.faults()) == []


def test_an_edited_line_is_named(write: Write) -> None:
    _first, second, _third = write(3)
    chain.seal()
    tamper("UPDATE audit_auditevent SET action = 'document.read' WHERE id = %s", second)
    assert list(chain.faults()) == [f"audit line {second}: changed since it was sealed"]


def test_a_missing_line_is_named(write: Write) -> None:
    _first, second, _third = write(3)
    chain.seal()
    tamper("DELETE FROM audit_auditevent WHERE id = %s", second)
    assert list(chain.faults()) == [f"audit line {second}: missing, though it was sealed"]


def test_a_line_gone_with_its_seal_leaves_a_gap(write: Write) -> None:
    _first, second, _third = write(3)
    chain.seal()
    position = AuditSeal.objects.get(event_id=second).position
    tamper("DELETE FROM audit_auditevent WHERE id = %s", second)
    tamper("DELETE FROM audit_auditseal WHERE event_id = %s", second)
    faults = list(chain.faults())
    assert faults[0] == f"audit seals {position} to {position}: missing"


def test_a_chain_computed_anew_does_not_hold_an_older_anchor(write: Write) -> None:
    _first, second, _third = write(3)
    chain.seal()
    anchor = chain.newest_anchor()
    assert chain.holds(anchor)
    tamper("UPDATE audit_auditevent SET action = 'document.read' WHERE id = %s", second)
    tamper("DELETE FROM audit_auditseal")
    chain.seal()
    assert list(chain.faults()) == []
    assert not chain.holds(anchor)


def test_a_line_that_nobody_seals_is_told_after_an_hour(write: Write, practice: Practice) -> None:
    write(1)
    assert list(chain.faults()) == []
    forgotten = AuditEvent.objects.create(
        at=timezone.now() - timedelta(hours=2),
        action="document.shared",
        object_type="Practice",
        object_id=practice.pk,
    )
    assert [fault.partition(":")[0] for fault in chain.faults()] == [f"audit line {forgotten.pk}"]


@pytest.mark.parametrize("statement", ["UPDATE audit_auditseal SET digest = 'x'", "DELETE FROM audit_auditseal"])
def test_the_database_refuses_to_change_a_seal(statement: str, write: Write) -> None:
    write(1)
    chain.seal()
    with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_export_is_json_lines_with_their_places(write: Write) -> None:
    before = timezone.now()
    lines = write(2)
    chain.seal()
    write(1)
    output = io.StringIO()
    period = ("--from", before.isoformat(), "--to", (timezone.now() + timedelta(minutes=1)).isoformat())
    call_command("export_audit", *period, stdout=output)
    exported = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [line["id"] for line in exported][:2] == lines
    assert exported[1]["digest"] == chain.newest_anchor().digest
    assert (exported[2]["position"], exported[2]["digest"]) == (None, None)


@pytest.mark.servers("SQLite lets a writer starve while others write without a pause")
@pytest.mark.django_db(transaction=True)
def test_writers_and_sealers_at_once_leave_one_whole_chain(practice: Practice, alice: User) -> None:
    writing = threading.Event()
    writing.set()

    def write_lines() -> None:
        for n in range(60):
            with transaction.atomic():
                record("document.shared", by=alice, on=practice, detail={"line": n})
        connection.close()

    def seal_lines() -> None:
        while writing.is_set():
            chain.seal()
        connection.close()

    writers = [threading.Thread(target=write_lines) for _ in range(4)]
    sealers = [threading.Thread(target=seal_lines) for _ in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in writers:
        thread.join()
    writing.clear()
    for thread in sealers:
        thread.join()
    chain.seal()
    assert AuditSeal.objects.count() == AuditEvent.objects.count() >= 240
    assert list(chain.faults()) == []


@pytest.mark.parametrize("idle_days", [0, 2, 10])
def test_lines_written_after_a_clock_that_ran_ahead_are_sealed(
    practice: Practice, alice: User, monkeypatch: pytest.MonkeyPatch, idle_days: int
) -> None:
    """Also if sealing stood still for a while after it was put right."""
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(days=3))
    record("document.shared", by=alice, on=practice)
    assert chain.seal() == 1
    monkeypatch.setattr(timezone, "now", real)
    record("document.shared", by=alice, on=practice)
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(days=idle_days))
    assert chain.seal() == 1
    record("document.shared", by=alice, on=practice)
    assert chain.seal() == 1
    assert not list(chain.faults())
