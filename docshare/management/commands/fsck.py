"""`manage.py fsck`: checks the invariants of the data, which must hold after any crash.

One line on standard output for each fault, and exit status 1 if there is any. It only reads, except for recording
that it ran (docshare/health/runs.py), and may run beside a working site. Files in storage that no row names are
orphans, left by a crash between writing a file and committing its row. `--repair` removes orphans older than a day,
and letters that workers of the previous version left in ended messages.
"""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import IntegrityError, connection

from audit import chain, days
from audit.guards import trail_is_guarded
from docshare import sealed
from docshare.health import runs
from docshare.wrong_keys import wrong_keys
from documents import invariants as documents
from files import sweeping
from files.models import StoredFile
from notifications import invariants as notifications
from notifications.outbox import erase_ended_letters
from personal_data.growth import practices_are_their_parents


def references_hold() -> Iterator[str]:
    """Every reference names an existing row."""
    try:
        connection.check_constraints()
    except IntegrityError as error:
        yield f"database: {error}"


def every_stored_file_has_a_row() -> Iterator[str]:
    """Every file in storage has a row."""
    for key in sweeping.orphans(older_than=timedelta()):
        yield f"orphan {key}: in storage, but no row names it"


def keys_open_what_is_sealed() -> Iterator[str]:
    """This process has the installation's keys, and they decrypt everything."""
    yield from wrong_keys()
    yield from sealed.unreadable()


CHECKS: dict[str, Callable[[], Iterator[str]]] = {
    "references": references_hold,
    "files": documents.files_are_as_kept,
    "named-files": documents.files_are_named,
    "signatures": documents.signed_files_are_signed,
    "consents": documents.consents_are_sealed,
    "library": documents.library_and_uploads_are_apart,
    "audiences": documents.audiences_are_right,
    "received": documents.received_files_are_in_order,
    "uploads": documents.uploads_end,
    "answers": documents.answers_are_in_order,
    "consents-in-order": documents.consents_are_in_order,
    "merged records": documents.merged_records_are_empty,
    "history": documents.shares_are_in_the_history,
    "deleted": documents.deleted_appointments_left_nothing,
    "auto-sends-once": documents.automatic_documents_go_out_once,
    "auto-sends-in-time": documents.automatic_documents_leave_in_time,
    "messages": notifications.messages_end,
    "texts": notifications.texts_are_forgotten,
    "practices": practices_are_their_parents,
    "audit": chain.faults,
    "audit-guards": trail_is_guarded,
    "keys": keys_open_what_is_sealed,
    "orphans": every_stored_file_has_a_row,
}


class Command(BaseCommand):
    help = "Proves what must always be true; a line for each fault."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="remove orphans older than a day, and letters that are over"
        )
        parser.add_argument("--only", action="append", choices=CHECKS, help="this check alone; may be repeated")
        parser.add_argument(
            "--anchor",
            type=_anchor,
            help="<position>:<digest> of an export, or <day>:<digest> of the log: do the audit chains hold it?",
        )
        parser.add_argument(
            "--chain-of",
            type=uuid.UUID,
            metavar="PRACTICE",
            help="the audit chain of this practice, and nothing else",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["chain_of"]:
            self._check_chain(options["chain_of"])
            return
        removed = sweeping.sweep_orphans() if options["repair"] else 0
        if options["repair"]:
            erase_ended_letters()
        faults = 0
        with read_only():
            for name in options["only"] or CHECKS:
                for fault in CHECKS[name]():
                    faults += 1
                    self.stdout.write(fault)
        anchor: chain.Anchor | days.DayAnchor | None = options["anchor"]
        if anchor and not _holds(anchor):
            faults += 1
            self.stdout.write(f"audit anchor {anchor[0]}: the chain was computed anew, or cut")
        if not options["only"]:
            runs.note_fsck(faults=faults)
        if removed:
            self.stderr.write(f"{removed} orphans older than a day were removed.")
        now = chain.newest_anchor()
        self.stderr.write(f"{StoredFile.objects.count()} files checked, {faults} faults.")
        self.stderr.write(f"Audit anchor: {now.position}:{now.digest}")
        if faults:
            sys.exit(1)

    def _check_chain(self, practice: uuid.UUID) -> None:
        with read_only():
            faults = list(chain.faults_of(practice))
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            sys.exit(1)


@contextmanager
def read_only() -> Iterator[None]:
    """A context in which the database refuses writes: a check that repairs what it finds proves nothing."""
    on, off = {
        "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        "postgresql": ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(on)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(off)


def _anchor(text: str) -> chain.Anchor | days.DayAnchor:
    place, _, digest = text.partition(":")
    if digest and place.isdigit():
        return chain.Anchor(int(place), digest)
    try:
        return days.DayAnchor(date.fromisoformat(place), digest)
    except ValueError:
        raise argparse.ArgumentTypeError("an anchor is <position>:<digest> or <day>:<digest>") from None


def _holds(anchor: chain.Anchor | days.DayAnchor) -> bool:
    return days.holds(anchor) if isinstance(anchor, days.DayAnchor) else chain.holds(anchor)
