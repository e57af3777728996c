from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from audit.guards import GUARDS, trail_is_guarded
from audit.models import AuditEvent
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
