"""Public holidays proposed by place: those of France, and those that each territory adds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import translation

from accounts.models import User
from appointments.closings import close
from appointments.public_holidays import Place, holidays_of, place_of
from practices.models import Practice
from tests.days import YEAR

COMMON = {(1, 1), (3, 29), (5, 1), (5, 6), (5, 8), (5, 17), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)}  # of 2027
ADDED = [
    ("Europe/Paris", "12 rue des Lilas\n75020 Paris", Place.MAINLAND, set()),
    ("Europe/Paris", "", Place.MAINLAND, set()),
    ("Europe/Paris", "1 place Kléber, 67000 Strasbourg", Place.ALSACE, {(3, 26), (12, 26)}),
    ("Europe/Paris", "68 100 Mulhouse", Place.ALSACE, {(3, 26), (12, 26)}),
    ("Europe/Paris", "2 rue Serpenoise\n57 000 Metz", Place.MOSELLE, {(3, 26), (12, 26)}),
    ("America/Guadeloupe", "97110 Pointe-à-Pitre", Place.GUADELOUPE, {(5, 27)}),
    ("America/Guadeloupe", "97133 Gustavia", Place.SAINT_BARTHELEMY, {(10, 9)}),
    ("America/Guadeloupe", "97150 Marigot", Place.SAINT_MARTIN, {(5, 28)}),
    ("America/Martinique", "97200 Fort-de-France", Place.MARTINIQUE, {(5, 22)}),
    ("America/Cayenne", "97300 Cayenne", Place.GUYANE, {(6, 10)}),
    ("Indian/Reunion", "97400 Saint-Denis", Place.REUNION, {(12, 20)}),
    ("Indian/Reunion", "", Place.REUNION, {(12, 20)}),
    ("Indian/Mayotte", "97600 Mamoudzou", Place.MAYOTTE, {(4, 27)}),
    ("Pacific/Noumea", "98800 Nouméa", Place.NEW_CALEDONIA, {(9, 24)}),
    ("Pacific/Tahiti", "98714 Papeete", Place.POLYNESIA, {(11, 20)}),
    ("Pacific/Wallis", "98600 Uvea", Place.WALLIS, {(4, 28)}),
    ("America/Miquelon", "97500 Saint-Pierre", Place.SAINT_PIERRE, set()),
    # The time zone decides if the address contradicts it.
    ("Indian/Reunion", "12 rue des Lilas\n75020 Paris", Place.REUNION, {(12, 20)}),
    ("Europe/Paris", "97400 Saint-Denis", Place.MAINLAND, set()),
    ("Europe/Paris", "BP 97420\n12 rue des Lilas\n75020 Paris", Place.MAINLAND, set()),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("zone", "address", "place", "added"), ADDED)
def test_each_place_has_its_own(
    practice: Practice, zone: str, address: str, place: Place, added: set[tuple[int, int]]
) -> None:
    practice.time_zone, practice.address = zone, address
    assert place_of(practice) is place
    days = {(one.day.month, one.day.day) for one in holidays_of(practice, 2027)}
    assert days >= COMMON | added
    if place in (Place.MAINLAND, Place.ALSACE, Place.MOSELLE):
        assert days == COMMON | added


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Europe/Paris", "Indian/Reunion", "Pacific/Noumea", "America/Miquelon"])
def test_a_holiday_is_a_whole_day_on_the_clock_of_the_practice(practice: Practice, zone: str) -> None:
    practice.time_zone = zone
    for one in holidays_of(practice, 2027):
        for moment, day in ((one.starts_at, one.day), (one.ends_at, one.day + timedelta(days=1))):
            assert moment.astimezone(practice.zone) == datetime.combine(day, time.min, practice.zone)
        assert one.ends_at.astimezone(UTC) - one.starts_at.astimezone(UTC) == timedelta(days=1)


@pytest.mark.django_db
def test_outside_france_none_is_proposed_unless_a_place_is_chosen(practice: Practice) -> None:
    practice.time_zone = "Europe/Brussels"
    assert place_of(practice) is None
    assert holidays_of(practice, 2027) == []
    assert len(holidays_of(practice, 2027, place=Place.MAINLAND)) == 11


@pytest.mark.django_db
def test_names_are_in_the_language_of_whoever_reads(practice: Practice) -> None:
    assert "Fête nationale" in {one.name for one in holidays_of(practice, 2027)}
    with translation.override("en"):
        assert "National Day" in {one.name for one in holidays_of(practice, 2027)}


@pytest.mark.django_db
def test_what_is_closed_already_is_said(practice: Practice, carol: User) -> None:
    found = next(one for one in holidays_of(practice, YEAR) if one.day == date(YEAR, 7, 14))
    assert not found.is_closed
    close(practice=practice, starts_at=found.starts_at, ends_at=found.ends_at, reason=found.name, by=carol)
    closed = [one.day for one in holidays_of(practice, YEAR) if one.is_closed]
    assert closed == [date(YEAR, 7, 14)]
