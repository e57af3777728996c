"""Public holidays at a practice's place: those of France, and those that its territories add.

The page proposes them; the practice chooses those it closes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from holidays import country_holidays

from appointments.models import Closing
from practices.models import Practice

FIRST_YEAR, LAST_YEAR = 1970, 2100


class Place(StrEnum):
    """Codes of the holidays library for the territories; "" is mainland France without Alsace and Moselle."""

    MAINLAND = ""
    ALSACE = "6AE"
    MOSELLE = "57"
    GUADELOUPE = "971"
    MARTINIQUE = "972"
    GUYANE = "973"
    REUNION = "974"
    MAYOTTE = "976"
    SAINT_BARTHELEMY = "BL"
    SAINT_MARTIN = "MF"
    SAINT_PIERRE = "PM"
    WALLIS = "WF"
    POLYNESIA = "PF"
    NEW_CALEDONIA = "NC"


PLACE_NAMES = {
    Place.MAINLAND: _("France métropolitaine"),
    Place.ALSACE: _("Alsace"),
    Place.MOSELLE: _("Moselle"),
    Place.GUADELOUPE: _("Guadeloupe"),
    Place.MARTINIQUE: _("Martinique"),
    Place.GUYANE: _("Guyane"),
    Place.REUNION: _("La Réunion"),
    Place.MAYOTTE: _("Mayotte"),
    Place.SAINT_BARTHELEMY: _("Saint-Barthélemy"),
    Place.SAINT_MARTIN: _("Saint-Martin"),
    Place.SAINT_PIERRE: _("Saint-Pierre-et-Miquelon"),
    Place.WALLIS: _("Wallis-et-Futuna"),
    Place.POLYNESIA: _("Polynésie française"),
    Place.NEW_CALEDONIA: _("Nouvelle-Calédonie"),
}
POSTCODE = re.compile(r"(?<!\d)(\d{2}) ?(\d)(\d{2})(?!\d)")
OF_POSTCODES = {  # the longest prefix counts: 97133 is Saint-Barthélemy, other 971 Guadeloupe
    "57": Place.MOSELLE,
    "67": Place.ALSACE,
    "68": Place.ALSACE,
    "971": Place.GUADELOUPE,
    "97133": Place.SAINT_BARTHELEMY,
    "97150": Place.SAINT_MARTIN,
    "972": Place.MARTINIQUE,
    "973": Place.GUYANE,
    "974": Place.REUNION,
    "975": Place.SAINT_PIERRE,
    "976": Place.MAYOTTE,
    "977": Place.SAINT_BARTHELEMY,
    "978": Place.SAINT_MARTIN,
    "986": Place.WALLIS,
    "987": Place.POLYNESIA,
    "988": Place.NEW_CALEDONIA,
}
ON_PARIS_TIME = (Place.MAINLAND, Place.ALSACE, Place.MOSELLE)
OF_ZONES = {
    "Europe/Paris": Place.MAINLAND,
    "America/Guadeloupe": Place.GUADELOUPE,
    "America/Martinique": Place.MARTINIQUE,
    "America/Cayenne": Place.GUYANE,
    "Indian/Reunion": Place.REUNION,
    "Indian/Mayotte": Place.MAYOTTE,
    "America/St_Barthelemy": Place.SAINT_BARTHELEMY,
    "America/Marigot": Place.SAINT_MARTIN,
    "America/Miquelon": Place.SAINT_PIERRE,
    "Pacific/Wallis": Place.WALLIS,
    "Pacific/Tahiti": Place.POLYNESIA,
    "Pacific/Marquesas": Place.POLYNESIA,
    "Pacific/Gambier": Place.POLYNESIA,
    "Pacific/Noumea": Place.NEW_CALEDONIA,
}


@dataclass(frozen=True)
class Holiday:
    """A whole day, from midnight to midnight in the practice's time zone."""

    day: date
    name: str
    starts_at: datetime
    ends_at: datetime
    is_closed: bool  # a closing of the whole practice covers it already


def place_of(practice: Practice) -> Place | None:
    """From the last postcode of its address if its time zone agrees, else from its time zone. None outside France."""
    by_clock = OF_ZONES.get(practice.time_zone)
    postcodes = POSTCODE.findall(practice.address)
    if by_clock is None or not postcodes:
        return by_clock
    postcode = "".join(postcodes[-1])
    by_address = next((OF_POSTCODES[postcode[:n]] for n in (5, 3, 2) if postcode[:n] in OF_POSTCODES), Place.MAINLAND)
    return by_address if (by_address in ON_PARIS_TIME) == (by_clock is Place.MAINLAND) else by_clock


def holidays_of(practice: Practice, year: int, *, place: Place | None = None) -> list[Holiday]:
    """The holidays of a year (1970 to 2100), in time order; none if the place is unknown. `place`: instead of the
    practice's."""
    return holidays_of_years(practice, [year], place=place)


def holidays_of_years(practice: Practice, years: Iterable[int], *, place: Place | None = None) -> list[Holiday]:
    """As holidays_of, of several years, by one query. Years out of its range have none."""
    where = place if place is not None else place_of(practice)
    known = {year for year in years if FIRST_YEAR <= year <= LAST_YEAR}
    if where is None or not known:
        return []
    language = "fr" if (get_language() or "fr").startswith("fr") else "en_US"
    days = country_holidays("FR", years=known, subdiv=where.value or None, language=language)
    closed = list(Closing.objects.filter(practice=practice, whole_practice=True).values_list("starts_at", "ends_at"))
    holidays = []
    for day, name in sorted(days.items()):
        start = datetime.combine(day, time.min, practice.zone)
        end = datetime.combine(day + timedelta(days=1), time.min, practice.zone)
        holidays.append(Holiday(day, name, start, end, any(first <= start and end <= last for first, last in closed)))
    return holidays


def years_proposed(practice: Practice) -> list[int]:
    """This year and the two after it, in the practice's time zone."""
    this = timezone.localdate(timezone=practice.zone).year
    return [this, this + 1, this + 2]
