"""Django's `migrate`, one at a time, without blocking a working site; tables of an empty database are made at once.

On PostgreSQL a migration waits for table locks no longer than LONGEST_WAIT in all, because later requests wait behind
it. In a deadlock, PostgreSQL ends the transaction that has waited `deadlock_timeout` (1 s), which could be a user's
request. A migration that does not get its locks in time is rolled back and tried again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import OperationalError, connections

from schema.from_nothing import make_tables
from schema.one_at_a_time import migration_lock

LONGEST_WAIT = 0.8  # seconds
PAUSE = (0.2, 1.0)  # seconds between two attempts
TELL_EVERY = 10.0  # seconds
PATIENCE = 1800.0  # seconds: longer than a backup takes
LATER = ("55P03", "40P01")  # SQLSTATE of PostgreSQL: lock_not_available, deadlock_detected
IN_USE = "A table is in use by a long statement; trying again."


class Command(DjangoMigrate):
    _waits_until = 0.0  # the current migration's deadline, by time.monotonic()

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check_unapplied"] or options["plan"]:
            super().handle(*args, **options)  # only reads
            return
        connection = connections[options["database"]]
        short = connection.execute_wrapper(self._wait_shortly) if connection.vendor == "postgresql" else nullcontext()
        with migration_lock(connection, self.stderr.write), short:
            if options["app_label"] is None and not (options["fake"] or options["fake_initial"]):
                self._waits_until = time.monotonic() + LONGEST_WAIT
                make_tables(connection)
            deadline, report_at = time.monotonic() + PATIENCE, time.monotonic() + TELL_EVERY
            while not self._applied(*args, **options):
                if time.monotonic() > deadline:
                    raise CommandError(
                        f"A table was in use for {PATIENCE:.0f} s (pg_stat_activity says by whom). What was applied "
                        "before stays. End that statement and run migrate again."
                    )
                if time.monotonic() > report_at:
                    self.stderr.write(f"\n{IN_USE}")
                    report_at += TELL_EVERY
                time.sleep(random.uniform(*PAUSE))  # noqa: S311 (no secret)

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        self._waits_until = time.monotonic() + LONGEST_WAIT
        super().migration_progress_callback(action, migration, fake)

    def _applied(self, *args: Any, **options: Any) -> bool:
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) in LATER:
                # Django leaves its transaction open if deferred SQL fails: a foreign key that did not get its lock.
                connections[options["database"]].close()
                connections[options["database"]].connect()
                return False
            raise
        return True

    def _wait_shortly(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Set the lock time-out before each statement. CREATE INDEX CONCURRENTLY needs none: it waits for others but
        blocks nobody."""
        if str(sql).startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):  # these take no locks, and may follow an error
            return execute(sql, params, many, context)
        left = max(0.001, self._waits_until - time.monotonic())
        milliseconds = 0 if "CONCURRENTLY" in str(sql) else round(left * 1000)
        context["connection"].connection.execute(f"SET lock_timeout = {milliseconds}")
        return execute(sql, params, many, context)
