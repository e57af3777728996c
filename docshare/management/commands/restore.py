"""`manage.py restore <folder>`: restores a backup into an empty installation. Then run `migrate` and `fsck`.

Messages that were queued at the time of the backup are sent once a worker runs; the old installation may have sent
some of them since. `--stop-messages` gives them up visibly instead. Decrypt an encrypted backup with `--identity
key.txt`, a file written by deploy/make_backup_key.py or age-keygen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from docshare.backup.envelope import BackupFailed, with_identities
from docshare.backup.restoring import restore


class Command(BaseCommand):
    help = "Makes an installation again from a folder that `backup` wrote. Refuses one that is in use."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--identity", type=Path, metavar="FILE", help="the private key of an encrypted backup")
        parser.add_argument("--stop-messages", action="store_true", help="give up what was still to be sent")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            envelope = with_identities(options["identity"]) if options["identity"] else None
            restored = restore(options["folder"], stop_messages=options["stop_messages"], envelope=envelope)
        except BackupFailed as failed:
            raise CommandError(str(failed)) from failed
        self.stderr.write(
            f"Restored. {restored.queued} messages are queued. Now: manage.py migrate, then manage.py fsck."
        )
        if restored.missing_keys:
            self.stderr.write(self._about(restored.missing_keys))

    @staticmethod
    def _about(missing: list[str]) -> str:
        names = " and ".join(missing)
        return (
            f"This backup was made without its keys, and {names} of this installation may be others. Before any part "
            f"of the site starts, set {names} to what the old installation had (the embedded default keeps them in "
            f"{settings.DATA_DIR / 'secrets'}). Without them practitioners' signing keys and messages still to be "
            "sent cannot be read, and everybody has to sign in again."
        )
