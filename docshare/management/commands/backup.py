"""`manage.py backup <folder>`: database and files of this installation, beside the working site.

`--into <folder> --keep 14` creates one below that folder, named by the time, and removes all but the 14 newest.

With BACKUP_RECIPIENT, or `--recipient`, everything but the manifest is encrypted to that public key of age. Without,
the folder contains health documents unencrypted: encrypt its destination. It does not contain the keys, so nobody can
sign with it: store SECRET_KEY and SIGNING_PASSPHRASE elsewhere, or include them with `--with-keys`.

Exit status 1, and a line for each file, if files were missing or changed. Otherwise
DATA_DIR/backups/last-success.json records when the backup finished.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from docshare.backup import routine
from docshare.backup.envelope import BackupFailed, Envelope, to_recipients
from docshare.backup.saving import save


class Command(BaseCommand):
    help = "Writes the whole installation into a folder, from which `restore` makes it again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, nargs="?", help="new or empty")
        parser.add_argument("--into", type=Path, metavar="FOLDER", help="make a folder below this one")
        parser.add_argument("--keep", type=_count, metavar="N", help="with --into: remove all but the newest")
        parser.add_argument(
            "--recipient", default=settings.BACKUP_RECIPIENT, metavar="age1…",
            help="public keys to encrypt to, with commas; BACKUP_RECIPIENT if not given, '' for none",
        )  # fmt: skip
        keys = parser.add_mutually_exclusive_group()
        keys.add_argument("--with-keys", action="store_true", help="SECRET_KEY and SIGNING_PASSPHRASE, too")
        keys.add_argument("--without-keys", action="store_true", help="the default; of versions where it was not")

    def handle(self, *args: Any, **options: Any) -> None:
        folder, into, keep = options["folder"], options["into"], options["keep"]
        if (folder is None) == (into is None):
            raise CommandError("Name the folder of this backup, or with --into the one that holds all of them.")
        if keep and not into:
            raise CommandError("--keep needs --into: which backups belong together is not known without it.")
        try:
            envelope = to_recipients(options["recipient"])
            if into:
                with routine.next_folder(into) as folder:
                    self._save(folder, envelope, with_keys=options["with_keys"])
                    for old in routine.prune(into, keep) if keep else ():
                        self.stderr.write(f"{old} was removed.")
            else:
                self._save(folder, envelope, with_keys=options["with_keys"])
        except BackupFailed as failed:
            raise CommandError(str(failed)) from failed

    def _save(self, folder: Path, envelope: Envelope, *, with_keys: bool) -> None:
        """Exits with status 1 if there is a fault, so that no older backup is removed."""
        saved = save(folder, with_keys=with_keys, envelope=envelope)
        for fault in saved.faults:
            self.stdout.write(fault)
        how = "encrypted" if envelope.encrypts else "not encrypted"
        self.stderr.write(f"{saved.files} files ({saved.size} bytes) and the database are in {folder}, {how}.")
        if not with_keys:
            self.stderr.write(
                "The keys are not in it: keep SECRET_KEY and SIGNING_PASSPHRASE in another place, or no practitioner "
                "can sign after a restore (--with-keys puts them into the folder)."
            )
        if saved.faults:
            sys.exit(1)
        routine.note_success(saved, encrypted=envelope.encrypts)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1")
    return int(text)
