"""`manage.py verify_archive <folder>`: verifies the archive of a deleted practice.

A line for each fault, and exit status 1 if there is any. `--open-into` decrypts an encrypted archive.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from personal_data.archive import CannotArchive, open_into, verify
from personal_data.options import add_passphrase, passphrase


class Command(BaseCommand):
    help = "Reads a whole archive of a practice, and says what is missing or changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        add_passphrase(parser)
        parser.add_argument("--open-into", type=Path, help="a new folder for what is in it, in the clear")

    def handle(self, *args: Any, **options: Any) -> None:
        secret = passphrase(options)
        try:
            faults = list(verify(options["folder"], secret))
            for fault in faults:
                self.stdout.write(fault)
            self.stderr.write(f"{len(faults)} faults.")
            if faults:
                sys.exit(1)
            if options["open_into"]:
                open_into(options["folder"], secret, options["open_into"])
                self.stderr.write(f"Written in the clear to {options['open_into']}: it holds health documents.")
        except (CannotArchive, OSError) as error:
            raise CommandError(str(error)) from error
