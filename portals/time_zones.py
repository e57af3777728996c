"""The time zones offered in forms."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.utils.translation import gettext as _

from appointments.public_holidays import OF_ZONES, PLACE_NAMES

NO_PLACES = {"Factory", "localtime"}  # of the machine, and of one that nobody has set


def zones() -> list[tuple[Any, Any]]:
    """Those of France first, by the name of the place."""
    french = [(zone, f"{PLACE_NAMES[place]} ({zone})") for zone, place in OF_ZONES.items()]
    elsewhere = sorted(available_timezones() - OF_ZONES.keys() - NO_PLACES)
    return [(_("France"), french), (_("Ailleurs"), [(zone, zone.replace("_", " ")) for zone in elsewhere])]
