"""`manage.py export_practice <id> --to <folder>`: writes everything of a practice as one archive, which another
installation reads with `import_practice` (docs/moving.md).

Only this process's user can read the archive, which contains health documents. The practice stays as it is.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.text import slugify

from personal_data.folder import CannotWrite
from personal_data.moving.layout import CannotMove
from personal_data.moving.out import export_practice
from practices.models import Practice


class Command(BaseCommand):
    help = "Writes everything of a practice, documents included, as one archive for another installation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("practice", type=uuid.UUID, help="its id")
        parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="the folder for the archive")

    def handle(self, *args: Any, **options: Any) -> None:
        practice = Practice.objects.filter(pk=options["practice"]).first()
        if practice is None:
            raise CommandError(f"No practice has the id {options['practice']}.")
        day = timezone.localdate(timezone=practice.zone).isoformat()
        target = options["to"] / f"{slugify(practice.name) or 'cabinet'}-{day}.zip"
        try:
            written = export_practice(practice, target)
        except (CannotMove, CannotWrite) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{target} can't be written: {error.strerror}.") from error
        for label, number in written.counts.items():
            self.stdout.write(f"{number} {label}")
        self.stdout.write(f"{written.files} files ({written.size} bytes)")
        self.stdout.write(f"SHA-256 {written.sha256}")
        self.stderr.write(f"Written to {target}: it holds health documents.")
