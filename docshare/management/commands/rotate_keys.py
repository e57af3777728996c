"""`manage.py rotate_keys`: encrypts again, under the keys in use, all data under former keys (docs/operating.md,
Keys).

First replace SECRET_KEY or SIGNING_PASSPHRASE, put the former one into SECRET_KEY_FALLBACKS or
SIGNING_PASSPHRASE_FALLBACKS, and restart every process. The command may run beside the site, and be killed and run
again. Exit status 1 while data under a former key are left.
"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from docshare.rotation import RotationResult, give_up, rotate
from sealing.key_checks import SECRETS, keys_of


class Command(BaseCommand):
    help = "Seals what former keys sealed again under the keys in use, and says when the former ones may be dropped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")
        parser.add_argument(
            "--give-up", choices=SECRETS, help="go on without its former key, which is lost; what it sealed is, too"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["give_up"]:
            self._give_up(options["give_up"])
            return
        rotations = [rotate(secret, dry_run=options["dry_run"]) for secret in SECRETS]
        for rotation in rotations:
            for line in rotation_report(rotation, dry_run=options["dry_run"]):
                self.stdout.write(line)
        if any(rotation.left or rotation.missing for rotation in rotations):
            sys.exit(1)

    def _give_up(self, secret: str) -> None:
        try:
            retired = give_up(secret)
        except ValueError as error:
            raise CommandError(f"No former {secret} is missing: there is nothing to give up.") from error
        self.stdout.write(
            f"The lost {secret} is not asked for any more. {retired} certificates and authorities were retired; the "
            "next signatures make new ones. What only the lost key opens fails one by one, and says so."
        )


def rotation_report(turned: RotationResult, *, dry_run: bool) -> list[str]:
    """A report about one secret: what was done, and whether its former keys may be dropped."""
    name, lines = turned.secret, []
    for kind, tally in turned.tallies.items():
        written = turned.resealed.get(kind, 0)
        again = f"{tally.former} to seal again" if dry_run else f"{written} sealed again, {tally.former} left"
        unreadable = f", {tally.unreadable} that no key given opens" if tally.unreadable else ""
        lines.append(f"{name}, {kind}: {tally.current} under the key in use, {again}{unreadable}.")
    lines.append(_verdict(turned, dry_run=dry_run))
    if turned.links:
        lines.append(
            f"{turned.links} links in patients' mailboxes were signed by the former {name}. Once it is dropped they "
            "open nothing, and the practice sends them again. Keep it for as long as they matter, unless it leaked."
        )
    return lines


def _verdict(turned: RotationResult, *, dry_run: bool) -> str:
    name = turned.secret
    if turned.missing:
        return (
            f"A key that sealed something is neither {name} nor in {name}_FALLBACKS: put it back there and run this "
            f"again. If it is lost: manage.py rotate_keys --give-up {name}."
        )
    if turned.left:
        return (
            f"{turned.left} rows are still under a former {name}: keep {name}_FALLBACKS, start every process again "
            "with the new key if one still has the former, and run this again."
        )
    if len(keys_of(name)) > 1 and dry_run:
        return f"Nothing is sealed under a former {name} any more. Run this without --dry-run to make that known."
    if len(keys_of(name)) > 1:
        return (
            f"Nothing is sealed under a former {name} any more: {name}_FALLBACKS may be emptied, once every process "
            "was started with the new key."
        )
    return f"{name} has no former key: there is nothing to do."
