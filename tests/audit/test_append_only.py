from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import User
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
