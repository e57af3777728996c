"""`manage.py delete_practice <id> --archive <folder>`: deletes a practice and all data that belong to it alone.

It is archived first, and nothing is deleted before the archive was verified (`manage.py verify_archive` verifies it
again). The practice stays responsible for its records, which the law requires it to retain for 20 years: hand the
archive over. People keep their accounts. To complete a killed run, run it again.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from personal_data.archive import CannotArchive
from personal_data.erase import Busy
from personal_data.folder import CannotWrite
from personal_data.options import add_passphrase, passphrase, typed
from personal_data.practice import delete_practice, finish, preview
from practices.models import Practice

BUSY = "Others wrote in the practice at the same moment, three times in a row: nothing was deleted. Run it again."


class Command(BaseCommand):
    help = "Archives a practice, and deletes it with its documents."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("practice", type=uuid.UUID, help="its id")
        parser.add_argument("--archive", type=Path, help="a new folder for the archive")
        add_passphrase(parser)
        parser.add_argument("--dry-run", action="store_true", help="say what would go")
        parser.add_argument("--yes", action="store_true", help="do not ask for the practice’s name")

    def handle(self, *args: Any, **options: Any) -> None:
        archive: Path | None = options["archive"]
        if archive is None and not options["dry_run"]:
            raise CommandError("Say where the archive goes: --archive and a new folder.")
        practice = Practice.objects.filter(pk=options["practice"]).first()
        if practice is None:
            self._finish(options["practice"], archive)
            return
        secret = passphrase(options)
        try:
            if options["dry_run"] or archive is None:
                report = preview(practice)
            else:
                if not options["yes"]:
                    self._ask(practice)
                report = delete_practice(practice, archive, secret)
        except (CannotWrite, CannotArchive) as error:
            raise CommandError(f"{error} Nothing was deleted.") from error
        except OSError as error:
            raise CommandError(f"{archive} can't be written: {error.strerror}. Nothing was deleted.") from error
        except Busy as error:
            raise CommandError(BUSY) from error
        for line in report.lines(dry_run=options["dry_run"]):
            self.stdout.write(line)
        if not options["dry_run"]:
            self.stderr.write(f"The archive is {archive}. Keep it: the law has records kept for twenty years.")

    def _ask(self, practice: Practice) -> None:
        name = typed(f"All of “{practice.name}” is archived and deleted. Type its name: ")
        if name != practice.name.strip():
            raise CommandError("That is not its name. Nothing was deleted.")

    def _finish(self, practice: uuid.UUID, archive: Path | None) -> None:
        left = finish(practice, archive) if archive else None
        if left is None:
            raise CommandError(f"No practice has the id {practice}.")
        self.stdout.write(f"The practice was deleted before. {left} files that were left are removed.")
