"""Options and prompts of the commands about people and practices."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from personal_data.people import Asked
from personal_data.sealing import SHORTEST


def add_person(parser: CommandParser) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--account", type=uuid.UUID, help="the account’s id")
    who.add_argument("--patient", type=uuid.UUID, help="the id of one of the person’s records, as in the API")
    only = "only the records at this practice, and not the account"
    parser.add_argument("--practice", type=uuid.UUID, help=only)


def asked(options: dict[str, Any]) -> Asked:
    return Asked(account=options["account"], patient=options["patient"], practice=options["practice"])


def add_passphrase(parser: CommandParser) -> None:
    parser.add_argument("--passphrase-file", type=Path, help="a file that holds the archive’s passphrase alone")


def passphrase(options: dict[str, Any]) -> str | None:
    """Raises CommandError for a file that can't be read or a passphrase that is too short to protect anything."""
    path: Path | None = options["passphrase_file"]
    if path is None:
        return None
    try:
        text = path.read_text().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The passphrase can't be read from {path}: {error}") from error
    if len(text) < SHORTEST:
        raise CommandError(f"The passphrase is too short: write {SHORTEST} characters or more into {path}.")
    return text


def typed(question: str) -> str:
    """What the operator types; "" without a terminal."""
    try:
        return input(question).strip()
    except EOFError:
        return ""
