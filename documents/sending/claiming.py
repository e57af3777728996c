"""Claims due sendings for a worker: of practices in turn, where many wait (jobs/round_robin.py)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from documents.models import AutoSend, AutoSendRule
from jobs.leases import hold
from jobs.round_robin import RoundRobin, Share
from practices.models import Practice

# The rows of a rule are those of one range of the index auto_send_turn; see notifications/claiming.py for its form.
FIRST_DUE = """
  SELECT due_at FROM documents_autosend AS sending
  WHERE state = 'planned' AND sending.rule_id >= rule.id AND (sending.rule_id, due_at) <= (rule.id, %(now)s)
    AND (retry_at IS NULL OR retry_at <= %(now)s)
  ORDER BY sending.rule_id, due_at LIMIT 1
"""
RULES = f"""
SELECT id, rule FROM (
  SELECT practice.id, (
    SELECT rule.id FROM documents_autosendrule AS rule
    WHERE rule.practice_id = practice.id AND ({FIRST_DUE}) IS NOT NULL ORDER BY ({FIRST_DUE}) LIMIT 1
  ) AS rule
  FROM {Practice._meta.db_table} AS practice
  WHERE practice.id > %(after)s AND practice.suspended_at IS NULL ORDER BY practice.id
) AS practices WHERE rule IS NOT NULL LIMIT %(most)s
"""  # noqa: S608 (a name of ours)
TURNS: RoundRobin[AutoSend, uuid.UUID] = RoundRobin()


def claim(*, size: int, lease: timedelta, now: datetime) -> list[AutoSend]:
    """Take up to `size` due sendings until `now` + `lease`: of a practice, those of its rule that has waited most."""

    def shares_after(practice: uuid.UUID, most: int) -> list[Share[uuid.UUID]]:
        return rules_with_due(after=practice, most=most, now=now)

    with transaction.atomic():
        due = AutoSend.objects.due(now)
        rows = TURNS.take(due, size=size, shares_after=shares_after, rows_of=_of_rule)
        return hold(rows, until=now + lease, column="retry_at")


def rules_with_due(*, after: uuid.UUID, most: int, now: datetime) -> list[Share[uuid.UUID]]:
    """The first `most` practices with due sendings whose id is greater than `after`, in order of their ids, each with
    its rule."""
    pk = AutoSendRule._meta.pk
    values = {
        "after": pk.get_db_prep_value(after, connection),
        "now": connection.ops.adapt_datetimefield_value(now),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(RULES, values)
        return [Share(pk.to_python(practice), pk.to_python(rule)) for practice, rule in cursor.fetchall()]


def _of_rule(due: QuerySet[AutoSend], rule: uuid.UUID) -> QuerySet[AutoSend]:
    return due.filter(rule=rule)
