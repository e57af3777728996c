"""`--from` and `--to` of commands: days of the installation (TIME_ZONE), or moments with their offset (ISO 8601)."""

from __future__ import annotations

import argparse
from datetime import date, datetime, time, timedelta

from django.core.management.base import CommandParser
from django.utils import timezone


def add_period(parser: CommandParser) -> None:
    """Add the options `start` and `end` (exclusive); a day given as --to is included."""
    parser.add_argument(
        "--from", dest="start", required=True, type=_first_moment, help="a day (2026-11-24), or a moment"
    )
    parser.add_argument(
        "--to", dest="end", required=True, type=_end, help="a day (counted whole), or a moment (not counted)"
    )


def _first_moment(text: str) -> datetime:
    try:
        return _aware(datetime.combine(date.fromisoformat(text), time.min))
    except ValueError:
        return _moment(text)


def _end(text: str) -> datetime:
    try:
        return _aware(datetime.combine(date.fromisoformat(text) + timedelta(days=1), time.min))
    except ValueError:
        return _moment(text)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no day and no moment: 2026-11-24, 2026-11-24T14:00") from error
    return moment if moment.tzinfo else _aware(moment)


def _aware(moment: datetime) -> datetime:
    return timezone.make_aware(moment, timezone.get_default_timezone())
