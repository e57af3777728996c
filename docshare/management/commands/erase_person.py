"""`manage.py erase_person --account <id> | --patient <id>`: erases what the law allows, and reports what stays.

GDPR, article 17; docs/personal-data.md explains what stays and why. It covers the person's account and the records
that the account has proved to own, at every practice. `--dry-run` reports what would be erased and what would stay.
Running it again is harmless, and completes a killed run.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from personal_data.erase import Busy, erase, finish
from personal_data.erase_account import CannotErase
from personal_data.options import add_person, asked, typed
from personal_data.people import NobodyFound

BUSY = "Others wrote at the same moment, three times in a row: nothing was changed. Run the command again."


class Command(BaseCommand):
    help = "Erases what the law lets be erased of a person, and says what stays and why."

    def add_arguments(self, parser: CommandParser) -> None:
        add_person(parser)
        parser.add_argument("--dry-run", action="store_true", help="say what would go and what would stay")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        about, dry_run = asked(options), options["dry_run"]
        try:
            about.find()
        except NobodyFound as error:
            left = finish(about.patient) if about.patient and not dry_run else None
            if left is None:
                raise CommandError(str(error)) from error
            self.stdout.write(f"The record was erased before. {left} files that were left are removed.")
            return
        try:
            if not dry_run and not options["yes"]:
                self._ask(list(erase(about, dry_run=True).lines(dry_run=True)))
            for line in erase(about, dry_run=dry_run).lines(dry_run=dry_run):
                self.stdout.write(line)
        except (NobodyFound, CannotErase) as error:
            raise CommandError(str(error)) from error
        except Busy as error:
            raise CommandError(BUSY) from error

    def _ask(self, lines: list[str]) -> None:
        for line in lines[1:]:
            self.stdout.write(line)
        if typed("Erase? There is no way back. Type yes: ") != "yes":
            raise CommandError("Nothing was changed.")
