"""The time zones offered in forms."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.utils.translation import gettext as _

from appointments.public_holidays import OF_ZONES, PLACE_NAMES

# Names of places begin with one of these; what else there is (EST5EDT, Etc/GMT+5, Japan) is kept for old settings.
AREAS = {
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
}


def zones(chosen: str = "") -> list[tuple[Any, Any]]:
    """Those of France first, by the name of the place. `chosen`: the one in use, listed whatever it is."""
    french = [(zone, f"{PLACE_NAMES[place]} ({zone})") for zone, place in OF_ZONES.items()]
    places = {zone for zone in available_timezones() if zone.partition("/")[0] in AREAS}
    elsewhere = sorted((places | {chosen} - {""}) - OF_ZONES.keys())
    return [(_("France"), french), (_("Ailleurs"), [(zone, zone.replace("_", " ")) for zone in elsewhere])]
