"""`manage.py import_practice <archive>`: reads the archive of a practice, which another installation wrote
(docs/moving.md).

All of it or nothing: everything is verified before a row is written. The same archive twice changes nothing. No
patient is written to; members are invited by email. `--dry-run` tries everything and writes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from personal_data.moving.into import Report, import_practice
from personal_data.moving.layout import CannotMove


class Command(BaseCommand):
    help = "Reads the archive of a practice from another installation: all of it or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="verify and try everything, and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["archive"]
        try:
            report = import_practice(path, dry_run=options["dry_run"])
        except CannotMove as error:
            raise CommandError(f"{error} Nothing was imported.") from error
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}. Nothing was imported.") from error
        self._report(report, dry_run=options["dry_run"])

    def _report(self, report: Report, *, dry_run: bool) -> None:
        if report.again:
            self.stderr.write(f"{report.name} ({report.practice}) is here from this archive: nothing to do.")
            return
        for label, number in report.rows.items():
            self.stdout.write(f"{number} {label}")
        self.stdout.write(f"{len(report.invited)} members {'would be' if dry_run else 'are'} invited")
        for email in report.not_invited:
            self.stdout.write(f"not invited: {email}. An administrator invites this person on the page Membres.")
        for file, (code, names) in report.older_rules.items():
            self.stdout.write(
                f"file {file} ({', '.join(names)}) would be refused as an upload today ({code}): kept as it is, to "
                "download only."
            )
        for consent, doubt in report.doubts.items():
            self.stdout.write(f"consent {consent} is not proved by its file ({doubt}): it comes in, marked so.")
        for file, names in report.left_out.items():
            self.stdout.write(f"file {file} ({', '.join(names)}) has a virus: left out, with what names it.")
        for agenda, name in report.practitioners.items():
            self.stdout.write(f"agenda “{agenda}” was of {name}: choose them again once they have joined.")
        if dry_run:
            self.stderr.write("Dry run: nothing was written.")
            return
        self.stderr.write(
            f"{report.name} ({report.practice}) is here. Rules are switched off, reminders not planned, and patients "
            "prove their contacts again: see docs/moving.md. Now: manage.py fsck."
        )
