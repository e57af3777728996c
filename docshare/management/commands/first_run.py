"""`manage.py first_run`: prints a link, valid once, that makes the first operator.

`--email E --practice NAME --json`, for scripts: makes the operator and a practice of which they are administrator,
and prints the link (which sets password and second factor), the practice and an API token. A second run says that
there is an operator, and exits with status 1. The demo's operator does not count.

`--new-link E`: prints a new link for whoever was invited at this address and has not accepted: the first operator
made by `--email`, an operator, an administrator invited by an operator. The link before it opens nothing.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from accounts.account_links import LIFETIMES, EmailTaken
from accounts.models import Purpose
from accounts.operators import OperatorExists, make_first_link
from docshare.first_practice import make_operator_with_practice, renew_links
from refusals import Refusal

EXISTS = (
    "There is an operator: nothing was made. Operators invite others in the administration; "
    "--new-link ADDRESS replaces the link of somebody who was invited and has not accepted."
)
NOBODY = "Nobody waits at this address: no invitation by an operator was left unaccepted there. Nothing was made."
TAKEN = "An account has this address: nothing was made. Give another one."


class Command(BaseCommand):
    help = "Prints a link, valid once, that makes the first operator. A second run before its use replaces it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="", help="the operator's address; with --practice")
        parser.add_argument("--practice", default="", help="the name of a practice that the operator administers")
        parser.add_argument("--new-link", default="", metavar="EMAIL", help="a new link for a pending invitation")
        parser.add_argument("--json", action="store_true", help="print the link, the practice and a token as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        email, name = options["email"].strip(), options["practice"].strip()
        if options["new_link"].strip():
            if email or name:
                raise CommandError("Give --new-link alone.")
            self._renew(options["new_link"].strip(), as_json=options["json"])
            return
        if bool(email) != bool(name):
            raise CommandError("Give --email and --practice together, or neither.")
        with translation.override("fr"):
            made = self._make(email, name)
        if options["json"]:
            self.stdout.write(json.dumps(made, ensure_ascii=False, indent=2))
            return
        hours = int(LIFETIMES[Purpose.FIRST_OPERATOR].total_seconds() // 3600)
        self.stdout.write(f"The first operator opens their account here (once, within {hours} hours):")
        self.stdout.write(f"  {made['link']}")
        if "practice" in made:
            self.stdout.write(f"Practice: {made['practice']['name']} ({made['practice']['id']})")
            self.stdout.write(f"API token: {made['token']}")

    def _renew(self, email: str, *, as_json: bool) -> None:
        with translation.override("fr"):
            try:
                renewed = renew_links(email=email)
            except Refusal as refused:
                raise CommandError(refused.sentence) from refused
        if not renewed:
            raise CommandError(NOBODY)
        if as_json:
            self.stdout.write(json.dumps([link._asdict() for link in renewed], ensure_ascii=False, indent=2))
            return
        for link in renewed:
            self.stdout.write(f"{link.practice or 'Operator'}, once, and no earlier link:")
            self.stdout.write(f"  {link.link}")

    def _make(self, email: str, name: str) -> dict[str, Any]:
        try:
            return make_operator_with_practice(email=email, name=name) if email else {"link": make_first_link()}
        except OperatorExists as refused:
            raise CommandError(EXISTS) from refused
        except EmailTaken as refused:
            raise CommandError(TAKEN) from refused
        except ValidationError as refused:
            raise CommandError(" ".join(refused.messages)) from refused
