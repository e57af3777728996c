"""`manage.py export_person --account <id> | --patient <id> <folder or .zip>`: exports all data about a person, for
that person.

GDPR, articles 15 and 20. It covers the person's account and the records that the account has proved to own, at every
practice. Only this process's user can read the folder, which contains health documents. `--dry-run` only counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from personal_data.export import DocumentsLost, Gathered, export, gather
from personal_data.folder import CannotWrite
from personal_data.options import add_person, asked
from personal_data.people import NobodyFound


class Command(BaseCommand):
    help = "Writes everything that is kept of a person, documents included."

    def add_arguments(self, parser: CommandParser) -> None:
        add_person(parser)
        parser.add_argument("target", type=Path, nargs="?", help="a new folder, or a file that ends in .zip")
        parser.add_argument("--dry-run", action="store_true", help="count, and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path | None = options["target"]
        if target is None and not options["dry_run"]:
            raise CommandError("Say where to write: a new folder, or a file that ends in .zip.")
        try:
            gathered = (
                gather(asked(options)) if options["dry_run"] or target is None else export(asked(options), target)
            )
        except (NobodyFound, CannotWrite, DocumentsLost) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{target} can't be written: {error.strerror}.") from error
        self._report(gathered)
        where = "Dry run: nothing was written." if options["dry_run"] else f"Written to {target}."
        self.stderr.write(where)

    def _report(self, gathered: Gathered) -> None:
        for kind, number in sorted(gathered.counts().items()):
            self.stdout.write(f"{number} {kind}")
        size = sum(document.size for document in gathered.documents.values())
        self.stdout.write(f"{len(gathered.documents)} files ({size} bytes)")
        for pk in gathered.person.unproved:
            self.stdout.write(
                f"left out: record {pk}, whose contacts or birth date changed since the account proved them. If it "
                "is this person's, export it by --patient."
            )
