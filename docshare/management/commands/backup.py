"""`manage.py backup <folder>`: database, files and keys of this installation, beside the working site.

The folder then holds health documents and the installation's keys: encrypt where it goes. Exit status 1, and a line
for each, where files could not be saved as they were kept.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from docshare.backup.database import BackupFailed
from docshare.backup.saving import save


class Command(BaseCommand):
    help = "Writes the whole installation into a folder, from which `restore` makes it again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="new or empty")
        parser.add_argument(
            "--without-keys", action="store_true", help="SECRET_KEY and SIGNING_PASSPHRASE are kept elsewhere"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            saved = save(options["folder"], with_keys=not options["without_keys"])
        except BackupFailed as failed:
            raise CommandError(str(failed)) from failed
        for fault in saved.faults:
            self.stdout.write(fault)
        self.stderr.write(f"{saved.files} files ({saved.size} bytes) and the database are in {options['folder']}.")
        if saved.faults:
            sys.exit(1)
