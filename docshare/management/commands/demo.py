"""`manage.py demo`: load the demo practice. `--json` prints what a program needs to use it."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from docshare.demo.load import describe, load


class Command(BaseCommand):
    help = "Loads the demo practice; a second run changes nothing. Its logins and tokens are printed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print logins, ids and fresh tokens as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "The demo has passwords that everybody knows: it is not loaded in production (DOCSHARE_ENV)."
            )
        load()
        if options["json"]:
            self.stdout.write(json.dumps(describe(), ensure_ascii=False, indent=2))
            return
        self.stdout.write(f"The demo practice is loaded. Sign in at {settings.PUBLIC_URL}/ with:")
        for person in describe()["staff"]:
            self.stdout.write(f"  {', '.join(person['roles']):<14} {person['email']:<32} {person['password']}")
