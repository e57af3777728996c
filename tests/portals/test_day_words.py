"""Dates on pages: the number stays with its month; messages keep plain spaces."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import translation

from notifications import wording
from portals.templatetags.presentation import day, moment, short_day

LATE = datetime(2026, 11, 24, 8, 14, tzinfo=UTC)
FIRST = datetime(2026, 12, 1, 8, 14, tzinfo=UTC)


def test_on_a_page_the_number_of_a_day_stays_with_its_month() -> None:
    assert day(LATE) == "mardi 24\u00a0novembre 2026"
    assert short_day(FIRST.date()) == "1er\u00a0décembre 2026"
    assert moment(LATE) == "24\u00a0novembre 2026 à 09:14"
    with translation.override("en"):
        assert day(LATE) == "Tuesday, 24\u00a0November 2026"
        assert moment(FIRST) == "1\u00a0December 2026 at 09:14"


def test_messages_keep_plain_spaces_which_an_sms_is_cheaper_by() -> None:
    assert wording.long_day(LATE, weekday=True) == "mardi 24 novembre 2026"
    assert wording.moment(LATE) == "24 novembre 2026 à 09:14"
