from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from accounts.models import User
from audit.chain import seal
from audit.days import seal_day
from audit.guards import GUARDS, trail_is_guarded
from audit.models import AuditEvent, AuditSeal, DailySeal
from audit.trail import record
from practices.models import Practice


def test_a_line_needs_the_transaction_of_its_deed(transactional_db: None) -> None:
    user = User.objects.create_user("x@courriel.example")
    with pytest.raises(RuntimeError, match="transaction"):
        record("document.shared", by=user, on=user)


def test_model_refuses_change_and_deletion(practice: Practice, alice: User) -> None:
    line = record("document.shared", by=alice, on=practice)
    line.action = "document.read"
    with pytest.raises(TypeError):
        line.save()
    with pytest.raises(TypeError):
        line.delete()
    with pytest.raises(TypeError):
        AuditEvent.objects.all().delete()
    with pytest.raises(TypeError):
        AuditEvent.objects.update(action="document.read")


@pytest.mark.parametrize("statement", ["UPDATE audit_auditevent SET action = 'x'", "DELETE FROM audit_auditevent"])
def test_the_database_itself_refuses(statement: str, practice: Practice, alice: User) -> None:
    record("document.shared", by=alice, on=practice)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db
def test_each_guard_that_is_missing_is_a_fault_of_the_installation() -> None:
    assert list(trail_is_guarded()) == []
    on_table = connection.vendor == "postgresql"
    for table, triggers in GUARDS[connection.vendor].items():
        for name in triggers:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"DROP TRIGGER {name} ON {table}" if on_table else f"DROP TRIGGER {name}")
                (fault,) = trail_is_guarded()
                assert f"trigger {name} of {table} is missing" in fault
                transaction.set_rollback(True)
    assert list(trail_is_guarded()) == []


@pytest.mark.servers("SQLite cannot turn a trigger off")
@pytest.mark.django_db
@pytest.mark.parametrize("how", ["DISABLE TRIGGER", "ENABLE REPLICA TRIGGER"])
def test_a_guard_that_is_turned_off_is_a_fault(how: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE audit_auditseal {how} audit_seal_append_only")
        (fault,) = trail_is_guarded()
        transaction.set_rollback(True)
    assert "audit_seal_append_only" in fault


@pytest.mark.django_db
def test_a_guard_that_does_nothing_is_a_fault() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            name = "audit_append_only"
            cursor.execute(f"DROP TRIGGER {name} ON audit_auditevent")
            cursor.execute(
                f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON audit_auditevent "
                "FOR EACH ROW WHEN (false) EXECUTE FUNCTION audit_refuse()"
            )
        else:
            name = "audit_no_update"
            cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute(f"CREATE TRIGGER {name} BEFORE UPDATE ON audit_auditevent BEGIN SELECT 1; END")
        (fault,) = trail_is_guarded()
        transaction.set_rollback(True)
    assert f"trigger {name} of audit_auditevent" in fault


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no REPLACE")
@pytest.mark.django_db
@pytest.mark.parametrize("model", [AuditEvent, AuditSeal, DailySeal])
def test_nothing_of_the_trail_is_replaced(model: type[Model], practice: Practice, alice: User) -> None:
    """SQLite's REPLACE deletes a row without asking the triggers that refuse it."""
    record("document.shared", by=alice, on=practice)
    seal()
    seal_day()
    row = model._default_manager.latest("pk")
    columns = [str(field.column) for field in model._meta.concrete_fields]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"REPLACE INTO {model._meta.db_table} ({', '.join(columns)}) "
            f"SELECT {', '.join(columns)} FROM {model._meta.db_table} WHERE {model._meta.pk.column} = %s",
            [row.pk],
        )
