"""`manage.py explain_document <id>`: explains why somebody did not get a document.

`<id>` belongs to a shared document, as in the API and in addresses, or to an automatic sending; either may be
deleted. Every step is a line; lines with `!` are, or may be, the reason. Shows only ids unless `--names` is given.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from docshare.explaining import NothingKnown, explain


class Command(BaseCommand):
    help = "Prints every step of a document on its way, and what stops it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("document", type=uuid.UUID, help="the id of a document or of an automatic sending")
        parser.add_argument("--names", action="store_true", help="with names and contacts: mind who reads along")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with translation.override("en"):
                steps = explain(options["document"], with_names=options["names"])
        except NothingKnown:
            raise CommandError(
                "No document, no automatic sending and no line of the history has this id. Take it from the address "
                "of the document's page, or from the API."
            ) from None
        for step in steps:
            self.stdout.write(f"{'!' if step.stops else ' '} {step.name}: {step.text}")
        stopping = sum(step.stops for step in steps)
        self.stderr.write(f"{stopping} of {len(steps)} steps may be the reason." if stopping else "Nothing stops it.")
