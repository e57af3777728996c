"""`manage.py fsck`: is everything that should be there, there and unchanged, and nothing else?

One line on standard output for each fault, exit status 1 where there is any. Files in storage that no row names
are orphans: what a crash between writing a file and committing its row leaves behind. They are nobody's document;
`--repair` removes those older than a day.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from documents.files import storage
from documents.models import StoredFile

ORPHAN_AGE = timedelta(days=1)


class Command(BaseCommand):
    help = "Checks every stored file against its row, and storage against rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="remove orphans older than a day")

    def handle(self, *args: Any, **options: Any) -> None:
        faults = 0
        for fault in _faults():
            faults += 1
            self.stdout.write(fault)
        removed = storage.sweep_orphans(older_than=ORPHAN_AGE) if options["repair"] else 0
        for key in storage.orphans(older_than=timedelta()):
            faults += 1
            self.stdout.write(f"orphan {key}: in storage, but no row names it")
        if removed:
            self.stderr.write(f"{removed} orphans older than a day were removed.")
        self.stderr.write(f"{StoredFile.objects.count()} files checked, {faults} faults.")
        if faults:
            sys.exit(1)


def _faults() -> Iterator[str]:
    for stored in StoredFile.objects.order_by("pk").iterator(chunk_size=500):
        fault = storage.verify(stored)
        if fault:
            yield f"file {stored.pk}: {fault}"
    unused = StoredFile.objects.filter(shared_documents=None, library_version=None)
    for pk in unused.values_list("pk", flat=True):
        yield f"file {pk}: neither a shared document nor the library names it"
