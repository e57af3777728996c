"""`manage.py demo`: load the demo practice. `--json` prints what a program needs to use it.

`--rich` adds rules, instructions, documents and an earlier week, as `make run` does. `--remove` takes it all away.
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.operators import operators
from docshare.demo.load import describe, load
from docshare.demo.remove import CannotRemove, remove
from docshare.demo.rich import enrich


class Command(BaseCommand):
    help = "Loads the demo practice; a second run changes nothing. Its logins and tokens are printed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print logins, ids and fresh tokens as JSON")

        parser.add_argument("--rich", action="store_true", help="also rules, instructions, shared documents")
        parser.add_argument("--remove", action="store_true", help="take the demo practice and its accounts away")
        parser.add_argument("--with-additions", action="store_true", help="with --remove: people of one's own too")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            self._remove(with_additions=options["with_additions"])
            return
        if settings.PRODUCTION:
            raise CommandError(
                "The demo has passwords that everybody knows: it is not loaded in production (DOCSHARE_ENV)."
            )
        load()
        if options["rich"]:
            enrich()
        if options["json"]:
            self.stdout.write(json.dumps(describe(), ensure_ascii=False, indent=2))
            return
        self.stdout.write(f"The demo practice is loaded. Sign in at {settings.PUBLIC_URL}/ with:")
        for person in describe()["staff"]:
            self.stdout.write(f"  {', '.join(person['roles']):<14} {person['email']:<32} {person['password']}")

    def _remove(self, *, with_additions: bool) -> None:
        try:
            report = remove(with_additions=with_additions)
        except CannotRemove as refused:
            raise CommandError(str(refused)) from refused
        for line in report.lines(dry_run=False):
            self.stdout.write(line)
        if not operators().exists():
            self.stdout.write("No operator is left: manage.py first_run prints the link that makes one.")
