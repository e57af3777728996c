"""`manage.py restore <folder>`: an installation from its backup, into an empty one. Then `migrate`, then `fsck`.

Messages that were queued when the backup was made go out once a worker runs: among them may be some that the old
installation sent afterwards. `--stop-messages` gives them up instead, visibly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from docshare.backup.database import BackupFailed
from docshare.backup.restoring import restore


class Command(BaseCommand):
    help = "Makes an installation again from a folder that `backup` wrote. Refuses one that is in use."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--stop-messages", action="store_true", help="give up what was still to be sent")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            queued = restore(options["folder"], stop_messages=options["stop_messages"])
        except BackupFailed as failed:
            raise CommandError(str(failed)) from failed
        self.stderr.write(f"Restored. {queued} messages are queued. Now: manage.py migrate, then manage.py fsck.")
